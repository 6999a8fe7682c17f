"""Mergers that wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, moved_by, source
from trusts.mergers import selectors
from trusts.mergers.machines import MERGER


def _asked(actor: Actor) -> QuerySet[Any]:
    return selectors.mergers(actor).filter(
        moved_by(actor, MERGER, "proposed", "into"), into_id=actor.organisation_id
    )


@source("mergers", "Mergers", rows=_asked)
def mergers(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield item(actor, MERGER, row, "Agree or decline", row.leaving.name)


def _of_others(actor: Actor) -> QuerySet[Any]:
    return selectors.mergers(actor).filter(state="proposed", leaving_id=actor.organisation_id)


@source("mergers", "Mergers", OTHERS, rows=_of_others)
def mergers_of_others(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield item(actor, MERGER, row, "Waits for their answer", row.into.name)
