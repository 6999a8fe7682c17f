"""Verify the stored log: every entry, the tree over them, every signed checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max

from kernel.audit import entry, keyring, notes, tree
from kernel.audit.models import Checkpoint, Event, Leaf, Subtree, Waiting


@dataclass(frozen=True, slots=True)
class Break:
    """Where the log does not hold: index of the entry, what is wrong, what was expected and found."""

    index: int
    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and, if it does not hold, the first place where it breaks."""

    events: int
    checkpoints: int
    unsealed: int
    head: str
    broken: Break | None
    keys: int = 0

    @property
    def holds(self) -> bool:
        return self.broken is None


class _Broken(Exception):
    def __init__(self, index: int, what: str, expected: object = "", found: object = "") -> None:
        self.at = Break(index, what, str(expected), str(found))


def verify(progress: Callable[[int, int], None] | None = None) -> Verification:
    """Recompute every leaf and the tree, and check each checkpoint's root and signature.

    `progress` is called with (entries checked, entries in all) now and then.
    """
    run = _Run(progress)
    try:
        run.all()
        broken = None
    except _Broken as found:
        broken = found.at
    return Verification(
        run.tree.size, run.checked, Waiting.objects.count(), run.tree.root().hex() if run.tree.size else "",
        broken, len(run.ring.keys),
    )  # fmt: skip


class _Run:
    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        self.tree, self.checked, self.progress = tree.Growing(), 0, progress
        self.ring = keyring.ring()
        self.total = 1 + (Leaf.objects.aggregate(last=Max("index"))["last"] or 0)
        self.heads = _Ahead(Checkpoint.objects.order_by("size").iterator(chunk_size=2_000))
        self.blocks = _Ahead(Subtree.objects.filter(level=1).order_by("index").iterator(chunk_size=2_000))

    def all(self) -> None:
        if why := keyring.follow(keyring.published()):
            raise _Broken(0, f"the signing keys do not follow from each other: {why}")
        for leaf in Leaf.objects.select_related("event").order_by("index").iterator(chunk_size=2_000):
            self._leaf(leaf)
            while self.heads.next and self.heads.next.size == self.tree.size:
                self._checkpoint(self.heads.take())
            if self.progress and self.tree.size % 1_000 == 0:
                self.progress(self.tree.size, self.total)
        size = self.tree.size
        if self.heads.next:
            raise _Broken(size, "entries that were sealed are gone", self.heads.next.size, size)
        lost = Event.objects.filter(leaf__isnull=True, waiting__isnull=True).first()
        if lost:
            raise _Broken(
                size, "an event was kept out of the log", lost.pk, "no place and not waiting for one"
            )

    def _leaf(self, leaf: Leaf) -> None:
        place = self.tree.size
        if leaf.index != place:
            raise _Broken(place, "an entry is missing", place, leaf.index)
        found = entry.leaf_hash(_payload(leaf))
        if found != leaf.leaf_hash:
            other = Leaf.objects.filter(leaf_hash=found).values_list("index", flat=True).first()
            if other is not None:
                raise _Broken(place, f"the entry changed places with entry {other}", leaf.leaf_hash, found)
            raise _Broken(place, "the event was changed", leaf.leaf_hash, found)
        for height, index, hashed in self.tree.append(bytes.fromhex(found)):
            if height == 8:
                stored = self.blocks.take() if self.blocks.next else None
                if stored and (stored.index, stored.root_hash) != (index, hashed.hex()):
                    raise _Broken(
                        place, "a stored part of the tree was changed", stored.root_hash, hashed.hex()
                    )

    def _checkpoint(self, head: Checkpoint) -> None:
        self.checked += 1
        place, root = self.tree.size - 1, self.tree.root()
        try:
            note = notes.read(head.note)
        except notes.NoteError as problem:
            raise _Broken(place, f"a seal cannot be read: {problem}") from problem
        if note.origin != settings.PORTAL_ORIGIN and place == self.total - 1:
            raise _Broken(place, "a seal is of another log", settings.PORTAL_ORIGIN, note.origin)
        key = self.ring.at(note.size)
        if key is None or not note.log_signature(keyring.public_key(key)):
            raise _Broken(place, why_unsigned(note, self.ring), key.public_key if key else "")
        if (note.size, note.root) != (self.tree.size, root) or head.root_hash != root.hex():
            raise _Broken(place, "a seal disagrees with the entries", head.root_hash, root.hex())


def why_unsigned(note: notes.Note, ring: keyring.Ring) -> str:
    """Which of the ways to be wrong it is, when the key of that stretch did not sign a checkpoint."""
    for key in ring.keys:
        if note.log_signature(keyring.public_key(key)):
            return f"a seal is signed with key {key.number}, which does not sign at this length of the log"
    known = {notes.key_id(note.origin, keyring.public_key(k), notes.LOG) for k in ring.keys}
    if any(s.name == note.origin and s.key_id not in known for s in note.signatures):
        return "a seal is signed with a key that is not this portal's"
    return "a seal's signature does not hold"


def _payload(leaf: Leaf) -> dict[str, Any]:
    try:
        return leaf.event.payload()
    except (KeyError, ValueError, TypeError) as problem:
        raise _Broken(leaf.index, "the event was changed", "a readable entry", problem) from problem


class _Ahead:
    """An iterator that shows its next item."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items
        self.next: Any = next(items, None)

    def take(self) -> Any:
        found, self.next = self.next, next(self._items, None)
        return found
