"""Reads: the proposals an actor may know of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.actor import Actor
from kernel.registry import sees
from trusts.membership.models import Membership
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import Proposal, VotingSeat


@sees(PROPOSAL)
def proposals(actor: Actor) -> QuerySet[Proposal]:
    """Those of trusts one is an active member of, those on one's own place in one, and while one is suspended those in
    which one has votes. Never an applicant's own admission."""
    found = Proposal.objects.select_related("trust", "member__organisation", "proposer", "author")
    found = found.prefetch_related("seats__organisation")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    own = Q(member__organisation_id=actor.organisation_id) & ~Q(kind="admit")
    return found.filter(Q(trust_id__in=actor.trust_ids) | own | Q(pk__in=waiting(actor.organisation_id)))


def waiting(organisation_id: UUID) -> QuerySet[VotingSeat, UUID]:
    """The ids of the proposals in which a member has votes that it cannot use, as its membership is suspended now."""
    suspended = Membership.objects.filter(organisation_id=organisation_id, state="suspended").values("trust")
    seats = VotingSeat.objects.filter(organisation_id=organisation_id, proposal__trust__in=suspended)
    return seats.values_list("proposal_id", flat=True)


def to_vote(actor: Actor, now: datetime) -> QuerySet[Proposal]:
    """Open ones in which the organisation has votes that it has neither cast nor given away."""
    seat = {
        "seats__organisation_id": actor.organisation_id, "seats__choice": "", "seats__barred": "", "seats__delegate": None,
    }  # fmt: skip
    found = Proposal.objects.filter(state="open", due__gt=now, trust_id__in=actor.trust_ids, **seat)
    return found.select_related("trust", "member__organisation").order_by("due")


def proposed_by(actor: Actor) -> QuerySet[Proposal]:
    """Open ones that this organisation has proposed."""
    found = Proposal.objects.filter(
        state="open", proposer_id=actor.organisation_id, trust_id__in=actor.trust_ids
    )
    return found.select_related("trust", "member__organisation").order_by("due")
