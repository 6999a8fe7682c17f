"""Reads: who acts, and what of organisations and people an actor may know."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.actor import Actor
from kernel.registry import sees
from trusts.organisations.machines import INVITATION, MEMBER, ORGANISATION, TOKEN
from trusts.organisations.models import ApiToken, Invitation, Organisation, OrganisationMember, User


def places_of(user: User) -> list[OrganisationMember]:
    """The user's active places with organisation and roles, by name. Two queries."""
    return list(
        OrganisationMember.objects.filter(user=user, state="active", organisation__state="active")
        .select_related("organisation")
        .prefetch_related("roles")
        .order_by("organisation__name")
    )


def actor_for(
    user: User, place: OrganisationMember | None, trust_ids: frozenset[UUID] = frozenset(), door: str = "web"
) -> Actor:
    """The actor that this user is when acting from this place."""
    return Actor(
        user_id=user.pk,
        name=user.get_full_name(),
        email=user.email,
        organisation_id=place.organisation_id if place else None,
        organisation_name=place.organisation.name if place else "",
        roles=frozenset(place.role_codes) if place else frozenset(),
        trust_ids=trust_ids,
        door=door,
        is_operator=user.is_staff,
    )


@sees(ORGANISATION)
def organisations(actor: Actor) -> QuerySet[Organisation]:
    """Profiles of organisations are public to those signed in; what they hold is not."""
    if actor.user_id is None and not actor.is_system:
        return Organisation.objects.none()
    return Organisation.objects.all()


@sees(MEMBER)
def members(actor: Actor) -> QuerySet[OrganisationMember]:
    """People of the organisation acted for."""
    found = OrganisationMember.objects.select_related("user", "organisation").prefetch_related("roles")
    if actor.is_system:
        return found
    return found.filter(organisation_id=actor.organisation_id) if actor.organisation_id else found.none()


@sees(INVITATION)
def invitations(actor: Actor) -> QuerySet[Invitation]:
    """Invitations of the organisation acted for, for its owners and auditors."""
    if actor.is_system:
        return Invitation.objects.all()
    if actor.organisation_id is None or not actor.holds("owner", "auditor"):
        return Invitation.objects.none()
    return Invitation.objects.filter(organisation_id=actor.organisation_id).select_related("organisation")


@sees(TOKEN)
def tokens(actor: Actor) -> QuerySet[ApiToken]:
    """Tokens of the organisation acted for: all for owners and auditors, else one's own."""
    if actor.is_system:
        return ApiToken.objects.all()
    if actor.organisation_id is None:
        return ApiToken.objects.none()
    found = ApiToken.objects.filter(organisation_id=actor.organisation_id).select_related(
        "user", "organisation"
    )
    return found if actor.holds("owner", "auditor") else found.filter(user_id=actor.user_id)


def people_with(organisation_id: UUID, roles: frozenset[str]) -> QuerySet[User]:
    """Active people of an organisation who hold one of these roles: who to tell."""
    return User.objects.filter(
        is_active=True,
        places__organisation_id=organisation_id,
        places__state="active",
        places__roles__role__in=roles,
    ).distinct()
