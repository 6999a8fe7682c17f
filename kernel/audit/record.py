"""`record()`: the only writer of events."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from django.utils import timezone

from kernel.actor import Actor
from kernel.audit.models import Event, EventParty
from kernel.change import Change
from kernel.decision import Decision
from kernel.machine import Machine
from kernel.roles import stood_in_for

_heard: ContextVar[list[Event] | None] = ContextVar("heard", default=None)


@contextmanager
def hearing() -> Iterator[list[Event]]:
    """A list that fills with the events written inside the block, in their order."""
    found: list[Event] = []
    token = _heard.set(found)
    try:
        yield found
    finally:
        _heard.reset(token)


def record(machine: Machine, change: Change, *, before: dict[str, Any], origin: str) -> Event:
    """Write the event of a change, inside its transaction. Only values that moved are kept."""
    subject, actor = change.subject, change.actor
    after = subject.audit_fields()
    moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    detail = dict(change.detail)
    if change.decision.reasons:
        detail["decision"] = change.decision.as_dict()
    stood_in = stood_in_for(actor, subject, change.action.by)
    if stood_in:
        detail["deputy_for"] = stood_in
        actor = replace(actor, name=f"{actor.name}, for {' and '.join(stood_in)}"[:200])
    event = _event(
        machine.name,
        change.action.name,
        subject,
        actor,
        subject_version=subject.version,
        from_state=origin,
        to_state=subject.state,
        reason=change.reason,
        before={key: before[key] for key in sorted(moved) if key in before},
        after={key: after[key] for key in sorted(moved) if key in after},
        detail=detail,
    )
    _name_parties(event, subject, actor, change.also_parties, change.sides)
    return event


def record_refusal(machine: str, action: str, subject: Any, actor: Actor, decision: Decision) -> Event:
    """A consequential refusal is evidence too. Called by the doors after the roll-back."""
    event = _event(
        machine,
        action,
        subject,
        actor,
        subject_version=None,
        from_state=subject.state,
        to_state=subject.state,
        detail={"refused": decision.as_dict()},
    )
    own = {actor.organisation_id} if actor.organisation_id else set()
    _name_parties(event, None, actor, own)
    return event


def note(machine: str, action: str, subject: Any, actor: Actor, **detail: Any) -> Event:
    """Record something that happened to a subject without changing its row (a download, a log-in)."""
    event = _event(machine, action, subject, actor, subject_version=None, detail=detail)
    _name_parties(event, subject, actor, set())
    return event


def _event(machine: str, action: str, subject: Any, actor: Actor, **columns: Any) -> Event:
    event = Event(
        id=uuid.uuid4(),
        created=timezone.now(),
        machine=machine,
        action=action,
        subject_id=subject.pk,
        subject_title=subject.title()[:200],
        actor_id=actor.user_id,
        actor_name=actor.name or "unknown",
        organisation_id=actor.organisation_id,
        organisation_name=actor.organisation_name,
        door=actor.door,
        **columns,
    )
    # What cannot be hashed is refused here, where the change can still be undone, not by the sequencer.
    event.payload()
    event.save(force_insert=True)
    heard = _heard.get()
    if heard is not None:
        heard.append(event)
    return event


def _name_parties(
    event: Event, subject: Any, actor: Actor, more: Iterable[Any], sides: Collection[str] | None = None
) -> None:
    """Those who may read it: the subject's sides (those named, if any are), the actor's organisation, those
    named as well, and auditors of its trust."""
    readers = {organisation for organisation in more if organisation}
    if subject is not None:
        for side, organisations in subject.parties().items():
            if sides is None or side in sides:
                readers.update(organisation for organisation in organisations if organisation)
        readers.update(frame for frame in subject.frames() if frame and sides is None)
    if actor.organisation_id:
        readers.add(actor.organisation_id)
    EventParty.objects.bulk_create(
        EventParty.of(event, organisation) for organisation in sorted(readers, key=str)
    )
