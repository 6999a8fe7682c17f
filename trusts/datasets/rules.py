"""Rules on versions: pure functions of facts."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the rules on a version read."""

    named: bool


def not_named(facts: VersionFacts) -> Decision:
    """What others were offered or signed is not read differently afterwards."""
    if not facts.named:
        return ALLOW
    return deny(
        "version.named",
        "An offer, a negotiation or a contract names this version, so it stays as it was read",
        remedy="Upload it as a new version",
    )
