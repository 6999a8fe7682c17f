"""What the reader of the trail asks for: the filters of the address, as typed and as understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_date

from kernel import registry
from kernel.actor import Actor
from kernel.audit.trail import NOTHING, Key, Wanted
from portal.trail import known
from portal.trail.belonging import Belonging, belonging

FILTERS = ("who", "organisation", "what", "about", "from", "until", "door", "refused", "of")
DOORS = {"web": "Pages", "api": "API", "worker": "The portal’s workers", "rule": "Answer by a rule", "calendar": "Time", "directory": "A directory (SCIM)", "shell": "Command line"}  # fmt: skip
PORTAL = "commonhold"
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that narrows the search down to what was probably meant."""

    label: str
    query: str


@dataclass
class Asked:
    """`fields`: as typed. `says`: what could not be understood, or only partly. `choices`: what may have been meant."""

    wanted: Wanted
    fields: dict[str, str]
    says: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    at: Key | None = None
    newer: bool = False
    nothing: bool = False
    of: Belonging | None = None

    @property
    def query(self) -> str:
        """The filters as a query string, without the place in the trail."""
        return query(self.fields)

    @property
    def filtered(self) -> bool:
        return any(self.fields.values())


def query(fields: Mapping[str, str], **changes: str) -> str:
    return urlencode({name: value for name, value in {**fields, **changes}.items() if value})


def read(given: Mapping[str, str], actor: Actor) -> Asked:
    """Understand the filters. What makes no sense is said and finds nothing, so that nobody takes a list for what it is not."""
    fields = {name: str(given.get(name, "")).strip()[:LONGEST] for name in FILTERS}
    asked = Asked(Wanted(refused=fields["refused"] == "1"), fields)
    for name, understand in UNDERSTOOD.items():
        if fields[name]:
            understand(asked, fields[name], actor)
    for name in ("older", "newer"):
        if given.get(name):
            try:
                asked.at, asked.newer = Key.read(str(given[name])), name == "newer"
            except (ValueError, OverflowError):
                asked.says.append("This address names no place in the trail. Here is its beginning.")
    if asked.nothing:
        _narrow(asked, subjects=(NOTHING,), person=None)
    return asked


def _narrow(asked: Asked, **changes: Any) -> None:
    asked.wanted = replace(asked.wanted, **changes)


def _nothing(asked: Asked, says: str) -> None:
    asked.says.append(says)
    asked.nothing = True


def _who(asked: Asked, text: str, actor: Actor) -> None:
    pk = _id(text)
    if pk:
        found = known.person(actor, pk)
        if not found:
            return _nothing(asked, "Nobody with this id did anything that you may read.")
        asked.fields["who"] = found.name
        return _narrow(asked, actors=(pk,))
    people = known.people(actor, text)
    if not people and text.casefold() == PORTAL:
        return _narrow(asked, actors=(None,))
    if not people:
        asked.says.append(
            f"Nobody you know of is called “{text}”; looking for the text in the names as they were written down."
        )
        return _narrow(asked, name=text)
    if len(people) > 1:
        more = f"The first {known.MOST} are shown." if len(people) > known.MOST else "All of them are shown."
        people = people[: known.MOST]
        asked.says.append(f"“{text}” fits several people. {more}")
        asked.choices += [Choice(f"Only {one.name}", query(asked.fields, who=str(one.pk))) for one in people]
    return _narrow(asked, actors=tuple(one.pk for one in people))


def _organisation(asked: Asked, text: str, actor: Actor) -> None:
    pk = _id(text)
    if pk:
        found = known.organisation(actor, pk)
        rows = [found] if found else []
    else:
        rows = known.organisations(actor, text)
    if not rows:
        return _nothing(asked, f"No organisation “{text}” did anything that you may read.")
    if len(rows) > 1:
        asked.says.append(f"“{text}” fits several organisations. {rows[0].name} is shown.")
        asked.choices += [
            Choice(f"Only {one.name}", query(asked.fields, organisation=str(one.pk))) for one in rows[1:]
        ]
    if pk or len(rows) > 1:
        asked.fields["organisation"] = rows[0].name
    return _narrow(asked, acting=rows[0].pk)


def _what(asked: Asked, text: str, actor: Actor) -> None:
    machine, _, action = text.partition(".")
    try:
        registry.entry(machine)
    except KeyError:
        return _nothing(asked, f"There is no kind of thing called “{machine}” here.")
    return _narrow(asked, machine=machine, action=action[:40])


def _about(asked: Asked, text: str, actor: Actor) -> None:
    pk = _id(text)
    if pk:
        return _narrow(asked, subjects=(pk,))
    subjects = known.referred(actor, text)
    if subjects:
        return _narrow(asked, subjects=tuple(subjects))
    asked.choices += [
        Choice(f"Everything about {title}", query({}, of=f"{machine}.{found}"))
        for machine, found, title in known.objects(actor, text)
    ]
    return _narrow(asked, title=text)


def _of(asked: Asked, text: str, actor: Actor) -> None:
    asked.of = found = belonging(text, actor)
    if found is None:
        return _nothing(asked, "There is nothing of this kind that you may see.")
    if found.cut:
        asked.says.append("So much belongs to it that only the newest objects of each kind are looked at.")
    subjects = asked.wanted.subjects
    own = found.subjects if subjects is None else tuple(set(found.subjects) & set(subjects))
    return _narrow(asked, subjects=own, person=found.person)


def _day(asked: Asked, text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if not found or found.year < 1900 or found.year > 9000:
        _nothing(asked, f"“{text}” is no day. Write it as 2026-05-31.")
        return None
    return found


def midnight(day: date) -> datetime:
    """The beginning of a day in the reader's time zone."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _from(asked: Asked, text: str, actor: Actor) -> None:
    day = _day(asked, text)
    if day:
        _narrow(asked, since=midnight(day))


def _until(asked: Asked, text: str, actor: Actor) -> None:
    day = _day(asked, text)
    if day:
        _narrow(asked, until=midnight(day + timedelta(days=1)))


def _door(asked: Asked, text: str, actor: Actor) -> None:
    if text not in DOORS:
        return _nothing(asked, f"There is no door called “{text}”.")
    return _narrow(asked, door=text)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None


UNDERSTOOD = {
    "who": _who, "organisation": _organisation, "what": _what, "about": _about, "of": _of, "from": _from, "until": _until, "door": _door,
}  # fmt: skip


@cache
def kinds() -> list[dict[str, Any]]:
    """Every kind of thing and what can be done with it, for the select field."""
    return [
        {
            "name": machine.name,
            "label": machine.label,
            "actions": [
                {"code": f"{machine.name}.{action.name}", "label": action.label}
                for action in machine.creates + machine.actions
            ],
        }
        for machine in sorted(registry.machines(), key=lambda one: one.label)
    ]
