"""Verbs of duties: they begin from clauses, are declared done, accepted or questioned; late has consequences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contracts.negotiations import evidence, ledger
from contracts.negotiations.duty_rules import PAYMENT
from contracts.negotiations.machines import AGREEMENT, DUTY
from contracts.negotiations.models import Agreement, Duty
from kernel.actor import Actor
from kernel.decision import ALLOW, Decision, Refused, deny
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots

CLOCK = "duties"
REMIND_DAYS = (7, 1)
SUSPEND_DOWNLOADS, SUSPEND_AGREEMENT, NOTIFY_TRUST = "suspend_downloads", "suspend_agreement", "notify_trust"


def consequences(agreement: Agreement) -> list[str]:
    """What the contract says follows when a watched duty is late; nothing but mail when it says nothing."""
    return list((agreement.terms.get("if_late") or {}).get("then", ()))


@performs(DUTY, "begin")
def begin(agreement: Agreement, clause: str, text: str, due: datetime | None, *, actor: Actor) -> Duty:
    """A new duty. A reminder that would come together with the news of it is left out."""
    duty = Duty(agreement=agreement, clause=clause, text=text, due=due)
    if due is not None:
        duty.reminded = [days for days in REMIND_DAYS if due - timezone.now() <= timedelta(days=days)]
    with creation(DUTY, "begin", duty, actor=actor):
        pass
    return duty


def begin_with_the_agreement(agreement: Agreement) -> None:
    """The duties that begin when the contract does: a payment, and the first report."""
    if price := agreement.terms.get(PAYMENT):
        text = (
            f"Pay {price['amount']} {price['currency']} to {agreement.provider.name} before the first export"
        )
        begin(agreement, PAYMENT, text, None, actor=robots.actor(CLOCK))
    _next_report(agreement, timezone.now())


def begin_after_the_end(agreement: Agreement, ended: datetime, *, copies: bool) -> None:
    """The contract ended: copies must go; what was due only while it ran is no longer asked.

    `copies`: whether any were made under it or one that it followed, and none of them may stay.
    """
    clause = agreement.terms.get("delete_within")
    if clause and copies:
        text = f"Delete all copies of {agreement.dataset.title_text} and say so"
        begin(
            agreement,
            "delete_within",
            text,
            ended + timedelta(days=clause["days"]),
            actor=robots.actor(CLOCK),
        )
    for duty in agreement.duties.filter(state="open", clause__in=[PAYMENT, "report_use"]):
        if duty.due is None or duty.due > ended:
            waive(duty.pk, actor=robots.actor(CLOCK), reason="The contract ended.")


def _next_report(agreement: Agreement, now: datetime) -> Duty | None:
    """The report on use that is due next, made if it is not there; none after the last day of the contract."""
    clause = agreement.terms.get("report_use")
    if not clause:
        return None
    every = timedelta(days=clause["every_days"])
    passed = max(int((now - agreement.starts) / every), 0)
    due = agreement.starts + (passed + 1) * every
    if due > agreement.ends or agreement.duties.filter(clause="report_use", due__gte=due).exists():
        return None
    text = f"Report how {agreement.dataset.title_text} was used"
    return begin(agreement, "report_use", text, due, actor=robots.actor(CLOCK))


def paid(agreement: Agreement) -> Decision:
    """Whether what must come before the first export has come. One query; none without such a clause."""
    price = agreement.terms.get(PAYMENT)
    if not price or not agreement.duties.filter(clause=PAYMENT, state__in=["open", "late"]).exists():
        return ALLOW
    return deny(
        "duty.compensate", f"The payment of {price['amount']} {price['currency']} is not recorded",
        remedy="The provider records it on the contract's page when it has arrived", source="clause compensate",
    )  # fmt: skip


def downloads_are_open(agreement: Agreement) -> Decision:
    """Whether a late duty closes the downloads of the contract. One query; none without such a clause."""
    if SUSPEND_DOWNLOADS not in consequences(agreement):
        return ALLOW
    late = agreement.duties.filter(state="late").order_by("due").first()
    if late is None:
        return ALLOW
    return deny(
        "duty.late", f"A duty is late: {late.text}", remedy="Declare it done, and downloads open again",
        source="clause if_late",
    )  # fmt: skip


@performs(DUTY, "fulfil")
def fulfil(duty_id: UUID, *, actor: Actor, statement: str, file: Any = None, seen: int | None = None) -> Duty:
    """Declare a duty done, with a statement and perhaps a file, both kept. The provider answers."""
    with transition(DUTY, "fulfil", duty_id, actor=actor, seen=seen, reason=statement) as change:
        duty: Duty = change.subject
        duty.statement, duty.question, duty.declared = statement, "", timezone.now()
        if file is not None:
            kept = evidence.keep(duty, file, actor)
            change.detail = {"evidence": {"name": kept.name, "bytes": kept.size, "sha256": kept.sha256}}
    return duty


@performs(DUTY, "record_payment")
def record_payment(
    duty_id: UUID, *, actor: Actor, paid_on: date, statement: str, file: Any = None, seen: int | None = None
) -> Duty:
    """The provider confirms that the money has arrived; exports can be approved from now on."""
    with transition(DUTY, "record_payment", duty_id, actor=actor, seen=seen, reason=statement) as change:
        duty: Duty = change.subject
        duty.statement, duty.declared = statement, timezone.now()
        change.detail = {"paid_on": paid_on.isoformat()}
        if file is not None:
            kept = evidence.keep(duty, file, actor)
            change.detail["evidence"] = {"name": kept.name, "bytes": kept.size, "sha256": kept.sha256}
    return duty


@performs(DUTY, "accept")
def accept(duty_id: UUID, *, actor: Actor, seen: int | None = None) -> Duty:
    """The provider takes the declaration as it is."""
    with transition(DUTY, "accept", duty_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(DUTY, "question")
def question(duty_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Duty:
    """The provider is not satisfied: the duty is open again, or late again if its date has passed."""
    with (
        _agreement_first(duty_id),
        transition(DUTY, "question", duty_id, actor=actor, seen=seen, reason=reason) as change,
    ):
        duty: Duty = change.subject
        duty.question, duty.declared = reason, None
        if duty.due is not None and duty.due <= timezone.now():
            change.to = "late"
            _follow(change)
    return duty


@performs(DUTY, "waive")
def waive(duty_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Duty:
    """It need not be done any more."""
    with transition(DUTY, "waive", duty_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(DUTY, "remind")
def remind(duty_id: UUID, *, actor: Actor, days: int, seen: int | None = None) -> Duty:
    """One reminder so many days before; once each."""
    with transition(DUTY, "remind", duty_id, actor=actor) as change:
        duty: Duty = change.subject
        if days in duty.reminded:
            raise Refused.because("duty.reminded", "This reminder went out already", remedy="Nothing to do")
        duty.reminded = sorted({*duty.reminded, *(d for d in REMIND_DAYS if d >= days)}, reverse=True)
        change.detail = {"days_before": days}
    return duty


@performs(DUTY, "overdue")
def overdue(duty_id: UUID, *, actor: Actor, seen: int | None = None) -> Duty:
    """The date has passed: late, and what the contract says follows, in one transaction."""
    with _agreement_first(duty_id), transition(DUTY, "overdue", duty_id, actor=actor) as change:
        _follow(change)
    return change.subject


@performs(DUTY, "take_note")
def take_note(duty_id: UUID, *, actor: Actor, seen: int | None = None) -> Duty:
    """A trustee has seen that the duty is late; the item leaves the trustees' inboxes."""
    with transition(DUTY, "take_note", duty_id, actor=actor, seen=seen) as change:
        change.subject.seen_by_trust = timezone.now()
    return change.subject


