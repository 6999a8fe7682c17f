"""How an emergency opening begins, ends and is judged. No back door: an action like others, by its own role."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import AUDITOR, OPERATOR, OWNER, STEWARD, side
from trusts.rights.emergency_rules import (
    from_outside,
    not_ones_own_doing,
    openings_are_allowed,
    reason_says_enough,
)

OPEN, CLOSED = frozenset({"open"}), frozenset({"closed"})
JUDGES = side("concerned", OWNER, STEWARD, AUDITOR)

EMERGENCY = register(
    Machine(
        name="emergency",
        model="rights.Emergency",
        label="emergency opening",
        states=(
            State("open", "Open now", "bad", "An operator of the portal may read the object, for an hour at most.", "operator"),
            State("closed", "To be judged", "care", "It is over. Somebody of your organisation has to say whether it was justified.", "concerned"),
            State("justified", "Justified", "neutral", "It was looked at, and found justified."),
            State("unjustified", "Not justified", "bad", "It was looked at, and found not justified."),
        ),
        final=frozenset({"justified", "unjustified"}),
        creates=(
            Action(
                "open",
                "Open in an emergency",
                frozenset({OPERATOR}),
                frozenset({""}),
                to="open",
                kind="danger",
                needs=(openings_are_allowed, reason_says_enough, from_outside),
                then=("emergency.opened",),
            ),
        ),
        actions=(
            Action(
                "close",
                "I am done",
                frozenset({"self"}),
                OPEN,
                to="closed",
                kind="primary",
                then=("emergency.closed",),
                done="Closed. You see it no longer; the organisation judges it now.",
            ),
            Action(
                "cut_off",
                "Cut off now",
                side("concerned", OWNER, STEWARD),
                OPEN,
                to="closed",
                asks=True,
                kind="danger",
                then=("emergency.closed",),
                done="Cut off. The operator sees it no longer.",
            ),
            Action("run_out", "End after an hour", frozenset({"system"}), OPEN, to="closed", hidden=True, then=("emergency.closed",)),
            Action(
                "justify",
                "It was justified",
                JUDGES,
                CLOSED,
                to="justified",
                needs=(not_ones_own_doing,),
                asks=True,
                kind="primary",
                then=("emergency.judged",),
                done="Recorded.",
            ),
            Action(
                "object_to",
                "It was not justified",
                JUDGES,
                CLOSED,
                to="unjustified",
                needs=(not_ones_own_doing,),
                asks=True,
                kind="danger",
                then=("emergency.judged",),
                done="Recorded. The operator and the trustees are told.",
            ),
        ),
    )
)  # fmt: skip
