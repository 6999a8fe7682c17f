"""Who acts, for which organisation, through which door."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the system) acting for one organisation at a time.

    `roles` are those held in `organisation_id`; `trust_ids` are the trusts in which that
    organisation is an active member. `scopes` is None for a person in a browser and the set of
    granted scopes for a token.
    """

    user_id: UUID | None = None
    name: str = ""
    email: str = ""
    organisation_id: UUID | None = None
    organisation_name: str = ""
    roles: frozenset[str] = frozenset()
    trust_ids: frozenset[UUID] = frozenset()
    door: str = "web"
    is_system: bool = False
    is_operator: bool = False
    scopes: frozenset[str] | None = None

    def holds(self, *roles: str) -> bool:
        """Whether one of these roles is held in the organisation acted for."""
        return bool(self.roles.intersection(roles))


def system(name: str = "Commonhold", door: str = "worker") -> Actor:
    """The portal itself: timers, workers, automatic steps. Always a named actor in the log."""
    return Actor(name=name, door=door, is_system=True)


NOBODY = Actor(door="web")
