"""What the portal knows when it decides under a contract: the world from its rows, in the evaluator's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.negotiations import ledger
from contracts.negotiations.models import Agreement
from contracts.policies.deciding.asking import planned
from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import ELAPSED, World
from contracts.policies.language.vocabulary import NS
from trusts.membership.models import Membership

SECURITY = f"{NS}securityLevel"


def world_for(
    agreement: Agreement, prepared: Prepared, now: datetime, *, counted: int = 0,
    stated: Mapping[str, Any] | None = None, **facts: Any,
) -> World:  # fmt: skip
    """The state of a contract at a moment: counters, duties, what the trust attests.

    `counted`: exports in the counter that are this very one, which was reserved when it was approved.

    `stated`: by the IRI of a left operand what a reviewer vouched for.

    A late duty is passed as still owed: what follows from it is what the contract names, and happens there.
    """
    duties, more = planned(prepared)
    before = [
        d
        for rule in prepared.rules
        if rule.kind == "permission"
        for d in rule.duties
        if d.phase == "pre" and d.uid not in duties
    ]
    if before:
        owed = _owed(agreement)
        duties |= {d.uid: "unknown" if d.actions in owed else "fulfilled" for d in before}
    if SECURITY in prepared.operands:
        more["securityLevel"] = _level(agreement)
    if ELAPSED in prepared.operands:
        more["elapsedTime"] = "PT0S"  # of an export that is not made yet
    return World.from_json({
        "now": now.isoformat(), "counters": used_so_far(agreement, counted), "duties": duties,
        "facts": {name: value for name, value in {**more, **facts}.items() if value is not None},
        **({"stated": dict(stated)} if stated else {}),
    })  # fmt: skip


def used_so_far(agreement: Agreement, counted: int = 0) -> dict[str, int]:
    """The contract's counters by the left operands that they limit."""
    return {"count": max(agreement.exports_used - counted, 0), "rows": _rows(agreement)}


def _rows(agreement: Agreement) -> int:
    """Rows that count so far; asked for only where the contract limits them and no list has fetched them along."""
    if hasattr(agreement, "rows_taken"):
        return int(agreement.rows_taken or 0)
    return ledger.taken(agreement, ledger.ROWS) if ledger.most_of(agreement, ledger.ROWS) is not None else 0


def _owed(agreement: Agreement) -> set[str]:
    """The clauses whose duties are still owed; that of a payment is called as its action."""
    return set(agreement.duties.filter(state__in=["open", "late"]).values_list("clause", flat=True))


def _level(agreement: Agreement) -> int | None:
    """What the trust attests of the consumer's security, if it does."""
    found = Membership.objects.filter(trust=agreement.trust, organisation=agreement.consumer).first()
    return getattr(found, "security_level", None)
