"""Loads what the rules on trusts and memberships read."""

from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.membership.machines import MEMBERSHIP, TRUST
from trusts.membership.models import Membership, Trust
from trusts.membership.rules import MembershipFacts, TrustFacts


@loads_facts(TRUST)
def trust_facts(trust: Trust, actor: Actor) -> TrustFacts:
    return TrustFacts(trust.governance().voted(), actor.is_system)


@loads_facts(MEMBERSHIP)
def membership_facts(membership: Membership, actor: Actor) -> MembershipFacts:
    governing = membership.trust.trustees()
    others = [pk for pk in governing if pk != membership.organisation_id]
    return MembershipFacts(
        is_trustee=membership.state == "active" and membership.organisation_id in governing,
        other_trustees=len(others),
        by_vote=membership.trust.governance().voted(),
        is_system=actor.is_system,
    )
