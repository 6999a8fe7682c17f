"""How trusts are founded and how organisations come and go."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, side
from trusts.membership.rules import a_trustee_stays
from trusts.membership.voting import (
    admit_without_vote,
    charter_without_vote,
    expel_without_vote,
    invite_without_vote,
)

NEW = frozenset({""})
TRUSTEE = side("trustee", OWNER)
CANDIDATE = side("candidate", OWNER)
SYSTEM = frozenset({"system"})

TRUST = register(
    Machine(
        name="trust",
        model="membership.Trust",
        label="trust",
        states=(State("active", "Active", "good", "Members share data under its charter."),),
        final=frozenset({"active"}),
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
        ),
    )
)

MEMBERSHIP = register(
    Machine(
        name="membership",
        model="membership.Membership",
        label="membership",
        states=(
            State("invited", "Invited", "active", "The organisation has to accept or decline.", "candidate"),
            State("applied", "Applied", "active", "A trustee has to admit or decline.", "trustee"),
            State("active", "Active", "good", "The organisation takes part."),
            State(
                "suspended",
                "Suspended",
                "care",
                "Nothing new starts and nothing leaves until reinstated.",
                "trustee",
            ),
            State("left", "Left", "neutral", "The organisation has left."),
            State("declined", "Declined", "neutral", "It did not come to a membership."),
            State("expelled", "Expelled", "bad", "The trustees ended the membership."),
        ),
        final=frozenset({"left", "declined", "expelled"}),
        creates=(
            Action("start", "Founding member", TRUSTEE | CANDIDATE, NEW, to="active", hidden=True),
            Action(
                "invite",
                "Invite",
                TRUSTEE,
                NEW,
                to="invited",
                needs=(invite_without_vote,),
                then=("membership.invited",),
            ),
            Action("apply", "Apply to join", CANDIDATE, NEW, to="applied", then=("membership.applied",)),
        ),
        actions=(
            Action(
                "accept",
                "Accept the invitation",
                CANDIDATE,
                frozenset({"invited"}),
                to="active",
                kind="primary",
                done="Welcome. Your organisation is now a member.",
            ),
            Action("decline", "Decline", CANDIDATE, frozenset({"invited"}), to="declined", asks=True),
            Action(
                "admit",
                "Admit",
                TRUSTEE | SYSTEM,
                frozenset({"applied"}),
                to="active",
                needs=(admit_without_vote,),
                kind="primary",
                then=("membership.admitted",),
                done="Admitted.",
            ),
            Action(
                "refuse",
                "Do not admit",
                TRUSTEE | SYSTEM,
                frozenset({"applied"}),
                to="declined",
                needs=(admit_without_vote,),
                asks=True,
                kind="danger",
                then=("membership.refused",),
            ),
            Action("withdraw", "Withdraw the application", CANDIDATE, frozenset({"applied"}), to="left"),
            Action("revoke", "Withdraw the invitation", TRUSTEE, frozenset({"invited"}), to="declined"),
            Action(
                "suspend",
                "Suspend",
                TRUSTEE,
                frozenset({"active"}),
                to="suspended",
                needs=(a_trustee_stays,),
                asks=True,
                kind="danger",
                then=("membership.ended",),
                done="Suspended. Running jobs stop and downloads are cut off.",
                foretold=True,
            ),
            Action(
                "reinstate",
                "Reinstate",
                TRUSTEE,
                frozenset({"suspended"}),
                to="active",
                kind="primary",
                done="Reinstated.",
                foretold=True,
            ),
            Action(
                "change_role",
                "Change role",
                TRUSTEE | SYSTEM,
                frozenset({"active"}),
                asks=True,
                done="Role changed.",
            ),
            Action(
                "attest_level",
                "Attest the security level",
                TRUSTEE,
                frozenset({"active", "suspended"}),
                asks=True,
                help="What the trust found when it looked at how this member protects data. Contracts may ask for a level.",
                done="Attested. Contracts that ask for a level go by it from now on.",
            ),
            Action(
                "leave",
                "Leave",
                CANDIDATE,
                frozenset({"active", "suspended"}),
                to="left",
                needs=(a_trustee_stays,),
                asks=True,
                kind="danger",
                then=("membership.ended",),
                done="Your organisation has left.",
                foretold=True,
            ),
            Action(
                "expel",
                "Expel",
                TRUSTEE | SYSTEM,
                frozenset({"active", "suspended"}),
                to="expelled",
                needs=(a_trustee_stays, expel_without_vote),
                asks=True,
                kind="danger",
                then=("membership.ended",),
                foretold=True,
            ),
        ),
    )
)
