"""Verbs of agreements. Their counters are in `ledger`, their duties in `duties`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contracts.negotiations import companions, duties, signing, succession
from contracts.negotiations.facts import held
from contracts.negotiations.machines import AGREEMENT
from contracts.negotiations.models import Agreement, Negotiation, Proposal
from contracts.negotiations.signatures import when_in_force
from contracts.policies.odrl import policy_hash, to_odrl
from contracts.policies.terms import Terms
from contracts.policies.words import sentences
from kernel.actor import Actor, system
from kernel.canonical import sha256_hex
from kernel.decision import Refused
from kernel.keys import seal_secret
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots
from trusts.organisations.models import Organisation


@performs(AGREEMENT, "conclude")
def conclude(
    negotiation: Negotiation, proposal: Proposal, *, actor: Actor, accepted_by: Actor,
    consumer: Organisation | None = None, more: dict[str, Any] | None = None, sealed_key: str = "",
    parties: Sequence[tuple[str, Organisation]] = (),
) -> Agreement:  # fmt: skip
    """The agreement of an accepted proposal, signed for those whose keys the portal holds.

    It names the exact bytes by their hash. `consumer`: whose, if the negotiation has several. `more`: what else both
    sign: parties, the contract it replaces. `parties`: who signs, as (side, organisation); else provider and consumer.
    """
    consumer = consumer or negotiation.consumer
    parties = parties or [("provider", negotiation.provider), ("consumer", consumer)]
    signers = signing.named(parties)
    terms = Terms.from_dict(proposal.terms)
    version, also = negotiation.version_of_data, companions.signed(negotiation)
    agreement = Agreement(
        negotiation=negotiation, dataset=negotiation.dataset, version_of_data=version, trust=negotiation.trust,
        provider=negotiation.provider, consumer=consumer, terms=proposal.terms,
        starts=terms.starts, ends=terms.ends, sealed_key=sealed_key or seal_secret(secrets.token_bytes(32)),
    )  # fmt: skip
    agreement.odrl = to_odrl(
        terms, uid=agreement.iri, kind="Agreement", target=negotiation.dataset.iri,
        assigner=negotiation.provider.iri, assignee=consumer.iri,
    )  # fmt: skip
    agreement.policy_hash = policy_hash(agreement.odrl)
    agreement.payload = {
        "agreement": agreement.iri,
        "dataset": {"id": negotiation.dataset.iri, "title": negotiation.dataset.title_text, "version": version.number,
                    **version.hashes()},
        "provider": {"id": negotiation.provider.iri, "name": negotiation.provider.name},
        "consumer": {"id": consumer.iri, "name": consumer.name},
        "signers": signers, **(more or {}),
        "trust": negotiation.trust.iri if negotiation.trust else None,
        **({"also": also} if also else {}),
        "proposal": {"number": proposal.number, "side": proposal.side, "policy_hash": proposal.policy_hash},
        "accepted": {"by": accepted_by.name, "for": accepted_by.organisation_name, "at": timezone.now().isoformat()},
        "policy": agreement.odrl, "policy_hash": agreement.policy_hash,
        "words": [*(s.text for s in sentences(terms, consumer.name)), *signing.words(signers),
                  *companions.words(also, terms)],
        "starts": agreement.starts.isoformat(), "ends": agreement.ends.isoformat(), "portal": settings.SITE_URL,
    }  # fmt: skip
    agreement.jws = signing.begin(agreement.payload, parties)
    with creation(AGREEMENT, "conclude", agreement, actor=actor) as change:
        change.detail = {"accepted_by": accepted_by.name, "payload_sha256": sha256_hex(agreement.payload)}
        if agreement.unsigned():
            change.publish("agreement.to_sign", id=str(agreement.pk), machine=AGREEMENT.name)
    return agreement


@when_in_force
def begin(agreement: Agreement, actor: Actor) -> None:
    """All have signed: its duties begin, and it takes the place of the one that it follows."""
    duties.begin_with_the_agreement(agreement)
    succession.follow(agreement, actor)


@performs(AGREEMENT, "suspend")
def suspend(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """Nothing is answered or delivered until resumed; running jobs stop. By a trustee: until the trust resumes it."""
    with transition(AGREEMENT, "suspend", agreement_id, actor=actor, seen=seen, reason=reason) as change:
        agreement: Agreement = change.subject
        if held(agreement, actor).oversees:
            agreement.ended_because, agreement.held_by = f"{agreement.trust} stopped it: {reason}", "trust"
        else:
            agreement.ended_because, agreement.held_by = reason, "provider"
    return change.subject


@performs(AGREEMENT, "resume")
def resume_agreement(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    with transition(AGREEMENT, "resume", agreement_id, actor=actor, seen=seen) as change:
        change.subject.ended_because, change.subject.held_by = "", ""
    return change.subject


@performs(AGREEMENT, "terminate")
def terminate(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """End early with a reason; duties after the end begin now."""
    with transition(AGREEMENT, "terminate", agreement_id, actor=actor, seen=seen, reason=reason) as change:
        _end(change.subject, timezone.now(), reason)
    return change.subject


@performs(AGREEMENT, "run_out")
def run_out(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """The last day is over."""
    with transition(AGREEMENT, "run_out", agreement_id, actor=actor) as change:
        _end(change.subject, change.subject.ends, "It ran out on its last day.")
    return change.subject


@performs(AGREEMENT, "dissolve")
def dissolve(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """Ended early by rule, because a party left the trust; duties after the end begin now."""
    with transition(AGREEMENT, "dissolve", agreement_id, actor=actor, reason=reason) as change:
        _end(change.subject, timezone.now(), reason)
    return change.subject


@performs(AGREEMENT, "restore")
def restore(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """The reason for which the portal suspended it is gone."""
    with transition(AGREEMENT, "restore", agreement_id, actor=actor) as change:
        change.subject.ended_because, change.subject.held_by = "", ""
    return change.subject


@performs(AGREEMENT, "destroy_keys")
def destroy_keys(
    agreement_id: UUID, *, actor: Actor, deleted: list[dict[str, Any]], seen: int | None = None
) -> Agreement:
    """The contract's own key goes, so that no pseudonym of it can be made again. `deleted`: what went with it."""
    with transition(AGREEMENT, "destroy_keys", agreement_id, actor=actor) as change:
        agreement: Agreement = change.subject
        agreement.sealed_key, agreement.keys_destroyed = "", timezone.now()
        change.detail = {"key": "the contract's pseudonym key", "deleted": deleted}
    return agreement


def _end(agreement: Agreement, ended: datetime, because: str) -> None:
    agreement.ended_because, agreement.ended_at, agreement.held_by = because, ended, ""
    copies = succession.copies_were_made(agreement) and not succession.goes_on(agreement)
    duties.begin_after_the_end(agreement, ended, copies=copies)


def end_due(now: datetime) -> int:
    """Run out the agreements whose last day is over, and move duties; returns how many moved."""
    moved = 0
    over = Agreement.objects.filter(state__in=["in_force", "suspended"], ends__lte=now)
    for pk in over.values_list("pk", flat=True)[:200]:
        moved += attempt(run_out, pk, robots.actor("end_contracts"))
    return moved + duties.due(now)


def attempt(verb: Any, pk: UUID, actor: Actor | None = None) -> int:
    """One timer, or the robot named; someone may have moved the row meanwhile, which is no error."""
    try:
        with transaction.atomic():
            verb(pk, actor=actor or system("timer"))
    except Refused:
        return 0
    return 1
