"""Invitations and applications that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, movable, moved_by, source
from trusts.membership import selectors as membership
from trusts.membership.machines import MEMBERSHIP


def _invited(actor: Actor) -> QuerySet[Any]:
    ours = Q(organisation_id=actor.organisation_id)
    return membership.memberships(actor).filter(ours, moved_by(actor, MEMBERSHIP, "invited", "candidate"))


@source("memberships", "Memberships", rows=_invited)
def invitations(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Not to be accepted for many at once: each charter binds, and should be read."""
    for row in rows:
        yield item(actor, MEMBERSHIP, row, "Accept or decline", row.trust.name)


def _said(actor: Actor) -> QuerySet[Any]:
    heard = Q(pk__in=[])
    for state in ("active", "suspended"):
        heard |= moved_by(actor, MEMBERSHIP, state, "candidate", by="reply")
    heard &= Q(organisation_id=actor.organisation_id, hearing__has_key="until") & ~Q(
        hearing__has_any_keys=["replied", "closed"]
    )
    applied = moved_by(actor, MEMBERSHIP, "applied", "trustee") & Q(trust_id__in=actor.trust_ids)
    asked = moved_by(actor, MEMBERSHIP, "active", "trustee", by="keep_role") & Q(role_asked__has_key="role")
    asked &= Q(trust_id__in=membership.governed_trust_ids(actor.organisation_id)) & ~Q(
        organisation_id=actor.organisation_id
    )
    return membership.memberships(actor).filter(heard | applied | asked)


@source("memberships", "Memberships", rows=_said, whole=True)
def memberships(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    # Whether somebody may decide hangs on who stands there.
    membership.know(row.trust for row in rows)
    for row in rows:
        if row.state != "applied":
            if row.organisation_id == actor.organisation_id:
                yield from _to_reply(actor, row)
            else:
                yield item(actor, MEMBERSHIP, row, "Answer: it asks for another role", row.organisation.name)
        # Where the members vote on it, the vote waits instead.
        elif not row.trust.governance().by_vote("admit") and movable(actor, MEMBERSHIP, row):
            yield item(actor, MEMBERSHIP, row, "Decide on the application", row.organisation.name)


def _to_reply(actor: Actor, row: Any) -> Iterator[Item]:
    """Grounds on which our organisation may be expelled, until the time to reply is over."""
    until = datetime.fromisoformat(row.hearing["until"])
    if until > timezone.now():
        yield replace(item(actor, MEMBERSHIP, row, "Reply to the grounds", row.trust.name), due=until)


def _of_others(actor: Actor) -> QuerySet[Any]:
    mine = actor.organisation_id
    invited = Q(state="invited", trust_id__in=membership.governed_trust_ids(mine)) & ~Q(organisation_id=mine)
    asked = Q(state="active", organisation_id=mine, role_asked__has_key="role")
    return membership.memberships(actor).filter(Q(state="applied", organisation_id=mine) | asked | invited)


@source("memberships", "Memberships", OTHERS, rows=_of_others)
def memberships_of_others(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Our applications that others decide on, and invitations of our trusts that nobody has answered."""
    for row in rows:
        if row.organisation_id == actor.organisation_id:
            yield item(actor, MEMBERSHIP, row, "Waits for their decision", row.trust.name)
        else:
            yield item(actor, MEMBERSHIP, row, "Waits for their answer", row.organisation.name)
