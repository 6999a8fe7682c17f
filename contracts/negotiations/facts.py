"""What the rules of negotiations read."""

from __future__ import annotations

from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Negotiation
from contracts.negotiations.rules import Answered
from kernel.actor import Actor
from kernel.registry import loads_facts


@loads_facts(NEGOTIATION)
def answered(subject: Negotiation, actor: Actor) -> Answered:
    """Whether the actor's organisation has accepted already. No query for a contract between two."""
    if subject.seats < 2:
        return Answered(False)
    rows = subject.participants.all()
    return Answered(
        any(one.organisation_id == actor.organisation_id and one.answer == "accepted" for one in rows)
    )
