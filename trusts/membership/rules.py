"""A trust always keeps a trustee."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    is_trustee: bool
    other_trustees: int


def a_trustee_stays(facts: MembershipFacts) -> Decision:
    if facts.is_trustee and facts.other_trustees == 0:
        return deny(
            "membership.last_trustee",
            "This is the trust's only trustee",
            remedy="Make another member a trustee first",
        )
    return ALLOW
