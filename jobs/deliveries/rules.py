"""When an export may be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    standing: Decision
    expires: datetime
    downloads_made: int
    downloads_allowed: int
    as_of: datetime
    tokens: int = 0


def contract_stands(facts: DeliveryFacts) -> Decision:
    """Cut off at once when the agreement or a membership is."""
    return facts.standing


def not_expired(facts: DeliveryFacts) -> Decision:
    if facts.as_of >= facts.expires:
        return deny(
            "delivery.expired",
            f"The export expired on {facts.expires:%d %B %Y}",
            remedy="Ask again under the same contract",
        )
    return ALLOW


def downloads_left(facts: DeliveryFacts) -> Decision:
    if facts.downloads_made >= facts.downloads_allowed:
        return deny(
            "delivery.used_up",
            f"It was fetched {facts.downloads_made} times, the most allowed",
            remedy="Ask again under the same contract",
        )
    return ALLOW


def has_tokens(facts: DeliveryFacts) -> Decision:
    if not facts.tokens:
        return deny(
            "delivery.no_tokens", "This export holds no tokens", remedy="Only a recipe with tokens makes them"
        )
    return ALLOW
