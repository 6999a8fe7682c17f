"""The one place where a state changes: lock, decide, change, record, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from kernel import outbox, registry
from kernel.actor import Actor
from kernel.audit.record import record
from kernel.change import Change
from kernel.decision import Decision, Refused, deny
from kernel.machine import Machine
from kernel.roles import roles_of


class Stale(Refused):
    """The row moved since the person looked. Carries what it is now."""

    def __init__(self, subject: Any, seen: int) -> None:
        super().__init__(
            deny(
                "stale",
                f"{subject.title()} was changed by someone else while you were deciding",
                remedy="Read what changed and decide again; what you typed is kept",
            )
        )
        self.subject, self.seen = subject, seen


def facts_for(machine: Machine, subject: Any, actor: Actor) -> Any:
    """What the machine's rules read about this subject, in a constant number of queries."""
    loader = registry.entry(machine.name).facts
    return loader(subject, actor) if loader else subject


def may(machine: Machine, action: str, subject: Any, actor: Actor, facts: Any = None) -> Decision:
    """The decision without doing it: what a button shows and what the verb will decide."""
    row = machine.action(action)
    roles = roles_of(actor, subject)
    if facts is None and row.needs and machine.fits(row, subject.state, roles):
        facts = facts_for(machine, subject, actor)
    return machine.decide(row, subject.state, roles, facts)


def would_create(machine: Machine, action: str, actor: Actor, **fields: Any) -> Decision:
    """The same decision as `creation` takes, on a draft of such a row."""
    draft = registry.entry(machine.name).model(**fields)
    draft.state = ""  # type: ignore[attr-defined]
    return may(machine, action, draft, actor)


def may_create(machine: Machine, action: str, actor: Actor, **fields: Any) -> bool:
    """Whether this person may bring such a row to life."""
    return would_create(machine, action, actor, **fields).allowed


@contextmanager
def transition(
    machine: Machine,
    action: str,
    subject_id: UUID,
    *,
    actor: Actor,
    seen: int | None = None,
    reason: str = "",
    harmless: Callable[[Any, int], bool] | None = None,
) -> Iterator[Change]:
    """Do one action on one row, or leave everything as it was.

    Raises Refused with its Decision, Stale if `seen` is not the row's version, DoesNotExist. `harmless` is asked of the
    locked row whether what came since `seen` leaves what was decided on as it was shown.
    The row is locked for the length of the block; an exception inside it leaves nothing.
    """
    row = machine.action(action)
    model = registry.entry(machine.name).model
    with transaction.atomic():
        subject: Any = model._default_manager.select_for_update(of=("self",)).get(pk=subject_id)
        if seen is not None and subject.version != seen and not (harmless and harmless(subject, seen)):
            raise Stale(subject, seen)
        decision = may(machine, action, subject, actor)
        if not decision.allowed:
            raise Refused(decision)
        before = subject.audit_fields()
        change = Change(subject, row, actor, decision, reason, to=row.to)
        yield change
        origin = subject.state
        subject.state = change.to or origin
        _close(machine, change, before, origin)


@contextmanager
def creation(
    machine: Machine, action: str, subject: Any, *, actor: Actor, reason: str = ""
) -> Iterator[Change]:
    """Bring a new row to life in the action's first state; the same checks and record."""
    row = machine.action(action)
    with transaction.atomic():
        subject.state = ""
        decision = may(machine, action, subject, actor)
        if not decision.allowed:
            raise Refused(decision)
        change = Change(subject, row, actor, decision, reason, to=row.to)
        yield change
        subject.state = change.to or ""
        _close(machine, change, {}, "", new=True)


def _close(machine: Machine, change: Change, before: dict[str, Any], origin: str, new: bool = False) -> None:
    subject: models.Model = change.subject
    subject.version += 1  # type: ignore[attr-defined]
    subject.changed = timezone.now()  # type: ignore[attr-defined]
    subject.save(force_insert=new and subject._state.adding)
    record(machine, change, before=before, origin=origin)
    for topic in change.action.then:
        outbox.put(topic, {"id": str(subject.pk), "machine": machine.name})
    for topic, payload in change.topics:
        outbox.put(topic, payload)
