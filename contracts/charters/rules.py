"""Who may agree to an exception from a charter: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class ExemptionFacts:
    """Who acts, who asked, and whose agreement is missing."""

    actor_id: UUID | None
    author_id: UUID | None
    second_missing: bool
    trustee_missing: bool
    vote_to_open: bool = False


def not_own_exemption(facts: ExemptionFacts) -> Decision:
    """Four eyes: nobody agrees to what they asked for."""
    if facts.actor_id is not None and facts.actor_id == facts.author_id:
        return deny(
            "exemption.author",
            "You asked for this exception, or stand in for who did",
            remedy="Somebody else has to decide",
        )
    return ALLOW


def second_person_missing(facts: ExemptionFacts) -> Decision:
    if not facts.second_missing:
        return deny("exemption.second", "No second person's agreement is missing", remedy="Nothing to do")
    return ALLOW


def trustee_missing(facts: ExemptionFacts) -> Decision:
    if not facts.trustee_missing:
        return deny("exemption.trustee", "No trustee's agreement is missing", remedy="Nothing to do")
    return ALLOW


def not_put_to_vote_yet(facts: ExemptionFacts) -> Decision:
    if not facts.vote_to_open:
        return deny(
            "exemption.voted", "It takes no vote, or the members vote on it already", remedy="Nothing to do"
        )
    return ALLOW
