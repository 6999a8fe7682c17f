"""What a change would bring about: it is done, its events are heard, and all of it is taken back.

So what a page says before is what happens after, by construction: the same verb, the same rules, the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db import transaction

from kernel import doors, registry
from kernel.actor import Actor
from kernel.audit.models import Event
from kernel.audit.record import hearing
from kernel.decision import Refused
from kernel.machine import Machine

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Effect:
    """One kind of thing that would happen. `named`: title and address of what the actor may see of it."""

    text: str
    count: int
    named: tuple[tuple[str, str], ...] = field(default=())

    @property
    def others(self) -> int:
        """How many are counted and not named."""
        return self.count - len(self.named)

    def as_dict(self) -> dict[str, Any]:
        return {"text": self.text, "count": self.count, "named": [title for title, _ in self.named]}


# Given the events that would be written and who asks: what follows that is no event of the same moment.
More = Callable[[list[Event], Actor], Iterable[Effect]]
_more: list[More] = []


def also_foretells(tells: More) -> More:
    """Decorator: a later station adds what follows there, such as jobs that stop."""
    if tells not in _more:
        _more.append(tells)
    return tells


class _Back(Exception):
    """Takes a rehearsal back."""


def rehearse(machine: Machine, action: str, subject: Any, actor: Actor) -> list[Effect]:
    """What would follow elsewhere if this actor did this now; nothing where it would be refused. Changes nothing.

    The verb is given words where its form asks for words; an action whose form needs more cannot be foretold.
    """
    form = doors.form_for(machine, action)(subject=subject, actor=actor)
    given = {
        name: "–" * 60
        for name, one in form.fields.items()
        if one.required and isinstance(one, forms.CharField)
    }
    heard: list[Event] = []
    try:
        with transaction.atomic():
            with hearing() as heard:
                registry.entry(machine.name).verbs[action](subject.pk, actor=actor, **given)
            told = [
                *_grouped(heard, subject, actor),
                *(one for more in _more for one in more(heard, actor) if one.count),
            ]
            raise _Back
    except _Back:
        return told
    except Refused:
        return []


def plural(label: str, count: int) -> str:
    """A machine's label for so many: contract, contracts; duty, duties."""
    if count == 1:
        return label
    return f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"


def _grouped(events: list[Event], subject: Any, actor: Actor) -> list[Effect]:
    """The events about other rows by machine and new state, in the order in which they would happen."""
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.subject_id != subject.pk and event.to_state != event.from_state:
            groups.setdefault((event.machine, event.to_state), []).append(event)
    return [_effect(name, state, found, actor) for (name, state), found in groups.items()]


def _effect(name: str, state: str, events: list[Event], actor: Actor) -> Effect:
    entry = registry.entry(name)
    ids = {event.subject_id for event in events}
    label = plural(entry.machine.label, len(ids))
    new = all(event.from_state == "" for event in events)
    text = (
        f"{len(ids)} {label} {'begins' if len(ids) == 1 else 'begin'}"
        if new
        else f"{len(ids)} {label}: {entry.machine.state(state).label.lower()}"
    )
    seen = entry.visible(actor).filter(pk__in=ids)[:SHOWN] if entry.visible is not None else []
    return Effect(text, len(ids), tuple((one.title(), one.get_absolute_url()) for one in seen))
