"""Terms that nobody should accept without having looked: each has a box of its own that must be ticked.

The one place where negotiations ask the policies what needs care.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.charters.selectors import charter_check
from contracts.negotiations.models import Negotiation, Proposal
from contracts.policies.clauses import CLAUSES
from contracts.policies.difference import compare
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from kernel.decision import Refused


@dataclass(frozen=True, slots=True)
class Care:
    """One term to look at before accepting: its clause, its name, and why."""

    code: str
    label: str
    because: str


def _before(proposal: Proposal) -> dict[str, Any] | None:
    """What the other side reads these terms against: the turn before, else what was published."""
    negotiation = proposal.negotiation
    last = negotiation.proposals.filter(number=proposal.number - 1).first()
    if last is not None:
        return last.terms
    return negotiation.offer.terms if negotiation.offer else None


def of_terms(terms: Terms, before: dict[str, Any] | None) -> list[Care]:
    """What needs care in these terms: what cannot be explained, and what the comparison says so of."""
    changes = compare(Terms.from_dict(before), terms) if before else []
    found = [Care(one.code, one.label, one.care) for one in changes if one.needs_care]
    if terms.has("unexplained") and "unexplained" not in {one.code for one in found}:
        kind = CLAUSES["unexplained"]
        found.append(Care(kind.code, kind.label, kind.care.en))
    return found


def of(proposal: Proposal) -> list[Care]:
    """What needs care in a proposal, in the library's order."""
    return of_terms(Terms.from_dict(proposal.terms), _before(proposal))


def check(proposal: Proposal, confirmed: Iterable[str]) -> list[str]:
    """The terms that were confirmed one by one. Raises Refused if one of those that need care was not."""
    needed = of(proposal)
    missing = [one.label for one in needed if one.code not in set(confirmed)]
    if missing:
        raise Refused.because("negotiation.unconfirmed", f"Not confirmed yet: {listed(missing)}",
                              remedy="Read these terms and tick the box of each", field="confirmed")  # fmt: skip
    return [one.code for one in needed]


def obstacles(terms: Terms, negotiation: Negotiation) -> list[str]:
    """Why only a person may answer these terms, in sentences; empty if a rule may. Widening alone is no obstacle:
    a rule may reject it, and never accepts it."""
    found = [f"{one.label}: {one.because}." for one in of_terms(terms, None)]
    check = charter_check(terms, negotiation.dataset, negotiation.trust)
    return [*found, *(f"{one.says}. {one.remedy}." for one in check["open"])]
