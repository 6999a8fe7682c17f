"""A trust that is wound up: what is held out and negotiated in it ends at once, and its contracts are what it waits for."""

from __future__ import annotations

from contracts.negotiations import signatures
from contracts.negotiations.leaving import break_off
from contracts.negotiations.machines import OPEN
from contracts.negotiations.models import Agreement, Negotiation, Offer
from contracts.negotiations.offers import withdraw_offer
from kernel.actor import Actor
from trusts.membership.endings import follows_winding_up, runs_out
from trusts.membership.models import Trust

WHY = "The trust is being wound up."


@follows_winding_up
def on_winding_up(trust: Trust, actor: Actor) -> None:
    """Offers are taken back, negotiations and what waits for signatures end without a contract. Contracts stay as they are."""
    offers = Offer.objects.filter(dataset__trust=trust, state__in=["published", "paused"]).order_by("pk")
    for pk in list(offers.values_list("pk", flat=True)):
        withdraw_offer(pk, actor=actor, reason=WHY)
    talks = Negotiation.objects.filter(trust=trust, state__in=OPEN).order_by("pk")
    for pk in list(talks.values_list("pk", flat=True)):
        break_off(pk, actor=actor, reason=WHY)
    unsigned = Agreement.objects.filter(trust=trust, state="signing").order_by("pk")
    for pk in list(unsigned.values_list("pk", flat=True)):
        signatures.void(pk, actor=actor, reason=WHY)


@runs_out
def contracts_that_run(trust: Trust) -> int:
    return Agreement.objects.filter(trust=trust, state__in=["in_force", "suspended"]).count()
