"""Proposals at a point of their road, reached with the real verbs: in the cast's trust, by its three members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.cast import Cast
from trusts.membership import services as membership
from trusts.membership.models import Charter, Trust
from trusts.proposals import closing, services
from trusts.proposals.models import Proposal

ALL = ["trustee", "provider", "consumer"]
KINDS = ("admit", "expel", "charter", "trustee")


def voting(cast: Cast, ballot: str = "open", kinds: tuple[str, ...] = KINDS, **votes: Any) -> Trust:
    """The cast's trust, from now on with these decisions by vote of Hudson, Meridian and the weather office."""
    how = {kind: {"by": "vote", "ballot": ballot} for kind in kinds}
    governance = {"members": {"hearing_days": 0}, "votes": {"voters": ALL, "kinds": how, **votes}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), governance=governance)
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return cast.trust  # type: ignore[no-any-return]


def proposed(cast: Cast, text: str = "The members' new charter.", by: str = "dana") -> Proposal:
    """A change of the charter's words."""
    trust = Trust.objects.get(pk=cast.trust.pk)
    return services.propose(
        actor=cast.actor(by), trust=trust, kind="charter", given={"text": text}, why="It is time for it."
    )


def vote(cast: Cast, proposal: Proposal, **said: str) -> Proposal:
    """Each of these people votes for their organisation."""
    for name, choice in said.items():
        reason = "" if proposal.secret else f"{name} thinks so."
        services.vote(proposal.pk, actor=cast.actor(name), choice=choice, reason=reason)
    return Proposal.objects.get(pk=proposal.pk)


def reach(cast: Cast, state: str) -> Proposal:
    """A proposal in this state."""
    text = f"The words that came to be {state}."
    found = proposed(cast, text)
    if state == "failed":
        other = proposed(cast, "Other words.")
        vote(cast, other, dana="for", piotr="for")
    if state in ("adopted", "failed"):
        vote(cast, found, dana="for", piotr="for")
    elif state == "rejected":
        vote(cast, found, dana="against", piotr="against")
    elif state == "lapsed":
        closing.settle(found.pk, found.due + timedelta(seconds=1))
    elif state == "withdrawn":
        services.withdraw(found.pk, actor=cast.actor("dana"), reason="We thought better of it.")
    return Proposal.objects.get(pk=found.pk)


def situation(cast: Cast, state: str) -> Proposal:
    """The same, by all three members; afterwards a trustee decides again, as in every other situation."""
    voting(cast, kinds=("charter",))
    made = reach(cast, state)
    Charter.objects.create(trust=cast.trust, number=cast.trust.charters.count() + 1, text="As ever.")
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return made
