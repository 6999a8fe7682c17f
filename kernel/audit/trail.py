"""The trail by pages: newest first, from one key to the next, never by counting.

A page costs the same in a log of a hundred entries and of a million. Each filter has its index (models.TRAIL). What has
none, a text, or two filters that seldom meet, is looked for within a window of the newest entries that the best index
gives; the page then says how far it looked and goes on from there when asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import product
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import TruncDate

from kernel.actor import Actor
from kernel.audit.models import Event, EventParty
from kernel.roles import AUDITOR

PER_PAGE = 50
# How many entries one page looks through where no index gives the answer.
WINDOW = 50_000
# A text is looked for in so many entries, then in so many more: most are found among the first.
STRETCHES = (250, 1_750)
NOTHING = UUID(int=0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The place of an entry in the trail: its time, and its id where times are equal."""

    created: datetime
    event_id: UUID

    def __str__(self) -> str:
        return f"{(self.created - _EPOCH) // timedelta(microseconds=1)}-{self.event_id.hex}"

    @classmethod
    def read(cls, text: str) -> Key:
        """Raises ValueError for what is no key."""
        micros, _, event = text.partition("-")
        if not micros.isascii() or not micros.isdigit() or len(micros) > 17:
            raise ValueError("not a place in the trail")
        return cls(_EPOCH + timedelta(microseconds=int(micros)), UUID(hex=event))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Where several are given, all must fit; of `actors` and `subjects`, any of them.

    None among the `actors` is the portal itself. `person`: what the person did, or what is about one of the `subjects`.
    `name` and `title` are texts within the actor's name and the object's title.
    """

    actors: tuple[UUID | None, ...] = ()
    acting: UUID | None = None
    machine: str = ""
    action: str = ""
    subjects: tuple[UUID, ...] | None = None
    person: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    door: str = ""
    refused: bool = False
    name: str = ""
    title: str = ""

    @property
    def words(self) -> bool:
        return bool(self.name or self.title)


@dataclass(frozen=True, slots=True)
class Page:
    """`older` and `newer` lead on; `looked_until` says that the search stopped there, before the end of the log."""

    events: list[Event] = field(default_factory=list)
    older: Key | None = None
    newer: Key | None = None
    looked_until: Key | None = None


@dataclass(frozen=True, slots=True)
class _Branch:
    """One index to walk: `leads` is what it stands on, `rest` what is looked at in each row it gives."""

    leads: Q
    rest: tuple[Q, ...]


def readings(actor: Actor) -> list[Q]:
    """What this actor may read, as conditions on EventParty, which may overlap."""
    own = actor.organisation_id
    found = [Q(organisation_id=own)] if own else []
    by_grantor: dict[UUID, list[UUID]] = {}
    for one in actor.granted:
        if one.organisation_id != own:
            by_grantor.setdefault(one.organisation_id, []).append(one.object_id)
    found += [Q(organisation_id=grantor) & _any_of(objects) for grantor, objects in by_grantor.items()]
    # Only trusts stand among the readers by their own id.
    audited = dict.fromkeys(one.object_id for one in actor.granted if one.role == AUDITOR)
    return found + [Q(organisation_id=trust) for trust in audited]


def _any_of(subjects: Sequence[UUID]) -> Q:
    return Q(subject_id=subjects[0]) if len(subjects) == 1 else Q(subject_id__in=subjects)


def page(
    actor: Actor, wanted: Wanted, *, at: Key | None = None, newer: bool = False, size: int = PER_PAGE
) -> Page:
    """One page older (or newer) than the key; the newest without one. Three queries for one reading without a window."""
    branches = _branches(actor, wanted)
    if newer and at is not None:
        keys, looked = _keys(branches, wanted, at, size + 1, newest_first=False)
        if len(keys) <= size and not looked:
            return page(actor, wanted, size=size)
        shown = keys[:size][::-1]
        return Page(
            _events(shown), older=shown[-1] if shown else at, newer=shown[0] if len(keys) > size else looked
        )
    keys, looked = _keys(branches, wanted, at, size + 1, newest_first=True)
    more = len(keys) > size
    shown = keys[:size]
    top = shown[0] if shown else None
    return Page(
        _events(shown),
        older=shown[-1] if more else None,
        newer=top if at is not None else None,
        looked_until=looked if looked and not more else None,
    )


def every(actor: Actor, wanted: Wanted, chunk: int = 1_000) -> Iterator[Event]:
    """All of it, newest first, a chunk in memory at a time."""
    at: Key | None = None
    while True:
        found = page(actor, wanted, at=at, size=chunk)
        yield from found.events
        at = found.older or found.looked_until
        if at is None:
            return


def beside(actor: Actor, event: Event, wanted: Wanted) -> tuple[Event | None, Event | None]:
    """The entries before and after this one among those wanted. Up to three queries."""
    at, branches = Key(event.created, event.pk), _branches(actor, wanted)
    before, _ = _keys(branches, wanted, at, 1, newest_first=True)
    after, _ = _keys(branches, wanted, at, 1, newest_first=False)
    found = {e.pk: e for e in _events([*before, *after])}
    return (found[before[0].event_id] if before else None, found[after[0].event_id] if after else None)


def newest(actor: Actor, size: int = 8) -> list[Event]:
    """The last that happened. One query for each reading."""
    found: dict[Key, Event] = {}
    for reading in readings(actor):
        rows = EventParty.objects.filter(reading).select_related("event__leaf")
        found |= {
            Key(row.created, row.event_id): row.event for row in rows.order_by("-created", "-event_id")[:size]
        }
    return [found[key] for key in sorted(found, reverse=True)[:size]]


def by_day(actor: Actor, wanted: Wanted, days: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """How many entries each day has, given as its beginning and end in one time zone. One query. Texts are not looked at."""
    branches = [branch.leads & Q(*branch.rest) for branch in _branches(actor, wanted)]
    if not branches or not days:
        return [0] * len(days)
    together = branches[0]
    for branch in branches[1:]:
        together |= branch
    counted: Any = Count("pk") if len(branches) == 1 else Count("event_id", distinct=True)
    rows = EventParty.objects.filter(together).order_by()
    if connection.vendor == "postgresql":
        # Its planner takes seconds over hundreds of parts; here SQLite would call Python for each row.
        zone = days[0][0].tzinfo
        year = rows.filter(created__gte=days[0][0], created__lt=days[-1][1])
        counts = year.annotate(day=TruncDate("created", tzinfo=zone)).values("day").annotate(n=counted)
        by_date = dict(counts.values_list("day", "n"))
        return [by_date.get(start.astimezone(zone).date(), 0) for start, _ in days]
    # No bounds but the day's own: SQLite would walk the index from the wider one.
    parts = [
        rows.filter(created__gte=start, created__lt=end)
        .annotate(day=Value(number))
        .values("day")
        .annotate(n=counted)
        .values_list("day", "n")
        for number, (start, end) in enumerate(days)
    ]
    found = dict(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    return [found.get(number, 0) for number in range(len(days))]


def _branches(actor: Actor, wanted: Wanted) -> list[_Branch]:
    """Together they give what is wanted. What is likely to be rarest leads."""
    about = [Q()] if wanted.subjects is None else [_any_of(wanted.subjects or (NOTHING,))]
    if wanted.person:
        about = [Q(actor_id=wanted.person), *([] if wanted.subjects is None else about)]
    who = [Q(actor_id=one) for one in wanted.actors] or [Q()]
    more = [
        Q(refused=True) if wanted.refused else Q(),
        Q(acting_id=wanted.acting) if wanted.acting else Q(),
        Q(machine=wanted.machine, **({"action": wanted.action} if wanted.action else {}))
        if wanted.machine
        else Q(),
        Q(door=wanted.door) if wanted.door else Q(),
    ]
    span = Q(created__gte=wanted.since) if wanted.since else Q()
    if wanted.until:
        span &= Q(created__lt=wanted.until)
    found = []
    for reading, one, other in product(readings(actor), about, who):
        narrow = [q for q in (one, other, *more) if q]
        own = len(reading) == 1  # else it stands on its objects already
        leads = reading & span & (narrow[0] if narrow and own else Q())
        found.append(_Branch(leads, tuple(narrow[1:] if own else narrow)))
    return found


def _keys(
    branches: list[_Branch], wanted: Wanted, at: Key | None, size: int, *, newest_first: bool
) -> tuple[list[Key], Key | None]:
    """The next keys of all branches together, and how far was looked if that was not to the end."""
    found, stops = [], []
    for branch in branches:
        rows, stop = _beyond(EventParty.objects.filter(branch.leads), at, newest_first), None
        if branch.rest:
            last = rows.values_list("created", "event_id")[WINDOW : WINDOW + 1].first()
            if last:
                stop = Key(*last)
                rows = rows.filter(**{"created__gte" if newest_first else "created__lte": stop.created})
            rows = rows.filter(*branch.rest)
        if wanted.words:
            keys, halt = _worded(rows, wanted, size, newest_first)
            stop = halt or (stop if len(keys) < size else None)
        else:
            keys = [Key(*row) for row in rows.values_list("created", "event_id")[:size]]
        found.append(keys)
        stops += [stop] if stop else []
    # Beyond the nearest stop nothing is shown of any branch, so that the next page begins there for all.
    end = (max(stops) if newest_first else min(stops)) if stops else None
    together: list[Key] = []
    for key in merge(*found, reverse=newest_first):
        if end and (key < end if newest_first else key > end):
            break
        if not together or together[-1] != key:
            together.append(key)
    return together[:size], end


def _worded(
    rows: QuerySet[EventParty], wanted: Wanted, size: int, newest_first: bool
) -> tuple[list[Key], Key | None]:
    """The next keys whose entries hold the text, and where the search stopped if that was before the end.

    By lists of ids, so that no database is tempted to read all events for the sake of a text.
    """
    texts = {"actor_name__icontains": wanted.name, "subject_title__icontains": wanted.title}
    texts = {column: text for column, text in texts.items() if text}
    found: list[Key] = []
    at: Key | None = None
    for stretch in STRETCHES:
        keys = [
            Key(*row) for row in _beyond(rows, at, newest_first).values_list("created", "event_id")[:stretch]
        ]
        hits = set(
            Event.objects.filter(pk__in=[key.event_id for key in keys], **texts)
            .order_by()
            .values_list("pk", flat=True)
        )
        found += [key for key in keys if key.event_id in hits]
        if len(found) >= size or len(keys) < stretch:
            return found[:size], None
        at = keys[-1]
    return found, at


def _beyond(rows: QuerySet[EventParty], at: Key | None, newest_first: bool) -> QuerySet[EventParty]:
    if newest_first:
        if at:
            same = Q(created__lt=at.created) | Q(event_id__lt=at.event_id)
            rows = rows.filter(same, created__lte=at.created)
        return rows.order_by("-created", "-event_id")
    if at:
        rows = rows.filter(Q(created__gt=at.created) | Q(event_id__gt=at.event_id), created__gte=at.created)
    return rows.order_by("created", "event_id")


def _events(keys: list[Key]) -> list[Event]:
    found = Event.objects.select_related("leaf").in_bulk([key.event_id for key in keys])
    return [found[key.event_id] for key in keys]
