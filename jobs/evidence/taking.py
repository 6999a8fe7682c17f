"""That evidence was taken is in the log too, for both sides to see."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kernel.actor import Actor
from kernel.audit.record import note


def record_taking(subject: Any, actor: Actor, entries: int) -> None:
    """Record that a bundle about this object was made; its parties can read it."""
    with transaction.atomic():
        note("evidence", "take", subject, actor, entries=entries)
