"""Filters of the trail that a person keeps under a name. A convenience of their own, no evidence."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, transaction

from kernel.decision import Refused
from portal.models import SavedTrail
from portal.trail.asked import FILTERS, LONGEST
from trusts.organisations.models import User

MOST = 50


def of(user: UUID | None) -> list[SavedTrail]:
    """A person's filters by name. One query."""
    return list(SavedTrail.objects.filter(user_id=user)) if user else []


def save(user: User, name: str, given: Mapping[str, str]) -> SavedTrail:
    """Keep these filters under a name; an old one of the same name is replaced. Raises Refused."""
    fields = {key: str(given[key]).strip()[:LONGEST] for key in FILTERS if given.get(key)}
    if not fields:
        raise Refused.because(
            "trail.empty", "There is no filter to keep", remedy="Set a filter first", field="name"
        )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        kept = SavedTrail.objects.filter(user=user)
        name = _named(name)
        if not kept.filter(name=name).exists() and kept.count() >= MOST:
            raise Refused.because(
                "trail.many", f"You keep {MOST} filters already", remedy="Delete one first", field="name"
            )
        return SavedTrail.objects.update_or_create(user=user, name=name, defaults={"fields": fields})[0]


def rename(user: User, pk: UUID, name: str) -> SavedTrail:
    """Raises Refused, DoesNotExist."""
    kept = SavedTrail.objects.get(user=user, pk=pk)
    kept.name = _named(name)
    try:
        with transaction.atomic():
            kept.save(update_fields=["name"])
    except IntegrityError:
        raise Refused.because(
            "trail.taken", "You have a filter of this name already", remedy="Choose another", field="name"
        ) from None
    return kept


def delete(user: User, pk: UUID) -> None:
    """Raises DoesNotExist."""
    SavedTrail.objects.get(user=user, pk=pk).delete()


def _named(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > 80:
        raise Refused.because(
            "trail.name",
            "A name has 1 to 80 characters",
            remedy="Give it a shorter name" if name else "Give it a name",
            field="name",
        )
    return name
