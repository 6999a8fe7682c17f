"""The review of one request: frozen when it is submitted, read by rules, verbs, pages and the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from contracts.negotiations.companions import inputs_of
from contracts.policies.taxonomy import purposes_within
from contracts.sharing import stages
from contracts.sharing.models import NamedPerson, Request, Review
from kernel.actor import Actor
from kernel.roles import roles_of
from trusts.datasets.models import Column
from trusts.membership.governance import Governance

ORDINARY, PERSONAL = "ordinary", "personal"
KIND = {ORDINARY: "ordinary data", PERSONAL: "data that may identify someone"}
DECIDED = ("approved", "refused", "returned")


def sensitivity(request: Request) -> str:
    """`personal` where a column that is asked for, or of a dataset that is joined to it, may identify a person."""
    joined = {step["params"].get("with") for step in request.recipe if step.get("name") == "join"}
    others = [v.pk for alias, v in inputs_of(request.agreement).items() if alias in joined]
    marked = Column.objects.filter(personal=True)
    own = marked.filter(version_id=request.version_of_data_id, name__in=request.columns)
    return PERSONAL if own.exists() or marked.filter(version_id__in=others).exists() else ORDINARY


def _known_before(request: Request) -> bool:
    """Whether everybody named was named in an earlier request under this contract that was approved."""
    before = NamedPerson.objects.filter(
        request__agreement_id=request.agreement_id, request__state="approved"
    ).values_list("user_id", flat=True)
    return set(request.named.values_list("user_id", flat=True)) <= set(before)


def _shortened(request: Request, cleared: Mapping[str, Any]) -> str:
    """Why only the first stage is needed; empty if all are."""
    if request.purpose in purposes_within(cleared["purposes"]):
        return "its purpose is pre-cleared in the charter"
    if cleared["people"] and _known_before(request):
        return "everybody named was approved before under this contract"
    return ""


def freeze(request: Request) -> None:
    """Take the workflow from the charter as it is now. What is in review is not changed by a later charter."""
    trust = request.agreement.trust
    governance = trust.governance() if trust else Governance.of("room")
    kind = sensitivity(request)
    review = governance.review(kind)
    why = _shortened(request, review["precleared"]) if len(review["stages"]) > 1 else ""
    chosen = [dict(stage) for stage in (review["stages"][:1] if why else review["stages"])]
    if trust is None and kind == ORDINARY:
        # No charter that could forbid it: the provider alone decides, also whether its robot may.
        for stage in chosen:
            stage["robot"] = True
    trustees: list[Any] = []
    if any(stage["who"] == "trustee" for stage in chosen):
        # Nobody reviews for their own side: a trustee that asks is not asked.
        trustees = [pk for pk in trust.trustees() if pk != request.consumer_id] if trust else []
        if not trustees:
            for stage in chosen:
                stage["who"] = "owner" if stage["who"] == "trustee" else stage["who"]
    request.trustees.set(trustees)
    request.workflow = {
        "sensitivity": kind, "stages": chosen, "checklist": list(review["checklist"]), "shortened": why,
        "trustees": sorted(str(pk) for pk in trustees), "since": timezone.now().isoformat(),
    }  # fmt: skip


def begin(request: Request) -> None:
    """Open the review at submission: earlier reviews count on only for answers that did not change."""
    same = (
        bool(request.workflow)
        and request.previous.get("plan_hash") == request.plan_hash
        and {**request.previous, "plan_hash": ""} == {**request.answers(), "plan_hash": ""}
    )
    counted = request.reviews.filter(counts=True)
    if not same:
        counted.update(counts=False)
        freeze(request)
        return
    asked_back = set(counted.exclude(verdict=stages.APPROVE).values_list("stage", flat=True))
    counted.filter(stage__in=asked_back).update(counts=False)
    request.workflow = {**request.workflow, "since": timezone.now().isoformat()}


def stages_of(request: Request) -> list[dict[str, Any]]:
    """The frozen stages; the usual ones for a request from before there were any."""
    found: list[dict[str, Any]] = (
        request.workflow.get("stages") or Governance.of("room").review(ORDINARY)["stages"]
    )
    return found


def days(request: Request) -> int:
    """How long all stages may take together."""
    return sum(int(stage["days"]) for stage in stages_of(request))


def answers(request: Request) -> list[stages.Answer]:
    """The answers that count, in order. One query, none if reviews were fetched along."""
    if request._state.adding:
        return []
    return [
        stages.Answer(r.stage, r.verdict, r.reviewer_id, r.organisation_id)
        for r in request.reviews.all()
        if r.counts
    ]


def standing(request: Request) -> stages.Standing:
    return stages.standing(stages_of(request), answers(request))


def open_stage(request: Request) -> dict[str, Any]:
    found = stages_of(request)
    return found[min(standing(request).open, len(found) - 1)]


def stage_due(request: Request) -> datetime | None:
    """When the open stage should have all its answers; None when nothing is in review."""
    if request.state != "submitted" or not request.workflow.get("since"):
        return None
    since = datetime.fromisoformat(request.workflow["since"])
    return since + timedelta(days=int(open_stage(request)["days"]))


def light(ids: list[UUID]) -> QuerySet[Request]:
    """These requests with what `waits_for` reads and no more, for many at once. Two queries."""
    columns = ("state", "plan_hash", "workflow", "provider", "consumer", "author", "agreement__dataset")
    answered = Review.objects.filter(counts=True).only(
        "request", "stage", "verdict", "reviewer", "organisation", "counts"
    )
    found = Request.objects.filter(pk__in=ids).select_related("agreement").only(*columns)
    return found.prefetch_related(Prefetch("reviews", answered))


def is_asked(request: Request, stage: Mapping[str, Any], actor: Actor) -> bool:
    """Whether this stage asks this person: by role, or in somebody's place; not whom somebody else stands in for."""
    me = str(actor.user_id)
    if me in stages.passed_over(stage):
        return False
    if me in stages.substitutes(stage):
        side = "trustee" if stage["who"] == "trustee" else "provider"
        return actor.organisation_id in request.parties().get(side, ())
    return stages.may_answer(stage, roles_of(actor, request))


