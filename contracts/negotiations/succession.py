"""Amendment and renewal: a negotiation that starts from a contract, and the contract that follows it.

Until the new one is concluded, and until its first day, the old one stands as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contracts.negotiations import duties, ledger
from contracts.negotiations.machines import AGREEMENT, NEGOTIATION
from contracts.negotiations.models import Agreement, Negotiation
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import may_create, transition
from trusts.organisations import robots

LIVE = ("in_force", "suspended")
TALKED_OVER = ("requested", "offered", "accepted", "agreed")  # asked for, or waiting for signatures
Carrier = Callable[[Agreement, Agreement, Actor], None]
_carriers: list[Carrier] = []


def carries(function: Carrier) -> Carrier:
    """Decorator: called with old and new contract in the transaction of the replacement, to bring along what is open."""
    _carriers.append(function)
    return function


def start_terms(agreement: Agreement, kind: str) -> dict[str, Any]:
    """The terms a succession starts from: those in force, for a renewal with a period of the same length after it."""
    terms: dict[str, Any] = {**agreement.terms}
    if kind == "renewal":
        period = terms["period"]
        first, last = date.fromisoformat(period["from"]), date.fromisoformat(period["until"])
        begins = last + timedelta(days=1)
        terms["period"] = {
            **period,
            "from": begins.isoformat(),
            "until": (begins + (last - first)).isoformat(),
        }
    return terms


def may_begin(agreement_id: UUID, kind: str) -> Agreement:
    """The contract, locked, if a succession may begin now. Raises Refused."""
    found = Agreement.objects.select_for_update(of=("self",)).get(pk=agreement_id)
    if found.state != "in_force":
        raise Refused.because("succession.state", f"Contract {found.ref} is not in force",
                              remedy="Ask for terms anew on the dataset's page")  # fmt: skip
    other = found.successions.filter(state__in=TALKED_OVER).first()
    if other is not None:
        raise Refused.because("succession.open", f"A change of contract {found.ref} is being negotiated in {other.ref}",
                              remedy="Answer there, or wait until it is over")  # fmt: skip
    if coming(found) is not None:
        raise Refused.because("succession.agreed", f"What follows contract {found.ref} is agreed already",
                              remedy="Change the contract that follows")  # fmt: skip
    return found


def may_open(agreement: Agreement, actor: Actor) -> bool:
    """Whether this person may begin a change or a renewal: who may ask, on one side, and who may offer, on the other."""
    action = "offer_to" if agreement.provider_id == actor.organisation_id else "ask"
    sides = {"provider_id": agreement.provider_id, "consumer_id": agreement.consumer_id}
    return may_create(NEGOTIATION, action, actor, dataset_id=agreement.dataset_id, **sides)


def still_stands(negotiation: Negotiation) -> None:
    """At acceptance: the contract to be changed is locked and must still stand. Raises Refused."""
    if negotiation.replaces_id is None:
        return
    old = Agreement.objects.select_for_update(of=("self",)).get(pk=negotiation.replaces_id)
    if old.state not in LIVE and (negotiation.kind == "amendment" or old.state == "terminated"):
        raise Refused.because("succession.state", f"Contract {old.ref} has ended; it cannot be changed any more",
                              remedy="Ask for terms anew on the dataset's page")  # fmt: skip


def coming(agreement: Agreement) -> Agreement | None:
    """The contract that follows this one, signed by all; in force or not yet begun."""
    return _following([agreement]).first()


def _following(found: Iterable[Agreement]) -> QuerySet[Agreement]:
    """The contracts that follow one of these, signed by all."""
    rows = Agreement.objects.filter(negotiation__replaces__in=list(found))
    return rows.exclude(state__in=["signing", "unsigned"]).order_by("created")


def in_effect(found: Iterable[Agreement], now: datetime) -> list[Agreement]:
    """For each contract the one that speaks now for what was received under it: the last of its line that has begun.

    One query for each step that any of the lines has.
    """
    last, asked = {one.pk: one for one in found}, list(found)
    while asked:
        rows = _following(asked).filter(starts__lte=now).select_related("negotiation", "provider")
        asked = []
        for row in rows:
            # The first that follows, as in `coming`.
            if last.pop(row.negotiation.replaces_id, None) is not None:
                last[row.pk] = row
                asked.append(row)
    return list(last.values())


def follow(agreement: Agreement, actor: Actor) -> None:
    """Once all have signed it: the new contract takes the old one's place at once, or on its first day."""
    old = agreement.negotiation.replaces
    if old is not None and old.state in LIVE and agreement.starts <= timezone.now():
        replace(old.pk, actor=actor, by=agreement)


