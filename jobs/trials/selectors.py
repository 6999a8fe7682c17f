"""Reads: dry runs an actor may know of, and how much of one they may see."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from contracts.sharing.models import Request
from jobs.trials.machines import TRIAL
from jobs.trials.models import Trial
from kernel.actor import Actor
from kernel.registry import sees
from kernel.roles import ANALYST, OWNER, REVIEWER, STEWARD


@sees(TRIAL)
def trials(actor: Actor) -> QuerySet[Trial]:
    """Those of one's own organisation, and those of requests it takes part in once submitted."""
    found = Trial.objects.select_related(
        "request", "recipe__recipe", "version_of_data__dataset", "job", "organisation"
    )
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    mine = actor.organisation_id
    given = Q(request__provider_id=mine) & ~Q(request__state="draft") & ~Q(request__plan_hash="")
    return found.filter(Q(organisation_id=mine) | Q(request__consumer_id=mine) | given)


def sees_all(trial: Trial, actor: Actor) -> bool:
    """Whether this person may see exact counts and rows: people of the data's holder who decide on it."""
    if (
        actor.organisation_id is None
        or trial.version_of_data.dataset.organisation_id != actor.organisation_id
    ):
        return False
    may = {OWNER, STEWARD, REVIEWER} | ({ANALYST} if trial.request_id is None else set())
    return bool(may & actor.roles)


def newest_for(request: Request, actor: Actor) -> Trial | None:
    """The last dry run of a request that this actor may know of."""
    return trials(actor).filter(request=request).order_by("-created").first()
