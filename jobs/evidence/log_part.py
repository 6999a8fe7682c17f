"""The part of the log that every receipt carries: an entry, its proof, the signed checkpoint, the keys."""

from __future__ import annotations

from typing import Any

from jobs.evidence.seen import cosigned, named
from kernel.audit import keyring, proofs
from kernel.audit.models import Checkpoint, Event, Leaf


def log_part(event: Event) -> dict[str, Any] | None:
    """`{item, checkpoint, keys, witnesses}` of an event; None while it waits for its place (about two seconds)."""
    leaf, head = Leaf.objects.filter(event=event).first(), Checkpoint.objects.first()
    if leaf is None or head is None or leaf.index >= head.size:
        return None
    return {
        "item": proofs.disclosed(event, proofs.inclusion(leaf, head)),
        "checkpoint": cosigned(head),
        "keys": keyring.published(),
        "witnesses": named(head),
    }
