from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.organisations.access_machines import DOMAIN
from trusts.organisations.machines import MEMBER, ORGANISATION
from trusts.organisations.models import Domain, MemberRole, Organisation, OrganisationMember, SignInProvider
from trusts.organisations.rules import DomainFacts, KeyFacts, PlaceFacts, ProviderFacts
from trusts.organisations.sign_in_machines import PROVIDER


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


@loads_facts(DOMAIN)
def domain_facts(domain: Domain, actor: Actor) -> DomainFacts:
    others = Domain.objects.filter(name=domain.name, state="confirmed").exclude(pk=domain.pk)
    return DomainFacts(held_by_another=others.exists())


@loads_facts(PROVIDER)
def provider_facts(provider: SignInProvider, actor: Actor) -> ProviderFacts:
    confirmed = Domain.objects.filter(organisation_id=provider.organisation_id, state="confirmed")
    return ProviderFacts(domains_confirmed=confirmed.count())


@loads_facts(ORGANISATION)
def key_facts(organisation: Organisation, actor: Actor) -> KeyFacts:
    return KeyFacts(custody=organisation.custody)
