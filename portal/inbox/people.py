"""People who ask to join, and reviews of who still needs access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from kernel.actor import Actor
from portal.inbox.registry import Item, item, moved_by, source
from trusts.organisations import selectors
from trusts.organisations.access_machines import ACCESS_REVIEW, JOINING


def _asked(actor: Actor) -> QuerySet[Any]:
    admits = moved_by(actor, JOINING, "asked", "own")
    return selectors.joinings(actor).filter(admits, organisation_id=actor.organisation_id)


@source("people", "People", rows=_asked)
def joining(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Not to be done for many at once, as the reviews below: each is about persons."""
    for row in rows:
        yield item(actor, JOINING, row, "Admit or decline", str(row.user))


def _open(actor: Actor) -> QuerySet[Any]:
    return selectors.access_reviews(actor).filter(moved_by(actor, ACCESS_REVIEW, "open", "own"))


@source("people", "People", rows=_open)
def access(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield item(actor, ACCESS_REVIEW, row, "Say who still needs access", "")
