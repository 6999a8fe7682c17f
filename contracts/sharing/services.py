"""Verbs of sharing requests: the only writers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from contracts.negotiations.agreements import attempt
from contracts.negotiations.models import Agreement
from contracts.sharing import carrying, reviewing, stating, warnings  # noqa: F401 (their verbs register on import)
from contracts.sharing.advice import advice_on, advice_record, kept
from contracts.sharing.answering import answer, approve, ask_second, refuse, send_back  # noqa: F401 (as above)
from contracts.sharing.asked import pass_on, reassign  # noqa: F401 (as above)
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import NamedPerson, Remark, Request
from contracts.sharing.planning import (  # noqa: F401 (as above)
    COUNTER,
    input_types,
    must_still_follow,
    plan_for,
    plan_of,
    reserve_for,
)
from kernel.actor import Actor, system
from kernel.decision import Decision, Outcome, Refused
from kernel.once import once
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.membership.endings import follows
from trusts.membership.models import Membership
from trusts.membership.roles import ASK, must_be_let
from trusts.organisations import robots
from trusts.organisations.models import OrganisationMember

REVIEW_DAYS = 14
ANSWERS = ("purpose", "purpose_note", "place", "columns", "row_filter", "recipe", "format")


def _people(request: Request, people: list[UUID]) -> None:
    """Set the named people; each must be an active person of the consumer."""
    known = set(
        OrganisationMember.objects.filter(
            organisation_id=request.consumer_id, state="active", user_id__in=people
        ).values_list("user_id", flat=True)
    )
    if set(people) - known:
        raise Refused.because(
            "request.people",
            "Someone named does not belong to your organisation",
            remedy="Name people of your organisation",
            field="people",
        )
    request.named.all().delete()
    NamedPerson.objects.bulk_create(
        NamedPerson(request=request, user_id=user) for user in sorted(known, key=str)
    )


@performs(REQUEST, "draft")
def draft(
    *, actor: Actor, agreement: Agreement, people: list[UUID], id: UUID | None = None, **answers: Any
) -> Request:
    """A draft that only the consumer sees. The same `id` twice is one draft."""
    id = id or uuid4()
    request = Request(
        id=id,
        agreement=agreement, version_of_data=agreement.version_of_data, provider_id=agreement.provider_id,
        consumer_id=agreement.consumer_id, author_id=actor.user_id, **_known(answers),
    )  # fmt: skip

    def make() -> Request:
        must_be_let(agreement.trust, agreement.consumer_id, ASK, under_contract=True)
        with creation(REQUEST, "draft", request, actor=actor):
            pass
        _people(request, people)
        return request

    return once(lambda: Request.objects.filter(pk=id, consumer_id=actor.organisation_id).first(), make)


def _known(answers: dict[str, Any]) -> dict[str, Any]:
    return {name: answers[name] for name in ANSWERS if name in answers}


@performs(REQUEST, "edit")
def edit(
    request_id: UUID, *, actor: Actor, people: list[UUID], seen: int | None = None, **answers: Any
) -> Request:
    """Change the answers of a draft or a returned request."""
    with transition(REQUEST, "edit", request_id, actor=actor, seen=seen) as change:
        before = change.subject.answers()
        for name, value in _known(answers).items():
            setattr(change.subject, name, value)
        _people(change.subject, people)
        after = change.subject.answers()
        change.detail = {"changed": sorted(name for name in after if after[name] != before[name])}
    return change.subject


def _try(action: str) -> Any:
    def verb(request_id: UUID, *, actor: Actor, seen: int | None = None) -> Request:
        with transition(REQUEST, action, request_id, actor=actor, seen=seen) as change:
            request: Request = change.subject
            plan = plan_of(request)
            change.detail = {"plan": plan.hash}
            change.publish("request.try", id=str(request_id), trial=str(uuid4()), by=str(actor.user_id or ""),
                           organisation=str(actor.organisation_id or request.consumer_id))  # fmt: skip
        return request

    verb.__doc__ = "Have a worker try the plan on a sample. Raises Refused for what the contract forbids."
    return performs(REQUEST, action)(verb)


try_out, examine = _try("try_out"), _try("examine")


@performs(REQUEST, "submit")
def submit(request_id: UUID, *, actor: Actor, seen: int | None = None) -> Request:
    """Freeze the plan and send it to the provider. Raises Refused for what the contract forbids."""
    with transition(REQUEST, "submit", request_id, actor=actor, seen=seen) as change:
        request: Request = change.subject
        plan = plan_of(request)
        people = request.named.count()
        advice = advice_on(request, people)
        decision = advice.decision
        # What must be done first, such as a payment, can still be done while it is reviewed; and what only a person
        # can know is stated by a reviewer.
        blocking = tuple(
            r
            for r in decision.reasons
            if decision.outcome is not Outcome.ALLOW and not r.code.startswith(("duty.", "fact."))
        )
        if blocking:
            why = Decision(decision.outcome, blocking, decision.trace)
            # Kept for the asker alone: what was never submitted is no affair of the provider's.
            raise Refused(
                why, afterwards=lambda: kept("submit", request, advice, provider=request.consumer_id)
            )
        if not people:
            raise Refused.because(
                "request.people",
                "Nobody is named to receive the export",
                remedy="Name at least one person",
                field="people",
            )
        request.plan, request.plan_hash = plan.as_dict(), plan.hash
        request.advice = advice_record(advice) | {"warnings": warnings.record(warnings.warnings_on(request))}
        kept("submit", request, advice)
        reviewing.begin(request)
        request.due = timezone.now() + timedelta(days=max(REVIEW_DAYS, reviewing.days(request)))
        change.detail = {"steps": len(plan.steps), "columns": len(request.columns)}
    return change.subject


@performs(REQUEST, "comment")
def comment(request_id: UUID, *, actor: Actor, text: str, seen: int | None = None) -> Request:
    with transition(REQUEST, "comment", request_id, actor=actor) as change:
        Remark.objects.create(
            request=change.subject, author_id=actor.user_id, organisation_id=actor.organisation_id, text=text
        )
        change.detail = {"characters": len(text)}
    return change.subject


@performs(REQUEST, "withdraw")
def withdraw(request_id: UUID, *, actor: Actor, seen: int | None = None) -> Request:
    with transition(REQUEST, "withdraw", request_id, actor=actor, seen=seen) as change:
        change.subject.due = None
    return change.subject


@performs(REQUEST, "lapse")
def lapse(request_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Request:
    with transition(REQUEST, "lapse", request_id, actor=actor, reason=reason) as change:
        change.subject.due = None
    return change.subject


def lapse_due(now: datetime) -> int:
    """Let requests lapse that nobody decided in time; returns how many."""
    late = Request.objects.filter(state__in=["submitted", "returned"], due__lt=now)
    late = late.exclude(provider_id__in=robots.switched_off("lapse_requests"))
    ids = late.values_list("pk", flat=True)[:200]
    return sum(attempt(lapse, pk, robots.actor("lapse_requests")) for pk in ids)


@follows
def on_membership(membership: Membership, action: str, actor: Actor) -> None:
    """Left or expelled: what was asked under the contracts that ended is asked no more."""
    if action not in ("leave", "expel"):
        return
    mine = Q(provider_id=membership.organisation_id) | Q(consumer_id=membership.organisation_id)
    asked = Request.objects.filter(
        mine, agreement__trust_id=membership.trust_id, state__in=["draft", "submitted", "returned"]
    )
    for pk in asked.order_by("pk").values_list("pk", flat=True):
        lapse(pk, actor=system("membership watch", door=actor.door),
              reason=f"The membership of {membership.organisation} in {membership.trust} has ended.")  # fmt: skip
