"""Verbs of negotiations: ask, offer, counter, accept, and the ends without agreement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from contracts.negotiations import (  # noqa: F401 (their verbs register on import)
    agreements,
    automatic,
    care,
    columns,
    companions,
    deadlines,
    joint,
    notes,
    offers,
    signatures,
    succession,
    turns,
)
from contracts.negotiations.deadlines import lapse, lapse_due  # noqa: F401 (called from here)
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Agreement, Companion, Message, Negotiation
from contracts.negotiations.offers import hold, ready_version
from contracts.negotiations.settling import check_parties, settle
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.once import once
from kernel.registry import performs
from kernel.transition import Stale, creation, transition
from trusts.datasets.models import Dataset
from trusts.organisations.models import Organisation


def _begin(
    action: str, negotiation: Negotiation, more: list[Companion], terms: dict[str, Any], note: str, actor: Actor,
    reply_days: int | None, consumers: list[Organisation],
) -> Negotiation:  # fmt: skip
    """Save a new negotiation with its first turn, its further datasets and its parties."""
    side = "consumer" if action == "ask" else "provider"
    negotiation.seats = max(len({one.pk for one in consumers}), 1)
    with creation(NEGOTIATION, action, negotiation, actor=actor) as change:
        # The proposal points at the row, which creation saves at the end of the block.
        negotiation.state = change.to or ""
        negotiation.save(force_insert=True)
        joint.seat(negotiation, consumers)
        hold([negotiation.version_of_data_id, *(one.version_of_data_id for one in more)])
        Companion.objects.bulk_create(more)
        proposal = turns.propose(negotiation, side, terms, note, actor, reply_days=reply_days)
        change.detail = {"policy_hash": proposal.policy_hash}
        if more:
            change.detail["also"] = [str(one.version_of_data) for one in more]
        if negotiation.replaces:
            change.detail[negotiation.kind] = negotiation.replaces.ref
        if negotiation.seats > 1:
            change.detail["consumers"] = [one.name for one in joint.consumers_of(negotiation)]
    return negotiation


def _open(action: str, side: str, dataset: Dataset, consumers: list[Organisation], terms: dict[str, Any], note: str,
          actor: Actor, id: UUID | None, also: Iterable[UUID], reply_days: int | None) -> Negotiation:  # fmt: skip
    mine = Negotiation.objects.filter(pk=id, **{f"{side}_id": actor.organisation_id})

    def make() -> Negotiation:
        for consumer in consumers:
            check_parties(dataset, consumer)
        negotiation = Negotiation(
            dataset=dataset, version_of_data=ready_version(dataset), trust=dataset.trust, provider=dataset.organisation,
            consumer=consumers[0], opened_by_id=actor.user_id, offer=dataset.offers.filter(state="published").first(),
            **({"id": id} if id else {}),
        )  # fmt: skip
        more = companions.choose(negotiation, also)
        return _begin(action, negotiation, more, terms, note, actor, reply_days, consumers)

    return once(lambda: mine.first() if id else None, make)


@performs(NEGOTIATION, "ask")
def ask(
    *, actor: Actor, dataset: Dataset, terms: dict[str, Any], note: str = "", id: UUID | None = None,
    also: Iterable[UUID] = (), reply_days: int | None = None,
) -> Negotiation:  # fmt: skip
    """Ask a provider for a dataset, and `also` for further ones of theirs, on these terms.

    The same `id` twice is one negotiation. `reply_days`: 1 to 90, 14 if not given.
    """
    if actor.organisation_id is None:
        raise Refused.because("actor.nobody", "You act for no organisation", remedy="Found or join one")
    consumer = Organisation.objects.get(pk=actor.organisation_id)
    return _open("ask", "consumer", dataset, [consumer], terms, note, actor, id, also, reply_days)


@performs(NEGOTIATION, "offer_to")
def offer_to(
    *, actor: Actor, dataset: Dataset, consumer: Organisation, terms: dict[str, Any], note: str = "",
    id: UUID | None = None, also: Iterable[UUID] = (), reply_days: int | None = None, others: Iterable[Organisation] = (),
) -> Negotiation:  # fmt: skip
    """Offer a dataset to one partner, or to it and `others` under one text; the public terms stay."""
    return _open(
        "offer_to", "provider", dataset, [consumer, *others], terms, note, actor, id, also, reply_days
    )


def succeed(
    agreement_id: UUID, *, actor: Actor, kind: str, terms: dict[str, Any], note: str = "", id: UUID | None = None,
    newest: bool = False, reply_days: int | None = None,
) -> Negotiation:  # fmt: skip
    """Begin an `amendment` or a `renewal` of a contract in force, by either side.

    An amendment keeps the signed version of the data; a renewal may take the `newest`. Raises Refused.
    """

    def make() -> Negotiation:
        old = succession.may_begin(agreement_id, kind)
        if kind == "renewal":
            check_parties(old.dataset, old.consumer)
        negotiation = Negotiation(
            dataset=old.dataset, trust=old.trust, provider=old.provider, consumer=old.consumer, kind=kind, replaces=old,
            version_of_data=ready_version(old.dataset) if newest and kind == "renewal" else old.version_of_data,
            opened_by_id=actor.user_id, **({"id": id} if id else {}),
        )  # fmt: skip
        action = "offer_to" if old.provider_id == actor.organisation_id else "ask"
        more = companions.inherit(negotiation, old)
        return _begin(action, negotiation, more, terms, note, actor, reply_days, [old.consumer])

    found = Negotiation.objects.filter(pk=id, replaces_id=agreement_id)
    return once(lambda: found.first() if id else None, make)


def _counter(action: str, side: str) -> Any:
    def verb(
        negotiation_id: UUID, *, actor: Actor, terms: dict[str, Any], note: str = "", seen: int | None = None,
        reply_days: int | None = None, also: Iterable[UUID] | None = None, answers: int | None = None,
    ) -> Negotiation:  # fmt: skip
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen, reason=note) as change:
            if answers is not None and change.subject.rounds != answers:
                raise Stale(change.subject, answers)
            proposal = turns.propose(
                change.subject, side, terms, note, actor, reply_days=reply_days, also=also
            )
            change.detail = {"policy_hash": proposal.policy_hash, "apart": change.subject.apart}
            if also is not None:
                change.detail["also"] = [one["title"] for one in proposal.also or []]
        return change.subject

    verb.__doc__ = (
        "A new turn with complete terms. `answers`: the number of the turn that it answers; Stale if a newer "
        "one came. `also`: another set of further datasets. Raises Refused with a reason per clause."
    )
    return performs(NEGOTIATION, action)(verb)


counter = _counter("counter", "consumer")
make_offer = _counter("make_offer", "provider")


def _accept(action: str) -> Any:
    def verb(
        negotiation_id: UUID, *, actor: Actor, policy_hash: str, confirmed: Iterable[str] = (), seen: int | None = None
    ) -> Agreement | Negotiation:  # fmt: skip
        with transaction.atomic():
            with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen) as change:
                negotiation: Negotiation = change.subject
                proposal = turns.newest(negotiation)
                if proposal.policy_hash != policy_hash:
                    raise Refused.because(
                        "negotiation.hash_moved", "The terms are not the ones you were shown",
                        remedy="Read the newest offer and decide again", field="policy_hash",
                    )  # fmt: skip
                looked_at = care.check(proposal, confirmed)
                change.detail = {"policy_hash": policy_hash, "proposal": proposal.number}
                if looked_at:
                    change.detail["confirmed"] = looked_at
                waiting = joint.accept(negotiation, actor)
                if not waiting:
                    turns.set_due(negotiation, signatures.by_when())
                else:
                    # Bound only when all are: until then the text stands as an offer to those who have not answered.
                    change.to = "offered"
                    change.detail["waiting_for"] = waiting
                    if action == "accept_request":
                        change.publish("negotiation.turn", id=str(negotiation.pk), machine=NEGOTIATION.name)
                    negotiation.told = f"Accepted. Still to answer: {', '.join(waiting)}."  # type: ignore[attr-defined]
            return negotiation if waiting else settle(negotiation, proposal, actor)

    verb.__doc__ = (
        "Accept the newest proposal by the hash that was shown, with each term `confirmed` that needs care. Returns the "
        "agreement, or the negotiation while other parties have still to accept. Raises Refused if the terms moved."
    )
    return performs(NEGOTIATION, action)(verb)


accept = _accept("accept")
accept_request = _accept("accept_request")


def _end(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen, reason=reason) as change:
            change.subject.ended_because, change.subject.due = reason, None
            joint.refuse(change.subject, actor)
        return change.subject

    verb.__doc__ = "End without agreement, for every party; the reason reaches the other side."
    return performs(NEGOTIATION, action)(verb)


reject, decline, withdraw = _end("reject"), _end("decline"), _end("withdraw")


@performs(NEGOTIATION, "comment")
def comment(
    negotiation_id: UUID, *, actor: Actor, text: str, clause: str = "", seen: int | None = None
) -> Negotiation:
    """A remark in the thread, on the whole or on one clause, seen by all parties."""
    with transition(NEGOTIATION, "comment", negotiation_id, actor=actor) as change:
        Message.objects.create(
            negotiation=change.subject,
            author_id=actor.user_id,
            organisation_id=actor.organisation_id,
            text=text,
            clause=clause,
        )
        change.detail = {"characters": len(text), **({"clause": clause} if clause else {})}
    return change.subject
