"""By when the other side answers: more time, reminders, and the lapse of what nobody answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contracts.negotiations import agreements
from contracts.negotiations.machines import NEGOTIATION, UNSIGNED
from contracts.negotiations.models import Message, Negotiation
from contracts.negotiations.turns import MORE_DAYS, MOST_DAYS, REMIND_BEFORE, set_due
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.organisations import robots

OPEN = ("requested", "offered")


def _ask(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen) as change:
            Message.objects.create(
                negotiation=change.subject, author_id=actor.user_id, organisation_id=actor.organisation_id,
                text=f"Asks for more time than until {change.subject.due:%d %B %Y}.",
            )  # fmt: skip
        return change.subject

    verb.__doc__ = "Ask the other side for more time; the date stays until they give it."
    return performs(NEGOTIATION, action)(verb)


ask_time, request_time = _ask("ask_time"), _ask("request_time")


def _give(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen) as change:
            now = timezone.now()
            due = max(change.subject.due or now, now) + timedelta(days=MORE_DAYS)
            if due > now + timedelta(days=MOST_DAYS):
                raise Refused.because("negotiation.reply_days", f"Nobody waits longer than {MOST_DAYS} days",
                                      remedy="Give more time when the date is nearer")  # fmt: skip
            set_due(change.subject, due)
        return change.subject

    verb.__doc__ = (
        f"Give the other side {MORE_DAYS} more days. Raises Refused beyond {MOST_DAYS} days from now."
    )
    return performs(NEGOTIATION, action)(verb)


give_time, grant_time = _give("give_time"), _give("grant_time")


@performs(NEGOTIATION, "remind")
def remind(negotiation_id: UUID, *, actor: Actor, days: int = 1, seen: int | None = None) -> Negotiation:
    """Let those be told whose answer is due in so many days, once."""
    with transition(NEGOTIATION, "remind", negotiation_id, actor=actor) as change:
        if change.subject.reminded and change.subject.reminded <= days:
            raise Refused.because("negotiation.reminded", "They were reminded already")
        change.subject.reminded = days
        change.detail = {"days_left": days}
    return change.subject


@performs(NEGOTIATION, "lapse")
def lapse(negotiation_id: UUID, *, actor: Actor, seen: int | None = None) -> Negotiation:
    """Nobody answered in time: a step of the portal itself."""
    with transition(NEGOTIATION, "lapse", negotiation_id, actor=actor) as change:
        change.subject.due, change.subject.ended_because = None, "Nobody answered in time."
    return change.subject


def lapse_due(now: datetime) -> int:
    """Let negotiations lapse whose reply is overdue; returns how many."""
    moved = 0
    late = Negotiation.objects.filter(state__in=OPEN, due__lt=now)
    late = late.exclude(provider_id__in=robots.switched_off("lapse_negotiations"))
    for pk in late.values_list("pk", flat=True)[:200]:
        moved += agreements.attempt(lapse, pk, robots.actor("lapse_negotiations"))
    return moved


def remind_due(now: datetime) -> int:
    """Send the reminders whose day has come, the nearest only; returns how many."""
    return _remind(remind, OPEN, now)


@performs(NEGOTIATION, "remind_to_sign")
def remind_signers(
    negotiation_id: UUID, *, actor: Actor, days: int = 1, seen: int | None = None
) -> Negotiation:
    """Let those be told who have not signed yet and whose contract lapses in so many days, once."""
    with transition(NEGOTIATION, "remind_to_sign", negotiation_id, actor=actor) as change:
        if change.subject.reminded and change.subject.reminded <= days:
            raise Refused.because("negotiation.reminded", "They were reminded already")
        change.subject.reminded = days
        change.detail = {"days_left": days}
    return change.subject


def remind_to_sign(now: datetime) -> int:
    """The same for signatures that are missing; returns how many."""
    return _remind(remind_signers, UNSIGNED, now)


def _remind(verb: Any, states: Collection[str], now: datetime) -> int:
    sent = 0
    for days in sorted(REMIND_BEFORE):
        near = Negotiation.objects.filter(state__in=states, due__gt=now, due__lte=now + timedelta(days=days))
        known = [one for one in REMIND_BEFORE if one <= days]
        for pk in near.exclude(reminded__in=known).values_list("pk", flat=True)[:200]:
            try:
                with transaction.atomic():
                    verb(pk, actor=robots.actor("remind_negotiators"), days=days)
            except Refused:
                continue
            sent += 1
    return sent
