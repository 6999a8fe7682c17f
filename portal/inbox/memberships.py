"""Invitations and applications that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, source, to_move
from trusts.membership import selectors as membership
from trusts.membership.machines import MEMBERSHIP


@source("memberships", "Memberships")
def memberships(actor: Actor, limit: int) -> Iterator[Item]:
    """Not to be accepted for many at once: each charter binds, and should be read."""
    found = membership.memberships(actor).order_by("created")
    invited = found.filter(state="invited", organisation_id=actor.organisation_id)
    yield from to_move(
        actor, MEMBERSHIP, _known(invited[:limit]), "Accept or decline", lambda m: m.trust.name
    )
    applied = found.filter(state="applied", trust_id__in=actor.trust_ids)
    yield from to_move(
        actor, MEMBERSHIP, _known(applied[:limit]), "Decide on the application",
        lambda m: m.organisation.name,
    )  # fmt: skip


@source("memberships", "Memberships", OTHERS)
def memberships_of_others(actor: Actor, limit: int) -> Iterator[Item]:
    """Our applications that others decide on, and invitations of our trusts that nobody has answered."""
    found = membership.memberships(actor).order_by("created")
    ours = found.filter(state="applied", organisation_id=actor.organisation_id)
    for row in ours[:limit]:
        yield item(actor, MEMBERSHIP, row, "Waits for their decision", row.trust.name)
    invited = found.filter(
        state="invited", trust_id__in=membership.governed_trust_ids(actor.organisation_id)
    ).exclude(organisation_id=actor.organisation_id)
    for row in invited[:limit]:
        yield item(actor, MEMBERSHIP, row, "Waits for their answer", row.organisation.name)


def _known(found: Any) -> list[Any]:
    """The rows with their trusts known: whether somebody may decide hangs on who stands there."""
    rows = list(found)
    membership.know(row.trust for row in rows)
    return rows
