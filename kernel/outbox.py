"""Topics leave through a table: written with the change, sent after it, at least once.

Redis may be away. The row stays and `dispatch` tries again, called after each commit and by
the periodic sweep. Listeners must therefore bear being told twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from kernel.models import Outbox

log = logging.getLogger(__name__)
Listener = Callable[[dict[str, Any]], Any]
_listeners: dict[str, list[Listener]] = {}


def listen(topic: str, listener: Listener) -> None:
    """Call `listener(payload)` for each message of this topic. Done once, in the wiring."""
    known = _listeners.setdefault(topic, [])
    if listener not in known:
        known.append(listener)


def put(topic: str, payload: dict[str, Any]) -> None:
    """Write a message in the present transaction and try to send it once that commits."""
    message = Outbox.objects.create(topic=topic, payload=payload)
    transaction.on_commit(lambda: _soon(message.pk), robust=True)


def _soon(message_id: int) -> None:
    """This message before older ones: one of those that waits for the broker must not hold up what needs none."""
    dispatch(limit=20, give_up_after=1, first=message_id)


def forget_sent(before: datetime) -> int:
    """Remove messages that went out before then; the events remain."""
    return Outbox.objects.filter(sent__lt=before).delete()[0]


def dispatch(limit: int = 200, give_up_after: int = 3, first: int | None = None) -> int:
    """Send pending messages in order, `first` before all; returns how many went out.

    Stops after `give_up_after` failures in a row: a broker that is away stays away for the
    rest of the batch, and a web request must not wait for it.
    """
    sent = failed = 0
    while sent < limit and failed < give_up_after:
        with transaction.atomic():
            waiting = Outbox.objects.filter(sent__isnull=True).order_by("attempts", "id")
            if connection.features.has_select_for_update_skip_locked:
                waiting = waiting.select_for_update(skip_locked=True)
            message = (waiting.filter(pk=first).first() if first is not None else None) or waiting.first()
            first = None
            if message is None:
                break
            message.attempts += 1
            try:
                # All listeners or none: what one wrote is undone if the next one fails.
                with transaction.atomic():
                    for listener in _listeners.get(message.topic, []):
                        listener(message.payload)
            except Exception as problem:
                log.warning("outbox: %s not sent: %s", message.topic, problem)
                message.error = str(problem)[:500]
                failed += 1
            else:
                message.sent = timezone.now()
                sent += 1
            message.save(update_fields=["attempts", "sent", "error"])
    return sent
