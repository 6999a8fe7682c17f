"""Proofs out of the stored tree: a few rows each, however long the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel.audit import tree
from kernel.audit.models import Checkpoint, Event, Leaf, Subtree

BLOCK_BITS = 8


class Reader:
    """Roots of complete subtrees, read by blocks of 256 and kept for the length of one task."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bytes] = {}
        self._read: set[tuple[int, int]] = set()

    def get(self, height: int, index: int) -> bytes:
        """The root over leaves index·2^height … (index+1)·2^height − 1. KeyError if one is not there."""
        key = (height, index)
        if key not in self._known and height % BLOCK_BITS == 0:
            self._fetch(height // BLOCK_BITS, index >> BLOCK_BITS)
        if key not in self._known:
            if height == 0:
                raise KeyError(key)
            self._known[key] = tree.hash_node(
                self.get(height - 1, 2 * index), self.get(height - 1, 2 * index + 1)
            )
        return self._known[key]

    def root(self, size: int) -> bytes:
        return tree.root(size, self.get)

    def _fetch(self, level: int, block: int) -> None:
        if (level, block) in self._read:
            return
        self._read.add((level, block))
        first, last = block << BLOCK_BITS, ((block + 1) << BLOCK_BITS) - 1
        rows: Any
        if level == 0:
            rows = Leaf.objects.filter(index__range=(first, last)).values_list("index", "leaf_hash")
        else:
            rows = Subtree.objects.filter(level=level, index__range=(first, last)).values_list(
                "index", "root_hash"
            )
        self._known.update({(BLOCK_BITS * level, index): bytes.fromhex(found) for index, found in rows})


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is the leaf `index` of the log whose signed root is `checkpoint`."""

    index: int
    leaf_hash: str
    path: tuple[str, ...]
    checkpoint: Checkpoint

    def as_dict(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "leaf_hash": self.leaf_hash,
            "size": self.checkpoint.size,
            "path": list(self.path),
        }

    @property
    def holds(self) -> bool:
        found = tree.root_from_inclusion(
            self.index,
            self.checkpoint.size,
            bytes.fromhex(self.leaf_hash),
            [bytes.fromhex(h) for h in self.path],
        )
        return found is not None and found.hex() == self.checkpoint.root_hash


def inclusion(leaf: Leaf, checkpoint: Checkpoint, reader: Reader | None = None) -> Proof:
    """The proof of one leaf under a checkpoint that covers it."""
    path = tree.inclusion(leaf.index, checkpoint.size, (reader or Reader()).get)
    return Proof(leaf.index, leaf.leaf_hash, tuple(h.hex() for h in path), checkpoint)


def of_event(event_id: UUID) -> Proof | None:
    """The proof of an event under the newest checkpoint; None while it waits for its place."""
    leaf, head = Leaf.objects.filter(event_id=event_id).first(), Checkpoint.objects.first()
    return inclusion(leaf, head) if leaf and head and leaf.index < head.size else None


def consistency(first: int, second: int) -> list[str]:
    """The proof that the log of `first` entries is the beginning of the log of `second`. Raises ValueError."""
    return [h.hex() for h in tree.consistency(first, second, Reader().get)]


def disclosed(event: Event, proof: Proof | None) -> dict[str, Any]:
    """An entry with its open values and its place, as receipts and bundles carry it."""
    return {
        "entry": event.payload(),
        "disclosed": event.disclosure(),
        **({"proof": proof.as_dict()} if proof else {}),
    }


def many(events: Sequence[Event], checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """`disclosed` for many events with their `leaf` at hand, reading each block of the tree once."""
    reader = Reader()
    return [disclosed(event, inclusion(event.leaf, checkpoint, reader)) for event in events]
