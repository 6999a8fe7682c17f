"""How a right on one object begins and ends."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side
from trusts.rights.rules import (
    ends_in_time,
    is_a_side_of_it,
    not_given_twice,
    not_to_oneself,
    person_fits,
)

GRANTORS = side("grantor", OWNER, STEWARD)
ACTIVE = frozenset({"active"})

GRANT = register(
    Machine(
        name="grant",
        model="rights.Grant",
        label="right",
        states=(
            State("active", "In force", "good", "The person may do what it says, on this object only."),
            State("expired", "Expired", "neutral", "Its time is over."),
            State("revoked", "Taken back", "neutral", "It was ended before its time."),
        ),
        final=frozenset({"expired", "revoked"}),
        creates=(
            Action(
                "grant",
                "Grant a right",
                GRANTORS,
                frozenset({""}),
                to="active",
                kind="primary",
                needs=(is_a_side_of_it, not_to_oneself, person_fits, ends_in_time, not_given_twice),
                then=("grant.granted",),
            ),
        ),
        actions=(
            Action(
                "revoke",
                "Take back",
                GRANTORS,
                ACTIVE,
                to="revoked",
                asks=True,
                kind="danger",
                then=("grant.ended",),
                done="Taken back. It holds no longer, from this moment.",
            ),
            Action(
                "give_back",
                "Give back",
                frozenset({"self"}),
                ACTIVE,
                to="revoked",
                help="You lose this right at once.",
                done="Given back.",
            ),
            Action(
                "fall",
                "End it: its grantor governs no longer",
                frozenset({"system"}),
                ACTIVE,
                to="revoked",
                hidden=True,
                then=("grant.ended",),
            ),
            Action(
                "expire",
                "End it",
                frozenset({"system"}),
                ACTIVE,
                to="expired",
                hidden=True,
                then=("grant.ended",),
            ),
        ),
    )
)
