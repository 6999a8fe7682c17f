"""Reads: which rights an actor may know of, and what a person holds now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from kernel.actor import Actor, Granted
from kernel.registry import sees
from trusts.organisations.models import OrganisationMember, User
from trusts.rights.kinds import KINDS
from trusts.rights.machines import GRANT
from trusts.rights.models import Grant

OUTSIDE = [kind.code for kind in KINDS.values() if kind.outside]


@sees(GRANT)
def grants(actor: Actor) -> QuerySet[Grant]:
    """Those that one's organisation has given, and those that one holds."""
    found = Grant.objects.select_related("user", "organisation", "granted_by")
    if actor.is_system:
        return found
    if actor.user_id is None:
        return found.none()
    return found.filter(Q(organisation_id=actor.organisation_id) | Q(user_id=actor.user_id))


def any_right() -> Exists:
    """For a query of places: whether the person holds any right on a single object, so that most need not be asked."""
    held = Grant.objects.filter(user_id=OuterRef("user_id"), state="active", until__gt=timezone.now())
    return Exists(held)


def granted_to(user_id: UUID, organisation_id: UUID | None) -> tuple[Granted, ...]:
    """What this person holds now when acting for this organisation. One query.

    A right that is for colleagues counts only while they act for the organisation that gave it; one for people outside
    counts always, and never lets them change anything.
    """
    rows = Grant.objects.filter(
        Q(kind__in=OUTSIDE) | Q(organisation_id=organisation_id),
        user_id=user_id, state="active", until__gt=timezone.now(), permission__isnull=False,
    )  # fmt: skip
    return tuple(
        Granted(object_id, organisation, KINDS[kind].role)
        for object_id, organisation, kind in rows.values_list("object_id", "organisation_id", "kind")
    )


def people_granted(organisation_id: Any, grounds: Collection[Any], roles: Collection[str]) -> QuerySet[User]:
    """Who else may act in one of these roles for this organisation, by a right on one of these objects."""
    kinds = [kind.code for kind in KINDS.values() if kind.role in roles and not kind.outside]
    return User.objects.filter(
        is_active=True,
        grants__organisation_id=organisation_id,
        grants__object_id__in=list(grounds),
        grants__kind__in=kinds,
        grants__state="active",
        grants__until__gt=timezone.now(),
    ).distinct()


def on(subject: Any) -> QuerySet[Grant]:
    """Rights in force that reach this object, whoever gave them."""
    found = Grant.objects.filter(
        object_id__in=list(subject.grounds()), state="active", until__gt=timezone.now()
    )
    return found.select_related("user", "organisation", "granted_by")


def to_end(now: datetime) -> Iterator[tuple[UUID, str]]:
    """Rights that time or a person's leaving has ended, with the reason in words."""
    belongs = OrganisationMember.objects.filter(
        organisation_id=OuterRef("organisation_id"), user_id=OuterRef("user_id"), state="active"
    )
    found = Grant.objects.filter(state="active")
    for pk in found.filter(until__lte=now).values_list("pk", flat=True)[:500]:
        yield pk, "Its time is over."
    left = found.filter(until__gt=now).exclude(kind__in=OUTSIDE).exclude(Exists(belongs))
    for pk in left.values_list("pk", flat=True)[:500]:
        yield pk, "The person no longer belongs to the organisation."
