"""The number beside "Inbox" on every page, without gathering the inbox on every page.

It is kept in the cache under the last event that the organisation may read: whatever changes what waits is an event with the
organisation among its parties, so a change makes another key and the old number is never shown again. Only time alone
(an export that expires) is not an event; for that a number is kept no longer than `KEEP` seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Exists, F, Func, IntegerField, Subquery
from django.http import HttpRequest

from kernel.actor import Actor
from kernel.audit.models import EventParty
from portal.inbox import registry
from portal.notices.write import of
from trusts.witnesses.selectors import unanswered

KEEP = 120


def stand(request: HttpRequest) -> tuple[int, int, bool]:
    """Where the log stands for this organisation, how many notices are unread, and whether the log is contradicted.

    One query, once for a request.
    """
    found: tuple[int, int, bool] | None = getattr(request, "stand", None)
    if found is not None:
        return found
    actor: Actor = request.actor  # type: ignore[attr-defined]
    unread = (
        of(actor)
        .filter(read=None)
        .order_by()
        .annotate(n=Func(F("pk"), function="COUNT", output_field=IntegerField()))
        .values("n")
    )
    newest = EventParty.objects.filter(organisation_id=actor.organisation_id).order_by("-pk")
    asked = newest.annotate(unread=Subquery(unread), alarm=Exists(unanswered()))
    found = asked.values_list("pk", "unread", "alarm").first() or (0, 0, False)
    request.stand = found  # type: ignore[attr-defined]
    return found


def _key(actor: Actor, at: int) -> str:
    return f"inbox:{actor.user_id}:{actor.organisation_id}:{at}"


def keep(actor: Actor, at: int, count: int) -> None:
    """Remember the number as gathered when the log stood at `at`."""
    cache.set(_key(actor, at), count, KEEP)


def said(count: int) -> str:
    """The number as it is shown: no more are gathered than `registry.MOST`, and it says so."""
    return f"{count}+" if count >= registry.MOST else str(count or "")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands in the side list. `waiting` is None when it is not known: the page fetches it after it is shown."""

    waiting: int | None
    unread: int
    # Two checkpoints of the log disagree, and the operator has not said why.
    alarm: bool = False


def numbers(request: HttpRequest) -> Numbers:
    """All of it in one query at most."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return Numbers(0, 0, actor.user_id is not None and unanswered().exists())
    at, new, alarm = stand(request)
    if hasattr(request, "waiting"):
        return Numbers(len(request.waiting), new, alarm)
    return Numbers(cache.get(_key(actor, at)), new, alarm)
