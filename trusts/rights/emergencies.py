"""Opening an object in an emergency: for an hour, with an alarm, and with somebody of the organisation judging it afterwards."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from kernel import registry
from kernel.actor import Actor, Granted, system
from kernel.decision import Refused
from kernel.registry import performs, sees
from kernel.roles import AUDITOR
from kernel.transition import creation, transition
from trusts.organisations import robots
from trusts.rights.emergency_machine import EMERGENCY
from trusts.rights.models import Emergency, trust_of

OPENABLE = ("dataset", "agreement", "request")
LASTS = timedelta(hours=1)


@sees(EMERGENCY)
def emergencies(actor: Actor) -> QuerySet[Emergency]:
    """Those that concern one's organisation, and one's own as an operator."""
    found = Emergency.objects.select_related("user", "organisation", "judged_by")
    if actor.is_system:
        return found
    own = found.filter(user_id=actor.user_id) if actor.user_id else found.none()
    if actor.organisation_id is None:
        return own
    return found.filter(organisation_id=actor.organisation_id) | own


def opened_by(user_id: UUID) -> tuple[Granted, ...]:
    """What this operator may read now. One query, asked for operators only."""
    rows = Emergency.objects.filter(user_id=user_id, state="open", until__gt=timezone.now())
    return tuple(Granted(*row, AUDITOR) for row in rows.values_list("object_id", "organisation_id"))


def find(machine: str, words: str) -> Any:
    """The object that an address or a reference such as C-4F7A2C names. Raises Refused if there is none, or several."""
    model: Any = registry.entry(machine).model
    named = re.search(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", words.lower())
    short = re.search(rf"\b{model.ref_prefix}-([0-9A-F]{{6}})\b", words.upper())
    slug = re.search(r"/datasets/([-\w]+)", words)
    if named:
        found = model.objects.filter(pk=named.group())
    elif slug and machine == "dataset":
        found = model.objects.filter(slug=slug.group(1))
    elif short:
        found = model.objects.filter(pk__startswith=short.group(1).lower())
    else:
        found = model.objects.none()
    rows = list(found[:2])
    if len(rows) != 1:
        several = "Several objects have this reference" if rows else "There is no such object"
        raise Refused.because(
            "emergency.object", several, remedy="Paste the address of its page", field="what"
        )
    return rows[0]


@performs(EMERGENCY, "open")
def open_up(*, actor: Actor, machine: str, subject: Any, reason: str) -> list[Emergency]:
    """Let an operator read this object for an hour: one entry for each organisation that is a side of it.

    The owners of each and the trustees of its trust are told at once. Raises Refused.
    """
    trust = trust_of(subject)
    occasion, made = uuid.uuid4(), []
    until = timezone.now() + LASTS
    concerned = {one for found in subject.parties().values() for one in found if one}
    with transaction.atomic():
        for organisation in sorted(concerned, key=str):
            row = Emergency(
                occasion=occasion,
                organisation_id=organisation,
                user_id=actor.user_id,
                machine=machine,
                object_id=subject.pk,
                object_title=subject.title()[:200],
                reason=reason,
                until=until,
            )
            with creation(EMERGENCY, "open", row, actor=actor, reason=reason) as change:
                change.also_parties |= set(trust.trustees()) if trust else set()
            made.append(row)
    return made


@performs(EMERGENCY, "close")
def close(emergency_id: UUID, *, actor: Actor, seen: int | None = None) -> Emergency:
    return _shut("close", emergency_id, actor=actor, seen=seen)


@performs(EMERGENCY, "cut_off")
def cut_off(emergency_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Emergency:
    """End it at once, whoever of the organisations concerned says so."""
    return _shut("cut_off", emergency_id, actor=actor, reason=reason, seen=seen)


@performs(EMERGENCY, "run_out")
def run_out(emergency_id: UUID, *, actor: Actor) -> Emergency:
    with transition(EMERGENCY, "run_out", emergency_id, actor=actor) as change:
        found: Emergency = change.subject
        found.closed = timezone.now()
    return found


def _shut(action: str, emergency_id: UUID, *, actor: Actor, **more: Any) -> Emergency:
    """Close one entry, and with it those of the other sides: it was one opening."""
    with transaction.atomic():
        with transition(EMERGENCY, action, emergency_id, actor=actor, **more) as change:
            found: Emergency = change.subject
            found.closed = timezone.now()
        others = Emergency.objects.filter(occasion=found.occasion, state="open").exclude(pk=found.pk)
        for pk in others.values_list("pk", flat=True):
            run_out(pk, actor=system())
    return found


@performs(EMERGENCY, "justify")
def justify(emergency_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Emergency:
    return _judge("justify", emergency_id, actor=actor, reason=reason, seen=seen)


@performs(EMERGENCY, "object_to")
def object_to(emergency_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Emergency:
    return _judge("object_to", emergency_id, actor=actor, reason=reason, seen=seen)


def _judge(action: str, emergency_id: UUID, *, actor: Actor, reason: str, **more: Any) -> Emergency:
    with transition(EMERGENCY, action, emergency_id, actor=actor, reason=reason, **more) as change:
        found: Emergency = change.subject
        found.judged_by_id, found.verdict = actor.user_id, reason
    return found


def run_out_due(now: datetime) -> int:
    """Close what is past its hour. For the sweep; safe to run twice at once."""
    ended = 0
    due = Emergency.objects.filter(state="open", until__lte=now).values_list("pk", flat=True)
    for pk in due[:500]:
        try:
            run_out(pk, actor=robots.actor("end_emergencies"))
            ended += 1
        except Refused:
            continue
    return ended