@performs(AGREEMENT, "replace")
def replace(
    agreement_id: UUID, *, actor: Actor, by: Agreement | None = None, seen: int | None = None
) -> Agreement:
    """End a contract because another follows it. Open requests and used exports go along; no duty begins."""
    with transition(AGREEMENT, "replace", agreement_id, actor=actor) as change:
        old: Agreement = change.subject
        new = by or coming(old)
        if new is None:
            raise Refused.because("succession.none", f"No contract follows {old.ref}")
        old.ended_because = f"Replaced by contract {new.ref}."
        change.reason, change.detail = old.ended_because, {"replaced_by": str(new.pk)}
        for carrier in _carriers:
            carrier(old, new, actor)
    return old


def replace_due(now: datetime) -> int:
    """Let contracts follow whose first day has come; before the old ones run out. Returns how many."""
    moved = 0
    due = Agreement.objects.filter(
        negotiation__replaces__state__in=LIVE, starts__lte=now, state="in_force"
    ).values_list("negotiation__replaces_id", flat=True)
    for pk in due[:200]:
        try:
            with transaction.atomic():
                replace(pk, actor=robots.actor("end_contracts"))
        except Refused:
            continue
        moved += 1
    return moved


def earlier(agreement: Agreement) -> list[Agreement]:
    """The ended contracts that this one followed, nearest first."""
    found: list[Agreement] = []
    before = agreement.negotiation.replaces
    while before is not None and before.state not in LIVE:
        found.append(before)
        before = before.negotiation.replaces
    return found


def last(agreement: Agreement) -> Agreement:
    """The contract at the end of the line that this one began; itself if none follows."""
    while (after := coming(agreement)) is not None:
        agreement = after
    return agreement


def copies_were_made(agreement: Agreement) -> bool:
    """Whether anything left under this contract or an ended one that it followed: then there are copies to delete."""
    return any(ledger.delivered(one) for one in [agreement, *earlier(agreement)])


def goes_on(agreement: Agreement) -> bool:
    """Whether a contract that follows this one stands: then its copies may stay until that one ends."""
    return last(agreement).pk != agreement.pk and last(agreement).state in LIVE


def line(agreement: Agreement) -> dict[str, Any]:
    """For the page: what it replaces, what follows it, and the change being negotiated. Three queries at most."""
    talk = agreement.successions.filter(state__in=TALKED_OVER).first()
    return {"before": agreement.negotiation.replaces, "after": coming(agreement), "talk": talk}


@performs(AGREEMENT, "take_over")
def take_over(
    agreement_id: UUID, *, actor: Actor, old: Agreement | None = None, seen: int | None = None
) -> Agreement:
    """Count what was used, and hold what is reserved, under the contract that this one amends."""
    with transition(AGREEMENT, "take_over", agreement_id, actor=actor) as change:
        if old is not None:
            change.detail = {"from": old.ref, **ledger.bring(old, change.subject)}
    return change.subject


@carries
def _used(old: Agreement, new: Agreement, actor: Actor) -> None:
    """An amended contract goes on counting; a renewed one begins a new period with a new count."""
    if new.negotiation.kind == "amendment" and old.uses.exists():
        new.exports_used = take_over(new.pk, actor=actor, old=old).exports_used


@carries
def _owed(old: Agreement, new: Agreement, actor: Actor) -> None:
    """What the old contract still asked for while it ran is asked for by the new one; what was paid stays paid."""
    robot = robots.actor("duties")
    paid = not old.duties.filter(clause=duties.PAYMENT, state__in=["open", "late"]).exists()
    same = old.terms.get(duties.PAYMENT) == new.terms.get(duties.PAYMENT)
    if new.negotiation.kind == "amendment" and paid and same:
        for duty in new.duties.filter(clause=duties.PAYMENT, state="open"):
            duties.waive(duty.pk, actor=robot, reason=f"Paid under contract {old.ref}.")
    for duty in old.duties.filter(clause__in=[duties.PAYMENT, "report_use"], state="open"):
        duties.waive(duty.pk, actor=robot, reason=f"Contract {new.ref} took its place.")
