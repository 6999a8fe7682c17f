"""Verbs of agreements and their duties."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contracts.negotiations import companions, signing
from contracts.negotiations.machines import AGREEMENT, DUTY
from contracts.negotiations.models import Agreement, Duty, Negotiation, Proposal
from contracts.policies.odrl import policy_hash, to_odrl
from contracts.policies.terms import Terms
from contracts.policies.words import sentences
from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.keys import seal_secret
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations.models import Organisation


@performs(AGREEMENT, "conclude")
def conclude(
    negotiation: Negotiation, proposal: Proposal, *, actor: Actor, accepted_by: Actor,
    parties: Sequence[tuple[str, Organisation]] = (),
) -> Agreement:  # fmt: skip
    """The agreement of an accepted proposal, signed for those whose keys the portal holds.

    It names the exact bytes by their hash. `parties`: who signs, as (side, organisation); else provider and consumer.
    """
    parties = parties or [("provider", negotiation.provider), ("consumer", negotiation.consumer)]
    signers = signing.named(parties)
    terms = Terms.from_dict(proposal.terms)
    version, also = negotiation.version_of_data, companions.signed(negotiation)
    agreement = Agreement(
        negotiation=negotiation, dataset=negotiation.dataset, version_of_data=version, trust=negotiation.trust,
        provider=negotiation.provider, consumer=negotiation.consumer, terms=proposal.terms,
        starts=terms.starts, ends=terms.ends, sealed_key=seal_secret(secrets.token_bytes(32)),
    )  # fmt: skip
    agreement.odrl = to_odrl(
        terms, uid=agreement.iri, kind="Agreement", target=negotiation.dataset.iri,
        assigner=negotiation.provider.iri, assignee=negotiation.consumer.iri,
    )  # fmt: skip
    agreement.policy_hash = policy_hash(agreement.odrl)
    agreement.payload = {
        "agreement": agreement.iri,
        "dataset": {"id": negotiation.dataset.iri, "title": negotiation.dataset.title_text, "version": version.number,
                    **version.hashes()},
        "provider": {"id": negotiation.provider.iri, "name": negotiation.provider.name},
        "consumer": {"id": negotiation.consumer.iri, "name": negotiation.consumer.name},
        "signers": signers,
        "trust": negotiation.trust.iri if negotiation.trust else None,
        **({"also": also} if also else {}),
        "proposal": {"number": proposal.number, "side": proposal.side, "policy_hash": proposal.policy_hash},
        "accepted": {"by": accepted_by.name, "for": accepted_by.organisation_name, "at": timezone.now().isoformat()},
        "policy": agreement.odrl, "policy_hash": agreement.policy_hash,
        "words": [*(s.text for s in sentences(terms, negotiation.consumer.name)), *signing.words(signers),
                  *companions.words(also, terms)],
        "starts": agreement.starts.isoformat(), "ends": agreement.ends.isoformat(), "portal": settings.SITE_URL,
    }  # fmt: skip
    agreement.jws = signing.begin(agreement.payload, parties)
    with creation(AGREEMENT, "conclude", agreement, actor=actor) as change:
        change.detail = {"accepted_by": accepted_by.name}
        if agreement.unsigned():
            change.publish("agreement.to_sign", id=str(agreement.pk), machine=AGREEMENT.name)
    return agreement


@performs(AGREEMENT, "suspend")
def suspend(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """Nothing is answered or delivered until resumed; running jobs stop."""
    with transition(AGREEMENT, "suspend", agreement_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.ended_because = reason
    return change.subject


@performs(AGREEMENT, "resume")
def resume_agreement(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    with transition(AGREEMENT, "resume", agreement_id, actor=actor, seen=seen) as change:
        change.subject.ended_because = ""
    return change.subject


@performs(AGREEMENT, "terminate")
def terminate(agreement_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Agreement:
    """End early with a reason; duties after the end begin now."""
    with transition(AGREEMENT, "terminate", agreement_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.ended_because = reason
        _begin_duties(change.subject, timezone.now())
    return change.subject


@performs(AGREEMENT, "run_out")
def run_out(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """The last day is over."""
    with transition(AGREEMENT, "run_out", agreement_id, actor=actor) as change:
        change.subject.ended_because = "It ran out on its last day."
        _begin_duties(change.subject, change.subject.ends)
    return change.subject


def _begin_duties(agreement: Agreement, ended: datetime) -> None:
    clause = agreement.terms.get("delete_within")
    if not clause or agreement.exports_used == 0:
        return
    duty = Duty(
        agreement=agreement, clause="delete_within", due=ended + timedelta(days=clause["days"]),
        text=f"Delete all copies of {agreement.dataset.title_text} and say so",
    )  # fmt: skip
    with creation(DUTY, "begin", duty, actor=system()):
        pass


@performs(AGREEMENT, "reserve")
def reserve_export(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """Count one export, under the agreement's lock. Raises Refused when all are used."""
    with transition(AGREEMENT, "reserve", agreement_id, actor=actor) as change:
        agreement: Agreement = change.subject
        most = (agreement.terms.get("exports") or {}).get("at_most")
        if most is not None and agreement.exports_used >= most:
            raise Refused.because(
                "terms.exports",
                f"All {most} exports of the contract are used",
                remedy="Negotiate more exports",
                source="clause exports",
            )
        agreement.exports_used += 1
    return agreement


@performs(AGREEMENT, "release")
def release_export(agreement_id: UUID, *, actor: Actor, seen: int | None = None) -> Agreement:
    """Give an export back that was not delivered."""
    with transition(AGREEMENT, "release", agreement_id, actor=actor) as change:
        change.subject.exports_used = max(change.subject.exports_used - 1, 0)
    return change.subject


@performs(DUTY, "fulfil")
def fulfil(duty_id: UUID, *, actor: Actor, statement: str, seen: int | None = None) -> Duty:
    """Declare a duty done, with a statement that is kept."""
    with transition(DUTY, "fulfil", duty_id, actor=actor, seen=seen, reason=statement) as change:
        change.subject.statement = statement
    return change.subject


@performs(DUTY, "begin")
def begin_duty(**_: Any) -> None:
    """Duties begin when their agreement ends; see `_begin_duties`."""


@performs(DUTY, "overdue")
def overdue(duty_id: UUID, *, actor: Actor, seen: int | None = None) -> Duty:
    with transition(DUTY, "overdue", duty_id, actor=actor) as change:
        pass
    return change.subject


def end_due(now: datetime) -> int:
    """Run out the agreements whose last day is over and mark late duties; returns how many moved."""
    moved = 0
    for pk in Agreement.objects.filter(state__in=["in_force", "suspended"], ends__lte=now).values_list(
        "pk", flat=True
    )[:200]:
        moved += attempt(run_out, pk)
    for pk in Duty.objects.filter(state="open", due__lt=now).values_list("pk", flat=True)[:200]:
        moved += attempt(overdue, pk)
    return moved


def attempt(verb: Any, pk: UUID) -> int:
    """One timer; someone may have moved the row meanwhile, which is no error."""
    try:
        with transaction.atomic():
            verb(pk, actor=system("timer"))
    except Refused:
        return 0
    return 1
