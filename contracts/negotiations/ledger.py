"""Counters of an agreement: reserved at approval, committed at delivery, given back when nothing was delivered.

Every change happens with the agreement's row locked, so that of two at the limit exactly one passes. Whoever
locks an agreement and something else locks the agreement first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from contracts.negotiations.ledger_models import COUNTED, GIVEN_BACK, HELD, Use
from contracts.negotiations.machines import AGREEMENT
from contracts.negotiations.models import Agreement
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition

EXPORTS, ROWS, USES = "exports", "rows", "uses"
# counter → (clause that limits it, what it is called)
COUNTERS = {
    EXPORTS: ("exports", "Exports"),
    ROWS: ("rows_total", "Rows delivered"),
    USES: ("uses", "Times fetched"),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """One counter as a page shows it; `most` and `left` are None where the contract sets no limit."""

    counter: str
    label: str
    used: int
    reserved: int
    most: int | None
    left: int | None


def locked(agreement_id: UUID) -> Agreement:
    """The agreement, locked until the transaction ends."""
    return Agreement.objects.select_for_update(of=("self",)).get(pk=agreement_id)


def most_of(agreement: Agreement, counter: str) -> int | None:
    """The contract's limit, None without one."""
    found = (agreement.terms.get(COUNTERS[counter][0]) or {}).get("at_most")
    return int(found) if found is not None else None


def tallies(agreement: Agreement) -> list[Tally]:
    """Every counter: used, reserved, left. One query."""
    known = _amounts(agreement)
    found = []
    for counter, (_, label) in COUNTERS.items():
        used, reserved = known.get((counter, COUNTED), 0), known.get((counter, HELD), 0)
        most = most_of(agreement, counter)
        left = None if most is None else max(most - used - reserved, 0)
        found.append(Tally(counter, label, used, reserved, most, left))
    return found


def _amounts(agreement: Agreement) -> dict[tuple[str, str], int]:
    """(counter, phase) → amount; no query where the uses were fetched along, as lists do."""
    known: dict[tuple[str, str], int] = {}
    if "uses" in getattr(agreement, "_prefetched_objects_cache", {}):
        for one in agreement.uses.all():
            known[one.counter, one.phase] = known.get((one.counter, one.phase), 0) + one.amount
        return known
    rows = agreement.uses.exclude(phase=GIVEN_BACK).values_list("counter", "phase").annotate(Sum("amount"))
    return {(counter, phase): amount for counter, phase, amount in rows}


def with_rows(agreements: QuerySet[Agreement]) -> QuerySet[Agreement]:
    """Contracts with `rows_taken`, so that lists need not ask for each."""
    held = Q(uses__counter=ROWS, uses__phase__in=[HELD, COUNTED])
    return agreements.annotate(rows_taken=Sum("uses__amount", filter=held))


def taken(agreement: Agreement, counter: str, *, but: UUID | None = None) -> int:
    """What is reserved and used of a counter, leaving out one request's own."""
    found = agreement.uses.filter(counter=counter, phase__in=[HELD, COUNTED])
    if but is not None:
        found = found.exclude(about=but)
    return int(found.aggregate(total=Sum("amount"))["total"] or 0)


def delivered(agreement: Agreement) -> int:
    """How many exports were delivered."""
    return int(agreement.uses.filter(counter=EXPORTS, phase=COUNTED).aggregate(n=Sum("amount"))["n"] or 0)


def _of(agreement: Agreement, request: UUID) -> QuerySet[Use]:
    return agreement.uses.filter(about=request, phase__in=[HELD, COUNTED])


def _left(agreement: Agreement, counter: str, request: UUID) -> int | None:
    """What a request may take, None without a limit. Raises Refused when nothing is left."""
    most = most_of(agreement, counter)
    if most is None:
        return None
    left = most - taken(agreement, counter, but=request)
    if left > 0:
        return left
    clause = COUNTERS[counter][0]
    held = agreement.uses.filter(counter=counter, phase=HELD).exclude(about=request).exists()
    remedy = (
        f"Some of them are only reserved: wait for that export, or negotiate more {counter}"
        if held
        else f"Negotiate more {counter}"
    )
    raise Refused.because(
        f"terms.{clause}",
        f"All {most:,} {counter} of the contract are used",
        remedy=remedy,
        source=f"clause {clause}",
    )


