"""Invitations and applications that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from kernel.actor import Actor
from kernel.roles import roles_of
from portal.inbox.registry import OTHERS, Item, item, source, to_move
from trusts.membership import selectors as membership
from trusts.membership.machines import MEMBERSHIP


@source("memberships", "Memberships")
def memberships(actor: Actor, limit: int) -> Iterator[Item]:
    """Not to be accepted for many at once: each charter binds, and should be read."""
    found = membership.memberships(actor).order_by("created")
    heard = Q(state__in=["active", "suspended"], hearing__has_key="until") & ~Q(hearing__has_key="replied")
    ours = _known(found.filter(Q(state="invited") | heard, organisation_id=actor.organisation_id)[:limit])
    invited = [row for row in ours if row.state == "invited"]
    yield from to_move(actor, MEMBERSHIP, invited, "Accept or decline", lambda m: m.trust.name)
    yield from _to_reply(actor, [row for row in ours if row.state != "invited"])
    applied = found.filter(state="applied", trust_id__in=actor.trust_ids)
    # Where the members vote on it, the vote waits instead.
    decided = [row for row in _known(applied[:limit]) if not row.trust.governance().by_vote("admit")]
    yield from to_move(
        actor, MEMBERSHIP, decided, "Decide on the application",
        lambda m: m.organisation.name,
    )  # fmt: skip


def _to_reply(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Grounds on which our organisation may be expelled, for its owners, until the time to reply is over."""
    for row in rows:
        until = datetime.fromisoformat(row.hearing["until"])
        may = MEMBERSHIP.offered(row.state, roles_of(actor, row))
        if until > timezone.now() and any(action.name == "reply" for action in may):
            yield replace(item(actor, MEMBERSHIP, row, "Reply to the grounds", row.trust.name), due=until)


@source("memberships", "Memberships", OTHERS)
def memberships_of_others(actor: Actor, limit: int) -> Iterator[Item]:
    """Our applications that others decide on, and invitations of our trusts that nobody has answered."""
    found = membership.memberships(actor).order_by("created")
    ours = found.filter(state="applied", organisation_id=actor.organisation_id)
    for row in ours[:limit]:
        yield item(actor, MEMBERSHIP, row, "Waits for their decision", row.trust.name)
    invited = found.filter(
        state="invited", trust_id__in=membership.governed_trust_ids(actor.organisation_id)
    ).exclude(organisation_id=actor.organisation_id)
    for row in invited[:limit]:
        yield item(actor, MEMBERSHIP, row, "Waits for their answer", row.organisation.name)


def _known(found: Any) -> list[Any]:
    """The rows with their trusts known: whether somebody may decide hangs on who stands there."""
    rows = list(found)
    membership.know(row.trust for row in rows)
    return rows
