"""Claim a job, do it, and tell the truth about it.

A message may come twice and a worker may die at any line: the row decides. The handler works on
files outside any transaction and commits its result with the row locked.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

from jobs.pipeline.faults import Cancelled, Fault
from jobs.runs import fair, folders, services
from jobs.runs.models import Job
from jobs.runs.work import Work
from kernel import bucket, store
from kernel.actor import Actor, system
from kernel.decision import Refused

log = logging.getLogger(__name__)
HANDLERS: dict[str, Callable[[Work], None]] = {}


def handles(kind: str) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Decorator: this function does jobs of this kind."""

    def remember(handler: Callable[[Work], None]) -> Callable[[Work], None]:
        HANDLERS[kind] = handler
        return handler

    return remember


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run(job_id: UUID, worker: str | None = None) -> str:
    """Do this job if it waits, whosever turn it is; returns the state it is left in (or "refused")."""
    name = worker or worker_name()
    actor = system(f"worker {name}")
    try:
        job = services.claim(job_id, actor=actor, worker=name)
    except (Refused, Job.DoesNotExist) as reason:
        log.info("job %s not claimed: %s", job_id, reason)
        return "refused"
    return _attempt(job, actor)


def run_next(worker: str | None = None) -> str:
    """Do the job whose turn it is; the state it is left in, or "idle" if none may start now."""
    name = worker or worker_name()
    actor = system(f"worker {name}")
    services.report_worker(name.partition(":")[0])
    try:
        job = fair.claim_next(name, actor=actor)
    except Refused as reason:
        log.info("no job claimed: %s", reason)
        return "refused"
    return _attempt(job, actor) if job else "idle"


def _attempt(job: Job, actor: Actor) -> str:
    place, state = folders.take(job.pk, job.attempt), "failed"
    try:
        with Work(job, actor, place) as work:
            HANDLERS[job.kind](work)
        state = "done"
    except Cancelled:
        log.info("job %s stopped", job.ref)
        state = "cancelled"
    except Fault as fault:
        state = _failed(job, actor, fault.as_dict())
    except Refused as refused:
        reason = refused.decision.reasons[0]
        said = {"code": reason.code, "text": reason.text, "remedy": reason.remedy, "open": True}
        state = _failed(job, actor, said)
    except (store.StoreFull, bucket.StoreAway) as full:
        state = _failed(
            job,
            actor,
            {"code": "disk.full", "text": str(full), "remedy": "Tell the operator, then try again."},
        )
    except OSError as problem:
        log.exception("job %s", job.ref)
        state = _failed(
            job,
            actor,
            {
                "code": "disk",
                "text": f"A file could not be written: {problem.strerror}.",
                "remedy": "Tell the operator, then try again.",
            },
        )
    except Exception:
        log.exception("job %s", job.ref)
        state = _failed(
            job,
            actor,
            {
                "code": "internal",
                "text": "The job stopped because of an error in the portal.",
                "remedy": f"Tell the operator the job's number, {job.ref}; then try again.",
            },
        )
    finally:
        # A failed job may be tried again from its last finished stage; every other leaves nothing.
        place.leave(keep=state == "failed" and (place.path / "finished").exists())
    return state


def _failed(job: Job, actor: Actor, failure: dict[str, Any]) -> str:
    try:
        services.fail(job.pk, actor=actor, attempt=job.attempt, failure=failure)
    except Refused as refused:
        log.info("job %s had moved on: %s", job.ref, refused)
        return "refused"
    return "failed"
