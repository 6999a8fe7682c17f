"""Reads: jobs an actor may know of, and when a worker was last heard of."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from jobs.runs.machines import JOB
from jobs.runs.models import Job, WorkerBeat
from kernel.actor import Actor
from kernel.registry import sees
from trusts.datasets.models import light


@sees(JOB)
def jobs(actor: Actor) -> QuerySet[Job]:
    """Jobs on data that one's organisation holds, and exports that it asked for."""
    found = Job.objects.select_related("holder", "consumer", "version_of_data__dataset", "request").defer(
        *light("version_of_data")
    )
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(Q(holder_id=actor.organisation_id) | Q(consumer_id=actor.organisation_id))


def last_beat() -> datetime | None:
    """When any worker last reported."""
    return WorkerBeat.objects.aggregate(last=Max("seen"))["last"]
