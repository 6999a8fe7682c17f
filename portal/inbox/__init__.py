"""What waits: for the person who asks, and what their organisation waits for.

`registry` says what a source is; one module for each area brings its own. A new area is a new module named here.
"""

from __future__ import annotations

from django.http import HttpRequest

from kernel.actor import Actor
from portal.inbox import contracts, emergencies, memberships, mergers, people, proposals, work  # noqa: F401 (they bring their sources)
from portal.inbox.registry import KINDS, LIMIT, ME, MOST, OTHERS, Item, Line, gather, load

__all__ = ["KINDS", "LIMIT", "ME", "MOST", "OTHERS", "Item", "gather", "items", "load", "waiting"]


def items(actor: Actor, limit: int = LIMIT, waits_for: str = ME) -> list[Item]:
    """The first of what waits, by due date, then age. A constant number of queries."""
    return load(actor, gather(actor, waits_for)[:limit])


def waiting(request: HttpRequest) -> list[Line]:
    """What waits for the person who asks, gathered once per request; the number in the side list learns of it."""
    from portal.inbox import badge

    if not hasattr(request, "waiting"):
        actor: Actor = request.actor  # type: ignore[attr-defined]
        # Read before: what changes while it is gathered makes another key.
        mark = badge.stand(request)[0] if actor.organisation_id else 0
        request.waiting = gather(actor)  # type: ignore[attr-defined]
        badge.keep(actor, mark, len(request.waiting))  # type: ignore[attr-defined]
    found: list[Line] = request.waiting  # type: ignore[attr-defined]
    return found
