"""Reads: who acts, and what of organisations and people an actor may know."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from kernel.actor import Actor, Granted, Lent
from kernel.registry import sees
from trusts.organisations.access_machines import ACCESS_REVIEW, DOMAIN, JOINING
from trusts.organisations.machines import INVITATION, MEMBER, ORGANISATION, TOKEN
from trusts.organisations.models import (
    AccessReview,
    ApiToken,
    Deputyship,
    Domain,
    Invitation,
    JoinRequest,
    MemberRole,
    Organisation,
    OrganisationMember,
    PeopleGroup,
    SignInProvider,
    User,
)
from trusts.organisations.people_machines import DEPUTYSHIP, GROUP
from trusts.organisations.sign_in_machines import PROVIDER

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def places_of(user: User, **more: Any) -> list[OrganisationMember]:
    """The user's active places with organisation, roles, and roles held as a deputy (`lent`). Two queries.

    `only_through` is the id of the organisation's own sign-in provider where it is the only way in. `more` are
    annotations: what later stations want to know of each place without a query of their own.
    """
    required = SignInProvider.objects.filter(organisation=OuterRef("organisation"), state="on", required=True)
    places = list(
        OrganisationMember.objects.filter(user=user, state="active", organisation__state="active")
        .annotate(only_through=Subquery(required.values("pk")[:1]))
        .select_related("organisation__merged_into")
        .annotate(**more)
        .order_by("organisation__name")
    )
    lent = Q(
        Deputyship.lasting(prefix="member__deputyships__"),
        member__deputyships__deputy__in=[place.pk for place in places],
    )
    rows = MemberRole.objects.filter(Q(member__in=[place.pk for place in places]) | lent)
    found = list(rows.select_related("member__user").distinct()) if places else []
    for place in places:
        mine = [row for row in found if row.member_id == place.pk]
        place._prefetched_objects_cache = {"roles": mine}  # type: ignore[attr-defined]
        own = {row.role for row in mine}
        place.lent = tuple(
            Lent(row.role, row.member.user_id, row.member.user.get_full_name())
            for row in sorted(found, key=lambda row: str(row.member.user))
            if row.member_id != place.pk
            and row.member.organisation_id == place.organisation_id
            and row.role not in own
        )
    return places


def acted_for(request: Any) -> Organisation:
    """The organisation that the person acts for, as it was read with their places. No query."""
    return next(p.organisation for p in request.places if p.organisation_id == request.actor.organisation_id)


def actor_for(
    user: User,
    place: OrganisationMember | None,
    trust_ids: frozenset[UUID] = frozenset(),
    door: str = "web",
    granted: tuple[Granted, ...] = (),
) -> Actor:
    """The actor that this user is when acting from this place."""
    return Actor(
        user_id=user.pk,
        name=user.get_full_name(),
        email=user.email,
        organisation_id=place.organisation_id if place else None,
        organisation_name=place.organisation.name if place else "",
        roles=frozenset(place.role_codes).union(one.role for one in place.lent) if place else frozenset(),
        trust_ids=trust_ids,
        door=door,
        is_operator=user.is_staff,
        lent=place.lent if place else (),
        granted=granted,
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


def with_protection(members: QuerySet[OrganisationMember]) -> QuerySet[OrganisationMember]:
    """Each with `protected`: whether they must show a second factor to sign in. No query of its own."""
    factors = Authenticator.objects.filter(user_id=OuterRef("user_id"), type__in=SECOND_FACTORS)
    return members.annotate(protected=Exists(factors))


def directory(actor: Actor) -> QuerySet[OrganisationMember]:
    """Each person of the organisation acted for once, by their newest place: what its directory is shown."""
    newest = OrganisationMember.objects.filter(
        organisation=OuterRef("organisation"), user=OuterRef("user")
    ).order_by("-created")
    return members(actor).filter(pk=Subquery(newest.values("pk")[:1]), deleted_by_directory=False)


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


@sees(DEPUTYSHIP)
def deputyships(actor: Actor) -> QuerySet[Deputyship]:
    """Who stands in for whom in the organisation acted for: colleagues may know."""
    found = Deputyship.objects.select_related("member__user", "deputy__user")
    if actor.is_system:
        return found
    return found.filter(organisation_id=actor.organisation_id) if actor.organisation_id else found.none()


@sees(GROUP)
def groups(actor: Actor) -> QuerySet[PeopleGroup]:
    """Groups of the organisation acted for."""
    if actor.is_system:
        return PeopleGroup.objects.all()
    found = PeopleGroup.objects.filter(organisation_id=actor.organisation_id)
    return found if actor.organisation_id else found.none()


class Colleague(NamedTuple):
    """Somebody of a group, as a list names them."""

    user_id: UUID
    name: str


def groups_with_people(organisation_id: UUID) -> list[tuple[PeopleGroup, list[Colleague]]]:
    """Each group with those of its people who still belong to the organisation. One query."""
    rows = PeopleGroup.objects.filter(organisation_id=organisation_id, state="active").annotate(
        who=F("members__user_id"),
        called=F("members__user__name"),
        written=F("members__user__email"),
        stays=F("members__state"),
    )
    found: dict[UUID, tuple[PeopleGroup, list[Colleague]]] = {}
    for row in rows.order_by("name", "called"):
        _, people = found.setdefault(row.pk, (row, []))
        if row.stays == "active":  # type: ignore[attr-defined]
            people.append(Colleague(row.who, row.called or row.written))  # type: ignore[attr-defined]
    return list(found.values())


@sees(DOMAIN)
def domains(actor: Actor) -> QuerySet[Domain]:
    """Domains that the organisation acted for claims; all for the operator, who confirms them."""
    found = Domain.objects.select_related("organisation")
    if actor.is_system or actor.is_operator:
        return found
    return found.filter(organisation_id=actor.organisation_id) if actor.organisation_id else found.none()


@sees(JOINING)
def joinings(actor: Actor) -> QuerySet[JoinRequest]:
    """One's own requests to join, and for owners and auditors those to the organisation acted for."""
    found = JoinRequest.objects.select_related("organisation", "user")
    if actor.is_system:
        return found
    mine = Q(user_id=actor.user_id) if actor.user_id else Q(pk__in=[])
    if actor.organisation_id and actor.holds("owner", "auditor"):
        mine |= Q(organisation_id=actor.organisation_id)
    return found.filter(mine)


