"""The part of the log that every receipt carries: an entry, its proof, the signed checkpoint, the keys."""

from __future__ import annotations

from typing import Any

from kernel.audit import keyring, proofs
from kernel.audit.models import Checkpoint, Event, Leaf
from trusts.witnesses.selectors import cosigned, latest_cosigned, named


def log_part(event: Event) -> dict[str, Any] | None:
    """`{item, checkpoint, keys, witnesses}` of an event; None while it waits for its place (about two seconds).

    The checkpoint is the newest that witnesses co-signed, if it covers the entry, else the newest of all.
    """
    leaf = Leaf.objects.filter(event=event).first()
    heads = (head for head in (latest_cosigned(), Checkpoint.objects.first()) if head is not None)
    head = next((head for head in heads if leaf is not None and leaf.index < head.size), None)
    if leaf is None or head is None:
        return None
    return {
        "item": proofs.disclosed(event, proofs.inclusion(leaf, head)),
        "checkpoint": cosigned(head),
        "keys": keyring.published(),
        "witnesses": named(head),
    }


def witnessed(head: Checkpoint) -> dict[str, Any] | None:
    """The newest co-signed checkpoint before `head`, with the proof that its log is the beginning of the log of `head`."""
    found = latest_cosigned()
    if found is None or not 0 < found.size < head.size:
        return None
    return {
        "checkpoint": cosigned(found),
        "witnesses": named(found),
        "size": head.size,
        "path": proofs.consistency(found.size, head.size),
    }
