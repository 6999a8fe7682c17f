"""Loads what the rules on requests read, in a constant number of queries."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from contracts.negotiations.selectors import standing
from contracts.sharing import reach, reviewing, stages
from contracts.sharing.advice import advice_on, facts_wanted
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from contracts.sharing.rules import RequestFacts
from kernel.actor import Actor
from kernel.audit.models import Event
from kernel.decision import ALLOW
from kernel.registry import loads_facts
from trusts.membership.roles import ASK, may_do
from trusts.organisations.models import OrganisationMember


def _tries(request: Request) -> int:
    """Dry runs under the agreement in the last hour, by whoever asked."""
    under = Request.objects.filter(agreement_id=request.agreement_id).values("pk")
    found = Event.objects.filter(
        machine=REQUEST.name, action__in=["try_out", "examine"], subject_version__isnull=False, subject_id__in=under,
        created__gte=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    return found.count()


@loads_facts(REQUEST)
def facts(request: Request, actor: Actor) -> RequestFacts:
    both = OrganisationMember.objects.filter(
        user_id__in=actor.persons, organisation_id=request.consumer_id, state="active"
    ).exists()
    people = request.named.count() if not request._state.adding else 0
    advice = advice_on(request, people)
    given, stage = reviewing.answers(request), reviewing.open_stage(request)
    where = stages.standing(reviewing.stages_of(request), given)
    me = str(actor.user_id)
    # Said only when the robot itself asks: nobody else acts by it.
    robot = {"robot": reach.reach(request, stage)} if actor.is_system else {}
    return RequestFacts(
        actor_id=actor.counts_as(request.author_id), author_id=request.author_id, actor_is_of_consumer=both,
        role=may_do(request.agreement.trust, request.consumer_id, ASK, under_contract=True) if request.state in ("", "draft", "returned") else ALLOW,
        standing=standing(request.agreement), advice=advice.decision, tries=_tries(request),
        unsaid=tuple(dict.fromkeys([*facts_wanted(advice), *request.stated])),
        stage=stage["name"], stage_asks=stages.WHO[stage["who"]],
        is_asked=reviewing.is_asked(request, stage, actor), of_provider=stage["who"] != "trustee",
        passed_to=next((one["name"] for one in reversed(stage.get("instead", ())) if one["absent"] == me), "")
        if me in stages.passed_over(stage) else "", extra=int(stage.get("extra", 0)),
        has_answered=any(a.person in actor.persons for a in given),
        organisation_answered=stages.same_organisation(stage, where.open, given, actor.organisation_id), **robot,
    )  # fmt: skip
