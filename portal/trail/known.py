"""Small look-ups for the filters: people, organisations and objects that stand in the reader's own trail, by what was typed.

Nobody is found here whom the reader could not read of anyway: each candidate must appear in an entry of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from kernel.actor import Actor
from kernel.audit import trail
from kernel.audit.models import EventParty
from trusts.datasets import selectors as datasets
from trusts.membership import selectors as membership
from trusts.organisations.models import Organisation, User

MOST = 8
REF = re.compile(r"[A-Z]-([0-9A-F]{6})")


def _mine(actor: Actor, **columns: Any) -> Q:
    """That a row of the reader's trail has these values, as few indexes as there are readings."""
    mine = Q(pk__in=[])
    for reading in trail.readings(actor):
        mine |= Q(Exists(EventParty.objects.filter(reading, **columns)))
    return mine


def people(actor: Actor, text: str) -> list[User]:
    """Who acted in the reader's trail under a name like this; alone if the name is exactly theirs."""
    found = User.objects.filter(name__icontains=text).filter(_mine(actor, actor_id=OuterRef("pk")))
    return _exact(list(found.order_by("name", "pk")[: MOST + 1]), text)


def person(actor: Actor, pk: UUID) -> User | None:
    return User.objects.filter(pk=pk).filter(_mine(actor, actor_id=OuterRef("pk"))).first()


def people_of(actor: Actor, ids: Collection[UUID]) -> list[User]:
    """Those of these people whose name the reader knows: from the trail, or as a colleague."""
    colleague = Q(places__organisation_id=actor.organisation_id) if actor.organisation_id else Q(pk__in=[])
    rows = User.objects.filter(pk__in=ids).filter(colleague | _mine(actor, actor_id=OuterRef("pk")))
    return list(rows.distinct()[:100])


def organisations(actor: Actor, text: str) -> list[Organisation]:
    found = Organisation.objects.filter(name__icontains=text).filter(_mine(actor, acting_id=OuterRef("pk")))
    return _exact(list(found.order_by("name", "pk")[: MOST + 1]), text)


def organisation(actor: Actor, pk: UUID) -> Organisation | None:
    return Organisation.objects.filter(pk=pk).filter(_mine(actor, acting_id=OuterRef("pk"))).first()


def objects(actor: Actor, text: str) -> list[tuple[str, UUID, str]]:
    """Datasets and trusts of this title that the reader may see: (machine, id, title). For links that narrow down."""
    found: list[tuple[str, UUID, str]] = []
    sources: list[tuple[str, QuerySet[Any], str]] = [
        ("dataset", datasets.datasets(actor), "title_text"),
        ("trust", membership.trusts(actor), "name"),
    ]
    for machine, rows, column in sources:
        named = rows.filter(**{f"{column}__icontains": text}).order_by(column, "pk")[:4]
        found += [(machine, row.pk, row.title()) for row in named]
    return found


def referred(actor: Actor, ref: str) -> list[UUID]:
    """The objects in the reader's trail whose short reference this is. One query for each reading."""
    match = REF.fullmatch(ref.strip().upper())
    if not match:
        return []
    low, high = UUID(f"{match[1]}{'0' * 26}"), UUID(f"{match[1]}{'f' * 26}")
    found: set[UUID] = set()
    for reading in trail.readings(actor):
        rows = EventParty.objects.filter(reading, subject_id__gte=low, subject_id__lte=high).order_by(
            "subject_id"
        )
        while len(found) < MOST:
            subject = rows.values_list("subject_id", flat=True).first()
            if subject is None:
                break
            found.add(subject)
            rows = rows.filter(subject_id__gt=subject)
    return sorted(found)


def _exact(found: list[Any], text: str) -> list[Any]:
    same = [one for one in found if one.name.casefold() == text.casefold()]
    return same or found
