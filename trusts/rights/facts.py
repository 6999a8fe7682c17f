"""Loads what the rules on grants read."""

from __future__ import annotations

from django.utils import timezone

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.organisations.models import OrganisationMember
from trusts.rights.emergency_machine import EMERGENCY
from trusts.rights.emergency_rules import EmergencyFacts
from trusts.rights.machines import GRANT
from trusts.rights.models import Emergency, Grant, trust_of
from trusts.rights.rules import GrantFacts


@loads_facts(GRANT)
def facts(grant: Grant, actor: Actor) -> GrantFacts:
    place = (
        OrganisationMember.objects.filter(
            organisation_id=grant.organisation_id, user_id=grant.user_id, state="active"
        )
        .prefetch_related("roles")
        .first()
    )
    sides = {
        name
        for name, organisations in grant.object.parties().items()
        if grant.organisation_id in organisations
    }
    same = Grant.objects.filter(
        organisation_id=grant.organisation_id,
        user_id=grant.user_id,
        kind=grant.kind,
        object_id=grant.object_id,
    )
    return GrantFacts(
        kind=grant.kind,
        machine=grant.machine,
        sides=frozenset(sides),
        actor_id=actor.user_id,
        person_id=grant.user_id,
        person_active=grant.user.is_active,
        roles=frozenset(place.role_codes) if place else None,
        until=grant.until,
        now=timezone.now(),
        given=same.filter(state="active").exists(),
    )


def _switched_off_by(emergency: Emergency) -> str:
    """The organisation concerned, or the trust that the object belongs to, whoever wants no openings."""
    if not emergency.organisation.emergency_openings:
        return emergency.organisation.name
    trust = trust_of(emergency.object)
    return f"The charter of {trust}" if trust is not None and not trust.governance()["emergencies"] else ""


@loads_facts(EMERGENCY)
def emergency_facts(emergency: Emergency, actor: Actor) -> EmergencyFacts:
    return EmergencyFacts(
        actor_id=actor.user_id,
        operator_id=emergency.user_id,
        switched_off_by=_switched_off_by(emergency) if emergency._state.adding else "",
        reason=emergency.reason,
        insider=emergency.organisation_id == actor.organisation_id
        or OrganisationMember.objects.filter(
            organisation_id=emergency.organisation_id, user_id=emergency.user_id, state="active"
        ).exists(),
        open_already=Emergency.objects.filter(
            user_id=emergency.user_id,
            organisation_id=emergency.organisation_id,
            object_id=emergency.object_id,
            state="open",
        )
        .exclude(pk=emergency.pk)
        .exists(),
    )
