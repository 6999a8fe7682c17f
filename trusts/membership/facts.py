from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership
from trusts.membership.rules import MembershipFacts


@loads_facts(MEMBERSHIP)
def membership_facts(membership: Membership, actor: Actor) -> MembershipFacts:
    trustees = membership.trust.trustees()
    others = [pk for pk in trustees if pk != membership.organisation_id]
    return MembershipFacts(membership.role == "trustee" and membership.state == "active", len(others))
