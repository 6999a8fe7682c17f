"""How a member goes: heard before it is expelled, with the notice that the charter asks for, or silently."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Q
from django.utils import timezone

from kernel.actor import Actor
from kernel.audit.models import Event
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.membership.endings import follow
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership
from trusts.membership.services import leave
from trusts.organisations import robots


@performs(MEMBERSHIP, "hear")
def hear(membership_id: UUID, *, actor: Actor, grounds: str, seen: int | None = None) -> Membership:
    """Tell the member on what grounds it may be expelled. It has the charter's days to reply."""
    with transition(MEMBERSHIP, "hear", membership_id, actor=actor, seen=seen, reason=grounds) as change:
        found: Membership = change.subject
        days = found.trust.governance()["members"]["hearing_days"]
        until = timezone.now() + timedelta(days=days)
        found.hearing = {"grounds": grounds, "until": until.isoformat(), "by": actor.name}
        change.detail = {"until": found.hearing["until"]}
    return found


@performs(MEMBERSHIP, "reply")
def reply(membership_id: UUID, *, actor: Actor, text: str, seen: int | None = None) -> Membership:
    """The member's word on the grounds, once. It is kept with them whatever is decided."""
    with transition(MEMBERSHIP, "reply", membership_id, actor=actor, seen=seen, reason=text) as change:
        change.subject.hearing = {**change.subject.hearing, "reply": text, "reply_by": actor.name,
                                  "replied": timezone.now().isoformat()}  # fmt: skip
    return change.subject


@performs(MEMBERSHIP, "close_hearing")
def close_hearing(membership_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Membership:
    """It comes to nothing. Grounds and reply stay to be read, and no expulsion can be based on them any more."""
    with transition(
        MEMBERSHIP, "close_hearing", membership_id, actor=actor, seen=seen, reason=reason
    ) as change:
        change.subject.hearing = {**change.subject.hearing, "closed": timezone.now().isoformat(),
                                  "closed_by": actor.name, "closed_because": reason}  # fmt: skip
    return change.subject


@performs(MEMBERSHIP, "fail_probation")
def fail_probation(membership_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Membership:
    """The probation was not passed: the membership ends, with all that follows when a member is expelled."""
    with transition(
        MEMBERSHIP, "fail_probation", membership_id, actor=actor, seen=seen, reason=reason
    ) as change:
        follow(change.subject, "expel", actor)
    return change.subject


@performs(MEMBERSHIP, "ask_role")
def ask_role(
    membership_id: UUID, *, actor: Actor, role: str, reason: str, seen: int | None = None
) -> Membership:
    """Ask those who run the trust for another role; it waits for their answer. What was asked before is replaced."""
    with transition(MEMBERSHIP, "ask_role", membership_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.role_asked = {"role": role, "reason": reason, "on": timezone.now().isoformat()}
        change.detail = {"role": role}
    return change.subject


@performs(MEMBERSHIP, "keep_role")
def keep_role(membership_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Membership:
    """The answer to a role that was asked for is no, with a reason. A yes is `services.change_role`."""
    with transition(MEMBERSHIP, "keep_role", membership_id, actor=actor, seen=seen, reason=reason) as change:
        change.detail = {"role": change.subject.role_asked["role"]}
        change.subject.role_asked = {}
    return change.subject


@performs(MEMBERSHIP, "take_back_role")
def take_back_role(membership_id: UUID, *, actor: Actor, seen: int | None = None) -> Membership:
    with transition(MEMBERSHIP, "take_back_role", membership_id, actor=actor, seen=seen) as change:
        change.subject.role_asked = {}
    return change.subject


@performs(MEMBERSHIP, "give_notice")
def give_notice(membership_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Membership:
    """The organisation leaves when the charter's notice has run; until then everything goes on."""
    with transition(
        MEMBERSHIP, "give_notice", membership_id, actor=actor, seen=seen, reason=reason
    ) as change:
        found: Membership = change.subject
        found.leaves_on = timezone.now() + timedelta(days=found.trust.governance()["members"]["notice_days"])
        found.leaving_because = reason
    return found


@performs(MEMBERSHIP, "take_back_notice")
def take_back_notice(membership_id: UUID, *, actor: Actor, seen: int | None = None) -> Membership:
    with transition(MEMBERSHIP, "take_back_notice", membership_id, actor=actor, seen=seen) as change:
        change.subject.leaves_on, change.subject.leaving_because = None, ""
    return change.subject


def notices_due(now: datetime) -> int:
    """Let go whose notice has run, in one transaction each; returns how many."""
    moved = 0
    gone = Membership.objects.filter(state__in=["active", "suspended"], leaves_on__lte=now)
    for pk, why in gone.values_list("pk", "leaving_because")[:200]:
        try:
            leave(pk, actor=robots.actor("end_memberships"), reason=why or "The notice has run.")
        except Refused:
            continue  # the last trustee: the others are told by its page
        moved += 1
    return moved


@performs(MEMBERSHIP, "note_silence")
def note_silence(membership_id: UUID, *, actor: Actor, since: str, seen: int | None = None) -> Membership:
    """Nobody of this member has done anything for so long; those who govern are told, once for each silence."""
    with transition(MEMBERSHIP, "note_silence", membership_id, actor=actor) as change:
        change.subject.quiet_told = timezone.now()
        change.detail = {"since": since}
    return change.subject


def last_heard(memberships: Any) -> dict[UUID, datetime]:
    """When somebody of each organisation last did something; nothing for one that never did. One query."""
    ids = {one.organisation_id for one in memberships}
    found = Event.objects.filter(organisation_id__in=ids, actor_id__isnull=False).order_by()
    return {
        row["organisation_id"]: row["last"]
        for row in found.values("organisation_id").annotate(last=Max("created"))
    }


def silent_since(memberships: Any) -> dict[UUID, datetime]:
    """Since when those of these members that were noted as silent have not been heard from. One query, none where none was noted."""
    noted = [one for one in memberships if one.quiet_told is not None and one.state == "active"]
    heard = last_heard(noted) if noted else {}
    found = {one.pk: heard.get(one.organisation_id) or one.since for one in noted}
    return {one.pk: found[one.pk] for one in noted if found[one.pk] and found[one.pk] < one.quiet_told}


def silences_due(now: datetime) -> int:
    """Note the members that were not heard from for as long as their charter says; returns how many."""
    moved = 0
    old = Q(since__lt=now - timedelta(days=1)) & (
        Q(quiet_told=None) | Q(quiet_told__lt=now - timedelta(days=30))
    )
    rows = list(Membership.objects.filter(old, state="active").select_related("trust", "organisation")[:500])
    heard = last_heard(rows)
    for row in rows:
        days = row.trust.governance()["members"]["silent_days"]
        last = max(filter(None, (heard.get(row.organisation_id), row.since)))
        told = row.quiet_told is not None and row.quiet_told > last
        if days and not told and last < now - timedelta(days=days):
            note_silence(row.pk, actor=robots.actor("note_silences"), since=last.date().isoformat())
            moved += 1
    return moved
