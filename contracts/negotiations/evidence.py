"""Files that prove that a duty was done, kept beside it."""

from __future__ import annotations

from typing import Any

from contracts.negotiations.ledger_models import Evidence
from contracts.negotiations.models import Duty
from kernel import store
from kernel.actor import Actor
from kernel.attachments import kind_of


def keep(duty: Duty, file: Any, actor: Actor) -> Evidence:
    """Put a checked file into the store and its row beside the duty. Raises StoreFull."""
    content = file.read()
    kept = store.put_stream([content])
    return Evidence.objects.create(
        duty=duty, sha256=kept.sha256, size=kept.size, name=file.name[-200:], kind=kind_of(file.name, content),
        uploaded_by_id=actor.user_id,
    )  # fmt: skip
