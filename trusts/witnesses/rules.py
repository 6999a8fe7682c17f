"""Whose a witness is: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class WitnessFacts:
    """`organisation_id`: whose witness it is, None for an outside party's. `acting_for`: of the person who asks."""

    organisation_id: UUID | None
    acting_for: UUID | None


def whose_it_is(facts: WitnessFacts) -> Decision:
    """An operator who could silence an organisation's witness would need no witness."""
    if facts.organisation_id is None or facts.organisation_id == facts.acting_for:
        return ALLOW
    return deny(
        "witness.theirs",
        "This witness is an organisation's own, and watches the operator too",
        remedy="Its owners can withdraw it",
    )
