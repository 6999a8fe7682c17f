"""Votes that wait for the organisation, and its own proposals that wait for the others."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, source
from trusts.proposals import selectors
from trusts.proposals.machines import PROPOSAL


@source("proposals", "Votes")
def to_vote(actor: Actor, limit: int) -> Iterator[Item]:
    """For owners: the members of a trust vote through them. Never for many at once; each should be read."""
    if actor.holds("owner"):
        for row in selectors.to_vote(actor, timezone.now())[:limit]:
            yield item(actor, PROPOSAL, row, "Vote", row.trust.name)


@source("proposals", "Votes", OTHERS)
def voted_on_by_others(actor: Actor, limit: int) -> Iterator[Item]:
    """Open proposals of ours."""
    for row in selectors.proposed_by(actor)[:limit]:
        yield item(actor, PROPOSAL, row, "The members vote on it", row.trust.name)