def waits_for(request: Request, actor: Actor) -> bool:
    """Whether the open stage still wants this person's answer."""
    given = answers(request)
    where = stages.standing(stages_of(request), given)
    asked = is_asked(request, open_stage(request), actor)
    again = stages.same_organisation(open_stage(request), where.open, given, actor.organisation_id)
    return asked and not again and not any(a.person in actor.persons for a in given)


def shown(request: Request, actor: Actor) -> list[Review]:
    """The reviews that this person may read now.

    In a blind stage only one's own until all are in; and the asker reads none before there is a decision.
    """
    found = list(request.reviews.select_related("reviewer", "organisation"))
    steps, where = stages_of(request), standing(request)
    decides = any(role.startswith(("provider.", "trustee.")) for role in roles_of(actor, request))

    def readable(review: Review) -> bool:
        if not review.counts:
            return True
        complete = review.stage < where.open or bool(where.result)
        if not decides and not actor.is_system:
            return complete and request.state in DECIDED
        blind = review.stage < len(steps) and steps[review.stage]["blind"]
        return complete or not blind or review.reviewer_id == actor.user_id

    return [review for review in found if readable(review)]


def progress(request: Request) -> list[dict[str, Any]]:
    """Each stage as pages show it: its name, who answers, how many of how many have, and whether it is open."""
    where, found = standing(request), []
    given = answers(request)
    for index, stage in enumerate(stages_of(request)):
        verdicts = [a.verdict for a in given if a.stage == index]
        found.append({
            **stage, "by": stages.WHO[stage["who"]], "given": len(verdicts), "needed": stages.needed(stage, verdicts),
            "done": bool(stages.outcome(stage, verdicts)), "open": index == where.open and request.state == "submitted",
        })  # fmt: skip
    return found
