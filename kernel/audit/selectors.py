"""Who may read which events: the parties concerned, and no one else."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.actor import Actor
from kernel.audit.models import Checkpoint, Event, EventParty


def visible_to(actor: Actor) -> QuerySet[Event]:
    """Events that name the organisation acted for as a party."""
    if actor.organisation_id is None:
        return Event.objects.none()
    return Event.objects.filter(party_rows__organisation_id=actor.organisation_id).select_related("leaf")


def history(subject_id: UUID, actor: Actor) -> QuerySet[Event]:
    """The events of one subject that this actor may read, oldest first."""
    return visible_to(actor).filter(subject_id=subject_id).order_by("created", "id")


def last_for(organisation_id: UUID) -> int:
    """A number that grows with every event this organisation may read; 0 before the first. One query."""
    newest = EventParty.objects.filter(organisation_id=organisation_id).order_by("-pk")
    return newest.values_list("pk", flat=True).first() or 0


def head() -> Checkpoint | None:
    """The newest signed head."""
    return Checkpoint.objects.first()
