"""Numbers that dashboards and reports share: decisions, times to them, refusals by clause, uses. Each in a constant number of queries.

They count what a scope names: the requests under a trust's contracts, or those to one provider. Who may see the exact
numbers is for the page to say (`Shown`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import Count, Q

from contracts.negotiations.models import Negotiation
from contracts.policies.clauses import CLAUSES
from contracts.sharing.models import Request, Review
from jobs.deliveries.models import Delivery
from kernel.audit.models import Event

MOST = 20_000
JUDGEMENT = "A reviewer's own judgement"
OTHER = "Another rule of the portal or the charter"
# Below it a number could point to one organisation.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`, and what it is called."""

    since: datetime
    until: datetime
    label: str = ""

    def q(self, field: str) -> Q:
        return Q(**{f"{field}__gte": self.since, f"{field}__lt": self.until})


@dataclass(frozen=True, slots=True)
class Shown:
    """How numbers are shown: exact, or to those who must not know as "fewer than 5" and whole fives."""

    exact: bool

    def number(self, value: int) -> str:
        if self.exact or value == 0:
            return f"{value:,}"
        return f"fewer than {FEWEST}" if value < FEWEST else f"about {value // FEWEST * FEWEST:,}"

    def days(self, hours: list[float]) -> str:
        """The median in hours or days, or a dash where there is none that may be shown."""
        if not hours or (not self.exact and len(hours) < FEWEST):
            return "–"
        middle = median(hours)
        return f"{middle:.1f} hours" if middle < 48 else f"{middle / 24:.1f} days"

    def ranked(self, counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
        """Largest first; those that may not be shown one by one are left out."""
        rows = sorted(((k, n) for k, n in counts if n), key=lambda row: (-row[1], row[0]))
        return rows if self.exact else [(k, n // FEWEST * FEWEST) for k, n in rows if n >= FEWEST]


def request_outcomes(scope: Q, period: Period) -> dict[str, int]:
    """Requests by how they ended in the period: approved, refused, lapsed, withdrawn."""
    ended = period.q("changed") & Q(state__in=["lapsed", "withdrawn"]) & ~Q(plan_hash="")
    decided = period.q("decided") & Q(state__in=["approved", "refused"])
    rows = (
        Request.objects.filter(scope)
        .filter(ended | decided)
        .values("state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {row["state"]: row["n"] for row in rows}


def hours_to_decision(scope: Q, period: Period) -> list[float]:
    """From the last submission to the decision, for each request decided in the period. Two queries."""
    decided = Request.objects.filter(scope).filter(period.q("decided")).order_by("-decided")
    found = dict(decided.values_list("pk", "decided")[:MOST])
    submitted: dict[Any, datetime] = {}
    events = Event.objects.filter(
        machine="request", action="submit", subject_version__isnull=False, subject_id__in=decided.values("pk")
    )
    for pk, at in events.order_by("created").values_list("subject_id", "created"):
        if pk in found and found[pk] is not None and at <= found[pk]:
            submitted[pk] = at
    return [(found[pk] - at).total_seconds() / 3600 for pk, at in submitted.items()]


def refusals_by_clause(scope: Q, period: Period) -> Counter[str]:
    """Why requests were refused, by people and by the rules: the clause that did not hold, counted once for each refusal."""
    counts: Counter[str] = Counter()
    requests = Request.objects.filter(scope).values("pk")
    refused = Event.objects.filter(
        period.q("created"), machine="request", subject_version__isnull=True, subject_id__in=requests
    )
    for detail in refused.order_by("-created").values_list("detail", flat=True)[:MOST]:
        reasons = (detail.get("refused") or {}).get("reasons") or []
        counts.update({_clause(reason.get("source", "")) for reason in reasons})
    # Once for each request however many refused it, and only when it is decided: a stage may be blind.
    by_people = Review.objects.filter(
        period.q("created"), verdict="refuse", counts=True, request__state="refused", request__in=requests
    )
    for advice in dict(by_people.order_by("-created").values_list("request_id", "advice")[:MOST]).values():
        against = {_clause(reason.get("source", "")) for reason in (advice or {}).get("reasons") or []}
        counts.update(against or {JUDGEMENT})
    return counts


def _clause(source: str) -> str:
    """`"clause purpose"` → the clause's name on screen; other rules are counted together."""
    code = source.removeprefix("clause ")
    return CLAUSES[code].label if source.startswith("clause ") and code in CLAUSES else OTHER


def negotiation_outcomes(scope: Q, period: Period) -> tuple[dict[str, int], list[float]]:
    """Negotiations by how they ended in the period, and the hours that those took which became contracts. One query."""
    rows = Negotiation.objects.filter(scope).filter(
        period.q("changed"), state__in=["finalized", "rejected", "withdrawn", "lapsed"]
    )
    counts: Counter[str] = Counter()
    hours = []
    for state, created, changed in rows.values_list("state", "created", "changed")[:MOST]:
        counts[state] += 1
        if state == "finalized":
            hours.append((changed - created).total_seconds() / 3600)
    return dict(counts), hours


def uses(scope: Q, period: Period) -> dict[str, int]:
    """Exports made in the period, their downloads and rows. One query."""
    made = Delivery.objects.filter(scope).filter(period.q("created"))
    found = made.aggregate(
        exports=Count("pk", distinct=True),
        downloads=Count("downloads"),
        datasets=Count("agreement__dataset", distinct=True),
    )
    return {name: value or 0 for name, value in found.items()}


def uses_by_dataset(scope: Q, period: Period, most: int = 12) -> list[tuple[str, int]]:
    """Exports by dataset, most used first. One query."""
    rows = (
        Delivery.objects.filter(scope).filter(period.q("created"))
        .values("agreement__dataset__title_text").annotate(n=Count("pk")).order_by("-n", "agreement__dataset__title_text")
    )  # fmt: skip
    return [(row["agreement__dataset__title_text"], row["n"]) for row in rows[:most]]
