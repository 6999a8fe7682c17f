"""Verbs about who may come in: rules for signing in, domains, joining, and reviews of access."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots
from trusts.organisations.access_machines import ACCESS_REVIEW, DOMAIN, JOINING
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.models import (
    AccessReview,
    Domain,
    JoinRequest,
    Organisation,
    OrganisationMember,
    User,
)
from trusts.organisations.selectors import domains_of, with_second_factor
from trusts.organisations.services import join, remove


@performs(ORGANISATION, "set_entrance")
def set_entrance(
    organisation_id: UUID,
    *,
    actor: Actor,
    second_factor_from: date | None,
    review_every: int | None,
    review_idle: int,
    seen: int | None = None,
) -> Organisation:
    """From which day everybody needs a second factor, and how often access is reviewed (days). None: not at all.

    Raises Refused if who switches it on would be shut out by it at once.
    """
    with transition(ORGANISATION, "set_entrance", organisation_id, actor=actor, seen=seen) as change:
        found = change.subject
        at_once = second_factor_from is not None and second_factor_from <= timezone.localdate()
        if at_once and actor.user_id is not None and not with_second_factor([actor.user_id]):
            raise Refused.because(
                "entrance.own_factor", "You have no second factor yourself and would be shut out at once",
                remedy="Set yours up under My settings first, or choose a later day", field="second_factor_from",
            )  # fmt: skip
        begins = second_factor_from is not None and second_factor_from != found.second_factor_from
        found.second_factor_from = second_factor_from
        found.review_every, found.review_idle = review_every, review_idle
        if begins:
            change.publish("organisation.second_factor", id=str(found.pk))
    return found


@performs(ORGANISATION, "switch_emergencies")
def switch_emergencies(
    organisation_id: UUID, *, actor: Actor, allowed: bool, reason: str, seen: int | None = None
) -> Organisation:
    """Whether operators of the portal may open what concerns the organisation in an emergency. Raises Refused if it is so already."""
    with transition(
        ORGANISATION, "switch_emergencies", organisation_id, actor=actor, seen=seen, reason=reason
    ) as change:
        found: Organisation = change.subject
        if found.emergency_openings == allowed:
            raise Refused.because(
                "emergencies.already", f"They are {'allowed' if allowed else 'switched off'} already",
                remedy="Nothing needs to be done", field="allowed",
            )  # fmt: skip
        found.emergency_openings = allowed
    return found


@performs(ORGANISATION, "claim_domain")
def claim_domain(organisation_id: UUID, *, actor: Actor, name: str, seen: int | None = None) -> Domain:
    """Say that an e-mail domain is the organisation's. The operator confirms it by its TXT record."""
    with transition(ORGANISATION, "claim_domain", organisation_id, actor=actor) as change:
        change.detail = {"domain": name}
        return _claim(organisation_id, name, actor)


@performs(DOMAIN, "claim")
def _claim(organisation_id: UUID, name: str, actor: Actor) -> Domain:
    standing = Domain.objects.filter(name=name)
    if standing.filter(organisation_id=organisation_id, state__in=["claimed", "confirmed"]).exists():
        raise Refused.because(
            "domain.already", f"Your organisation already claims {name}", remedy="Nothing needs to be done", field="name"
        )  # fmt: skip
    made = Domain(organisation_id=organisation_id, name=name, proof=secrets.token_hex(16))
    with creation(DOMAIN, "claim", made, actor=actor):
        pass
    return made


