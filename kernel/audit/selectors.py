"""Who may read which events: the parties concerned, and no one else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from kernel import registry
from kernel.actor import Actor
from kernel.audit.models import Checkpoint, Event, EventParty, Leaf
from kernel.audit.trail import readings


def visible_to(actor: Actor) -> QuerySet[Event]:
    """Events that name the organisation acted for as a party; and of an object on which the person was granted a right,
    those that name the organisation that granted it; of a trust that one was named to audit, all that happened in it."""
    if actor.granted:
        found = Q(pk__in=[])
        for reading in readings(actor):
            found |= Q(Exists(EventParty.objects.filter(reading, event=OuterRef("pk"))))
        return Event.objects.filter(found).select_related("leaf")
    if actor.organisation_id is None:
        return Event.objects.none()
    return Event.objects.filter(party_rows__organisation_id=actor.organisation_id).select_related("leaf")


def history(subject_id: UUID, actor: Actor, grounds: Collection[Any] = ()) -> QuerySet[Event]:
    """The events of one subject that this actor may read, oldest first. `grounds`: what it belongs to, where a right on
    that may reach it."""
    reach = {one.organisation_id for one in actor.granted if one.object_id in grounds}
    if not reach:
        found = visible_to(actor)
    else:
        reach |= {actor.organisation_id} if actor.organisation_id else set()
        named = EventParty.objects.filter(event=OuterRef("pk"), organisation_id__in=reach)
        found = Event.objects.filter(Exists(named)).select_related("leaf")
    return found.filter(subject_id=subject_id).order_by("created", "id")


def one(event_id: UUID, actor: Actor) -> Event | None:
    """One event that this actor may read: as a party, or as the page of its object lists it for somebody with a right on
    what that object belongs to, such as the auditor of a contract on an export under it. None if not."""
    found = visible_to(actor).filter(pk=event_id).first()
    if found is not None or not actor.granted:
        return found
    event = Event.objects.filter(pk=event_id).first()
    if event is None or event.machine not in {machine.name for machine in registry.machines()}:
        return None
    visible = registry.entry(event.machine).visible
    subject: Any = visible(actor).filter(pk=event.subject_id).first() if visible else None
    if subject is None:
        return None
    return history(event.subject_id, actor, subject.grounds()).filter(pk=event_id).first()


def last_for(organisation_id: UUID) -> int:
    """A number that grows with every event this organisation may read; 0 before the first. One query."""
    newest = EventParty.objects.filter(organisation_id=organisation_id).order_by("-pk")
    return newest.values_list("pk", flat=True).first() or 0


def place_of(subject_id: UUID, action: str) -> Leaf | None:
    """Where in the log the newest entry of this action on a subject stands; None while it waits. One query."""
    return Leaf.objects.filter(event__subject_id=subject_id, event__action=action).order_by("-index").first()


def head() -> Checkpoint | None:
    """The newest signed head."""
    return Checkpoint.objects.first()
