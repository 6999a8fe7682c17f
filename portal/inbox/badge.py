"""The number beside "Inbox" on every page, without gathering the inbox on every page.

It is kept in the cache under the last event that the organisation may read: whatever changes what waits is an event with the
organisation among its parties, so a change makes another key and the old number is never shown again. Only time alone
(an export that expires) is not an event; for that a number is kept no longer than `KEEP` seconds.
"""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest

from kernel.actor import Actor
from kernel.audit.selectors import last_for

KEEP = 120


def mark(actor: Actor) -> int:
    """Where the log stands for this organisation. One query."""
    return last_for(actor.organisation_id) if actor.organisation_id else 0


def _key(actor: Actor, at: int) -> str:
    return f"inbox:{actor.user_id}:{actor.organisation_id}:{at}"


def keep(actor: Actor, at: int, count: int) -> None:
    """Remember the number as gathered when the log stood at `at`."""
    cache.set(_key(actor, at), count, KEEP)


def known(request: HttpRequest) -> int | None:
    """The number if it is known; None asks the page to fetch it after it is shown. One query."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return 0
    if hasattr(request, "waiting"):
        return len(request.waiting)
    found: Any = cache.get(_key(actor, mark(actor)))
    return found
