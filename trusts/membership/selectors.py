"""Reads: the trusts an organisation is in, and what of them an actor may know."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.actor import Actor
from kernel.registry import sees
from trusts.membership.machines import MEMBERSHIP, TRUST
from trusts.membership.models import Membership, Trust


def active_trust_ids(organisation_id: UUID) -> frozenset[UUID]:
    """Trusts in which the organisation is an active member. One query."""
    return frozenset(
        Membership.objects.filter(organisation_id=organisation_id, state="active").values_list(
            "trust_id", flat=True
        )
    )


@sees(TRUST)
def trusts(actor: Actor) -> QuerySet[Trust]:
    """Trusts are public to those signed in, except rooms, which only their organisations see."""
    if actor.is_system:
        return Trust.objects.all()
    if actor.user_id is None:
        return Trust.objects.none()
    own = Q(memberships__organisation_id=actor.organisation_id) if actor.organisation_id else Q(pk__in=[])
    return Trust.objects.filter(~Q(kind="room") | own).distinct()


@sees(MEMBERSHIP)
def memberships(actor: Actor) -> QuerySet[Membership]:
    """One's own organisation's, those of trusts one is active in, and active ones of open trusts."""
    found = Membership.objects.select_related("trust", "organisation")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    own = Q(organisation_id=actor.organisation_id)
    fellow = Q(trust_id__in=actor.trust_ids)
    public = Q(state="active") & ~Q(trust__kind="room")
    return found.filter(own | fellow | public)
