"""What a change of membership does to offers, negotiations and contracts in that trust, in the same transaction.

Suspended: contracts are suspended until the member is back. Left or expelled: what it held out is taken back, what is
negotiated or waits for signatures ends without a contract, and contracts end early with the duties of an end.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from contracts.negotiations import agreements, duties, signatures
from contracts.negotiations.machines import NEGOTIATION, OPEN
from contracts.negotiations.models import Agreement, Negotiation, Offer
from contracts.negotiations.offers import withdraw_offer
from kernel.actor import Actor, system
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.membership.endings import follows
from trusts.membership.models import Membership
from trusts.mergers.facts import ties


@follows
def on_membership(membership: Membership, action: str, actor: Actor) -> None:
    """The one place where a membership's change reaches what was offered and agreed."""
    watch = system("membership watch", door=actor.door)
    who = f"{membership.organisation} in {membership.trust}"
    if action == "suspend":
        for pk in _contracts(membership).filter(state="in_force").values_list("pk", flat=True):
            duties.hold(pk, actor=watch, reason=f"The membership of {who} is suspended.", by="membership")
    elif action == "reinstate":
        for agreement in _contracts(membership).filter(state="suspended", held_by="membership"):
            if _both_active(agreement, but=membership):
                agreements.restore(agreement.pk, actor=watch)
    else:
        _part(membership, watch, f"The membership of {who} has ended.")


@ties
def contracts_between(one: UUID, other: UUID) -> list[str]:
    """Contracts that stand between two organisations: they would have one side only."""
    both = Q(provider_id=one, consumer_id=other) | Q(provider_id=other, consumer_id=one)
    standing = Agreement.objects.filter(both, state__in=["signing", "in_force", "suspended"]).order_by(
        "created"
    )
    return [f"contract {agreement.ref}" for agreement in standing]


def _mine(membership: Membership) -> Q:
    return Q(provider_id=membership.organisation_id) | Q(consumer_id=membership.organisation_id)


def _contracts(membership: Membership) -> QuerySet[Agreement]:
    return Agreement.objects.filter(_mine(membership), trust_id=membership.trust_id).order_by("pk")


def _part(membership: Membership, watch: Actor, why: str) -> None:
    trust, organisation = membership.trust_id, membership.organisation_id
    held = Offer.objects.filter(
        provider_id=organisation, dataset__trust_id=trust, state__in=["published", "paused"]
    )
    for pk in held.order_by("pk").values_list("pk", flat=True):
        withdraw_offer(pk, actor=watch, reason=why)
    listed = Dataset.objects.filter(organisation_id=organisation, trust_id=trust, state="listed")
    for pk in listed.order_by("pk").values_list("pk", flat=True):
        datasets.unlist(pk, actor=watch)
    mine = _mine(membership) | Q(participants__organisation_id=organisation)
    talks = Negotiation.objects.filter(mine, trust_id=trust, state__in=OPEN).distinct().order_by("pk")
    for pk in list(talks.values_list("pk", flat=True)):
        break_off(pk, actor=watch, reason=why)
    for pk in list(_contracts(membership).filter(state="signing").values_list("pk", flat=True)):
        signatures.void(pk, actor=watch, reason=why)
    for pk in _contracts(membership).filter(state__in=["in_force", "suspended"]).values_list("pk", flat=True):
        agreements.dissolve(pk, actor=watch, reason=why)


@performs(NEGOTIATION, "break_off")
def break_off(negotiation_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Negotiation:
    """A party is no longer a member: there can be no contract, for nobody at the table."""
    with transition(NEGOTIATION, "break_off", negotiation_id, actor=actor, reason=reason) as change:
        change.subject.due, change.subject.ended_because = None, reason
    return change.subject


def _both_active(agreement: Agreement, but: Membership) -> bool:
    """Whether the other party's membership is active; the one named has just become so."""
    other = {agreement.provider_id, agreement.consumer_id} - {but.organisation_id}
    active = Membership.objects.filter(trust_id=agreement.trust_id, state="active", organisation_id__in=other)
    return active.count() == len(other)
