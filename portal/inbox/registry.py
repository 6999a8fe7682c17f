"""Where the kinds of waiting things find each other: each module of this package brings its sources, the page knows none.

A source is a function `(actor, limit) → items`: what moves only when this person's side does something ("me"), or what this
side waits for ("others"). Each asks the database a constant number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel import registry
from kernel.actor import Actor
from kernel.machine import Action, Machine
from kernel.roles import roles_of

ME, OTHERS = "me", "others"
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One waiting thing: what is to be done, with whom, since when, by when.

    `counterpart` is the other side; among what waits for others it is who moves next. `bulk` names the actions that may be
    done here for many at once.
    """

    machine: Machine
    subject: Any
    verb: str
    counterpart: str
    since: datetime
    due: datetime | None = None
    kind: str = ""
    bulk: tuple[str, ...] = ()

    @property
    def state(self) -> Any:
        return self.machine.state(self.subject.state)

    @property
    def key(self) -> str:
        """What a page sends back to name this item as it was shown: machine, id and version."""
        return f"{self.machine.name}:{self.subject.pk}:{self.subject.version}"


Source = Callable[[Actor, int], Iterable[Item]]


@dataclass
class Kind:
    """One area of work, as the filter shows it, with its sources by whom they wait for."""

    code: str
    label: str
    sources: dict[str, list[Source]] = field(default_factory=lambda: {ME: [], OTHERS: []})


KINDS: dict[str, Kind] = {}
# (machine, action) that may be done for many at once. Each is declared by the module that offers it.
BULK: dict[tuple[str, str], Action] = {}


def source(code: str, label: str, waits_for: str = ME) -> Callable[[Source], Source]:
    """Decorator: this function brings items of this kind."""

    def remember(found: Source) -> Source:
        KINDS.setdefault(code, Kind(code, label)).sources[waits_for].append(found)
        return found

    return remember


def safe(machine: Machine, *actions: str) -> tuple[str, ...]:
    """Let these actions be done for many at once. Raises ValueError for one that is dangerous or must be filled in."""
    for name in actions:
        action = machine.action(name)
        if action.kind == "danger" or action.asks or action.hidden:
            raise ValueError(f"{machine.name}.{name} is not safe to do for many at once")
        BULK[(machine.name, name)] = action
    return actions


def without_form() -> list[str]:
    """Those of `BULK` that have got a form meanwhile and are therefore no longer safe; empty when all is well."""
    return [f"{m}.{a}" for m, a in BULK if a in registry.entry(m).forms]


def movable(actor: Actor, machine: Machine, row: Any) -> bool:
    """Whether this person's roles may move the object on at all, other than by ending it."""
    return any(a.kind != "danger" for a in machine.offered(row.state, roles_of(actor, row)))


def to_move(
    actor: Actor,
    machine: Machine,
    rows: Iterable[Any],
    verb: str,
    counterpart: Callable[[Any], str] = lambda row: "",
    bulk: tuple[str, ...] = (),
) -> Iterator[Item]:
    """An item for each row that this person may move on."""
    for row in rows:
        if movable(actor, machine, row):
            yield item(actor, machine, row, verb, counterpart(row), bulk)


def item(
    actor: Actor, machine: Machine, row: Any, verb: str, counterpart: str, bulk: tuple[str, ...] = ()
) -> Item:
    """The row as an item, with those of the actions for many that this person's role fits now."""
    fit = {a.name for a in machine.offered(row.state, roles_of(actor, row))} if bulk else set()
    can = tuple(name for name in bulk if name in fit)
    return Item(machine, row, verb, counterpart, row.changed, getattr(row, "due", None), bulk=can)


def gather(actor: Actor, waits_for: str = ME, limit: int = LIMIT) -> list[Item]:
    """Everything that waits, by due date and then age. A constant number of queries."""
    if actor.organisation_id is None:
        return []
    found: list[Item] = []
    for kind in KINDS.values():
        for one in kind.sources[waits_for]:
            found += [_of(kind.code, item) for item in one(actor, limit)]
    far = datetime.max.replace(tzinfo=found[0].since.tzinfo) if found else None
    return sorted(found, key=lambda one: (one.due or far, one.since))


def _of(kind: str, one: Item) -> Item:
    return Item(
        one.machine, one.subject, one.verb, one.counterpart, one.since, one.due, one.kind or kind, one.bulk
    )
