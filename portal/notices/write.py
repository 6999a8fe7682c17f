"""Notices are written, shown, marked as read and, after their time, forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from kernel.actor import Actor
from portal.models import Notice
from portal.notices import choices
from trusts.organisations.models import OrganisationMember, User

KEEP_READ, KEEP = timedelta(days=90), timedelta(days=365)


def tell(
    topic: str, subject: Any, machine: str, users: Iterable[User], text: str, more: str, once: str
) -> list[Notice]:
    """A notice for each of these people, in the way each chose; those who chose "off" have none. Told twice, written once.

    Returns the notices of this message, old and new. Four queries.
    """
    people = {user.pk: user for user in users}
    ways = choices.chosen(topic, people)
    wanted = [pk for pk in people if ways.get(pk, choices.USUAL) != "off"]
    places = _places(subject, wanted)
    title, url = subject.title()[:200], subject.get_absolute_url()
    Notice.objects.bulk_create(
        [
            Notice(
                user_id=pk, organisation_id=places.get(pk), topic=topic, machine=machine, subject_id=subject.pk, title=title,
                text=text[:300], more=more, url=url, once=once, way=ways.get(pk, choices.USUAL),
            )
            for pk in wanted
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    found = Notice.objects.filter(once=once, topic=topic, user_id__in=wanted).select_related("user")
    return list(found.order_by("user__email"))


def _places(subject: Any, users: list[UUID]) -> dict[UUID, UUID]:
    """For which of the subject's parties each person acts: the notice is theirs as one of that organisation."""
    parties = {one for side in subject.parties().values() for one in side}
    rows = OrganisationMember.objects.filter(user_id__in=users, organisation_id__in=parties, state="active")
    return dict(rows.order_by("-created").values_list("user_id", "organisation_id"))


def of(actor: Actor) -> QuerySet[Notice]:
    """The person's own, told to them as one of the organisation acted for or as nobody's."""
    if actor.user_id is None:
        return Notice.objects.none()
    return Notice.objects.filter(
        Q(organisation_id=actor.organisation_id) | Q(organisation_id=None), user_id=actor.user_id
    )


def mark_read(actor: Actor, ids: Iterable[UUID] | None = None) -> int:
    """Mark these of the person's own, or all, as read; returns how many were not yet."""
    found = of(actor).filter(read=None)
    return (found if ids is None else found.filter(pk__in=list(ids))).update(read=timezone.now())


def forget(now: datetime) -> int:
    """Remove notices after their time: 90 days once read, else a year. The events remain."""
    old = Q(read__lt=now - KEEP_READ) | Q(created__lt=now - KEEP)
    return Notice.objects.filter(old).delete()[0]
