"""How a trust ends, as its charter says: at once with its contracts, or when the last of them has run out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.membership.endings import follow, follow_winding_up, running
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import STANDING, Membership, Trust
from trusts.membership.trust_machine import TRUST
from trusts.organisations import robots


def must_be_open(trust: Trust | None) -> None:
    """Nothing new begins in a trust that is being wound up. Raises Refused. One query: the page may have it as it was."""
    if trust is not None and Trust.objects.filter(pk=trust.pk).exclude(state="active").exists():
        raise Refused.because(
            "trust.ending", f"{trust} is wound up or about to be: nothing new begins in it",
            remedy="What runs goes on as the charter says", source="charter",
        )  # fmt: skip


@performs(TRUST, "wind_up")
def wind_up(trust_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Trust:
    """End the trust: nothing new from now on. Contracts end with the memberships now, or run out first, as the charter says.

    One transaction. Raises Refused and changes nothing.
    """
    robot = system("winding up", door=actor.door)
    with transaction.atomic():
        with transition(TRUST, "wind_up", trust_id, actor=actor, seen=seen, reason=reason) as change:
            found: Trust = change.subject
            how = found.governance()["dissolution"]
            change.detail = {"contracts": how["contracts"], "data": how["data"]}
            follow_winding_up(found, robot)
        if how["contracts"] == "end":
            _let_all_go(found, robot)
        return finish(trust_id, actor=robot) if not running(found) else found


@performs(TRUST, "finish")
def finish(trust_id: UUID, *, actor: Actor, seen: int | None = None) -> Trust:
    """The last contract is over: the memberships end, and the trust is history. Raises Refused while something runs."""
    with transition(TRUST, "finish", trust_id, actor=actor, reason="No contract runs any more.") as change:
        found: Trust = change.subject
        _let_all_go(found, actor)
    return found


def _let_all_go(trust: Trust, actor: Actor) -> None:
    # Read before the first goes: the last event still knows who the members were.
    trust.standing()
    for pk in list(trust.memberships.filter(state__in=STANDING).order_by("pk").values_list("pk", flat=True)):
        part(pk, actor=actor)


@performs(MEMBERSHIP, "part")
def part(membership_id: UUID, *, actor: Actor, seen: int | None = None) -> Membership:
    """The membership, invitation or application ends with the trust; what follows follows."""
    with transition(
        MEMBERSHIP, "part", membership_id, actor=actor, reason="The trust was wound up."
    ) as change:
        follow(change.subject, "part", actor)
    return change.subject


def finish_due(now: datetime) -> int:
    """Finish what only waited for its last contract; returns how many trusts ended."""
    moved = 0
    for trust in Trust.objects.filter(state="winding_up").order_by("changed")[:100]:
        if not running(trust):
            finish(trust.pk, actor=robots.actor("finish_trusts"))
            moved += 1
    return moved