@sees(ACCESS_REVIEW)
def access_reviews(actor: Actor) -> QuerySet[AccessReview]:
    """Reviews of the organisation acted for, for its owners and auditors."""
    if actor.is_system:
        return AccessReview.objects.all()
    if actor.organisation_id is None or not actor.holds("owner", "auditor"):
        return AccessReview.objects.none()
    return AccessReview.objects.filter(organisation_id=actor.organisation_id)


@sees(PROVIDER)
def providers(actor: Actor) -> QuerySet[SignInProvider]:
    """The sign-in provider of the organisation acted for, for its owners and auditors."""
    if actor.is_system:
        return SignInProvider.objects.all()
    if actor.organisation_id is None or not actor.holds("owner", "auditor"):
        return SignInProvider.objects.none()
    return SignInProvider.objects.filter(organisation_id=actor.organisation_id)


def domains_of(user: User) -> set[str]:
    """The domains in which the person has an address that was verified by mail. One query."""
    found = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {email.rpartition("@")[2].lower() for email in found}


def joinable(user: User) -> QuerySet[Organisation]:
    """Organisations that this person may ask to join: a verified address in a confirmed domain, and no place yet."""
    held = OrganisationMember.objects.filter(user=user, state="active").values("organisation")
    return (
        Organisation.objects.filter(
            state="active", domains__state="confirmed", domains__name__in=domains_of(user)
        )
        .exclude(pk__in=held)
        .distinct()
    )


def with_second_factor(user_ids: Collection[UUID]) -> set[UUID]:
    """Which of these people must show an authenticator app, a security key or a passkey to sign in. One query."""
    found = Authenticator.objects.filter(user_id__in=user_ids, type__in=SECOND_FACTORS)
    return set(found.values_list("user_id", flat=True))


def people_with(organisation_id: UUID, roles: frozenset[str]) -> QuerySet[User]:
    """Active people of an organisation who hold one of these roles, themselves or as a deputy: who to tell."""
    holders = OrganisationMember.objects.filter(
        organisation_id=organisation_id, state="active", roles__role__in=roles
    )
    deputies = Deputyship.objects.filter(Deputyship.lasting(timezone.now()), member__in=holders)
    return User.objects.filter(
        Q(places__in=holders) | Q(places__in=deputies.values("deputy")), is_active=True
    ).distinct()
