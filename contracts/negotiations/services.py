"""Verbs of negotiations: ask, offer, counter, accept, and the ends without agreement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contracts.negotiations import (  # noqa: F401 (their verbs register on import)
    agreements,
    columns,
    companions,
    offers,
    signatures,
)
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Agreement, Companion, Message, Negotiation, Proposal
from contracts.negotiations.offers import hold, read_terms, ready_version
from contracts.negotiations.rules import Parties, parties_may_deal
from contracts.policies.difference import distance
from contracts.policies.odrl import policy_hash, to_odrl
from contracts.policies.terms import Terms
from kernel.actor import Actor, system
from kernel.change import Change
from kernel.decision import Refused
from kernel.once import once
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.datasets.models import Dataset
from trusts.membership.models import Membership
from trusts.organisations.models import Organisation

REPLY_DAYS = 14


def _check_parties(dataset: Dataset, consumer: Organisation) -> None:
    active = set(
        Membership.objects.filter(trust_id=dataset.trust_id, state="active").values_list(
            "organisation_id", flat=True
        )
    )
    decision = parties_may_deal(
        Parties(
            provider_active=dataset.organisation_id in active,
            consumer_active=consumer.pk in active,
            same=dataset.organisation_id == consumer.pk,
            listed=dataset.state == "listed" and dataset.trust_id is not None,
        )
    )
    if not decision.allowed:
        raise Refused(decision)


def _propose(negotiation: Negotiation, side: str, terms: dict[str, Any], note: str, actor: Actor) -> Proposal:
    more = [c.version_of_data for c in negotiation.companions.select_related("version_of_data")]
    checked = read_terms(terms, negotiation.version_of_data, more)
    last = negotiation.proposals.order_by("-number").first()
    number = (last.number if last else 0) + 1
    policy = to_odrl(
        checked, uid=f"urn:uuid:{negotiation.pk}:{number}", target=negotiation.dataset.iri,
        assigner=negotiation.provider.iri, assignee=negotiation.consumer.iri,
    )  # fmt: skip
    negotiation.rounds = number
    negotiation.apart = distance(Terms.from_dict(last.terms), checked) if last else 0
    negotiation.due = timezone.now() + timedelta(days=REPLY_DAYS)
    return Proposal.objects.create(
        negotiation=negotiation, number=number, side=side, author_id=actor.user_id, terms=checked.as_dict(),
        odrl=policy, policy_hash=policy_hash(policy), note=note,
    )  # fmt: skip


def _open(action: str, side: str, dataset: Dataset, consumer: Organisation, terms: dict[str, Any], note: str,
          actor: Actor, id: UUID | None, also: Iterable[UUID] = ()) -> Negotiation:  # fmt: skip
    mine = Negotiation.objects.filter(pk=id, **{f"{side}_id": actor.organisation_id})

    def make() -> Negotiation:
        _check_parties(dataset, consumer)
        negotiation = Negotiation(
            dataset=dataset, version_of_data=ready_version(dataset), trust=dataset.trust, provider=dataset.organisation,
            consumer=consumer, opened_by_id=actor.user_id, offer=dataset.offers.filter(state="published").first(),
            **({"id": id} if id else {}),
        )  # fmt: skip
        with creation(NEGOTIATION, action, negotiation, actor=actor) as change:
            # The proposal points at the row, which creation saves at the end of the block.
            negotiation.state = change.to or ""
            negotiation.save(force_insert=True)
            more = companions.choose(negotiation, also)
            hold([negotiation.version_of_data_id, *(one.version_of_data_id for one in more)])
            Companion.objects.bulk_create(more)
            proposal = _propose(negotiation, side, terms, note, actor)
            change.detail = {"policy_hash": proposal.policy_hash}
            if more:
                change.detail["also"] = [str(one.version_of_data) for one in more]
        return negotiation

    return once(lambda: mine.first() if id else None, make)


@performs(NEGOTIATION, "ask")
def ask(
    *, actor: Actor, dataset: Dataset, terms: dict[str, Any], note: str = "", id: UUID | None = None,
    also: Iterable[UUID] = (),
) -> Negotiation:  # fmt: skip
    """Ask a provider for a dataset, and `also` for further ones of theirs, on these terms.

    The same `id` twice is one negotiation.
    """
    if actor.organisation_id is None:
        raise Refused.because("actor.nobody", "You act for no organisation", remedy="Found or join one")
    consumer = Organisation.objects.get(pk=actor.organisation_id)
    return _open("ask", "consumer", dataset, consumer, terms, note, actor, id, also)


@performs(NEGOTIATION, "offer_to")
def offer_to(
    *,
    actor: Actor,
    dataset: Dataset,
    consumer: Organisation,
    terms: dict[str, Any],
    note: str = "",
    id: UUID | None = None,
    also: Iterable[UUID] = (),
) -> Negotiation:
    """Offer a dataset to one partner on terms of their own; the public terms stay."""
    return _open("offer_to", "provider", dataset, consumer, terms, note, actor, id, also)


def _counter(action: str, side: str) -> Any:
    def verb(
        negotiation_id: UUID, *, actor: Actor, terms: dict[str, Any], note: str = "", seen: int | None = None
    ) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen, reason=note) as change:
            proposal = _propose(change.subject, side, terms, note, actor)
            change.detail = {"policy_hash": proposal.policy_hash, "apart": change.subject.apart}
        return change.subject

    verb.__doc__ = "A new turn with complete terms. Raises Refused with a reason per clause."
    return performs(NEGOTIATION, action)(verb)


counter = _counter("counter", "consumer")
make_offer = _counter("make_offer", "provider")


def _accept(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, policy_hash: str, seen: int | None = None) -> Agreement:
        with transaction.atomic():
            with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen) as change:
                proposal = change.subject.proposals.order_by("-number").first()
                if proposal.policy_hash != policy_hash:
                    raise Refused.because(
                        "negotiation.hash_moved", "The terms are not the ones you were shown",
                        remedy="Read the newest offer and decide again", field="policy_hash",
                    )  # fmt: skip
                _check_parties(change.subject.dataset, change.subject.consumer)
                companions.still_offered(change.subject)
                change.subject.due = timezone.now() + timedelta(days=signatures.SIGN_DAYS)
                change.detail = {"policy_hash": policy_hash, "proposal": proposal.number}
            return _settle(change, proposal, actor)

    verb.__doc__ = "Accept the newest proposal, by the hash that was shown. Raises Refused if it moved."
    return performs(NEGOTIATION, action)(verb)


accept = _accept("accept")
accept_request = _accept("accept_request")


def _settle(change: Change, proposal: Proposal, actor: Actor) -> Agreement:
    """The contract, signed for those whose keys the portal holds; in force at once if those are all."""
    robot = system("contract writer", door=actor.door)
    agreement = agreements.conclude(change.subject, proposal, actor=robot, accepted_by=actor)
    signatures.advance(agreement, door=actor.door)
    agreement.refresh_from_db()
    return agreement


def _step(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor) as change:
            if action in ("finalize", "lapse"):
                change.subject.due = None
            if action == "lapse":
                change.subject.ended_because = "Nobody answered in time."
        return change.subject

    verb.__doc__ = f"{NEGOTIATION.action(action).label}: a step of the portal itself."
    return performs(NEGOTIATION, action)(verb)


write, verify, finalize, lapse = _step("write"), _step("verify"), _step("finalize"), _step("lapse")


def _end(action: str) -> Any:
    def verb(negotiation_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Negotiation:
        with transition(NEGOTIATION, action, negotiation_id, actor=actor, seen=seen, reason=reason) as change:
            change.subject.ended_because, change.subject.due = reason, None
        return change.subject

    verb.__doc__ = "End without agreement; the reason reaches the other side."
    return performs(NEGOTIATION, action)(verb)


reject, decline, withdraw = _end("reject"), _end("decline"), _end("withdraw")


@performs(NEGOTIATION, "comment")
def comment(
    negotiation_id: UUID, *, actor: Actor, text: str, clause: str = "", seen: int | None = None
) -> Negotiation:
    """A remark in the thread, seen by both sides."""
    with transition(NEGOTIATION, "comment", negotiation_id, actor=actor) as change:
        Message.objects.create(
            negotiation=change.subject,
            author_id=actor.user_id,
            organisation_id=actor.organisation_id,
            text=text,
            clause=clause,
        )
        change.detail = {"characters": len(text)}
    return change.subject


def lapse_due(now: datetime) -> int:
    """Let negotiations lapse whose reply is overdue; returns how many."""
    moved = 0
    for pk in Negotiation.objects.filter(state__in=["requested", "offered"], due__lt=now).values_list(
        "pk", flat=True
    )[:200]:
        moved += agreements.attempt(lapse, pk)
    return moved
