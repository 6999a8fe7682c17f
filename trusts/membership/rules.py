"""A trust always keeps a trustee."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """`is_trustee`: it runs the trust, in whatever role the charter gives that to. `by_vote`: kinds that take a vote."""

    is_trustee: bool
    other_trustees: int
    by_vote: frozenset[str] = frozenset()
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """What takes a vote here, and whether it is the portal that acts on one."""

    by_vote: frozenset[str] = frozenset()
    is_system: bool = False


def a_trustee_stays(facts: MembershipFacts) -> Decision:
    if facts.is_trustee and facts.other_trustees == 0:
        return deny(
            "membership.last_trustee",
            "This is the trust's only trustee",
            remedy="Make another member a trustee first",
        )
    return ALLOW
