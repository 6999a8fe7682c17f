"""Negotiations, contracts to sign, duties and exceptions to a charter that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from contracts.charters import selectors as exempted
from contracts.charters.machines import EXEMPTION
from contracts.negotiations import selectors as negotiated
from contracts.negotiations.duty_rules import PAYMENT
from contracts.negotiations.machines import AGREEMENT, DUTY, NEGOTIATION, OPEN
from kernel.actor import Actor
from kernel.roles import roles_of
from portal.inbox.registry import OTHERS, Item, item, safe, source, to_move
from trusts.membership.selectors import know

TIME = safe(NEGOTIATION, "give_time", "grant_time")
NOTE = safe(DUTY, "take_note")
FOR_ME = {
    "requested": ("Answer the request", "consumer"),
    "offered": ("Answer the offer", "provider"),
}


@source("negotiations", "Negotiations")
def my_turn(actor: Actor, limit: int) -> Iterator[Item]:
    for row in negotiated.my_turn(actor)[:limit]:
        verb, other = FOR_ME[row.state]
        yield from to_move(actor, NEGOTIATION, [row], verb, lambda n, side=other: getattr(n, side).name)  # type: ignore[misc]


@source("negotiations", "Negotiations", OTHERS)
def their_turn(actor: Actor, limit: int) -> Iterator[Item]:
    """Open ones where another party has not answered yet; whoever waits may give it more time."""
    mine = negotiated.my_turn(actor).values("pk")
    rows = negotiated.negotiations(actor).filter(state__in=OPEN).exclude(pk__in=mine)
    for row in rows.prefetch_related("participants__organisation").order_by("due", "pk")[:limit]:
        yield item(actor, NEGOTIATION, row, "Waits for their answer", _answering(row), TIME)


def _answering(row: Any) -> str:
    if row.state == "requested":
        return str(row.provider.name)
    if row.seats < 2:
        return str(row.consumer.name)
    return ", ".join(p.organisation.name for p in row.participants.all() if p.answer == "open")


def _to_be_signed(actor: Actor, limit: int) -> list[Any]:
    found = negotiated.agreements(actor).filter(state="signing").select_related("negotiation")
    return list(found.order_by("negotiation__due", "pk")[:limit])


@source("contracts", "Contracts")
def to_sign(actor: Actor, limit: int) -> Iterator[Item]:
    mine = actor.organisation_id
    rows = [c for c in _to_be_signed(actor, limit) if mine in c.unsigned()]
    yield from to_move(
        actor, AGREEMENT, rows, "Sign the contract",
        lambda c: c.provider.name if c.consumer_id == mine else c.consumer.name,
    )  # fmt: skip


@source("contracts", "Contracts", OTHERS)
def to_be_signed_by_others(actor: Actor, limit: int) -> Iterator[Item]:
    for row in _to_be_signed(actor, limit):
        missing = set(row.unsigned())
        if missing and actor.organisation_id not in missing:
            names = [side.name for side in (row.provider, row.consumer) if side.pk in missing]
            yield item(
                actor, AGREEMENT, row, "Waits for their signature", ", ".join(names) or "A third party"
            )


def _duties(actor: Actor) -> Any:
    return negotiated.duties(actor).order_by("due", "pk")


@source("duties", "Duties")
def duties(actor: Actor, limit: int) -> Iterator[Item]:
    mine, found = actor.organisation_id, _duties(actor)
    ours = found.filter(state__in=["open", "late"], agreement__consumer_id=mine).exclude(clause=PAYMENT)
    yield from to_move(
        actor, DUTY, ours[:limit], "Do what the contract asks", lambda d: d.agreement.provider.name
    )
    payment = Q(state__in=["open", "late"], clause=PAYMENT)
    declared = found.filter(Q(state="declared") | payment, agreement__provider_id=mine)
    yield from to_move(
        actor, DUTY, declared[:limit], "Answer, or record it", lambda d: d.agreement.consumer.name
    )
    told = found.filter(
        state="late", told_trust=True, seen_by_trust=None, agreement__trust_id__in=actor.trust_ids
    ).exclude(Q(agreement__provider_id=mine) | Q(agreement__consumer_id=mine))
    late = list(told[:limit])
    know(d.agreement.trust for d in late if d.agreement.trust is not None)
    yield from to_move(
        actor, DUTY, late, "Take note: a duty is late", lambda d: d.agreement.consumer.name, NOTE
    )


@source("duties", "Duties", OTHERS)
def duties_of_others(actor: Actor, limit: int) -> Iterator[Item]:
    """What partners still have to do for us, and what we declared and they have to accept."""
    mine, found = actor.organisation_id, _duties(actor)
    theirs = found.filter(state__in=["open", "late"], agreement__provider_id=mine).exclude(clause=PAYMENT)
    for row in theirs[:limit]:
        yield item(actor, DUTY, row, "They have to do it", row.agreement.consumer.name)
    said = Q(state="declared") | Q(state__in=["open", "late"], clause=PAYMENT)
    for row in found.filter(said, agreement__consumer_id=mine)[:limit]:
        yield item(actor, DUTY, row, "Waits for them to accept it", row.agreement.provider.name)


def _may(actor: Actor, action: str, exemption: Any) -> bool:
    return bool(EXEMPTION.action(action).by & roles_of(actor, exemption))


@source("exceptions", "Exceptions")
def exceptions(actor: Actor, limit: int) -> Iterator[Item]:
    mine = actor.organisation_id
    asked = exempted.exemptions(actor).filter(state="asked").exclude(author_id=actor.user_id)
    rows = list(asked.prefetch_related("votes")[:limit])
    know(e.trust for e in rows)
    for e in rows:
        second = e.takes_second and e.second_id is None and e.provider_id == mine and _may(actor, "agree", e)
        trustee = e.takes_trustee and e.trustee_id is None and _may(actor, "agree_trustee", e)
        votes = e.takes_vote and _may(actor, "vote_for", e)
        if second or trustee or (votes and all(v.organisation_id != mine for v in e.votes.all())):
            yield Item(EXEMPTION, e, "Decide on the exception", e.provider.name, e.changed)


@source("exceptions", "Exceptions", OTHERS)
def exceptions_asked(actor: Actor, limit: int) -> Iterator[Item]:
    """Our own that someone else has still to agree to."""
    mine = actor.organisation_id
    for e in exempted.exemptions(actor).filter(state="asked", provider_id=mine)[:limit]:
        missing = [
            who
            for who, takes in (
                ("a second person of ours", e.takes_second and e.second_id is None),
                (f"a trustee of {e.trust.name}", e.takes_trustee and e.trustee_id is None),
                (f"the members of {e.trust.name}", e.takes_vote),
            )
            if takes
        ]
        yield Item(EXEMPTION, e, "Waits for agreement", ", ".join(missing), e.changed)
