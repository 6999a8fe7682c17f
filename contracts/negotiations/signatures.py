"""Verbs of signing: a party's own signature, its refusal, the deadline, and what follows when all have signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contracts.negotiations import signing
from contracts.negotiations.machines import AGREEMENT, NEGOTIATION
from contracts.negotiations.models import Agreement, Negotiation
from contracts.negotiations.rules import Standing, agreement_stands
from contracts.negotiations.uploaded import fitting
from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import entry, performs
from kernel.transition import transition
from trusts.membership.models import Membership
from trusts.organisations import robots

SIGN_DAYS = 14
InForce = Callable[[Agreement, Actor], None]
_followers: list[InForce] = []


def when_in_force(follower: InForce) -> InForce:
    """Decorator: called with each contract that comes into force and who brought it there, in that transaction."""
    _followers.append(follower)
    return follower


def by_when() -> datetime:
    """Until when everybody has to have signed what is accepted now."""
    return timezone.now() + timedelta(days=SIGN_DAYS)


def _alone(agreement_id: UUID) -> None:
    """Lock the negotiation: its contracts are signed one after the other, so that the last one is noticed."""
    found = Agreement.objects.values_list("negotiation_id", flat=True).get(pk=agreement_id)
    Negotiation.objects.select_for_update(of=("self",)).get(pk=found)


@performs(AGREEMENT, "sign")
def sign(
    agreement_id: UUID, *, actor: Actor, payload_sha256: str, signature: bytes, seen: int | None = None
) -> Agreement:
    """Add the signature that a party made with its own key; with the last one the contract is in force.

    `payload_sha256` is the hash of what the signer was shown. Raises Refused with what did not fit.
    """
    with transaction.atomic():
        _alone(agreement_id)
        with transition(AGREEMENT, "sign", agreement_id, actor=actor, seen=seen) as change:
            agreement: Agreement = change.subject
            if payload_sha256 != signing.payload_sha256(agreement):
                raise Refused.because(
                    "signature.hash_moved", "The contract is not the one you were shown",
                    remedy="Read it again, and sign what you find there", field="payload_sha256",
                )  # fmt: skip
            _may_still_begin(agreement)
            party = signing.waiting_for(agreement, actor.organisation_id)
            if party is None:
                raise Refused.because("signature.done", "Your signature is already on the contract", remedy="Nothing needs to be done")  # fmt: skip
            added = fitting(agreement, party, signature, timezone.now().replace(microsecond=0))
            agreement.jws = {**agreement.jws, "signatures": [*agreement.jws["signatures"], added]}
            change.detail = {
                "payload_sha256": payload_sha256,
                "side": party.side,
                "protected": added["protected"],
            }
        advance(agreement, door=actor.door)
    agreement.refresh_from_db()
    return agreement


def _may_still_begin(agreement: Agreement) -> None:
    """Raises Refused if, signed by all, nothing could happen under it: the period is over, a party has left."""
    sides = {agreement.provider_id, agreement.consumer_id}
    active = sides
    if agreement.trust_id:
        rows = Membership.objects.filter(
            trust_id=agreement.trust_id, state="active", organisation_id__in=sides
        )
        active = set(rows.values_list("organisation_id", flat=True))
    now = timezone.now()
    decision = agreement_stands(
        Standing("in_force", min(agreement.starts, now), agreement.ends, agreement.provider_id in active,
                 agreement.consumer_id in active, now)
    )  # fmt: skip
    if not decision.allowed:
        raise Refused(decision)


def advance(agreement: Agreement, *, door: str = "worker") -> None:
    """ACCEPTED → AGREED with the provider's signature, → VERIFIED → FINALIZED with all; each its own event.

    A negotiation with several contracts moves when all of them are signed. Called in the transaction of what
    added the signatures.
    """
    robot, verbs = system("contract writer", door=door), entry(NEGOTIATION.name).verbs
    contracts = list(_unfinished(agreement))
    checked = [one for contract in contracts for one in signing.check(contract)]
    negotiation = Negotiation.objects.get(pk=agreement.negotiation_id)
    if negotiation.state == "accepted" and all(c["holds"] for c in checked if c["side"] == "provider"):
        negotiation = verbs["write"](negotiation.pk, actor=robot)
    if negotiation.state == "agreed" and all(c["holds"] for c in checked):
        verbs["verify"](negotiation.pk, actor=robot)
        verbs["finalize"](negotiation.pk, actor=robot)
        for contract in contracts:
            enter_force(contract.pk, actor=robot)


def _unfinished(agreement: Agreement) -> QuerySet[Agreement]:
    """The contracts of the same negotiation that are not in force yet."""
    return Agreement.objects.filter(negotiation_id=agreement.negotiation_id, state="signing").order_by("pk")


@performs(AGREEMENT, "enter_force")
def enter_force(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """All signatures are on it. What must follow is registered with `when_in_force`."""
    with transaction.atomic():
        with transition(AGREEMENT, "enter_force", agreement_id, actor=actor) as change:
            pass
        for follower in _followers:
            follower(change.subject, actor)
    return change.subject


@performs(AGREEMENT, "refuse_signature")
def refuse(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """A party will not sign: there is no contract, for nobody. The reason reaches the others."""
    with transaction.atomic():
        _alone(agreement_id)
        with transition(
            AGREEMENT, "refuse_signature", agreement_id, actor=actor, seen=seen, reason=reason
        ) as change:
            change.subject.ended_because = reason
        _end_all("fall_through", change.subject, reason)
    return change.subject


@performs(AGREEMENT, "lapse")
def lapse(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """Not signed by all in time."""
    with transaction.atomic():
        _alone(agreement_id)
        with transition(AGREEMENT, "lapse", agreement_id, actor=actor) as change:
            late = (
                ", ".join(c["party"] for c in signing.check(change.subject) if c["waits"]) or "Another party"
            )
            change.subject.ended_because = f"{late} did not sign in time."
        _end_all("expire_unsigned", change.subject, change.subject.ended_because)
    return change.subject


@performs(NEGOTIATION, "fall_through", "expire_unsigned")
def _ends(**_: Any) -> None:
    """Steps of the portal itself, when a signature is refused or not given in time; see `refuse` and `lapse`."""


def void(agreement_id: UUID, *, actor: Actor, reason: str) -> Agreement:
    """By rule: a party cannot sign any more, so there is no contract, for nobody. Nothing to do if it is signed or void."""
    with transaction.atomic():
        _alone(agreement_id)
        found = Agreement.objects.get(pk=agreement_id)
        if found.state == "signing":
            with transition(AGREEMENT, "lapse", agreement_id, actor=actor, reason=reason) as change:
                change.subject.ended_because = reason
            _end_all("fall_through", change.subject, reason)
    return found


def _end_all(action: str, agreement: Agreement, reason: str) -> None:
    """The negotiation ends, and with it every other contract of it that waits for signatures."""
    robot = system("contract writer")
    for other in _unfinished(agreement):
        with transition(AGREEMENT, "lapse", other.pk, actor=robot, reason=reason) as change:
            change.subject.ended_because = reason
    with transition(NEGOTIATION, action, agreement.negotiation_id, actor=robot, reason=reason) as change:
        change.subject.ended_because, change.subject.due = reason, None


def lapse_unsigned(now: datetime) -> int:
    """Let contracts lapse that not all have signed in time; returns how many."""
    moved = 0
    due = Agreement.objects.filter(state="signing", negotiation__due__lt=now)
    for pk in due.values_list("pk", flat=True)[:200]:
        try:
            lapse(pk, actor=robots.actor("lapse_unsigned"))
        except Refused:
            continue  # someone signed meanwhile
        moved += 1
    return moved
