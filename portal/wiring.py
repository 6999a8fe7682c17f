"""Which topic makes what happen. The only place that knows both ends."""

from __future__ import annotations

from kernel import outbox


def connect() -> None:
    """Called once when the portal starts, in every process."""
    for topic, listener in _routes():
        outbox.listen(topic, listener)


def _routes() -> list[tuple[str, outbox.Listener]]:
    return []
