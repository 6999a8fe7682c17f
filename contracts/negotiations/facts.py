"""What the rules of negotiations read."""

from __future__ import annotations

from contracts.negotiations.machines import AGREEMENT, NEGOTIATION, OFFER
from contracts.negotiations.models import Agreement, Negotiation, Offer
from contracts.negotiations.onward import bounds
from contracts.negotiations.rules import Answered, Held, MadeFrom
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


@loads_facts(OFFER)
def made_from(subject: Offer, actor: Actor) -> MadeFrom:
    """What binds the data on offer. Two queries where nothing does."""
    return MadeFrom(bounds(subject.dataset, actor))


@loads_facts(AGREEMENT)
def held(subject: Agreement, actor: Actor) -> Held:
    """Who suspended it. No query."""
    return Held(subject.held_by, oversees=not _is_party(subject, actor))


def _is_party(subject: Agreement, actor: Actor) -> bool:
    """Also whoever acts on a right that a party granted."""
    return actor.organisation_id in {subject.provider_id, subject.consumer_id} or bool(
        set(actor.granted_ids).intersection(subject.grounds())
    )
