"""Reads: sharing requests an actor may know of."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.registry import sees


@sees(REQUEST)
def requests(actor: Actor) -> QuerySet[Request]:
    """All of one's own organisation as consumer; as provider those that were ever submitted."""
    found = Request.objects.select_related(
        "agreement", "agreement__dataset", "provider", "consumer", "author"
    )
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    mine = actor.organisation_id
    # A withdrawn draft never reached the provider either: it has no plan.
    received = Q(provider_id=mine) & ~Q(state="draft") & ~Q(plan_hash="")
    return found.filter(Q(consumer_id=mine) | received)
