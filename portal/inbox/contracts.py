"""Negotiations, contracts to sign, duties and exceptions to a charter that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from contracts.charters import selectors as exempted
from contracts.charters.machines import EXEMPTION
from contracts.negotiations import selectors as negotiated
from contracts.negotiations.duty_rules import PAYMENT
from contracts.negotiations.machines import AGREEMENT, DUTY, NEGOTIATION, OPEN
from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, movable, moved_by, safe, source
from trusts.membership.selectors import governed_trust_ids, know

TIME = safe(NEGOTIATION, "give_time", "grant_time")
NOTE = safe(DUTY, "take_note")
Rows = QuerySet[Any]


def _my_turn(actor: Actor) -> Rows:
    asked = moved_by(actor, NEGOTIATION, "requested", "provider", "dataset_id")
    offered = moved_by(actor, NEGOTIATION, "offered", "consumer", "dataset_id")
    return negotiated.my_turn(actor).filter(asked | offered).prefetch_related(None)


@source("negotiations", "Negotiations", rows=_my_turn, due="due")
def my_turn(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        if row.state == "requested":
            yield item(actor, NEGOTIATION, row, "Answer the request", row.consumer.name)
        else:
            yield item(actor, NEGOTIATION, row, "Answer the offer", row.provider.name)


def _their_turn(actor: Actor) -> Rows:
    mine = negotiated.my_turn(actor).order_by().values("pk")
    found = negotiated.negotiations(actor).filter(state__in=OPEN).exclude(pk__in=mine)
    return found.prefetch_related("participants__organisation")


@source("negotiations", "Negotiations", OTHERS, rows=_their_turn, due="due")
def their_turn(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Open ones where another party has not answered yet; whoever waits may give it more time."""
    for row in rows:
        yield item(actor, NEGOTIATION, row, "Waits for their answer", _answering(row), TIME)


def _answering(row: Any) -> str:
    if row.state == "requested":
        return str(row.provider.name)
    if row.seats < 2:
        return str(row.consumer.name)
    return ", ".join(p.organisation.name for p in row.participants.all() if p.answer == "open")


def _to_be_signed(actor: Actor) -> Rows:
    return negotiated.agreements(actor).filter(state="signing").select_related("negotiation")


def _for_us_to_sign(actor: Actor) -> Rows:
    return _to_be_signed(actor).filter(moved_by(actor, AGREEMENT, "signing", "signer", "dataset_id"))


@source("contracts", "Contracts", rows=_for_us_to_sign, whole=True)
def to_sign(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    mine = actor.organisation_id
    for row in rows:
        if mine in row.unsigned() and movable(actor, AGREEMENT, row):
            other = row.provider if row.consumer_id == mine else row.consumer
            yield item(actor, AGREEMENT, row, "Sign the contract", other.name)


@source("contracts", "Contracts", OTHERS, rows=_to_be_signed, whole=True)
def to_be_signed_by_others(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        missing = set(row.unsigned())
        if missing and actor.organisation_id not in missing:
            names = [side.name for side in (row.provider, row.consumer) if side.pk in missing]
            yield item(
                actor, AGREEMENT, row, "Waits for their signature", ", ".join(names) or "A third party"
            )


def _open(actor: Actor, side: str) -> Q:
    """Duties that this side can still do something about."""
    ground = "agreement__dataset_id"
    return moved_by(actor, DUTY, "open", side, ground) | moved_by(actor, DUTY, "late", side, ground)


def _duties(actor: Actor) -> Rows:
    mine = actor.organisation_id
    ours = _open(actor, "consumer") & Q(agreement__consumer_id=mine) & ~Q(clause=PAYMENT)
    declared = moved_by(actor, DUTY, "declared", "provider", "agreement__dataset_id")
    declared |= _open(actor, "provider") & Q(clause=PAYMENT)
    return negotiated.duties(actor).filter(ours | (declared & Q(agreement__provider_id=mine)))


@source("duties", "Duties", rows=_duties, due="due")
def duties(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        if row.agreement.consumer_id == actor.organisation_id:
            yield item(actor, DUTY, row, "Do what the contract asks", row.agreement.provider.name)
        else:
            yield item(actor, DUTY, row, "Answer, or record it", row.agreement.consumer.name)


def _told(actor: Actor) -> Rows:
    mine = actor.organisation_id
    late = moved_by(actor, DUTY, "late", "trustee")
    told = negotiated.duties(actor).filter(
        late, told_trust=True, seen_by_trust=None, agreement__trust_id__in=governed_trust_ids(mine)
    )
    return told.exclude(Q(agreement__provider_id=mine) | Q(agreement__consumer_id=mine))


@source("duties", "Duties", rows=_told, due="due")
def duties_told(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """To those who govern the trust: late ones that the contract tells them of."""
    know(row.agreement.trust for row in rows)
    for row in rows:
        yield item(actor, DUTY, row, "Take note: a duty is late", row.agreement.consumer.name, NOTE)


def _duties_of_others(actor: Actor) -> Rows:
    mine = actor.organisation_id
    theirs = Q(state__in=["open", "late"], agreement__provider_id=mine) & ~Q(clause=PAYMENT)
    said = Q(state="declared") | Q(state__in=["open", "late"], clause=PAYMENT)
    return negotiated.duties(actor).filter(theirs | (said & Q(agreement__consumer_id=mine)))


@source("duties", "Duties", OTHERS, rows=_duties_of_others, due="due")
def duties_of_others(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """What partners still have to do for us, and what we declared and they have to accept."""
    for row in rows:
        if row.agreement.provider_id == actor.organisation_id:
            yield item(actor, DUTY, row, "They have to do it", row.agreement.consumer.name)
        else:
            yield item(actor, DUTY, row, "Waits for them to accept it", row.agreement.provider.name)


def _asked(actor: Actor) -> Rows:
    """Of ours those that take a second person; of others those that take a trustee. Votes are proposals."""
    mine = actor.organisation_id
    second = moved_by(actor, EXEMPTION, "asked", "provider", "dataset_id", by="agree")
    second &= Q(provider_id=mine, takes_second=True, second=None)
    trustee = moved_by(actor, EXEMPTION, "asked", "trustee", by="agree_trustee")
    trustee &= Q(trust_id__in=governed_trust_ids(mine), takes_trustee=True, trustee=None)
    return exempted.exemptions(actor).filter(second | trustee).exclude(author_id=actor.user_id)


@source("exceptions", "Exceptions", rows=_asked)
def exceptions(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for e in rows:
        yield Item(EXEMPTION, e, "Decide on the exception", e.provider.name, e.changed)


def _ours_asked(actor: Actor) -> Rows:
    return exempted.exemptions(actor).filter(state="asked", provider_id=actor.organisation_id)


@source("exceptions", "Exceptions", OTHERS, rows=_ours_asked)
def exceptions_asked(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Our own that someone else has still to agree to."""
    for e in rows:
        missing = [
            who
            for who, takes in (
                ("a second person of ours", e.takes_second and e.second_id is None),
                (f"a trustee of {e.trust.name}", e.takes_trustee and e.trustee_id is None),
                (f"the members of {e.trust.name}", e.takes_vote and not e.members_agreed),
            )
            if takes
        ]
        yield Item(EXEMPTION, e, "Waits for agreement", ", ".join(missing), e.changed)
