"""Duties: which phase, what state, until when, and what they do to their permission.

A pre-duty must be fulfilled before its permission permits. An ongoing or post-duty leaves it in effect until it is
violated. A duty without a phase counts as post.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from contracts.policies.deciding.facts import DATE_TIME, Known
from contracts.policies.deciding.parts import DutyReport, Premise
from contracts.policies.deciding.values import atom, duration, later
from contracts.policies.language.model import Constraint, Rule
from contracts.policies.language.vocabulary import NS, ODRL, short

PHASES = ("pre", "ongoing", "post")
STATE = {True: "fulfilled", False: "violated", None: "unknown"}


def _after(start: datetime, length: timedelta) -> datetime | None:
    try:
        return start + length
    except OverflowError:
        return None


class PreparedDuty:
    """A duty, remedy or obligation, ready to be asked for its state."""

    __slots__ = ("actions", "deadline", "following", "length", "phase", "uid", "within")

    def __init__(self, duty: Rule) -> None:
        self.uid = duty.uid
        self.actions = ", ".join(short(action.iri) for action in duty.actions)
        phase = short(duty.phase).removeprefix("phase/").removeprefix(NS)
        self.phase = phase if phase in PHASES else "post"
        self.deadline = self.within = ""
        for one in duty.constraints:
            if isinstance(one, Constraint) and short(one.operator) in ("lt", "lteq", "eq") and one.right:
                text = getattr(one.right[0], "value", "")
                if one.left in (ODRL + "delayPeriod", ODRL + "elapsedTime"):
                    self.within = text
                elif one.left == DATE_TIME:
                    read = atom(one.right[0], UTC, one.data_type)
                    read = read._replace(value=None) if read.kind != "time" else read
                    self.deadline = read.value[1].isoformat() if read.value else text
        # A length in days and shorter is the same whenever it begins.
        fixed = (
            duration(self.within)
            if self.within and not re.search(r"\d[YM].*(?:T|$)", self.within.split("T")[0])
            else None
        )
        self.length = fixed[0] if fixed else None
        self.following = [PreparedDuty(one) for one in (*duty.consequences, *duty.remedies)]

    def report(self, known: Known) -> tuple[DutyReport, bool | None]:
        state = known.world.duties.get(self.uid)
        deadline = self.deadline
        if not deadline and self.within and known.as_of is not None and self.phase == "post":
            # Counted from this use; what counts it from an event of its own knows better.
            end = (
                _after(known.as_of, self.length)
                if self.length is not None
                else later(known.as_of, self.within)
            )
            deadline = end.astimezone(UTC).isoformat() if end else ""
        return DutyReport(self.uid, self.actions, self.phase, STATE[state], deadline, self.within), state

    def run(self, known: Known) -> tuple[DutyReport, Premise | None]:
        """Its report, and what it means for the permission: None if it is not in the way."""
        report, state = self.report(known)
        if state is True or (state is None and self.phase != "pre"):
            return report, None
        right = "fulfilled" if self.phase == "pre" else "violated"
        operator = "eq" if self.phase == "pre" else "neq"
        source = "world" if self.uid in known.world.duties else "not given"
        return report, Premise("duty", self.actions or self.uid, report.state if state is False else None, operator,
                               right, state, source)  # fmt: skip

    def opened(self, known: Known) -> list[DutyReport]:
        """What follows now that it is violated."""
        return [one.report(known)[0] for one in self.following]
