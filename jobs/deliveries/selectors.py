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
    """Exports given or received by the organisation acted for."""
    found = Delivery.objects.select_related("agreement__dataset", "provider", "consumer", "request", "job")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(Q(provider_id=actor.organisation_id) | Q(consumer_id=actor.organisation_id))


def fresh_for(actor: Actor) -> QuerySet[Delivery]:
    """Exports that this person may fetch and has not fetched yet."""
    return (
        deliveries(actor)
        .filter(state="available", expires__gt=timezone.now(), request__named__user_id=actor.user_id)
        .exclude(downloads__user_id=actor.user_id)
        .order_by("expires")
    )
