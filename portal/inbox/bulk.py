"""One action on many items: each through its own verb and in its own transaction, with its own result shown.

What one refuses changes nothing in the others. Only what `registry.safe` was told may be done this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from kernel import doors, registry
from kernel.actor import Actor
from kernel.decision import Refused
from portal.inbox.registry import BULK, LIMIT


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: done, or left as it was with the reason and what to do."""

    title: str
    url: str
    done: bool
    text: str
    remedy: str = ""


def known(wanted: str) -> tuple[str, str] | None:
    """`"duty.take_note"` as machine and action, if it is one of those for many."""
    machine, _, action = wanted.partition(".")
    safe = (machine, action) in BULK and action not in registry.entry(machine).forms
    return (machine, action) if safe else None


def perform(actor: Actor, machine: str, action: str, keys: Iterable[str]) -> list[Result]:
    """Do the action on each item named by its key (see `Item.key`), at most `LIMIT`; keys of other machines are left out."""
    found = []
    for key in list(dict.fromkeys(keys))[:LIMIT]:
        name, _, rest = key.partition(":")
        pk, _, seen = rest.partition(":")
        if name == machine and seen.isdigit():
            found.append(_one(actor, machine, action, pk, int(seen)))
    return found


def _one(actor: Actor, machine: str, action: str, pk: str, seen: int) -> Result:
    table = registry.entry(machine).machine
    try:
        subject = doors.find_visible(table, UUID(pk), actor)
    except (Http404, ValueError):
        return Result("One of those marked", "", False, "It is no longer there for you")
    title, url = subject.title(), subject.get_absolute_url()
    try:
        doors.perform(table, action, subject, actor=actor, data={}, seen=seen)
    except Refused as refused:
        first = refused.decision.reasons[0]
        return Result(title, url, False, first.text, first.remedy)
    except doors.NotValid:
        return Result(title, url, False, "It asks for more than a click", "Open it and do it there")
    row = table.action(action)
    return Result(title, url, True, row.done or f"{row.label}: done.")
