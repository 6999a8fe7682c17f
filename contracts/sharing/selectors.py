"""Reads: sharing requests an actor may know of."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.registry import sees


@sees(REQUEST)
def requests(actor: Actor) -> QuerySet[Request]:
    """All of one's own organisation as consumer; as provider, or with a right on the contract, those
    that were ever submitted."""
    found = Request.objects.select_related(
        "agreement", "agreement__dataset", "provider", "consumer", "author"
    )
    if actor.is_system:
        return found
    # A withdrawn draft never reached the provider either: it has no plan.
    received = ~Q(state="draft") & ~Q(plan_hash="")
    granted = (Q(pk__in=actor.granted_ids) | Q(agreement_id__in=actor.granted_ids)) & received
    if actor.organisation_id is None:
        return found.filter(granted) if actor.granted else found.none()
    mine = actor.organisation_id
    # Trustees see what a stage asks them about.
    asked = Q(pk__in=Request.trustees.through.objects.filter(organisation_id=mine).values("request_id"))
    seen = Q(consumer_id=mine) | (Q(provider_id=mine) & received) | (asked & received)
    return found.filter(seen | granted if actor.granted else seen)
