"""The kinds of rights that can be granted on one object, as data: a new kind is a row here.

Each stands for a role that the granting organisation has anyway, on one object instead of on everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.roles import AUDITOR, REVIEWER, STEWARD

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Kind:
    """`role` is held towards the object on the side of the organisation that granted it, and towards what belongs to it.

    `on` are the machines of the objects, `sides` the sides of them that may grant it. `outside`: also to a person who does
    not belong to the organisation; such a right never moves anything.
    """

    code: str
    label: str
    role: str
    on: frozenset[str]
    sides: frozenset[str]
    means: str
    outside: bool = False

    @property
    def permission(self) -> str:
        """The codename in Django's permission tables."""
        return f"acts_as_{self.code}"


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "steward",
            "Delegated steward",
            STEWARD,
            frozenset({"dataset"}),
            frozenset({"holder"}),
            "Acts as steward for this dataset: describes it, adds versions, offers, negotiates and ends its contracts.",
        ),
        Kind(
            "reviewer",
            "Named reviewer",
            REVIEWER,
            frozenset({"dataset", "agreement"}),
            frozenset({"holder", "provider"}),
            "Decides on the requests for this data.",
        ),
        Kind(
            "auditor",
            "Auditor",
            AUDITOR,
            frozenset({"agreement", "trust"}),
            frozenset({"provider", "consumer", "trustee"}),
            "Of a contract: reads it, its requests, exports, duties and events. Of a trust: reads what happened in it, whoever did it: "
            "members, votes, contracts, requests, exports and duties. Sees no data; changes and fetches nothing.",
            outside=True,
        ),
    )
}

CHOICES = [(kind.code, kind.label) for kind in KINDS.values()]


def fitting(machine: str, sides: set[str]) -> list[Kind]:
    """What somebody on these sides of such an object may grant."""
    return [kind for kind in KINDS.values() if machine in kind.on and kind.sides & sides]
