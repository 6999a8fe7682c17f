from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.organisations.machines import MEMBER, ORGANISATION
from trusts.organisations.models import MemberRole, Organisation, OrganisationMember
from trusts.organisations.rules import KeyFacts, PlaceFacts


@loads_facts(MEMBER)
def place_facts(member: OrganisationMember, actor: Actor) -> PlaceFacts:
    owners = MemberRole.objects.filter(
        role="owner", member__organisation_id=member.organisation_id, member__state="active"
    )
    places = OrganisationMember.objects.filter(user_id=member.user_id, state="active")
    return PlaceFacts(
        is_owner=owners.filter(member=member).exists(),
        other_owners=owners.exclude(member=member).count(),
        other_places=places.exclude(organisation_id=member.organisation_id).count(),
    )


@loads_facts(ORGANISATION)
def key_facts(organisation: Organisation, actor: Actor) -> KeyFacts:
    return KeyFacts(custody=organisation.custody)
