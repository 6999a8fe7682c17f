"""Verbs of signing: a party's own signature, its refusal, the deadline, and what follows when all have signed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
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

SIGN_DAYS = 14


@performs(AGREEMENT, "sign")
def sign(
    agreement_id: UUID, *, actor: Actor, payload_sha256: str, signature: bytes, seen: int | None = None
) -> Agreement:
    """Add the signature that a party made with its own key; with the last one the contract is in force.

    `payload_sha256` is the hash of what the signer was shown. Raises Refused with what did not fit.
    """
    with transaction.atomic():
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

    Called in the transaction of what added the signatures.
    """
    robot, verbs = system("contract writer", door=door), entry(NEGOTIATION.name).verbs
    checked = signing.check(agreement)
    negotiation = Negotiation.objects.get(pk=agreement.negotiation_id)
    if negotiation.state == "accepted" and all(c["holds"] for c in checked if c["side"] == "provider"):
        negotiation = verbs["write"](negotiation.pk, actor=robot)
    if negotiation.state == "agreed" and all(c["holds"] for c in checked):
        verbs["verify"](negotiation.pk, actor=robot)
        verbs["finalize"](negotiation.pk, actor=robot)
        enter_force(agreement.pk, actor=robot)


@performs(AGREEMENT, "enter_force")
def enter_force(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """All signatures are on it."""
    with transition(AGREEMENT, "enter_force", agreement_id, actor=actor) as change:
        pass
    return change.subject


@performs(AGREEMENT, "refuse_signature")
def refuse(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """A party will not sign: there is no contract, for nobody. The reason reaches the others."""
    with transaction.atomic():
        with transition(
            AGREEMENT, "refuse_signature", agreement_id, actor=actor, seen=seen, reason=reason
        ) as change:
            change.subject.ended_because = reason
        _end_negotiation("fall_through", change.subject, reason)
    return change.subject


@performs(AGREEMENT, "lapse")
def lapse(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """Not signed by all in time."""
    with transaction.atomic():
        with transition(AGREEMENT, "lapse", agreement_id, actor=actor) as change:
            late = ", ".join(c["party"] for c in signing.check(change.subject) if c["waits"]) or "Someone"
            change.subject.ended_because = f"{late} did not sign in time."
        _end_negotiation("expire_unsigned", change.subject, change.subject.ended_because)
    return change.subject


@performs(NEGOTIATION, "fall_through", "expire_unsigned")
def _ends(**_: Any) -> None:
    """Steps of the portal itself, when a signature is refused or not given in time; see `refuse` and `lapse`."""


def _end_negotiation(action: str, agreement: Agreement, reason: str) -> None:
    robot = system("contract writer")
    with transition(NEGOTIATION, action, agreement.negotiation_id, actor=robot, reason=reason) as change:
        change.subject.ended_because, change.subject.due = reason, None


def lapse_unsigned(now: datetime) -> int:
    """Let contracts lapse that not all have signed in time; returns how many."""
    moved = 0
    due = Agreement.objects.filter(state="signing", negotiation__due__lt=now)
    for pk in due.values_list("pk", flat=True)[:200]:
        try:
            lapse(pk, actor=system("timer"))
        except Refused:
            continue  # someone signed meanwhile
        moved += 1
    return moved
