"""Claimed domains, people who ask to join, and reviews of access."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANYONE, OPERATOR, OWNER, side
from trusts.organisations.rules import nobody_else_holds_it

NEW = frozenset({""})
OWNERS = side("own", OWNER)
OPERATORS = frozenset({OPERATOR})

DOMAIN = register(
    Machine(
        name="domain",
        model="organisations.Domain",
        label="domain",
        states=(
            State("claimed", "Claimed", "active", "The operator has not confirmed it yet; it counts for nothing.", "operator"),
            State("confirmed", "Confirmed", "good", "People with a verified address in it may ask to join."),
            State("refused", "Not confirmed", "bad", "The operator did not confirm that it is the organisation's."),
            State("released", "Given up", "neutral", "The organisation no longer claims it."),
        ),
        final=frozenset({"refused", "released"}),
        creates=(
            Action("claim", "Claim a domain", OWNERS, NEW, to="claimed", then=("domain.claimed",), hidden=True),
        ),
        actions=(
            Action(
                "confirm", "Confirm", OPERATORS, frozenset({"claimed"}), to="confirmed", kind="primary",
                needs=(nobody_else_holds_it,), then=("domain.confirmed",),
                help="Look up the domain's TXT records first: one of them must be the line shown.",
                done="Confirmed. The organisation's owners have been told.",
            ),
            Action(
                "refuse", "Do not confirm", OPERATORS, frozenset({"claimed"}), to="refused", asks=True,
                then=("domain.refused",), done="Refused. The organisation's owners have been told.",
            ),
            Action(
                "release", "Give up", OWNERS, frozenset({"claimed", "confirmed"}), to="released", kind="danger",
                help="People with an address in this domain can no longer ask to join or sign in by it.",
            ),
        ),
    )
)  # fmt: skip

JOINING = register(
    Machine(
        name="joining",
        model="organisations.JoinRequest",
        label="request to join",
        states=(
            State("asked", "Asked", "active", "An owner admits the person, or declines.", "own"),
            State("admitted", "Admitted", "good", "The person belongs to the organisation."),
            State("declined", "Declined", "bad", "An owner declined, with a reason."),
            State("withdrawn", "Withdrawn", "neutral", "The person no longer asks."),
        ),
        final=frozenset({"admitted", "declined", "withdrawn"}),
        creates=(
            Action(
                "ask", "Ask to join", frozenset({ANYONE}), NEW, to="asked", then=("joining.asked",), hidden=True
            ),
        ),
        actions=(
            Action(
                "admit", "Admit", OWNERS, frozenset({"asked"}), to="admitted", kind="primary", asks=True,
                then=("joining.admitted",), done="Admitted. The person has been told.",
            ),
            Action(
                "decline", "Decline", OWNERS, frozenset({"asked"}), to="declined", kind="danger", asks=True,
                then=("joining.declined",), done="Declined. The person has been told.",
            ),
            Action("withdraw", "Withdraw", frozenset({"self"}), frozenset({"asked"}), to="withdrawn"),
        ),
    )
)  # fmt: skip

ACCESS_REVIEW = register(
    Machine(
        name="access_review",
        model="organisations.AccessReview",
        label="review of access",
        states=(
            State("open", "Open", "active", "An owner says for each person whether they still need access.", "own"),
            State("done", "Done", "good", "Each person was kept or removed, as the trail shows."),
        ),
        final=frozenset({"done"}),
        creates=(
            Action(
                "begin", "Begin a review", OWNERS | {"system"}, NEW, to="open",
                then=("access_review.begun",), hidden=True,
            ),
        ),
        actions=(
            Action(
                "answer", "Review", OWNERS, frozenset({"open"}), to="done", kind="primary", asks=True,
                help="Say for each person whether they still need access. Who is removed loses it at once.",
                done="The review is done, and recorded.",
            ),
        ),
    )
)  # fmt: skip
