"""Where the kinds of waiting things find each other: each module of this package brings its sources, the page knows none.

A source says which rows wait, as a queryset, and makes items of those that it is handed. What waits is counted, sorted and
divided into pages from light lines of all sources, which the database joins in one query; only what a page shows is loaded,
each source on it once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast

from kernel import registry
from kernel.actor import Actor
from kernel.machine import Action, Machine
from kernel.roles import ANYONE, roles_of
from trusts.membership.selectors import asked_once

ME, OTHERS = "me", "others"
# How many a program is shown, and how many lines are gathered at most; of more, those that are due soonest.
LIMIT, MOST = 200, 1_000
NEVER, FIRST = datetime.max.replace(tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)


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


Rows = Callable[[Actor], "QuerySet[Any]"]
Make = Callable[[Actor, list[Any]], Iterable[Item]]
Sift = Callable[[Actor, list[UUID]], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that wait and what is said of them.

    `rows` is asked for ids, and for the rows of a page with all that `make` reads. `sift` is for what the database cannot
    tell: of the ids those that do wait. `whole`: that, too, is told by `make`, which leaves rows out or dates them itself; all
    of them are loaded, so they must be few. `due` and `since` name the columns to sort by.
    """

    kind: str
    make: Make
    rows: Rows
    due: str = ""
    since: str = "changed"
    sift: Sift | None = None
    whole: bool = False


@dataclass(slots=True)
class Line:
    """One waiting thing before it is loaded; `item` once it is. `rows`: what of its source this person may know of."""

    source: Source
    rows: QuerySet[Any]
    pk: UUID
    due: datetime | None
    since: datetime
    item: Item | None = None


@dataclass
class Kind:
    """One area of work, as the filter shows it, with its sources by whom they wait for."""

    code: str
    label: str
    sources: dict[str, list[Source]] = field(default_factory=lambda: {ME: [], OTHERS: []})


KINDS: dict[str, Kind] = {}
# (machine, action) that may be done for many at once. Each is declared by the module that offers it.
BULK: dict[tuple[str, str], Action] = {}


def source(code: str, label: str, waits_for: str = ME, **said: Any) -> Callable[[Make], Make]:
    """Decorator: this function makes the items of this kind of rows; `said` is the rest of `Source`."""

    def remember(make: Make) -> Make:
        KINDS.setdefault(code, Kind(code, label)).sources[waits_for].append(Source(code, make, **said))
        return make

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


def moved_by(actor: Actor, machine: Machine, state: str, side: str, ground: str = "", by: str = "") -> Q:
    """The rows in this state that this person may move on, of those on whose side their organisation stands.

    `by`: with this action only. `ground` names the column of what the rows belong to, on which someone may have been given a right. No query.
    """

    def suffice(roles: Iterable[str]) -> bool:
        held = {ANYONE, f"{side}.member", *(f"{side}.{role}" for role in roles)}
        fit = machine.offered(state, held)
        return any(a.name == by if by else a.kind != "danger" for a in fit)

    found = Q(state=state)
    if suffice(actor.roles):
        return found
    given = [
        g.object_id
        for g in actor.granted
        if g.organisation_id == actor.organisation_id and suffice([*actor.roles, g.role])
    ]
    return found & (Q(pk__in=given) | (Q(**{f"{ground}__in": given}) if ground else Q(pk__in=[])))


def item(
    actor: Actor, machine: Machine, row: Any, verb: str, counterpart: str, bulk: tuple[str, ...] = ()
) -> Item:
    """The row as an item, with those of the actions for many that this person's role fits now."""
    fit = {a.name for a in machine.offered(row.state, roles_of(actor, row))} if bulk else set()
    can = tuple(name for name in bulk if name in fit)
    return Item(machine, row, verb, counterpart, row.changed, getattr(row, "due", None), bulk=can)


def gather(actor: Actor, waits_for: str = ME) -> list[Line]:
    """Everything that waits, by due date and then age, not loaded. One query, and a few for what has to be sifted."""
    if actor.organisation_id is None:
        return []
    sources = [one for kind in KINDS.values() for one in kind.sources[waits_for]]
    with asked_once():
        wanted = [one.rows(actor) for one in sources]
        first, *others = [_light(*each) for each in zip(range(len(sources)), sources, wanted, strict=True)]
        found = first.union(*others, all=True)
        rows = list(found.order_by(F("line_due").asc(nulls_last=True), "line_since")[:MOST])
        lines: list[Line] = []
        for number, one in enumerate(sources):
            mine = [Line(one, wanted[number], *row[1:]) for row in rows if row[0] == number]
            lines += _waiting(actor, one, mine) if mine else []
    return sorted(lines, key=lambda line: (line.due or NEVER, line.since))


def _light(number: int, one: Source, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Number of the source, id and the two dates. What has to be loaded whole stands first, and is never cut off."""
    due: Any = F(one.due) if one.due else Cast(Value(FIRST if one.whole else None), DateTimeField())
    return (
        rows.order_by()
        .prefetch_related(None)
        .annotate(line=Value(number, IntegerField()), line_due=due, line_since=F(one.since))
        .values_list("line", "pk", "line_due", "line_since")
    )


def _waiting(actor: Actor, one: Source, lines: list[Line]) -> list[Line]:
    """Of the lines of one source those that do wait for this person."""
    if one.whole:
        rows = lines[0].rows.filter(pk__in=[line.pk for line in lines])
        return [
            Line(one, lines[0].rows, item.subject.pk, item.due, item.since, replace(item, kind=one.kind))
            for item in one.make(actor, list(rows))
        ]
    kept = one.sift(actor, [line.pk for line in lines]) if one.sift else None
    return [line for line in lines if kept is None or line.pk in kept]


def load(actor: Actor, lines: list[Line]) -> list[Item]:
    """The items of these lines, in their order: a query for each source among them, and what its rows bring along.

    What was changed by somebody meanwhile, so that it waits no longer, is left out.
    """
    missing: dict[Source, list[Line]] = {}
    for line in lines:
        if line.item is None:
            missing.setdefault(line.source, []).append(line)
    with asked_once():
        for one, wanted in missing.items():
            rows = wanted[0].rows.filter(pk__in=[line.pk for line in wanted])
            made = {item.subject.pk: item for item in one.make(actor, list(rows))}
            for line in wanted:
                if line.pk in made:
                    line.item = replace(made[line.pk], kind=one.kind)
    return [line.item for line in lines if line.item is not None]
