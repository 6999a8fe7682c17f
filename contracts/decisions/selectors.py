"""Reads: decisions on something, for those who are a party to it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from contracts.decisions.models import StoredDecision
from kernel.actor import Actor


def decisions(actor: Actor) -> QuerySet[StoredDecision]:
    """Those on objects of the organisation acted for, on either side."""
    found = StoredDecision.objects.select_related("policy", "provider", "consumer")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(Q(provider_id=actor.organisation_id) | Q(consumer_id=actor.organisation_id))


def decisions_on(kind: str, subject: UUID, actor: Actor) -> QuerySet[StoredDecision]:
    """In the order in which they were made."""
    return decisions(actor).filter(kind=kind, subject=subject)
