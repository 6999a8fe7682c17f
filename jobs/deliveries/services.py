"""Verbs of deliveries: deliver, download, cut off, expire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contracts.negotiations import ledger
from contracts.negotiations.agreements import attempt
from contracts.sharing.advice import Advice, advice_on, kept
from jobs.deliveries import vault
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery, Download
from kernel import store
from kernel.actor import Actor
from kernel.canonical import sha256_hex
from kernel.decision import Refused
from kernel.doors import Shown
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots


@performs(DELIVERY, "deliver")
def deliver(delivery: Delivery, *, actor: Actor) -> Delivery:
    """Record what was produced; the named people may fetch it from now on."""
    with creation(DELIVERY, "deliver", delivery, actor=actor) as change:
        change.detail = {
            "rows": delivery.rows,
            "request": str(delivery.request_id),
            "receipt_sha256": sha256_hex(delivery.receipt),
        }
    return delivery


@performs(DELIVERY, "download")
def download(delivery_id: UUID, *, actor: Actor, seen: int | None = None) -> Delivery:
    """Count one fetch by a named person. Raises Refused with the reason once it is cut off; where the contract's
    policy says no too, that decision is kept."""
    try:
        return _fetch(delivery_id, actor)
    except Refused as refused:
        raise Refused(refused.decision, afterwards=lambda: _keep_a_no(delivery_id)) from refused


def _fetch(delivery_id: UUID, actor: Actor) -> Delivery:
    with transaction.atomic():
        # The agreement first: whoever suspends it meanwhile is before this fetch or after it.
        agreement = ledger.locked(Delivery.objects.values_list("agreement_id", flat=True).get(pk=delivery_id))
        with transition(DELIVERY, "download", delivery_id, actor=actor) as change:
            told = _decided_anew(change.subject)
            if not told.decision.allowed:
                raise Refused(told.decision)
            kept("download", change.subject.request, told, "delivery", delivery_id)
            change.subject.downloads_made += 1
            Download.objects.create(delivery=change.subject, user_id=actor.user_id)
            ledger.count_fetch(agreement, delivery_id)
            change.detail = {"package_sha256": change.subject.package_sha256}
    return change.subject


def _decided_anew(delivery: Delivery) -> Advice:
    """The contract's policy on a fetch now."""
    passed = int((timezone.now() - delivery.created).total_seconds())
    request = delivery.request
    return advice_on(request, request.named.count(), counted=1, elapsedTime=f"PT{max(passed, 0)}S")


def _keep_a_no(delivery_id: UUID) -> None:
    """After the roll-back of a refused fetch. A policy that permits has nothing to do with the refusal."""
    delivery = Delivery.objects.select_related("request__agreement").get(pk=delivery_id)
    told = _decided_anew(delivery)
    if not told.told.permitted:
        kept("download", delivery.request, told, "delivery", delivery_id)


@performs(DELIVERY, "look_up")
def look_up(
    delivery_id: UUID, *, actor: Actor, tokens: list[str], reason: str, seen: int | None = None
) -> Shown:
    """The values behind the tokens. The event says who, why and how many; it never holds token or value."""
    with transition(DELIVERY, "look_up", delivery_id, actor=actor, reason=reason) as change:
        delivery: Delivery = change.subject
        try:
            found = vault.look_up(store.path_of(delivery.vault.sha256), delivery.job_id, tokens)
        except (vault.Unreadable, OSError) as problem:
            raise Refused.because("vault.unreadable", "The tokens of this export cannot be opened",
                                  remedy="Tell the operator: the vault or the portal's key was changed") from problem  # fmt: skip
        known = sum(one.column is not None for one in found)
        change.detail = {"tokens": len(tokens), "known": known}
    rows = [
        [one.token, one.column or "", one.value if one.column else "not a token of this export"]
        for one in found
    ]
    return Shown("What the tokens stand for", ["Token", "Column", "Value"], rows)


@performs(DELIVERY, "revoke")
def revoke(delivery_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Delivery:
    with transition(DELIVERY, "revoke", delivery_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(DELIVERY, "expire")
def expire(delivery_id: UUID, *, actor: Actor, seen: int | None = None) -> Delivery:
    with transition(DELIVERY, "expire", delivery_id, actor=actor) as change:
        pass
    return change.subject


@performs(DELIVERY, "cut")
def cut(delivery_id: UUID, *, actor: Actor, reason: str, sent: int, seen: int | None = None) -> Delivery:
    """A running download was cut after so many bytes."""
    with transition(DELIVERY, "cut", delivery_id, actor=actor, reason=reason) as change:
        change.detail = {"bytes_sent": sent, "of": change.subject.package_bytes}
    return change.subject


def expire_due(now: datetime | None = None) -> int:
    """Expire what is past its time; returns how many."""
    ids: Any = Delivery.objects.filter(state="available", expires__lte=now or timezone.now()).values_list(
        "pk", flat=True
    )[:200]
    return sum(attempt(expire, pk, robots.actor("expire_exports")) for pk in ids)
