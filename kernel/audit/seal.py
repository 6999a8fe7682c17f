"""The sequencer: gives events their place in the chain and signs the new head."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from kernel.audit import chain
from kernel.audit.models import Checkpoint, Event, Leaf
from kernel.keys import portal_key

# One arbitrary number for the advisory lock; only this function takes it.
_LOCK = 7_390_113


def seal(limit: int = 2_000) -> int:
    """Place up to `limit` unplaced events and sign a checkpoint; returns how many were placed.

    Safe to run twice at once: PostgreSQL takes an advisory lock for the transaction, SQLite has
    one writer by its IMMEDIATE transactions, and the primary key of Leaf refuses a second
    place with the same number.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = Leaf.objects.order_by("-index").first()
        index, link = (last.index + 1, last.link_hash) if last else (0, chain.GENESIS)
        # By "has no place yet", not by time: transactions commit out of order.
        waiting = list(Event.objects.filter(leaf__isnull=True).order_by("created", "id")[:limit])
        leaves = []
        for event in waiting:
            leaf = chain.leaf_hash(event.payload())
            link = chain.link_hash(link, leaf)
            leaves.append(Leaf(index=index, event=event, leaf_hash=leaf, link_hash=link))
            index += 1
        if not leaves:
            return 0
        Leaf.objects.bulk_create(leaves, batch_size=500)
        note = chain.sign_note(settings.PORTAL_ORIGIN, index, link, portal_key())
        Checkpoint.objects.create(size=index, link_hash=link, note=note)
        return len(leaves)


def seal_all() -> int:
    """Place everything that waits."""
    total = 0
    while placed := seal():
        total += placed
    return total
