"""What a decision can be tried on: an offer, the newest proposal of a negotiation, a contract. By who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from contracts.decisions.situation import used_so_far, world_for
from contracts.negotiations import selectors
from contracts.policies.deciding.asking import planned
from contracts.policies.deciding.documents import prepared_as
from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import World
from kernel.actor import Actor
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership.models import Membership
from trusts.organisations.models import Organisation


@dataclass(frozen=True)
class Tried:
    """A policy and what is known around it. `people`: (IRI, name) of who could ask; the first is the usual one."""

    title: str
    address: str
    document: dict[str, Any]
    sha256: str
    dataset: Dataset
    version: DatasetVersion | None
    people: tuple[tuple[str, str], ...]
    agreement: Any = None

    @property
    def prepared(self) -> Prepared:
        return prepared_as(self.sha256, lambda: self.document)

    @property
    def used(self) -> int:
        return used_so_far(self.agreement)["count"] if self.agreement else 0

    def world(self, now: datetime, used: int) -> World:
        """As it is, with another moment and another count."""
        if self.agreement is not None:
            found = world_for(self.agreement, self.prepared, now)
            given = {**found.given, "counters": {**found.given["counters"], "count": used}}
        else:
            duties, facts = planned(self.prepared)
            given = {"now": now.isoformat(), "duties": duties, "counters": {"count": used, "rows": 0},
                     "facts": {"elapsedTime": "PT0S", **facts}}  # fmt: skip
        return World.from_json(given)


def tried(kind: str, pk: UUID, actor: Actor) -> Tried:
    """The one that this person may see, or Http404."""
    if kind == "offer":
        offer = get_object_or_404(selectors.offers(actor), pk=pk)
        version = offer.dataset.versions.filter(state="profiled").order_by("-number").first()
        return Tried(f"the terms for {offer.dataset.title_text}", offer.get_absolute_url(), offer.odrl, offer.policy_hash,
                     offer.dataset, version, _could_ask(offer.dataset, actor))  # fmt: skip
    if kind == "negotiation":
        negotiation = get_object_or_404(selectors.negotiations(actor), pk=pk)
        proposal = negotiation.proposals.order_by("-number").first()
        if proposal is None:
            raise Http404
        return Tried(f"offer {proposal.number} of {negotiation.ref}", negotiation.get_absolute_url(), proposal.odrl, proposal.policy_hash,
                     negotiation.dataset, negotiation.version_of_data, _sides(negotiation))  # fmt: skip
    agreement = get_object_or_404(selectors.agreements(actor), pk=pk)
    return Tried(f"contract {agreement.ref}", agreement.get_absolute_url(), agreement.odrl, agreement.policy_hash,
                 agreement.dataset, agreement.version_of_data, _sides(agreement), agreement)  # fmt: skip


def _sides(found: Any) -> tuple[tuple[str, str], ...]:
    return ((found.consumer.iri, found.consumer.name), (found.provider.iri, found.provider.name))


def _could_ask(dataset: Dataset, actor: Actor) -> tuple[tuple[str, str], ...]:
    """One's own organisation; for one's own offer the other members of the trust, who are known to every member."""
    if actor.organisation_id != dataset.organisation_id:
        mine = get_object_or_404(Organisation, pk=actor.organisation_id)
        return ((mine.iri, mine.name),)
    rows = Membership.objects.filter(trust=dataset.trust, state="active").exclude(
        organisation_id=dataset.organisation_id
    )
    members = [
        (row.organisation.iri, row.organisation.name) for row in rows.select_related("organisation")[:200]
    ]
    return tuple(members) or ((dataset.organisation.iri, dataset.organisation.name),)
