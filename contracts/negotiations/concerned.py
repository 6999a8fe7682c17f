"""With whom terms would be agreed on: who does not vote on an exception for them."""

from __future__ import annotations

from uuid import UUID

from contracts.charters.partners import finds_partners
from contracts.negotiations.machines import OPEN
from contracts.negotiations.models import Negotiation
from contracts.negotiations.turns import newest
from contracts.policies.terms import Terms
from kernel.actor import Actor
from trusts.datasets.models import Dataset


@finds_partners
def partners_in(dataset: Dataset, terms: Terms, negotiation: str, actor: Actor) -> set[UUID]:
    """The consumers of the negotiation that is named, and of every open one in which just these terms are on the table."""
    found: set[UUID] = set()
    talks = Negotiation.objects.filter(dataset=dataset, provider_id=actor.organisation_id, state__in=OPEN)
    for one in talks.prefetch_related("participants"):
        if str(one.pk) == negotiation or Terms.from_dict(newest(one).terms).hash == terms.hash:
            found.update(one.consumer_ids())
    return found
