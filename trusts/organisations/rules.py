"""An organisation always keeps an owner."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    is_owner: bool
    other_owners: int


def an_owner_stays(facts: PlaceFacts) -> Decision:
    if facts.is_owner and facts.other_owners == 0:
        return deny(
            "member.last_owner",
            "This is the organisation's only owner",
            remedy="Make someone else an owner first",
        )
    return ALLOW
