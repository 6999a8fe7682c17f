"""The sequencer: gives events their place in the tree and signs the new root."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from kernel.audit import entry, keyring, notes
from kernel.audit.models import Checkpoint, Leaf, Subtree, Waiting
from kernel.audit.proofs import Reader

# One arbitrary number for the advisory lock; only this module takes it.
_LOCK = 7_390_113
BLOCK = 256


@contextmanager
def sequencing() -> Iterator[None]:
    """A transaction in which nobody else gives places or hands over keys.

    Safe to enter twice at once: PostgreSQL takes an advisory lock for the transaction, SQLite has
    one writer by its IMMEDIATE transactions, and the primary key of Leaf refuses a second
    place with the same number.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


def seal(limit: int = 2_000) -> int:
    """Place up to `limit` waiting events and sign a checkpoint; returns how many were placed. All of it or nothing."""
    with sequencing():
        size = _size()
        # In the order in which they were written down: clocks go backwards, and commits overtake each other.
        waiting = list(Waiting.objects.order_by("id").select_related("event")[:limit])
        head = Checkpoint.objects.first()
        if not waiting and (head.size if head else 0) == size:
            return 0
        Leaf.objects.bulk_create(
            (
                Leaf(index=index, event=row.event, leaf_hash=entry.leaf_hash(row.event.payload()))
                for index, row in enumerate(waiting, size)
            ),
            batch_size=500,
        )
        Waiting.objects.filter(id__in=[row.id for row in waiting]).delete()
        _sign(size + len(waiting))
        return len(waiting)


def seal_all() -> int:
    """Place everything that waits."""
    total = 0
    while placed := seal():
        total += placed
    return total


def _size() -> int:
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _sign(size: int) -> None:
    keyring.begin()
    reader = Reader()
    level, width = 1, BLOCK
    while width <= size:
        newest = (
            Subtree.objects.filter(level=level).order_by("-index").values_list("index", flat=True).first()
        )
        first = 0 if newest is None else newest + 1
        Subtree.objects.bulk_create(
            (
                Subtree(level=level, index=index, root_hash=reader.get(8 * level, index).hex())
                for index in range(first, size // width)
            ),
            batch_size=500,
        )
        level, width = level + 1, width * BLOCK
    root = reader.root(size)
    Checkpoint.objects.create(
        size=size,
        root_hash=root.hex(),
        # A clock that was set back must not make a later checkpoint look earlier; the size orders them anyway.
        created=timezone.now(),
        note=notes.sign(settings.PORTAL_ORIGIN, size, root, keyring.portal_key()),
    )
