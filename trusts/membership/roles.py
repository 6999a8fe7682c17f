"""What a member may do in its roles: offer data, ask for it, or read. Which roles may, the charter says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from kernel.decision import ALLOW, Decision, Refused, deny
from trusts.membership.governance import Governance
from trusts.membership.governance_points import ROLES
from trusts.membership.models import Charter, Membership, Trust
from trusts.organisations.models import Organisation

OFFER, ASK = "offer", "ask"
DOES = {OFFER: "offers data", ASK: "asks for data"}
BY = {OFFER: "data is offered by", ASK: "data is asked for by"}


def merged_decision(who: Any) -> Decision:
    """Pure. What has merged into another finishes what it signed, and begins nothing."""
    if not who.merged_into_id:
        return ALLOW
    return deny(
        "organisation.merged",
        f"{who} has merged into {who.merged_into}",
        remedy=f"{who.merged_into} begins what is new, under its own name",
    )


def may_begin(organisation_id: UUID | None) -> Decision:
    """Whether it may begin anything of its own, such as a dataset or a trust. One query."""
    found = Organisation.objects.select_related("merged_into").filter(pk=organisation_id).first()
    return ALLOW if found is None else merged_decision(found)


def role_decision(
    governance: Governance, trust: Any, who: Any, roles: Collection[str], does: str
) -> Decision:
    """Pure. A member may do what one of its roles may; one that has merged into another begins nothing."""
    if who.merged_into_id:
        return merged_decision(who)
    if governance.lets(roles, does):
        return ALLOW
    held = " and ".join(sorted(roles)) or "no member"
    allowed = " and ".join(ROLES[role] for role in governance["roles"][does]) or "nobody"
    return deny(
        f"membership.role_{does}", f"{who} is {held} in {trust}, where {BY[does]} {allowed}",
        remedy=f"{who} asks for a change of role, on its membership's page", source="charter",
    )  # fmt: skip


def may_do(trust: Trust | None, organisation_id: Any, does: str, under_contract: bool = False) -> Decision:
    """The decision on an active member of this trust; whoever is none is refused elsewhere. Two queries at most.

    `under_contract`: something that a contract in force already gives, which one that has merged may go on with.
    """
    if trust is None:
        return ALLOW
    found = Membership.objects.filter(trust=trust, organisation_id=organisation_id, state="active")
    member = found.select_related("organisation__merged_into").first()
    if member is None:
        return ALLOW
    if under_contract and member.organisation.merged_into_id:
        return ALLOW
    return role_decision(trust.governance(), trust, member.organisation, member.roles, does)


def places_of(organisation_id: UUID | None) -> list[Any]:
    """Its active memberships with their trusts and what the `newest` charter says. One query, for pages about many."""
    newest = Charter.objects.filter(trust=OuterRef("trust")).order_by("-number").values("governance")[:1]
    rows = Membership.objects.filter(organisation_id=organisation_id, state="active")
    rows = rows.select_related("trust", "organisation__merged_into").annotate(newest=Subquery(newest))
    return list(rows.order_by("trust__name", "pk"))


def lets_in(organisation_id: UUID | None, does: str, places: list[Any] | None = None) -> dict[UUID, Decision]:
    """For each trust in which it is an active member, whether its roles let it. One query, none with `places_of` at hand."""
    rows = places_of(organisation_id) if places is None else places
    return {
        row.trust_id: role_decision(
            Governance.of(row.trust.kind, row.newest), row.trust, row.organisation, row.roles, does
        )
        for row in rows
    }


def must_be_let(trust: Trust | None, organisation_id: Any, does: str, under_contract: bool = False) -> None:
    """Raises Refused for a member whose roles do not let it."""
    decision = may_do(trust, organisation_id, does, under_contract)
    if not decision.allowed:
        raise Refused(decision)
