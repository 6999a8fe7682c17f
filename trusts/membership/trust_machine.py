"""How a trust is founded, changed, wound up and ended."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, side
from trusts.membership.rules import nothing_runs
from trusts.membership.voting import charter_without_vote, invite_without_vote, wind_up_without_vote

NEW = frozenset({""})
TRUSTEE = side("trustee", OWNER)
SYSTEM = frozenset({"system"})

TRUST = register(
    Machine(
        name="trust",
        model="membership.Trust",
        label="trust",
        states=(
            State("active", "Active", "good", "Members share data under its charter."),
            State(
                "winding_up", "Being wound up", "care", "Nothing new begins; it ends with its last contract."
            ),
            State("wound_up", "Wound up", "neutral", "It has ended. What happened in it can still be read."),
        ),
        final=frozenset({"wound_up"}),
        creates=(Action("found", "Found a trust", TRUSTEE, NEW, to="active", kind="primary"),),
        actions=(
            Action("edit", "Edit", TRUSTEE, frozenset({"active"}), asks=True, done="Saved."),
            Action(
                "change_charter",
                "Write a new charter version",
                TRUSTEE | SYSTEM,
                frozenset({"active"}),
                needs=(charter_without_vote,),
                asks=True,
            ),
            Action(
                "invite",
                "Invite an organisation",
                TRUSTEE,
                frozenset({"active"}),
                needs=(invite_without_vote,),
                asks=True,
                kind="primary",
            ),
            Action(
                "wind_up",
                "Wind up",
                TRUSTEE | SYSTEM,
                frozenset({"active"}),
                to="winding_up",
                needs=(wind_up_without_vote,),
                asks=True,
                kind="danger",
                help="Offers are taken back and negotiations end at once. Contracts end or run out, and data is dealt with, as the "
                "charter says. It cannot be undone.",
                done="The trust is being wound up as its charter says.",
                then=("trust.winding_up",),
                foretold=True,
            ),
            Action(
                "finish",
                "Finish winding up",
                SYSTEM,
                frozenset({"winding_up"}),
                to="wound_up",
                needs=(nothing_runs,),
                hidden=True,
            ),
        ),
    )
)
