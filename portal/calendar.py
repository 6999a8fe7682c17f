"""A person's deadlines as a calendar (RFC 5545), under an address that is private, replaced or taken back by them.

Calendars are read by programs of others: an event says what is to be done, the object's short name and a link. It names no
dataset, no organisation and no person.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from icalendar import Calendar, Event

from contracts.negotiations import selectors as negotiated
from kernel.actor import Actor
from portal.inbox import ME, OTHERS, items
from portal.models import CalendarFeed
from trusts.membership.selectors import active_trust_ids
from trusts.organisations.models import User
from trusts.organisations.selectors import actor_for, places_of

HOURS_BETWEEN = 1
AHEAD = timedelta(days=400)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def make(user: UUID) -> str:
    """A new address for this person; the former one stops. Returns its secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(
        user_id=user, defaults={"secret_hash": _hash(secret), "created": timezone.now(), "last_used": None}
    )
    return secret


def stop(user: UUID) -> bool:
    """Take the address back; whether there was one."""
    return bool(CalendarFeed.objects.filter(user_id=user).delete()[0])


def owner(secret: str) -> User | None:
    """Whose address it is; None if it is nobody's, or of someone who may not sign in any more."""
    found = CalendarFeed.objects.select_related("user").filter(secret_hash=_hash(secret)).first()
    if found is None or not found.user.is_active:
        return None
    now = timezone.now()
    # Programs ask often: noting it once an hour says as much.
    if found.last_used is None or found.last_used < now - timedelta(hours=1):
        CalendarFeed.objects.filter(pk=found.pk).update(last_used=now)
    return found.user


def write(user: User) -> bytes:
    """The calendar of everything with a date that waits for this person or that they wait for, and of contracts' last
    days, in each organisation they act for. The same bytes as long as nothing changed."""
    made = Calendar()
    made.add("prodid", "-//Commonhold//Deadlines//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", "Commonhold")
    made.add("refresh-interval", timedelta(hours=HOURS_BETWEEN), parameters={"VALUE": "DURATION"})
    for place in places_of(user):
        actor = actor_for(user, place, active_trust_ids(place.organisation_id), door="calendar")
        for entry in _entries(actor):
            made.add_component(entry)
    return bytes(made.to_ical())


def _entries(actor: Actor) -> Iterator[Event]:
    for whom in (ME, OTHERS):
        for one in items(actor, waits_for=whom):
            if one.due is not None:
                yield _entry(actor, f"{one.verb}: {one.subject.ref}", one.subject, one.due, whom)
    now = timezone.now()
    ending = negotiated.agreements(actor).filter(state="in_force", ends__gt=now, ends__lt=now + AHEAD)
    for contract in ending.order_by("ends", "pk")[:200]:
        yield _entry(actor, f"Contract {contract.ref} ends", contract, contract.ends, "end")


def _entry(actor: Actor, summary: str, subject: Any, due: datetime, what: str) -> Event:
    link = f"{settings.SITE_URL}{subject.get_absolute_url()}"
    made = Event()
    host = settings.SITE_URL.split("://", 1)[-1]
    made.add("uid", f"{what}-{subject.pk}-{actor.organisation_id}@{host}")
    made.add("dtstamp", subject.changed.astimezone(UTC))
    made.add("last-modified", subject.changed.astimezone(UTC))
    made.add("sequence", subject.version)
    made.add("dtstart", due.astimezone(UTC))
    made.add("summary", summary)
    made.add("description", link)
    made.add("url", link)
    made.add("transp", "TRANSPARENT")
    made.add("class", "PRIVATE")
    return made
