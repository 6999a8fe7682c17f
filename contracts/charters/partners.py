"""With whom terms would be agreed on. The station that holds negotiations says it; this one only has to ask."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from contracts.policies.terms import Terms
from kernel.actor import Actor
from trusts.datasets.models import Dataset

# (dataset, terms, the negotiation named or the empty text, who asks) → organisations
Finder = Callable[[Dataset, Terms, str, Actor], set[UUID]]
_finders: list[Finder] = []


def finds_partners(does: Finder) -> Finder:
    """Decorator: this function knows partners."""
    if does not in _finders:
        _finders.append(does)
    return does


def partners(dataset: Dataset, terms: Terms, negotiation: str, actor: Actor) -> set[UUID]:
    """Everybody who is known to be the other party of such terms; nobody for public ones."""
    return {one for does in _finders for one in does(dataset, terms, negotiation, actor)}
