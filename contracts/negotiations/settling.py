"""From accepted terms to contracts in force: one transaction, each step with its own event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.charters.services import must_be_met
from contracts.negotiations import agreements, companions, joint, signatures, succession
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Agreement, Negotiation, Proposal
from contracts.negotiations.rules import Parties, parties_may_deal
from contracts.policies.terms import Terms
from kernel.actor import Actor, system
from kernel.decision import Decision, Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets.models import Dataset
from trusts.membership.models import Membership
from trusts.membership.roles import ASK, OFFER, role_decision
from trusts.organisations.models import Organisation


def parties_decision(dataset: Dataset, consumer_id: UUID | None, *, amending: bool = False) -> Decision:
    """Whether both may deal in the trust of the dataset. What is amended need not be listed any more. Two queries."""
    both = {dataset.organisation_id, consumer_id}
    rows = Membership.objects.filter(trust_id=dataset.trust_id, state="active", organisation_id__in=both)
    active = {row.organisation_id: row for row in rows.select_related("organisation__merged_into")}
    # What is agreed stays agreed when a role changes; what begins now goes by the roles of now.
    roles = [] if amending else [
        role_decision(dataset.trust.governance(), dataset.trust, active[pk].organisation, active[pk].roles, does)
        for pk, does in ((dataset.organisation_id, OFFER), (consumer_id, ASK)) if dataset.trust is not None and pk in active
    ]  # fmt: skip
    return parties_may_deal(
        Parties(
            provider_active=dataset.organisation_id in active,
            consumer_active=consumer_id in active,
            same=dataset.organisation_id == consumer_id,
            listed=amending or (dataset.state == "listed" and dataset.trust_id is not None),
            roles=tuple(roles),
        )
    )


def check_parties(dataset: Dataset, consumer: Organisation, *, amending: bool = False) -> None:
    """Raises Refused unless both may deal."""
    decision = parties_decision(dataset, consumer.pk, amending=amending)
    if not decision.allowed:
        raise Refused(decision)


def settle(negotiation: Negotiation, proposal: Proposal, actor: Actor) -> Agreement:
    """The contracts, signed for those whose keys the portal holds; in force at once if those are all.

    Inside the caller's transaction. Returns the actor's contract.

    One contract for each consumer, with the same terms: each has its own requests, counts, duties and key.
    """
    amending = negotiation.kind == "amendment"
    consumers = joint.consumers_of(negotiation)
    for consumer in consumers:
        check_parties(negotiation.dataset, consumer, amending=amending)
    must_be_met(Terms.from_dict(proposal.terms), negotiation.dataset, negotiation.trust)
    companions.still_offered(negotiation)
    succession.still_stands(negotiation)
    robot, old = system("contract writer", door=actor.door), negotiation.replaces
    more: dict[str, Any] = {}
    if old is not None:
        more["replaces"] = {"agreement": old.iri, "as": negotiation.kind, "policy_hash": old.policy_hash}
    if negotiation.seats > 1:
        more["parties"] = [{"id": one.iri, "name": one.name} for one in [negotiation.provider, *consumers]]
    made: list[Agreement] = []
    for consumer in consumers:
        found = agreements.conclude(
            negotiation, proposal, actor=robot, consumer=consumer, more=more,
            accepted_by=joint.accepted_by(negotiation, consumer, actor),
            # Pseudonyms of an amended contract stay what they were; a renewed one has tokens of its own.
            sealed_key=old.sealed_key if old is not None and amending else "",
        )  # fmt: skip
        made.append(found)
    signatures.advance(made[0], door=actor.door)
    mine = next((one for one in made if one.consumer_id == actor.organisation_id), made[0])
    mine.refresh_from_db()
    return mine


def _step(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor) as change:
            if action == "finalize":
                change.subject.due = None
        return change.subject

    verb.__doc__ = f"{NEGOTIATION.action(action).label}: a step of the portal itself."
    return performs(NEGOTIATION, action)(verb)


write, verify, finalize = _step("write"), _step("verify"), _step("finalize")