@contextmanager
def _agreement_first(duty_id: UUID) -> Iterator[None]:
    """A transaction with the duty's agreement locked, as everywhere before anything else of it."""
    with transaction.atomic():
        ledger.locked(Duty.objects.values_list("agreement_id", flat=True).get(pk=duty_id))
        yield


def _follow(change: Any) -> None:
    """What the contract says follows when a duty is late."""
    duty: Duty = change.subject
    agreement = duty.agreement
    then = consequences(agreement)
    change.detail = {"then": then}
    if NOTIFY_TRUST in then and agreement.trust_id:
        duty.told_trust, duty.seen_by_trust = True, None
        change.publish("duty.late_for_trust", id=str(duty.pk), machine=DUTY.name)
    if SUSPEND_AGREEMENT in then and agreement.state == "in_force":
        hold(agreement.pk, actor=change.actor if change.actor.is_system else robots.actor(CLOCK),
             reason=f"A duty is late: {duty.text}.", by="late")  # fmt: skip


@performs(AGREEMENT, "hold")
def hold(agreement_id: UUID, *, actor: Actor, reason: str, by: str, seen: int | None = None) -> Agreement:
    """Suspended by rule: jobs stop, downloads close. `by`: late or membership."""
    with transition(AGREEMENT, "hold", agreement_id, actor=actor, reason=reason) as change:
        change.subject.ended_because, change.subject.held_by = reason, by
    return change.subject


def due(now: datetime) -> int:
    """What time makes of duties: next reports, reminders, late ones. Returns how many moved."""
    moved = 0
    reporting = Agreement.objects.filter(state="in_force", starts__lte=now, terms__has_key="report_use")
    for agreement in reporting.select_related("dataset")[:200]:
        moved += _next_report(agreement, now) is not None
    for days in sorted(REMIND_DAYS):
        soon = Duty.objects.filter(state="open", due__gt=now, due__lte=now + timedelta(days=days))
        for pk, reminded in list(soon.order_by("due").values_list("pk", "reminded")):
            if days not in reminded:
                moved += attempt(remind, pk, days=days)
    for pk in Duty.objects.filter(state="open", due__lte=now).values_list("pk", flat=True)[:200]:
        moved += attempt(overdue, pk)
    return moved


def attempt(verb: Any, pk: UUID, **more: Any) -> int:
    """One timer; someone may have moved the row meanwhile, which is no error."""
    try:
        with transaction.atomic():
            verb(pk, actor=robots.actor(CLOCK), **more)
    except Refused:
        return 0
    return 1
