"""Loads what the rules on proposals read. The row is locked by then, so a vote and the deadline cannot both win."""

from __future__ import annotations

from django.utils import timezone

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.organisations.models import OrganisationMember
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import Proposal, VotingSeat
from trusts.proposals.rules import ProposalFacts


@loads_facts(PROPOSAL)
def facts(proposal: Proposal, actor: Actor) -> ProposalFacts:
    """Four queries at most."""
    if proposal.state == "":
        twin = Proposal.objects.filter(
            trust=proposal.trust, kind=proposal.kind, member=proposal.member, state="open"
        )
        return ProposalFacts(
            takes_vote=proposal.trust.state == "active"
            and proposal.trust.governance().by_vote(proposal.kind),
            again=proposal.member_id is not None and twin.exists(),
        )
    seats = {seat.organisation_id: seat for seat in proposal.seats.all()}
    mine = seats.get(actor.organisation_id)
    return ProposalFacts(
        late=timezone.now() >= proposal.due,
        member_now=actor.organisation_id in proposal.trust.parties()["member"],
        barred=mine.barred if mine else "",
        other_side=_other_side(proposal, list(seats.values()), actor),
        gave_to=str(mine.delegate_id) if mine and mine.delegate_id else "",
        delegation=proposal.delegation,
    )


def _other_side(proposal: Proposal, seats: list[VotingSeat], actor: Actor) -> str:
    """The organisation for which this person acts in the matter already, if it is another one."""
    if actor.user_id is None:
        return ""
    acted = next(
        (s for s in seats if s.user_id == actor.user_id and s.organisation_id != actor.organisation_id), None
    )
    if acted:
        return str(acted.organisation)
    about = [pk for pk in proposal.concerned_ids() if pk != str(actor.organisation_id)]
    if not about:
        return ""
    places = OrganisationMember.objects.filter(
        user_id=actor.user_id, organisation_id__in=about, state="active"
    )
    there = places.select_related("organisation").first()
    return str(there.organisation) if there else ""
