"""Erase values from events: their commitments stay, so the tree still verifies."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from kernel.audit import entry
from kernel.audit.models import NAMED, Event

ERASED = "(erased)"


def erase(event_id: UUID, paths: Collection[str]) -> list[str]:
    """Take these values and their salts out of one event; returns the paths erased, those erased before left out.

    For service functions only, which check the right to it and record it. Raises KeyError for a path
    that the event does not have, ValueError for an event of the first form (its values are in the hash).
    """
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        if not event.secret and not event.salts:
            raise ValueError("the entry was written before values could be erased")
        values = event.values()
        wanted = [path for path in paths if path not in event.erased]
        gone = {path: entry.commitment(event.salt(path), values[path]) for path in wanted}
        if not gone:
            return []
        event.salts = {path: event.salt(path) for path in values if path not in gone}
        event.secret = ""
        event.erased = event.erased | gone
        columns: dict[str, Any] = {"secret": "", "salts": event.salts, "erased": event.erased}
        for path in gone:
            if path in NAMED:
                columns[NAMED[path]] = ERASED
            else:
                part, _, key = path.partition("/")
                kept = columns.setdefault(part, dict(getattr(event, part)))
                kept.pop(key)
        Event.objects.filter(pk=event_id).update(**columns)
        return sorted(gone)


def holding(person: UUID, names: Collection[str]) -> list[tuple[UUID, list[str]]]:
    """Events with values of a person: (event, paths). Where the person acted, the name; anywhere, one of these names.

    A name counts where it stands as words of its own, in whatever case: "Ann Lee" is not in "Joann Leeds". Reads the whole
    log: names stand in texts of any event, and an answer to a deletion request must not miss one.
    """
    found = []
    wanted = named(names)
    for event in Event.objects.order_by("created", "id").iterator(chunk_size=1_000):
        paths = [path for path, value in event.values().items() if _tells(value, wanted)]
        if event.actor_id == person and "actor_name" in event.values() and "actor_name" not in paths:
            paths.append("actor_name")
        if paths and (event.secret or event.salts):
            found.append((event.pk, paths))
    return found


def named(names: Collection[str]) -> re.Pattern[str]:
    """Finds any of these names where it stands as words of its own."""
    said = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    return re.compile(rf"(?<!\w)(?:{said})(?!\w)" if said else r"(?!)", re.IGNORECASE)


def _tells(value: Any, wanted: re.Pattern[str]) -> bool:
    if isinstance(value, str):
        return wanted.search(value) is not None
    if isinstance(value, dict):
        return any(_tells(item, wanted) for item in [*value.values(), *value])
    return isinstance(value, list) and any(_tells(item, wanted) for item in value)


__all__ = ["ERASED", "erase", "holding", "named"]
