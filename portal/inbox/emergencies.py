"""Emergency openings that somebody of the organisation has to judge, or could cut off."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.actor import Actor
from portal.inbox.registry import Item, source, to_move
from trusts.rights import emergencies
from trusts.rights.emergency_machine import EMERGENCY


@source("emergencies", "Emergencies")
def openings(actor: Actor, limit: int) -> Iterator[Item]:
    """Not to be judged for many at once: each says something else."""
    found = emergencies.emergencies(actor).filter(state="closed").order_by("created", "pk")
    found = found.filter(organisation_id=actor.organisation_id).exclude(user_id=actor.user_id)
    yield from to_move(
        actor, EMERGENCY, found[:limit], "Say whether the emergency opening was justified",
        lambda e: str(e.user),
    )  # fmt: skip
