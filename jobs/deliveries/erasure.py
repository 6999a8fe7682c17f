"""The portal's own copies obey too: packages that nobody may fetch any more are deleted, and after the contract's
deletion date its keys and tokens. The trail says what went, by hash and size; receipts hold hashes and stay checkable."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contracts.negotiations import succession
from contracts.negotiations.agreements import attempt, destroy_keys
from contracts.negotiations.models import Agreement, Duty, Evidence
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery, Vault
from jobs.deliveries.services import expire
from jobs.runs.machines import LIVE
from jobs.runs.models import Job
from kernel import store
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets.models import DatasetVersion, Upload
from trusts.organisations import robots

log = logging.getLogger(__name__)
ROBOT = "delete_copies"


def _needed(sha256: str, but: Delivery) -> str:
    """Who else needs these bytes, empty if nobody. They are stored once, whoever they belong to."""
    of_version = Q(original_sha256=sha256) | Q(parquet_sha256=sha256) | Q(misfits_sha256=sha256)
    others = Delivery.objects.filter(Q(package_sha256=sha256) | Q(data_sha256=sha256), erased=None)
    found = {
        "another export": others.exclude(pk=but.pk),
        "a version of a dataset": DatasetVersion.objects.filter(of_version),
        "an upload": Upload.objects.filter(sha256=sha256).exclude(state="abandoned"),
        "a duty's evidence": Evidence.objects.filter(sha256=sha256),
        "a vault": Vault.objects.filter(sha256=sha256, delivery__agreement__keys_destroyed=None),
    }
    return next((who for who, rows in found.items() if rows.exists()), "")


@performs(DELIVERY, "erase")
def erase(delivery_id: UUID, *, actor: Actor, seen: int | None = None) -> Delivery:
    """Delete package and data from the store, where nothing else needs the same bytes. Raises Refused while an export
    of the same version is being made, which may be about to deliver them."""
    with transition(DELIVERY, "erase", delivery_id, actor=actor) as change:
        delivery: Delivery = change.subject
        if delivery.erased is not None:
            raise Refused.because("delivery.erased", "The copy is deleted already", remedy="Nothing to do")
        version = delivery.job.version_of_data_id
        if Job.objects.filter(kind="export", state__in=LIVE, version_of_data_id=version).exists():
            raise Refused.because("delivery.busy", "An export of the same data is being made", remedy="Later")
        delivery.erased = timezone.now()
        named = [
            ("package", delivery.package_sha256, delivery.package_bytes),
            ("data", delivery.data_sha256, delivery.data_bytes),
        ]
        change.detail = {"deleted": [_delete(what, sha256, size, delivery) for what, sha256, size in named]}
    return delivery


def _delete(what: str, sha256: str, size: int, delivery: Delivery) -> dict[str, Any]:
    needed = _needed(sha256, delivery)
    if not needed:
        store.remove(sha256)
    return {"what": what, "sha256": sha256, "bytes": size, **({"kept_for": needed} if needed else {})}


def erase_contract(agreement_id: UUID) -> bool:
    """Everything that the portal holds of a contract that is over: packages, tokens, keys. False: not yet possible."""
    robot, agreement = robots.actor(ROBOT), Agreement.objects.get(pk=agreement_id)
    if agreement.state not in ("ended", "terminated") or agreement.keys_destroyed is not None:
        return False
    deliveries = Delivery.objects.filter(agreement=agreement)
    for pk in deliveries.filter(state="available").values_list("pk", flat=True):
        expire(pk, actor=robot)
    try:
        for pk in deliveries.filter(erased=None).values_list("pk", flat=True):
            erase(pk, actor=robot)
    except Refused as refused:
        log.info("contract %s is not erased yet: %s", agreement.ref, refused)
        return False
    with transaction.atomic():
        gone = []
        for vault in Vault.objects.filter(delivery__agreement=agreement):
            # Sealed with chance, so no other file has these bytes; with it goes the salt that its key is made from.
            gone.append({"what": "tokens", "sha256": vault.sha256, "bytes": store.size(vault.sha256) or 0})
            store.remove(vault.sha256)
        destroy_keys(agreement_id, actor=robot, deleted=gone)
    return True


def on_declared(message: dict[str, Any]) -> None:
    """The partner says that its copies are deleted: then so are the portal's, at once."""
    duty = Duty.objects.get(pk=UUID(message["id"]))
    if duty.clause == "delete_within":
        for agreement in [duty.agreement, *succession.earlier(duty.agreement)]:
            erase_contract(agreement.pk)


def erase_due(now: datetime) -> int:
    """Delete what may no longer be fetched, and what contracts demand by now; returns how many."""
    gone = 0
    over = Delivery.objects.filter(state__in=["expired", "revoked"], erased=None)
    for pk in over.values_list("pk", flat=True)[:200]:
        gone += attempt(erase, pk, robots.actor(ROBOT))
    ended = Agreement.objects.filter(
        state__in=["ended", "terminated"], keys_destroyed=None, terms__has_key="delete_within"
    )
    for agreement in ended[:500]:
        # Copies of a contract that another one follows may stay until the last of the line has ended.
        last = succession.last(agreement)
        clause = last.terms.get("delete_within") or agreement.terms["delete_within"]
        finished = last.state not in succession.LIVE
        if finished and (
            (last.ended_at or last.ends) + timedelta(days=clause["days"]) <= now or _declared(last)
        ):
            gone += erase_contract(agreement.pk)
    return gone


def _declared(agreement: Agreement) -> bool:
    return agreement.duties.filter(clause="delete_within", state__in=["declared", "done"]).exists()
