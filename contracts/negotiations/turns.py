"""One turn: complete terms put forward by one side, with the date by which the other answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from contracts.charters.services import must_be_met
from contracts.negotiations import companions
from contracts.negotiations.models import Negotiation, Proposal
from contracts.negotiations.offers import hold, read_terms
from contracts.policies.difference import distance
from contracts.policies.odrl import policy_hash, to_odrl
from contracts.policies.terms import Terms
from kernel.actor import Actor
from kernel.decision import Refused
from trusts.membership.winding import must_be_open

REPLY_DAYS, MOST_DAYS, MORE_DAYS = 14, 90, 7
REMIND_BEFORE = (3, 1)


def reply_by(days: int | None, now: datetime | None = None) -> datetime:
    """So many days from now, 1 to 90; 14 if nothing was chosen. Raises Refused for another number."""
    wanted = REPLY_DAYS if days is None else days
    if not 1 <= wanted <= MOST_DAYS:
        raise Refused.because("negotiation.reply_days", f"{wanted} days to answer are not possible",
                              remedy=f"Choose 1 to {MOST_DAYS} days", field="reply_days")  # fmt: skip
    return (now or timezone.now()) + timedelta(days=wanted)


def set_due(negotiation: Negotiation, due: datetime) -> None:
    """The date, and which reminders still make sense: none that would come at once."""
    left = due - timezone.now()
    negotiation.due = due
    negotiation.reminded = next((n for n in reversed(REMIND_BEFORE) if left <= timedelta(days=n)), 0)


def assignee_of(negotiation: Negotiation) -> str:
    """The consumer's IRI; for several the IRI of their collection, named after the negotiation."""
    return negotiation.consumer.iri if negotiation.seats < 2 else f"{negotiation.iri}:parties"


def newest(negotiation: Negotiation) -> Proposal:
    """The proposal that stands. Raises AttributeError never: every negotiation begins with one."""
    found = negotiation.proposals.order_by("-number").first()
    assert found is not None
    return found


def propose(
    negotiation: Negotiation, side: str, terms: dict[str, Any], note: str, actor: Actor, *,
    reply_days: int | None = None, also: Iterable[UUID] | None = None,
) -> Proposal:  # fmt: skip
    """Put complete terms forward, inside a transition. `also`: another set of further datasets; None leaves it.

    Acceptances given to earlier terms are void: nobody is bound by a text they did not see. Raises Refused.
    """
    must_be_open(negotiation.trust)
    if also is not None:
        hold(one.version_of_data_id for one in companions.change(negotiation, also))
    rows = list(negotiation.companions.select_related("version_of_data", "dataset"))
    checked = read_terms(terms, negotiation.version_of_data, [c.version_of_data for c in rows])
    if side == "provider":
        # Who gives the data holds out nothing that the charter does not let bind; who asks may ask.
        must_be_met(checked, negotiation.dataset, negotiation.trust)
    last = negotiation.proposals.order_by("-number").first()
    number = (last.number if last else 0) + 1
    policy = to_odrl(
        checked, uid=f"{negotiation.iri}:{number}", target=negotiation.dataset.iri,
        assigner=negotiation.provider.iri, assignee=assignee_of(negotiation),
    )  # fmt: skip
    negotiation.rounds = number
    negotiation.apart = distance(Terms.from_dict(last.terms), checked) if last else 0
    set_due(negotiation, reply_by(reply_days))
    if negotiation.seats > 1:
        negotiation.participants.update(answer="open", accepted_by="", accepted_at=None)
        # Whoever writes the terms accepts them by that.
        negotiation.participants.filter(organisation_id=actor.organisation_id).update(
            answer="accepted", accepted_by=actor.name, accepted_at=timezone.now()
        )
    named = [
        {"alias": c.alias, "id": c.dataset.iri, "title": c.dataset.title_text, "version": c.version_of_data.number}
        for c in rows
    ]  # fmt: skip
    return Proposal.objects.create(
        negotiation=negotiation, number=number, side=side, author_id=actor.user_id, terms=checked.as_dict(),
        odrl=policy, policy_hash=policy_hash(policy), note=note, also=named,
    )  # fmt: skip
