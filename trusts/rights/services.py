"""Verbs on rights on one object."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import registry
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots
from trusts.organisations.models import User
from trusts.rights import grants, selectors
from trusts.rights.machines import GRANT
from trusts.rights.models import Grant


@performs(GRANT, "grant")
def grant(
    *,
    actor: Actor,
    machine: str,
    object_id: UUID,
    kind: str,
    person: User,
    until: datetime,
    reason: str,
    id: UUID | None = None,
) -> Grant:
    """Give a person a right on one object. Raises Refused, also for an object that the actor does not see."""
    visible = registry.entry(machine).visible
    subject = visible(actor).filter(pk=object_id).first() if visible else None
    if subject is None or actor.organisation_id is None:
        raise Refused.because("grant.object", "There is no such object for you", remedy="Choose another")
    made = Grant(
        organisation_id=actor.organisation_id,
        user=person,
        kind=kind,
        machine=machine,
        object_id=object_id,
        object_title=subject.title()[:200],
        reason=reason,
        until=until,
        granted_by_id=actor.user_id,
        **({"id": id} if id else {}),
    )
    with creation(GRANT, "grant", made, actor=actor, reason=reason) as change:
        change.detail = {"person": person.get_full_name()}
        if machine == "trust":
            # Who reads everything that happens in a trust is known to all its members.
            change.also_parties |= set(subject.parties()["member"])
        grants.give(made)
    return made


@performs(GRANT, "revoke")
def revoke(grant_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Grant:
    """Take it back with a reason; it holds no longer from the next request on."""
    return _end("revoke", grant_id, actor=actor, reason=reason, seen=seen)


@performs(GRANT, "give_back")
def give_back(grant_id: UUID, *, actor: Actor, seen: int | None = None) -> Grant:
    return _end("give_back", grant_id, actor=actor, reason="", seen=seen)


@performs(GRANT, "expire")
def expire(grant_id: UUID, *, actor: Actor, reason: str) -> Grant:
    return _end("expire", grant_id, actor=actor, reason=reason)


@performs(GRANT, "fall")
def fall(grant_id: UUID, *, actor: Actor, reason: str) -> Grant:
    """It ends with the place of the organisation that gave it."""
    return _end("fall", grant_id, actor=actor, reason=reason)


def grantors_on(object_id: UUID) -> list[UUID]:
    """The organisations whose rights on this object are in force."""
    found = Grant.objects.filter(object_id=object_id, state="active")
    return list(found.order_by().values_list("organisation_id", flat=True).distinct())


def end_of(object_id: UUID, organisations: Collection[UUID], *, actor: Actor, reason: str) -> None:
    """End what these organisations gave on this object, inside the caller's transaction."""
    found = Grant.objects.filter(object_id=object_id, organisation_id__in=organisations, state="active")
    for pk in list(found.order_by("pk").values_list("pk", flat=True)):
        fall(pk, actor=actor, reason=reason)


def expire_due(now: datetime) -> int:
    """End what is past its day, or was given to a colleague who is none any more. For the sweep; safe to run twice."""
    ended = 0
    for pk, reason in selectors.to_end(now):
        try:
            expire(pk, actor=robots.actor("end_rights"), reason=reason)
            ended += 1
        except Refused:
            continue  # somebody else was quicker
    return ended


def _end(action: str, grant_id: UUID, *, actor: Actor, reason: str, **more: Any) -> Grant:
    with transition(GRANT, action, grant_id, actor=actor, reason=reason, **more) as change:
        found: Grant = change.subject
        found.ended_because = reason
        if found.machine == "trust":
            change.also_parties |= set(found.object.parties()["member"])
        grants.take(found)
    return found