@performs(AGREEMENT, "reserve")
def reserve(
    agreement_id: UUID, *, actor: Actor, request: UUID, rows: int | None = None, seen: int | None = None
) -> Agreement:
    """Set one export aside for a request and, where the contract counts rows, as many as it can have.

    `rows`: the most that the request can deliver, None if that cannot be said. Twice for one request is once.
    Raises Refused when nothing is left.
    """
    with transition(AGREEMENT, "reserve", agreement_id, actor=actor) as change:
        agreement: Agreement = change.subject
        if not _of(agreement, request).exists():
            _left(agreement, EXPORTS, request)
            left = _left(agreement, ROWS, request)
            amounts = {EXPORTS: 1} | (
                {} if left is None else {ROWS: left if rows is None else min(rows, left)}
            )
            Use.objects.bulk_create(
                Use(agreement=agreement, counter=counter, amount=amount, about=request)
                for counter, amount in amounts.items()
            )
            change.detail = {"request": str(request), **amounts}
        _sum_up(agreement)
    return agreement


@performs(AGREEMENT, "commit")
def commit(
    agreement_id: UUID, *, actor: Actor, request: UUID, rows: int, seen: int | None = None
) -> Agreement:
    """An export of so many rows is delivered: what was reserved is used. Raises Refused for more rows than are left."""
    with transaction.atomic(), transition(AGREEMENT, "commit", agreement_id, actor=actor) as change:
        agreement: Agreement = change.subject
        most, others = most_of(agreement, ROWS), taken(agreement, ROWS, but=request)
        if most is not None and others + rows > most:
            raise Refused.because(
                "terms.rows_total", f"This export has {rows:,} rows, and the contract leaves {max(most - others, 0):,}",
                remedy="Ask for fewer rows, or negotiate more", source="clause rows_total",
            )  # fmt: skip
        mine, now = _of(agreement, request), timezone.now()
        mine.filter(counter=EXPORTS).update(phase=COUNTED, changed=now)
        # The reservation was an estimate; what counts is what leaves.
        if not mine.filter(counter=ROWS).update(phase=COUNTED, amount=rows, changed=now):
            Use.objects.create(agreement=agreement, counter=ROWS, amount=rows, phase=COUNTED, about=request)
        _sum_up(agreement)
        change.detail = {"request": str(request), "rows": rows}
    if (after := _brought_to(agreement, request)) is not None:
        commit(after.pk, actor=actor, request=request, rows=rows)
    return agreement


@performs(AGREEMENT, "release")
def release(agreement_id: UUID, *, actor: Actor, request: UUID, seen: int | None = None) -> Agreement:
    """Give back what was reserved for a request and not delivered; nothing if there is none."""
    with transaction.atomic():
        agreement = locked(agreement_id)
        if not _of(agreement, request).filter(phase=HELD).exists():
            return agreement
        with transition(AGREEMENT, "release", agreement_id, actor=actor) as change:
            agreement = change.subject
            _of(agreement, request).filter(phase=HELD).update(phase=GIVEN_BACK, changed=timezone.now())
            _sum_up(agreement)
            change.detail = {"request": str(request)}
        if (after := _brought_to(agreement, request)) is not None:
            release(after.pk, actor=actor, request=request)
    return agreement


def bring(old: Agreement, new: Agreement) -> dict[str, int]:
    """The counters of a contract into the one that amends it, which is locked: what is reserved stays reserved."""
    found: dict[str, int] = {}
    for counter in COUNTERS:
        used = old.uses.filter(counter=counter, phase=COUNTED).aggregate(total=Sum("amount"))["total"] or 0
        if used:
            found[counter] = int(used)
            Use.objects.create(agreement=new, counter=counter, amount=used, phase=COUNTED, about=old.pk)
    Use.objects.bulk_create(
        Use(agreement=new, counter=one.counter, amount=one.amount, about=one.about)
        for one in old.uses.filter(phase=HELD)
    )
    _sum_up(new)
    return found


def _brought_to(agreement: Agreement, request: UUID) -> Agreement | None:
    """The contract that amended this one and holds the same reservation."""
    found = Agreement.objects.filter(negotiation__replaces=agreement, uses__about=request, uses__phase=HELD)
    return found.order_by("created").first()


def count_fetch(agreement: Agreement, export: UUID) -> None:
    """An export was fetched. The caller holds the agreement's lock. Raises Refused at the contract's limit."""
    most = most_of(agreement, USES)
    if most is not None and taken(agreement, USES) >= most:
        raise Refused.because("terms.uses", f"Exports under the contract were fetched {most:,} times, the most allowed",
                              remedy="Negotiate more", source="clause uses")  # fmt: skip
    Use.objects.create(agreement=agreement, counter=USES, amount=1, phase=COUNTED, about=export)


def _sum_up(agreement: Agreement) -> None:
    agreement.exports_used = taken(agreement, EXPORTS)


def what_is_counted(agreement: Agreement) -> dict[str, Any]:
    """The counters as JSON, for programs: counter → used, reserved, most, left."""
    return {
        t.counter: {"used": t.used, "reserved": t.reserved, "most": t.most, "left": t.left}
        for t in tallies(agreement)
    }
