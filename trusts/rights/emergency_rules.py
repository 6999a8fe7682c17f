"""What an emergency opening needs: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel.decision import ALLOW, Decision, deny

LEAST = 60


@dataclass(frozen=True, slots=True)
class EmergencyFacts:
    """`insider`: the operator acts for, or belongs to, the organisation concerned. `open_already`: by the same operator."""

    actor_id: UUID | None
    operator_id: UUID | None
    reason: str
    insider: bool
    open_already: bool
    # Who has switched emergency openings off: the organisation concerned or the charter of the trust; empty if nobody.
    switched_off_by: str = ""


def reason_says_enough(facts: EmergencyFacts) -> Decision:
    """Long enough that it must say what happened: it is what the organisation will judge."""
    length = len(" ".join(facts.reason.split()))
    if length < LEAST:
        return deny(
            "emergency.reason",
            f"The reason is too short: {length} of at least {LEAST} characters",
            remedy="Say what happened, who asked, and what you must see",
            field="reason",
        )
    if facts.open_already:
        return deny("emergency.open", "You have opened it already", remedy="Use it, or close it first")
    return ALLOW


def openings_are_allowed(facts: EmergencyFacts) -> Decision:
    if facts.switched_off_by:
        return deny(
            "emergency.off", f"{facts.switched_off_by} has switched emergency openings off",
            remedy="Ask the organisation: its own people can read it, or grant a right on it",
        )  # fmt: skip
    return ALLOW


def from_outside(facts: EmergencyFacts) -> Decision:
    if facts.insider:
        return deny(
            "emergency.insider",
            "You belong to an organisation concerned, and act as one of its people",
            remedy="Ask for a role or a right there",
        )
    return ALLOW


def not_ones_own_doing(facts: EmergencyFacts) -> Decision:
    if facts.actor_id is not None and facts.actor_id == facts.operator_id:
        return deny("emergency.own", "Nobody judges what they did themselves", remedy="Somebody else has to")
    return ALLOW
