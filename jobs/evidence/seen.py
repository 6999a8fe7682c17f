"""The newest checkpoint as it is handed out: with the witnesses that co-signed it."""

from __future__ import annotations

from typing import Any

from kernel.audit.models import Checkpoint


def cosigned(checkpoint: Checkpoint) -> str:
    """The signed note."""
    return checkpoint.note


def named(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """The witnesses in it."""
    return []
