"""Asking as the portal asks: a request in the language's own names, and what the job plan does by itself.

Only the request's author declares: purpose, place, columns, format, people. All else is calculated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import Request
from contracts.policies.language.model import Constraint
from contracts.policies.language.vocabulary import NS, short
from contracts.policies.odrl import DONE_BY_PLAN

_BY_PLAN = frozenset(short(name) for name in DONE_BY_PLAN)
# What some purposes are called as actions, so that a ban on the action meets them.
ACTION_OF = {"ai_training": f"{NS}train", "ai_evaluation": f"{NS}evaluate"}


def request_for(
    *, assignee: str, target: str, purpose: str = "", place: str = "", columns: Sequence[str] = (), format: str = "",
    people: int | None = None, sums_up: bool | None = None,
) -> Request:  # fmt: skip
    """The request in the language's own names. What is empty or None has not been said."""
    given: dict[str, Any] = {"assignee": assignee, "target": target, "action": ACTION_OF.get(purpose, "use")}
    if people is not None:
        # Nobody named is not the whole organisation: it is not said yet.
        given["recipient"] = "named_people" if people else None
    mode = None if sums_up is None else "clean_room" if sums_up else "export"
    more = {
        "purpose": purpose,
        "spatial": place,
        "columns": list(columns),
        "fileFormat": format,
        "accessMode": mode,
    }
    given |= {name: value for name, value in more.items() if value}
    return Request.from_json({name: value for name, value in given.items() if value is not None})


def planned(prepared: Prepared) -> tuple[dict[str, str], dict[str, Any]]:
    """What the job plan does by itself under this policy: its duties as fulfilled, and the rows it keeps to."""
    duties, rows = {}, []
    for rule in prepared.rules:
        duties.update(
            {d.uid: "fulfilled" for d in rule.duties if d.actions and set(d.actions.split(", ")) <= _BY_PLAN}
        )
        for target in rule.rule.targets:
            for one in target.refinement:
                if isinstance(one, Constraint) and one.left == f"{NS}rowFilter":
                    rows += [getattr(value, "value", "") for value in one.right]
    return duties, {"rowFilter": rows} if rows else {}
