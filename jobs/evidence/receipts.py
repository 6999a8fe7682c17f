"""Receipts: an entry of the log that its owner can take away, with what it is about.

Of an export it carries what the portal signed when the export was made, of a contract the contract with
its signatures; an admission to a trust and an attestation of deletion are the entry itself. A receipt is
made when it is asked for, so it comes with the newest checkpoint and its witnesses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.negotiations import signing
from contracts.negotiations.models import Agreement
from jobs.deliveries.models import Delivery
from jobs.evidence.log_part import log_part
from kernel.actor import Actor
from kernel.audit import selectors
from kernel.audit.models import Event

FORMAT = "commonhold-receipt/2"


@dataclass(frozen=True, slots=True)
class Kind:
    """Of which entries there are receipts: machine and actions, and what else belongs in."""

    name: str
    label: str
    machine: str
    actions: frozenset[str]
    more: Callable[[Event], dict[str, Any]] = lambda event: {}


def _export(event: Event) -> dict[str, Any]:
    return {"signed": Delivery.objects.get(pk=event.subject_id).receipt}


def _contract(event: Event) -> dict[str, Any]:
    return {"contract": signing.bundle(Agreement.objects.get(pk=event.subject_id))}


KINDS = (
    Kind("export", "Receipt of an export", "delivery", frozenset({"deliver"}), _export),
    Kind("contract", "Receipt of a contract", "agreement", frozenset({"conclude"}), _contract),
    Kind("admission", "Receipt of an admission", "membership", frozenset({"admit", "accept"})),
    Kind("deletion", "Receipt of an attestation", "duty", frozenset({"fulfil"})),
    Kind("keys", "Receipt of destroyed keys", "agreement", frozenset({"destroy_keys"})),
)


def kind_of(event: Event) -> Kind | None:
    """What kind of receipt there is of an entry, if any. Refusals have none."""
    if event.subject_version is None:
        return None
    return next((k for k in KINDS if k.machine == event.machine and event.action in k.actions), None)


def receipt_of(event: Event) -> dict[str, Any] | None:
    """The receipt as a document; None if there is none of such an entry, or not yet."""
    kind, log = kind_of(event), log_part(event)
    if kind is None or log is None:
        return None
    more = kind.more(event)
    # Exports and contracts of before their hashes were in the log are proven by their own signatures only.
    bound = {"signed": "receipt_sha256", "contract": "payload_sha256"}
    if any(bound[name] not in event.detail for name in more):
        more = {}
    return {"format": FORMAT, "kind": kind.name, **more, "log": log}


def about(subject_id: UUID, actor: Actor) -> list[Event]:
    """The entries about an object of which this reader can have receipts, oldest first."""
    return [event for event in selectors.history(subject_id, actor) if kind_of(event)]


def export_receipt(delivery: Delivery) -> dict[str, Any]:
    """The receipt of an export: proven if its entry has its place, else as it was signed."""
    event = Event.objects.filter(machine="delivery", action="deliver", subject_id=delivery.pk).first()
    if event is not None and "receipt_sha256" in event.detail:
        return receipt_of(event) or delivery.receipt
    return delivery.receipt
