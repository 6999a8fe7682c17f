"""Where machines, verbs, forms, facts and visibility find each other.

Stations register at import of their app; the doors look up here and know no station. A system
check lists every action that has no verb.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.apps import apps
from django.core import checks
from django.db.models import Model, QuerySet

from kernel.actor import Actor
from kernel.machine import Machine

Verb = TypeVar("Verb", bound=Callable[..., Any])


@dataclass
class Entry:
    """All that is known of one machine."""

    machine: Machine
    verbs: dict[str, Callable[..., Any]] = field(default_factory=dict)
    forms: dict[str, type] = field(default_factory=dict)
    facts: Callable[[Any, Actor], Any] | None = None
    visible: Callable[[Actor], QuerySet[Any]] | None = None

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.machine.model)


_entries: dict[str, Entry] = {}


def register(machine: Machine) -> Machine:
    """Make a machine known. Returns it, so that a table can register itself where it stands."""
    _entries.setdefault(machine.name, Entry(machine))
    return machine


def entry(name: str) -> Entry:
    """Everything about the machine of this name. Raises KeyError."""
    return _entries[name]


def machines() -> list[Machine]:
    return [item.machine for item in sorted(_entries.values(), key=lambda e: e.machine.name)]


def machine_for(subject: Model) -> Machine:
    """The machine that governs this object's model."""
    label = subject._meta.label
    return next(e.machine for e in _entries.values() if e.machine.model == label)


def performs(machine: Machine, *actions: str) -> Callable[[Verb], Verb]:
    """Decorator: this service function is the verb for these actions."""

    def remember(verb: Verb) -> Verb:
        for action in actions:
            machine.action(action)
            register(machine)
            _entries[machine.name].verbs[action] = verb
        return verb

    return remember


def asks_with(machine: Machine, *actions: str) -> Callable[[type], type]:
    """Decorator: this form is what the action asks for, in the browser and as JSON."""

    def remember(form: type) -> type:
        register(machine)
        for action in actions:
            machine.action(action)
            _entries[machine.name].forms[action] = form
        return form

    return remember


def loads_facts(machine: Machine) -> Callable[[Verb], Verb]:
    """Decorator: this function loads what the machine's rules read, `(subject, actor) → facts`."""

    def remember(loader: Verb) -> Verb:
        register(machine)
        _entries[machine.name].facts = loader
        return loader

    return remember


def sees(machine: Machine) -> Callable[[Verb], Verb]:
    """Decorator: this selector gives the objects an actor may know of, `(actor) → queryset`."""

    def remember(selector: Verb) -> Verb:
        register(machine)
        _entries[machine.name].visible = selector
        return selector

    return remember


@checks.register("commonhold")
def every_action_has_a_verb(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A table row that nobody performs is a button that does nothing."""
    found: list[checks.CheckMessage] = []
    for item in _entries.values():
        for action in item.machine.actions:
            if action.name not in item.verbs:
                found.append(
                    checks.Error(f"{item.machine.name}.{action.name} has no verb", id="commonhold.E001")
                )
        if item.visible is None:
            found.append(
                checks.Error(f"{item.machine.name} has no visible_to selector", id="commonhold.E002")
            )
    return found
