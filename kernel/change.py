"""What one change of state is, while it is being made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kernel.actor import Actor
from kernel.decision import ALLOW, Decision
from kernel.machine import Action


@dataclass
class Change:
    """What a verb works on inside `kernel.transition.transition`: the locked row, and what the event will say."""

    subject: Any
    action: Action
    actor: Actor
    decision: Decision = ALLOW
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    also_parties: set[UUID] = field(default_factory=set)
    # Of the subject's sides only these read the event; None: all.
    sides: frozenset[str] | None = None
    topics: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    to: str | None = None

    def publish(self, topic: str, **payload: Any) -> None:
        """Send one more topic when this change commits."""
        self.topics.append((topic, payload))
