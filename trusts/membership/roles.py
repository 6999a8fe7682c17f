"""What a member may do in its roles: offer data, ask for it, or read. Which roles may, the charter says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kernel.decision import ALLOW, Decision, Refused, deny
from trusts.membership.governance import Governance
from trusts.membership.governance_points import ROLES
from trusts.membership.models import Membership, Trust

OFFER, ASK = "offer", "ask"
DOES = {OFFER: "offers data", ASK: "asks for data"}
BY = {OFFER: "data is offered by", ASK: "data is asked for by"}


def role_decision(
    governance: Governance, trust: Any, who: Any, roles: Collection[str], does: str
) -> Decision:
    """Pure. A member may do what one of its roles may."""
    if governance.lets(roles, does):
        return ALLOW
    held = " and ".join(sorted(roles)) or "no member"
    allowed = " and ".join(ROLES[role] for role in governance["roles"][does]) or "nobody"
    return deny(
        f"membership.role_{does}", f"{who} is {held} in {trust}, where {BY[does]} {allowed}",
        remedy="Ask for a change of role, on the membership's page", source="charter",
    )  # fmt: skip


def may_do(trust: Trust | None, organisation_id: Any, does: str) -> Decision:
    """The decision on an active member of this trust; whoever is none is refused elsewhere. Two queries at most."""
    if trust is None:
        return ALLOW
    found = Membership.objects.filter(trust=trust, organisation_id=organisation_id, state="active")
    member = found.select_related("organisation").first()
    if member is None:
        return ALLOW
    return role_decision(trust.governance(), trust, member.organisation, member.roles, does)


def must_be_let(trust: Trust | None, organisation_id: Any, does: str) -> None:
    """Raises Refused for a member whose roles do not let it."""
    decision = may_do(trust, organisation_id, does)
    if not decision.allowed:
        raise Refused(decision)
