"""Reads: deliveries an actor may know of."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery
from kernel.actor import Actor
from kernel.registry import sees


@sees(DELIVERY)
def deliveries(actor: Actor) -> QuerySet[Delivery]:
    """Exports given or received by the organisation acted for, and those of contracts on which one was granted a right."""
    found = Delivery.objects.select_related("agreement__dataset", "provider", "consumer", "request", "job")
    if actor.is_system:
        return found
    granted = Q(agreement_id__in=actor.granted_ids)
    if actor.organisation_id is None:
        return found.filter(granted) if actor.granted else found.none()
    own = Q(provider_id=actor.organisation_id) | Q(consumer_id=actor.organisation_id)
    return found.filter(own | granted if actor.granted else own)


def fresh_for(actor: Actor) -> QuerySet[Delivery]:
    """Exports that this person may fetch and has not fetched yet."""
    return (
        deliveries(actor)
        .filter(state="available", expires__gt=timezone.now(), request__named__user_id=actor.user_id)
        .exclude(downloads__user_id=actor.user_id)
        .order_by("expires")
    )
