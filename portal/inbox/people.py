"""People who ask to join, and reviews of who still needs access."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.actor import Actor
from portal.inbox.registry import Item, source, to_move
from trusts.organisations import selectors
from trusts.organisations.access_machines import ACCESS_REVIEW, JOINING


@source("people", "People")
def people(actor: Actor, limit: int) -> Iterator[Item]:
    """For owners. Neither is done for many at once: each is about persons."""
    asked = selectors.joinings(actor).filter(state="asked", organisation_id=actor.organisation_id)
    yield from to_move(
        actor, JOINING, asked.order_by("created")[:limit], "Admit or decline", lambda j: str(j.user)
    )
    reviews = selectors.access_reviews(actor).filter(state="open")
    yield from to_move(actor, ACCESS_REVIEW, reviews[:limit], "Say who still needs access")
