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
    duties: Decision = ALLOW
    clause_days: int | None = None
    keys_destroyed: bool = False


def contract_stands(facts: DeliveryFacts) -> Decision:
    """Cut off at once when the agreement or a membership is."""
    return facts.standing


def no_duty_is_late(facts: DeliveryFacts) -> Decision:
    """Where the contract says that a late duty closes the downloads."""
    return facts.duties


def not_expired(facts: DeliveryFacts) -> Decision:
    if facts.as_of >= facts.expires and facts.clause_days is not None:
        return deny(
            "terms.download_within",
            f"The contract lets exports be fetched for {facts.clause_days} days; this one until {facts.expires:%d %B %Y}",
            remedy="Ask again under the same contract",
            source="clause download_within",
        )
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
    if facts.keys_destroyed:
        return deny(
            "vault.destroyed",
            "The contract's tokens were destroyed after its end, as it demands",
            remedy="Nobody can look them up any more",
        )
    if not facts.tokens:
        return deny(
            "delivery.no_tokens", "This export holds no tokens", remedy="Only a recipe with tokens makes them"
        )
    return ALLOW
