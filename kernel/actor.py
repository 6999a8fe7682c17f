"""Who acts, for which organisation, through which door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Lent:
    """A role held only as somebody's deputy, and whose it is."""

    role: str
    user_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A role on one object and what belongs to it, held on the side of the organisation that granted it."""

    object_id: UUID
    organisation_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the system) acting for one organisation at a time.

    `roles` are those held in `organisation_id`; `trust_ids` are the trusts in which that
    organisation is an active member. `scopes` is None for a person in a browser and the set of
    granted scopes for a token. `lent` names those of the `roles` that are held only as a deputy.
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
    lent: tuple[Lent, ...] = ()
    # Rights on single objects, loaded once for a request.
    granted: tuple[Granted, ...] = ()

    @property
    def granted_ids(self) -> list[UUID]:
        """The objects on which something was granted; for selectors."""
        return [one.object_id for one in self.granted]

    def holds(self, *roles: str) -> bool:
        """Whether one of these roles is held in the organisation acted for."""
        return bool(self.roles.intersection(roles))

    @property
    def persons(self) -> frozenset[UUID]:
        """The person, and those whose deputy they are: for rules that want somebody else."""
        return frozenset({lent.user_id for lent in self.lent} | ({self.user_id} if self.user_id else set()))

    def counts_as(self, user_id: UUID | None) -> UUID | None:
        """For rules about two different people: that person, if this is them or their deputy; else this one."""
        return user_id if user_id in self.persons else self.user_id

    def without_lent(self) -> Actor:
        """The same person with the roles that are their own."""
        return replace(self, roles=self.roles - {lent.role for lent in self.lent}, lent=())


def system(name: str = "Commonhold", door: str = "worker") -> Actor:
    """The portal itself: timers, workers, automatic steps. Always a named actor in the log."""
    return Actor(name=name, door=door, is_system=True)


NOBODY = Actor(door="web")
