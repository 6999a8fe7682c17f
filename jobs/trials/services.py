"""Verbs of dry runs, and the worker's part. Nothing of a dry run leaves but counts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from contracts.library.models import RecipeVersion
from contracts.negotiations.models import Agreement
from contracts.negotiations.selectors import standing
from contracts.recipes.recipe import Recipe
from contracts.sharing.models import Request
from contracts.sharing.services import plan_of
from jobs.runs import services as runs
from jobs.runs.inputs import prepared
from jobs.runs.models import Job
from jobs.runs.runner import handles
from jobs.runs.work import Work
from jobs.trials.machines import TRIAL
from jobs.trials.models import Trial
from kernel.actor import Actor, system
from kernel.canonical import sha256_hex
from kernel.decision import Refused
from kernel.keys import derive, open_secret
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.datasets.models import DatasetVersion

KEPT = 5


@performs(TRIAL, "start")
def start(trial: Trial, *, actor: Actor) -> Trial:
    """Record the dry run and queue its job; the oldest of the same subject make room."""
    with transaction.atomic():
        job = Job(kind="trial", holder_id=trial.organisation_id, version_of_data=trial.version_of_data,
                  request=trial.request, plan=trial.plan, plan_hash=trial.plan_hash)  # fmt: skip
        runs.enqueue(job, actor=system())
        trial.job = job
        with creation(TRIAL, "start", trial, actor=actor):
            pass
        same = Trial.objects.filter(request=trial.request) if trial.request_id else Trial.objects.filter(
            recipe__recipe_id=trial.recipe.recipe_id if trial.recipe else None, organisation_id=trial.organisation_id
        )  # fmt: skip
        Trial.objects.filter(
            pk__in=list(same.order_by("-created").values_list("pk", flat=True)[KEPT:])
        ).delete()
    return trial


@performs(TRIAL, "finish")
def finish(trial_id: UUID, *, actor: Actor, found: dict[str, Any], seen: int | None = None) -> Trial:
    with transition(TRIAL, "finish", trial_id, actor=actor) as change:
        change.subject.result, change.subject.rows = found["result"], found["rows"]
        change.detail = {"sample": found["result"]["sample"]}
    return change.subject


def on_request_try(message: dict[str, Any]) -> None:
    """A request is to be tried: queue it, once."""
    request = Request.objects.select_related("agreement", "version_of_data").get(pk=UUID(message["id"]))
    if Trial.objects.filter(pk=UUID(message["trial"])).exists() or request.state not in (
        "draft",
        "submitted",
        "returned",
    ):
        return
    try:
        plan = plan_of(request)
    except Refused:
        # Changed in the meantime into something that makes no plan; the page says so.
        return
    start(Trial(id=UUID(message["trial"]), organisation_id=UUID(message["organisation"]), request=request,
                asked_by_id=UUID(message["by"]) if message["by"] else None, version_of_data=request.version_of_data,
                plan=plan.as_dict(), plan_hash=plan.hash), actor=system())  # fmt: skip


def on_recipe_try(message: dict[str, Any]) -> None:
    """A saved recipe is to be tried on a dataset of one's own: queue it, once."""
    if Trial.objects.filter(pk=UUID(message["trial"])).exists():
        return
    recipe = RecipeVersion.objects.select_related("recipe").get(pk=message["recipe"])
    version = DatasetVersion.objects.get(pk=UUID(message["version_of_data"]))
    steps, _ = Recipe.from_list(recipe.steps)
    plan = {"steps": steps.as_list(), "format": "parquet", "input_sha256": version.parquet_sha256}
    start(Trial(id=UUID(message["trial"]), organisation_id=UUID(message["organisation"]), recipe=recipe,
                asked_by_id=UUID(message["by"]) if message["by"] else None, version_of_data=version, plan=plan,
                plan_hash=sha256_hex(plan)), actor=system())  # fmt: skip


@handles("trial")
def try_plan(work: Work) -> None:
    """Run the plan on a sample and keep what was seen. A step that would stop the job is a result, not a failure."""
    trial = Trial.objects.select_related("request__agreement__negotiation", "version_of_data").get(
        job_id=work.job.pk
    )
    names = [_label(step) for step in trial.plan["steps"]]
    shown = [*names, "Estimate"]
    key, inputs = derive(f"trial {trial.organisation_id}"), {}
    if trial.request is not None:
        agreement = trial.request.agreement
        _must_stand(agreement.pk)
        key = open_secret(agreement.sealed_key)
        inputs = prepared(work, agreement, trial.plan, key)
    found = work.do(
        "jobs.pipeline.trial:dry_run", plan=trial.plan, source=work.source(trial.plan["input_sha256"]), folder=work.folder,
        key=key, inputs=inputs, seed=int(trial.plan["input_sha256"][:8], 16),
        progress=lambda at, done, total: work.progress(shown[min(at, len(names))], done, total, steps=shown, at=at),
    )  # fmt: skip
    with transaction.atomic():
        if trial.request is not None:
            _must_stand(trial.request.agreement_id)
        runs.finish(work.job.pk, actor=work.actor, attempt=work.attempt, result={"trial": str(trial.pk)})
        finish(trial.pk, actor=work.actor, found=found)


def _must_stand(agreement_id: UUID) -> None:
    """As with an export: not under a contract that ended meanwhile. Inside a transaction it then stands until the end."""
    with transaction.atomic():
        agreement = Agreement.objects.select_for_update(of=("self",)).get(pk=agreement_id)
        decision = standing(agreement)
    if not decision.allowed:
        raise Refused(decision)


def _label(step: dict[str, Any]) -> str:
    from contracts.recipes.steps import STEPS

    return STEPS[step["name"]].label
