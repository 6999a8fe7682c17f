"""Reads: mergers of one's own organisation, on either side. Nobody else learns of them before they are done."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from kernel.actor import Actor
from kernel.registry import sees
from trusts.mergers.machines import MERGER
from trusts.mergers.models import Merger


@sees(MERGER)
def mergers(actor: Actor) -> QuerySet[Merger]:
    found = Merger.objects.select_related("leaving", "into")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(Q(leaving_id=actor.organisation_id) | Q(into_id=actor.organisation_id))
