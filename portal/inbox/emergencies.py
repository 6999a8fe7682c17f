"""Emergency openings that somebody of the organisation has to judge, or could cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from kernel.actor import Actor
from portal.inbox.registry import Item, item, moved_by, source
from trusts.rights import emergencies
from trusts.rights.emergency_machine import EMERGENCY


def _closed(actor: Actor) -> QuerySet[Any]:
    found = emergencies.emergencies(actor).filter(moved_by(actor, EMERGENCY, "closed", "concerned"))
    return found.filter(organisation_id=actor.organisation_id).exclude(user_id=actor.user_id)


@source("emergencies", "Emergencies", rows=_closed)
def openings(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Not to be judged for many at once: each says something else."""
    for row in rows:
        yield item(actor, EMERGENCY, row, "Say whether the emergency opening was justified", str(row.user))
