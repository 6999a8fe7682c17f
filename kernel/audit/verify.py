"""Verify the stored chain: every event, every link, every signed head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kernel.audit import chain
from kernel.audit.models import Checkpoint, Event, Leaf
from kernel.keys import portal_key


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and, if it does not hold, the first place where it breaks."""

    events: int
    checkpoints: int
    unsealed: int
    head: str
    broken: chain.Break | None

    @property
    def holds(self) -> bool:
        return self.broken is None


def _rows() -> Iterator[tuple[int, dict[str, Any], str, str]]:
    for leaf in Leaf.objects.select_related("event").order_by("index").iterator(chunk_size=2_000):
        yield leaf.index, leaf.event.payload(), leaf.leaf_hash, leaf.link_hash


def verify(progress: Callable[[int], None] | None = None) -> Verification:
    """Recompute the whole chain and check each checkpoint's signature and head."""
    heads = {c.size: c for c in Checkpoint.objects.all()}
    public = portal_key().public_key()
    count, head = 0, chain.GENESIS
    for step in chain.walk(_rows()):
        if isinstance(step, chain.Break):
            return Verification(count, len(heads), 0, head, step)
        count, head = count + 1, step
        checkpoint = heads.get(count)
        if checkpoint is not None:
            signed = chain.check_note(checkpoint.note, public)
            if signed is None:
                found = chain.Break(count - 1, "a seal's signature does not hold", checkpoint.link_hash, "")
                return Verification(count, len(heads), 0, head, found)
            if signed[1:] != (count, head):
                found = chain.Break(count - 1, "a seal disagrees with the chain", signed[2], head)
                return Verification(count, len(heads), 0, head, found)
        if progress and count % 1_000 == 0:
            progress(count)
    beyond = [size for size in heads if size > count]
    if beyond:
        found = chain.Break(count, "entries that were sealed are gone", str(max(beyond)), str(count))
        return Verification(count, len(heads), 0, head, found)
    unsealed = Event.objects.filter(leaf__isnull=True).count()
    return Verification(count, len(heads), unsealed, head, None)