@performs(DOMAIN, "confirm")
def confirm_domain(domain_id: UUID, *, actor: Actor, seen: int | None = None) -> Domain:
    with transition(DOMAIN, "confirm", domain_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(DOMAIN, "refuse")
def refuse_domain(domain_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Domain:
    with transition(DOMAIN, "refuse", domain_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(DOMAIN, "release")
def release_domain(domain_id: UUID, *, actor: Actor, seen: int | None = None) -> Domain:
    with transition(DOMAIN, "release", domain_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(JOINING, "ask")
def ask_to_join(organisation: Organisation, *, actor: Actor, message: str = "") -> JoinRequest:
    """Ask to belong to an organisation in whose confirmed domain the person has a verified address. Raises Refused."""
    user = User.objects.get(pk=actor.user_id)
    if not organisation.domains.filter(state="confirmed", name__in=domains_of(user)).exists():
        raise Refused.because(
            "joining.domain", f"You have no verified e-mail address of {organisation.name}",
            remedy="Verify your address under My settings, or ask an owner to invite you",
        )  # fmt: skip
    if user.places.filter(organisation=organisation, state="active").exists():
        raise Refused.because(
            "member.already", "You already belong to this organisation", remedy="Sign in as usual"
        )
    if user.join_requests.filter(organisation=organisation, state="asked").exists():
        raise Refused.because("joining.already", "You have asked already", remedy="An owner will answer")
    made = JoinRequest(organisation=organisation, user=user, message=message)
    with creation(JOINING, "ask", made, actor=actor):
        pass
    return made


@performs(JOINING, "admit")
def admit(request_id: UUID, *, actor: Actor, roles: list[str], seen: int | None = None) -> JoinRequest:
    """The person belongs to the organisation, with these roles."""
    with transition(JOINING, "admit", request_id, actor=actor, seen=seen) as change:
        found = change.subject
        change.detail = {"roles": sorted(set(roles))}
        if found.user.places.filter(organisation_id=found.organisation_id, state="active").exists():
            raise Refused.because(
                "member.already", f"{found.user} already belongs to the organisation", remedy="Decline, then"
            )
        join(found.organisation, found.user, roles, actor=system("Commonhold", door=actor.door))
    return found


@performs(JOINING, "decline")
def decline(request_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> JoinRequest:
    with transition(JOINING, "decline", request_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(JOINING, "withdraw")
def withdraw_request(request_id: UUID, *, actor: Actor, seen: int | None = None) -> JoinRequest:
    with transition(JOINING, "withdraw", request_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(ORGANISATION, "review_access")
def review_access(organisation_id: UUID, *, actor: Actor, seen: int | None = None) -> AccessReview:
    """Begin a review now. Raises Refused while one is open."""
    with transition(ORGANISATION, "review_access", organisation_id, actor=actor, seen=seen) as change:
        return _begin(change.subject, actor)


@performs(ACCESS_REVIEW, "begin")
def _begin(organisation: Organisation, actor: Actor) -> AccessReview:
    if organisation.accessreviews.filter(state="open").exists():
        raise Refused.because(
            "access_review.open", "A review is open already", remedy="Finish that one first"
        )
    now = timezone.now()
    since = now - timedelta(days=organisation.review_idle)
    members = (
        OrganisationMember.objects.filter(organisation=organisation, state="active")
        .select_related("user")
        .prefetch_related("roles")
        .order_by(F("last_access").asc(nulls_first=True), "user__name")
    )
    made = AccessReview(
        organisation=organisation,
        idle_days=organisation.review_idle,
        people_then=[
            {
                "member": str(m.pk),
                "name": str(m.user),
                "roles": m.role_codes,
                "last_access": m.last_access.isoformat() if m.last_access else "",
                # Who never came counts from the day they joined.
                "idle": (m.last_access or m.created) < since,
            }
            for m in members
        ],
    )
    with creation(ACCESS_REVIEW, "begin", made, actor=actor) as change:
        change.detail = {"people": len(made.people_then), "idle": [one["name"] for one in made.idle]}
    return made


@performs(ACCESS_REVIEW, "answer")
def answer_review(
    review_id: UUID,
    *,
    actor: Actor,
    remove_: Collection[str] = (),
    reason: str = "",
    seen: int | None = None,
) -> AccessReview:
    """Keep everybody of the list but those named in `remove_` (ids of places). All at once, or nothing."""
    with transition(ACCESS_REVIEW, "answer", review_id, actor=actor, seen=seen) as change:
        gone = {
            one["member"]: one["name"] for one in change.subject.people_then if one["member"] in set(remove_)
        }
        still = OrganisationMember.objects.filter(
            organisation_id=change.subject.organisation_id, state="active", pk__in=list(gone)
        )
        for pk in list(still.values_list("pk", flat=True)):
            remove(pk, actor=actor, reason=reason)
        change.detail = {
            "removed": sorted(gone.values()),
            "kept": [one["name"] for one in change.subject.people_then if one["member"] not in gone],
        }
    return change.subject


def begin_due(now: datetime) -> int:
    """Begin the reviews whose time has come; an organisation's first within the hour of its rule. Returns how many."""
    begun = 0
    wanted: Any = Organisation.objects.filter(state="active", review_every__isnull=False)
    for organisation in wanted.prefetch_related("accessreviews"):
        reviews = list(organisation.accessreviews.all())
        newest = max((one.created for one in reviews), default=None)
        waits = any(one.state == "open" for one in reviews)
        if not waits and (newest is None or newest + timedelta(days=organisation.review_every) <= now):
            try:
                _begin(organisation, robots.actor("begin_reviews"))
                begun += 1
            except Refused:
                continue
    return begun
