"""Exceptions from a charter: asked for by the provider, agreed by a second person, a trustee, or both."""

from __future__ import annotations

from contracts.charters.rules import not_own_exemption, second_person_missing, trustee_missing, vote_missing
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, REVIEWER, STEWARD, side

NEW = frozenset({""})
OPEN = frozenset({"asked"})
SYSTEM = frozenset({"system"})
PROVIDER = side("provider", OWNER, STEWARD)
SECOND = side("provider", OWNER, STEWARD, REVIEWER)
TRUSTEE = side("trustee", OWNER)
VOTER = side("voter", OWNER)

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
                "vote_for", "Vote for it", VOTER, OPEN, needs=(not_own_exemption, vote_missing), kind="primary", asks=True,
                done="Your organisation's vote is counted.",
            ),
            Action(
                "vote_against", "Vote against it", VOTER, OPEN, needs=(not_own_exemption, vote_missing), asks=True,
                done="Your organisation's vote is counted.",
            ),
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
