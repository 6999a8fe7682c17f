"""What of a job may be read by whom: the data's holder reads all of it, others what is harmless."""

from __future__ import annotations

from typing import Any

from jobs.runs.models import Job
from jobs.runs.said import for_others
from kernel.actor import Actor

RESULTS = ("rows", "package", "trial")


def holds(job: Job, actor: Actor) -> bool:
    """Whether the actor's organisation holds the data; who asked for a dry run of another's data does not."""
    owner = job.version_of_data.dataset.organisation_id
    return actor.is_system or (actor.organisation_id is not None and owner == actor.organisation_id)


def failure(job: Job, actor: Actor) -> dict[str, Any]:
    if holds(job, actor):
        return {name: value for name, value in job.failure.items() if name != "open"}
    return for_others(job.failure)


def progress(job: Job, actor: Actor) -> dict[str, Any]:
    """Where it is; how many rows a step has in hand is the holder's."""
    found = dict(job.progress or {})
    if not holds(job, actor):
        found = {name: found[name] for name in ("step", "steps", "at", "percent") if name in found}
    return found


def result(job: Job, actor: Actor) -> dict[str, Any]:
    """Rows and package; the holder also sees what each step did."""
    if holds(job, actor):
        return dict(job.result)
    return {name: job.result[name] for name in RESULTS if name in job.result}
