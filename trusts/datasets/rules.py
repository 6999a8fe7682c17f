"""Rules on versions: pure functions of facts."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the rules on a version read."""

    named: bool
    typed: bool = False


def not_named(facts: VersionFacts) -> Decision:
    """What others were offered or signed is not read differently afterwards."""
    if not facts.named:
        return ALLOW
    return deny(
        "version.named",
        "An offer, a negotiation or a contract names this version, so it stays as it was read",
        remedy="Upload it as a new version",
    )


def not_typed_in_place(facts: VersionFacts) -> Decision:
    """A place that gives its own types leaves nothing to guess; what it held then cannot be read a second time."""
    if not facts.typed:
        return ALLOW
    return deny(
        "version.in_place",
        "It was read in place, with the types that the source has, so nothing about it was guessed",
        remedy="Put the source right and read it again, for a new version",
    )
