"""One contract text for several consumers: all accept, or none is bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from contracts.negotiations.models import Negotiation, Participant
from kernel.actor import Actor
from kernel.decision import Refused
from trusts.organisations.models import Organisation

MOST = 50


def seat(negotiation: Negotiation, consumers: Iterable[Organisation]) -> None:
    """Give each consumer its seat, in a negotiation that was just saved. One consumer needs none."""
    found = list({one.pk: one for one in consumers}.values())
    if len(found) > MOST:
        raise Refused.because("negotiation.many", f"At most {MOST} organisations fit under one contract",
                              remedy="Choose fewer", field="others")  # fmt: skip
    if len(found) > 1:
        Participant.objects.bulk_create(
            Participant(negotiation=negotiation, organisation=one) for one in found
        )


def consumers_of(negotiation: Negotiation) -> list[Organisation]:
    """Every consumer, in the order they were named."""
    if negotiation.seats < 2:
        return [negotiation.consumer]
    return [one.organisation for one in negotiation.participants.select_related("organisation")]


def accept(negotiation: Negotiation, actor: Actor) -> list[str]:
    """Note who accepted, inside a transition; returns the names of those who have still to answer."""
    if negotiation.seats < 2:
        return []
    negotiation.participants.filter(organisation_id=actor.organisation_id).update(
        answer="accepted", accepted_by=actor.name, accepted_at=timezone.now()
    )
    return list(negotiation.participants.filter(answer="open").values_list("organisation__name", flat=True))


def refuse(negotiation: Negotiation, actor: Actor) -> None:
    """Note who ended it. One refusal ends it for all."""
    negotiation.participants.filter(organisation_id=actor.organisation_id).update(answer="refused")


def accepted_by(negotiation: Negotiation, consumer: Organisation, actor: Actor) -> Actor:
    """The person who accepted for this consumer, as the contract names them; between two, who accepted last."""
    row = negotiation.participants.filter(organisation=consumer).first() if negotiation.seats > 1 else None
    if row is None:
        return actor
    return Actor(
        name=row.accepted_by, organisation_id=consumer.pk, organisation_name=consumer.name, door=actor.door
    )


def roll(negotiation: Negotiation) -> list[dict[str, Any]]:
    """For the page: each party, and where it stands. Empty for a contract between two."""
    if negotiation.seats < 2:
        return []
    words = {"open": "has not answered", "accepted": "accepts", "refused": "refused"}
    return [
        {"name": one.organisation.name, "answer": one.answer, "says": words[one.answer],
         "by": one.accepted_by, "at": one.accepted_at}
        for one in negotiation.participants.select_related("organisation")
    ]  # fmt: skip
