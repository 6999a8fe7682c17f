"""Exceptions from a charter: asked for by the provider, agreed by a second person, a trustee, the members' vote, or all of them."""

from __future__ import annotations

from contracts.charters.rules import (
    not_own_exemption,
    not_put_to_vote_yet,
    second_person_missing,
    trustee_missing,
)
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, REVIEWER, STEWARD, side

NEW = frozenset({""})
OPEN = frozenset({"asked"})
SYSTEM = frozenset({"system"})
PROVIDER = side("provider", OWNER, STEWARD)
SECOND = side("provider", OWNER, STEWARD, REVIEWER)
TRUSTEE = side("trustee", OWNER)

EXEMPTION = register(
    Machine(
        name="exemption",
        model="charters.Exemption",
        label="exception to the charter",
        states=(
            State("asked", "Asked for", "active", "Somebody else has to agree before these terms can bind."),
            State("granted", "Granted", "good", "These terms may be agreed on although the charter is narrower."),
            State("refused", "Refused", "bad", "These terms cannot be agreed on under the charter."),
            State("withdrawn", "Withdrawn", "neutral", "It is no longer asked for."),
        ),
        final=frozenset({"granted", "refused", "withdrawn"}),
        creates=(
            Action(
                "ask", "Ask for an exception", PROVIDER, NEW, to="asked", kind="primary", then=("exemption.asked",)
            ),
        ),
        actions=(
            Action(
                "agree", "Agree as second person", SECOND, OPEN, needs=(not_own_exemption, second_person_missing),
                kind="primary", asks=True, done="You have agreed.",
            ),
            Action(
                "agree_trustee", "Agree as trustee", TRUSTEE, OPEN, needs=(not_own_exemption, trustee_missing),
                kind="primary", asks=True, done="You have agreed.",
            ),
            Action(
                "put_to_vote", "Put it to the members' vote", PROVIDER | SYSTEM, OPEN, needs=(not_put_to_vote_yet,),
                done="The members vote on it now.",
            ),
            Action("members_agree", "Agreed by the members", SYSTEM, OPEN, hidden=True),
            Action(
                "fail", "Fail", SYSTEM, OPEN, to="refused", hidden=True, then=("exemption.refused",)
            ),
            Action(
                "refuse", "Refuse", SECOND | TRUSTEE, OPEN, to="refused", needs=(not_own_exemption,), asks=True,
                kind="danger", then=("exemption.refused",), done="Refused. The provider sees your reason.",
            ),
            Action("withdraw", "Withdraw", PROVIDER, OPEN, to="withdrawn"),
            Action("grant", "Grant", SYSTEM, OPEN, to="granted", hidden=True, then=("exemption.granted",)),
        ),
    )
)  # fmt: skip
