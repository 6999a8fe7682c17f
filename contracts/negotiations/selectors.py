"""Reads: offers, negotiations, agreements and duties an actor may know of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from contracts.negotiations.machines import AGREEMENT, DUTY, NEGOTIATION, OFFER
from contracts.negotiations.models import Agreement, Duty, Message, Negotiation, Offer, Participant
from contracts.negotiations.rules import Standing, agreement_stands
from kernel.actor import Actor
from kernel.decision import Decision
from kernel.registry import sees
from trusts.datasets.models import light
from trusts.membership.models import Membership
from trusts.membership.selectors import governed_trust_ids


@sees(OFFER)
def offers(actor: Actor) -> QuerySet[Offer]:
    """One's own; and published ones for datasets listed in one's trusts."""
    found = Offer.objects.select_related("dataset", "provider")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    public = Q(state="published", dataset__state="listed", dataset__trust_id__in=actor.trust_ids)
    return found.filter(Q(provider_id=actor.organisation_id) | public)


def _of_both(actor: Actor, found: QuerySet, prefix: str = "") -> QuerySet:  # type: ignore[type-arg]
    """Of contracts whose side one's organisation is, or on which one was granted a right."""
    if actor.is_system:
        return found
    granted = Q(**{f"{prefix}pk__in": actor.granted_ids})
    if actor.organisation_id is None:
        return found.filter(granted) if actor.granted else found.none()
    mine = actor.organisation_id
    own = Q(**{f"{prefix}provider_id": mine}) | Q(**{f"{prefix}consumer_id": mine})
    return found.filter(own | granted if actor.granted else own)


@sees(NEGOTIATION)
def negotiations(actor: Actor) -> QuerySet[Negotiation]:
    """Those of the organisation acted for, on either side. Nobody else learns of them."""
    found = Negotiation.objects.select_related("dataset", "provider", "consumer", "trust", "replaces")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    mine = actor.organisation_id
    return found.filter(Q(provider_id=mine) | Q(consumer_id=mine) | Exists(_seat(mine)))


def _seat(organisation: Any) -> QuerySet[Participant]:
    return Participant.objects.filter(negotiation=OuterRef("pk"), organisation_id=organisation)


def my_turn(actor: Actor) -> QuerySet[Negotiation]:
    """Those that wait for the organisation acted for; not those that it has accepted and others have not."""
    mine = actor.organisation_id
    if mine is None:
        return Negotiation.objects.none()
    waits = ~Q(provider_id=mine) & ~Exists(_seat(mine).filter(answer="accepted"))
    found = negotiations(actor).filter(Q(state="requested", provider_id=mine) | (Q(state="offered") & waits))
    return found.prefetch_related("participants")


def remarks(negotiation: Negotiation) -> QuerySet[Message]:
    """The thread that all parties read, oldest first."""
    return negotiation.messages.select_related("author", "organisation")


@sees(AGREEMENT)
def agreements(actor: Actor) -> QuerySet[Agreement]:
    """Contracts of the organisation acted for, on either side, and those on which one was granted a right."""
    return _of_both(
        actor,
        Agreement.objects.select_related("dataset", "provider", "consumer", "trust", "version_of_data").defer(
            *light("version_of_data")
        ),
    )


@sees(DUTY)
def duties(actor: Actor) -> QuerySet[Duty]:
    """Duties under contracts of the organisation acted for; to trustees those that the contract tells them of."""
    found = Duty.objects.select_related(
        "agreement", "agreement__dataset", "agreement__provider", "agreement__consumer", "agreement__trust"
    )
    if actor.is_system or actor.organisation_id is None:
        return _of_both(actor, found, "agreement__")
    mine = actor.organisation_id
    seen = Q(told_trust=True, agreement__trust_id__in=governed_trust_ids(mine))
    if actor.granted:
        seen |= Q(agreement__in=actor.granted_ids)
    return found.filter(Q(agreement__provider_id=mine) | Q(agreement__consumer_id=mine) | seen)


def standing(agreement: Agreement, now: datetime | None = None) -> Decision:
    """Whether anything may happen under this agreement now. One query."""
    levels: dict[Any, int | None] = dict.fromkeys((agreement.provider_id, agreement.consumer_id))
    if agreement.trust_id:
        rows = Membership.objects.filter(
            trust_id=agreement.trust_id, state="active", organisation_id__in=list(levels)
        )
        levels = dict(rows.values_list("organisation_id", "security_level"))
    return agreement_stands(
        Standing(
            agreement.state,
            agreement.starts,
            agreement.ends,
            agreement.provider_id in levels,
            agreement.consumer_id in levels,
            now or timezone.now(),
            int((agreement.terms.get("security_level") or {}).get("at_least", 0)),
            levels.get(agreement.consumer_id),
        )
    )


def standing_through(agreement: Agreement, now: datetime | None = None) -> Decision:
    """As `standing`, for what was approved or delivered before: it goes on under the contract that replaced this one."""
    seen: set[Any] = set()
    while agreement.state == "ended" and agreement.pk not in seen:
        seen.add(agreement.pk)
        after = (
            Agreement.objects.filter(negotiation__replaces=agreement)
            .exclude(state__in=["signing", "unsigned"])
            .order_by("created")
            .first()
        )
        if after is None:
            break
        agreement = after
    return standing(agreement, now)
