"""Who stands to a negotiation and its contract as what: the sides that its tables of actions speak of."""

from __future__ import annotations

from kernel.roles import ANALYST, OWNER, STEWARD, side

NEW = frozenset({""})
SYSTEM = frozenset({"system"})
PROVIDER = side("provider", OWNER, STEWARD)
CONSUMER = side("consumer", OWNER, STEWARD)
ASKER = side("consumer", OWNER, STEWARD, ANALYST)
