"""What the portal keeps for a person's convenience, and tells others about them: notices, filters, the calendar's address."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import models

from kernel.audit.erase import named
from portal.models import CalendarFeed, Notice, NoticeChoice, SavedTrail
from trusts.organisations.models import User


def forget(user: User, names: Collection[str]) -> int:
    """Delete what is this person's own, and what others were told or keep that names them. Returns how many notices went.

    Notices and filters are no evidence: what happened stands in the log, where the same names are erased.
    """
    for model in (NoticeChoice, CalendarFeed):
        model.objects.filter(user=user).delete()
    says = named(names)
    kept = [
        one.pk
        for one in SavedTrail.objects.exclude(user=user)
        if says.search(" ".join([one.name, *one.fields.values()]))
    ]
    SavedTrail.objects.filter(user=user).delete()
    SavedTrail.objects.filter(pk__in=kept).delete()
    told = Notice.objects.exclude(user=user).only("title", "text", "more")
    gone = [
        one.pk for one in told.iterator(chunk_size=1_000) if says.search(f"{one.title} {one.text} {one.more}")
    ]
    count, _ = Notice.objects.filter(user=user).delete()
    for start in range(0, len(gone), 500):
        count += Notice.objects.filter(pk__in=gone[start : start + 500]).delete()[0]
    return count


# Rows of these are not looked at: the log is erased value by value, and sessions and the outbox's lines pass by themselves.
PASSING = frozenset({"audit", "sessions", "admin", "contenttypes", "auth", "guardian"})


def left(names: Collection[str]) -> dict[str, int]:
    """Where these names still stand: "objects: column", as the operator reads it → rows. Typed texts and signed documents, for the operator to judge.

    Reads every text of the portal.
    """
    says, found = named(names), dict[str, int]()
    for model in apps.get_models():
        if model._meta.app_label in PASSING or not model._meta.managed:
            continue
        for column in model._meta.concrete_fields:
            if not isinstance(column, (models.CharField, models.TextField, models.JSONField)):
                continue
            values = model._base_manager.values_list(column.attname, flat=True).iterator(chunk_size=1_000)
            rows = sum(
                1
                for value in values
                if value and says.search(value if isinstance(value, str) else dumps(value))
            )
            if rows:
                found[f"{model._meta.verbose_name_plural}: {column.verbose_name}"] = rows
    return found


def dumps(value: Any) -> str:
    """A JSON value as text in which a name stands as it is spelt."""
    return json.dumps(value, ensure_ascii=False, default=str)
