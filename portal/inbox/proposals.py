"""Votes that wait for the organisation, and its own proposals that wait for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, source
from trusts.proposals import selectors
from trusts.proposals.machines import PROPOSAL


def _to_vote(actor: Actor) -> QuerySet[Any]:
    found = selectors.to_vote(actor, timezone.now())
    return found if actor.holds("owner") else found.none()


@source("proposals", "Votes", rows=_to_vote, due="due")
def to_vote(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """For owners: the members of a trust vote through them. Never for many at once; each should be read."""
    for row in rows:
        yield item(actor, PROPOSAL, row, "Vote", row.trust.name)


@source("proposals", "Votes", OTHERS, rows=selectors.proposed_by, due="due")
def voted_on_by_others(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Open proposals of ours."""
    for row in rows:
        yield item(actor, PROPOSAL, row, "The members vote on it", row.trust.name)
