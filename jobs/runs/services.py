"""Verbs of jobs. A worker may write only while its attempt holds the lease."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contracts.negotiations import ledger
from contracts.sharing.services import COUNTER, reserve_for
from jobs.runs import folders
from jobs.runs.machines import JOB, LIVE
from jobs.runs.models import Job, WorkerBeat
from jobs.runs.said import for_others
from kernel import outbox
from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, transition

log = logging.getLogger(__name__)


@performs(JOB, "enqueue")
def enqueue(job: Job, *, actor: Actor) -> Job | None:
    """Queue a job; None if one for the same request is alive already (a message came twice)."""
    try:
        with creation(JOB, "enqueue", job, actor=actor) as change:
            change.detail = {"kind": job.kind}
    except IntegrityError:
        return None
    return job


@performs(JOB, "claim")
def claim(job_id: UUID, *, actor: Actor, worker: str, seen: int | None = None) -> Job:
    """Take a queued job for one attempt. Raises Refused if someone else has it."""
    with transition(JOB, "claim", job_id, actor=actor) as change:
        job: Job = change.subject
        job.attempt += 1
        job.worker, job.lease_until = worker, timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        job.started = job.started or timezone.now()
        job.progress, job.failure, job.stages, job.usage = {}, {}, [], {}
        change.detail = {"attempt": job.attempt, "worker": worker}
    return job


def beat(job_id: UUID, attempt: int, progress: dict[str, Any], **shown: Any) -> bool:
    """Extend the lease and show progress, log, stages and usage; False when the attempt no longer holds the job.

    One conditional update, no event: progress is not evidence.
    """
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return bool(_of(job_id, attempt).update(lease_until=until, progress=progress, **shown))


def held(job_id: UUID, attempt: int) -> bool:
    """Whether this attempt still has the job."""
    return _of(job_id, attempt).exists()


def _of(job_id: UUID, attempt: int) -> QuerySet[Job]:
    return Job.objects.filter(pk=job_id, attempt=attempt, state__in=["running", "checking"])


def report_worker(worker: str) -> None:
    WorkerBeat.objects.update_or_create(worker=worker, defaults={"seen": timezone.now()})


@contextmanager
def _counted(job_id: UUID) -> Iterator[Callable[[], None]]:
    """A transaction in which an export's agreement is locked before its job. Gives what to call to return what the
    export had reserved; that does nothing for other jobs and when nothing is reserved."""
    with transaction.atomic():
        found = Job.objects.filter(pk=job_id, kind="export", request__isnull=False)
        about = found.values_list("request__agreement_id", "request_id").first()
        if about is not None:
            ledger.locked(about[0])

        def give_back() -> None:
            if about is not None:
                ledger.release(about[0], actor=system(COUNTER), request=about[1])

        yield give_back


def _held(job: Job, attempt: int) -> None:
    if job.attempt != attempt:
        raise Refused.because("job.lease", "Another worker has taken this job over", remedy="Nothing to do")


@performs(JOB, "check")
def check(job_id: UUID, *, actor: Actor, attempt: int, seen: int | None = None) -> Job:
    """The result is being checked before anything leaves."""
    with transition(JOB, "check", job_id, actor=actor) as change:
        _held(change.subject, attempt)
    return change.subject


@performs(JOB, "finish")
def finish(
    job_id: UUID, *, actor: Actor, attempt: int, result: dict[str, Any], seen: int | None = None
) -> Job:
    """Done, by the attempt that holds the job. Called in the transaction that keeps the result."""
    with transition(JOB, "finish", job_id, actor=actor) as change:
        job: Job = change.subject
        _held(job, attempt)
        job.result, job.finished, job.lease_until = result, timezone.now(), None
        job.progress = {**job.progress, "percent": 100}
    return job


@performs(JOB, "fail")
def fail(
    job_id: UUID, *, actor: Actor, attempt: int, failure: dict[str, Any], seen: int | None = None
) -> Job:
    """`failure`: code, text, step, row, column, remedy. The event, which all sides read and which stays, holds no
    more of the data than they may see."""
    said = for_others(failure)
    with (
        _counted(job_id) as give_back,
        transition(JOB, "fail", job_id, actor=actor, reason=said.get("text", "")) as change,
    ):
        job: Job = change.subject
        if not job.request_id:
            change.reason = failure.get("text", "")
        change.detail = {name: said[name] for name in ("code", "step", "column") if name in said}
        _held(job, attempt)
        job.failure, job.finished, job.lease_until = failure, timezone.now(), None
        give_back()
    return job


@performs(JOB, "requeue")
def requeue(job_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Job:
    """The worker was lost: queue again."""
    with transition(JOB, "requeue", job_id, actor=actor, reason=reason) as change:
        job: Job = change.subject
        if job.lease_until and job.lease_until > timezone.now():
            raise Refused.because("job.lease", "The worker has reported again", remedy="Nothing to do")
        job.lease_until = None
    return job


@performs(JOB, "stop")
def stop(job_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Job:
    """Stopped by the portal, for example because the contract was ended."""
    with _counted(job_id) as give_back, transition(JOB, "stop", job_id, actor=actor, reason=reason) as change:
        _closed(change.subject, reason)
        give_back()
    return change.subject


@performs(JOB, "cancel")
def cancel(job_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Job:
    with (
        _counted(job_id) as give_back,
        transition(JOB, "cancel", job_id, actor=actor, seen=seen, reason=reason) as change,
    ):
        _closed(change.subject, reason)
        give_back()
    return change.subject


def _closed(job: Job, reason: str) -> None:
    job.failure = {"code": "job.stopped", "text": reason, "remedy": "Ask again when the reason is gone."}
    job.finished, job.lease_until = timezone.now(), None


@performs(JOB, "retry")
def retry(job_id: UUID, *, actor: Actor, seen: int | None = None) -> Job:
    """Try a failed job again; stages that it finished are not done again where their files are still there.

    An export is reserved again, as it was given back. Raises Refused when the contract has none left.
    """
    with _counted(job_id), transition(JOB, "retry", job_id, actor=actor, seen=seen) as change:
        job: Job = change.subject
        if job.kind == "export" and job.request is not None:
            reserve_for(job.request, system(COUNTER, door=actor.door))
        # Attempts only ever count up, so that one that was thought dead cannot pass for a new one.
        job.failure, job.finished, job.earlier = {}, None, job.attempt
    return change.subject


def sweep(now: datetime) -> int:
    """Return jobs whose lease ran out to the queue, or fail them after the last attempt; send the
    message of queued jobs again that nobody took. Returns how many moved."""
    moved, robot = 0, system("watchdog")
    for job in Job.objects.filter(state__in=["running", "checking"], lease_until__lt=now)[:100]:
        try:
            with transaction.atomic():
                if job.attempt - job.earlier >= settings.JOB_ATTEMPTS:
                    fail(job.pk, actor=robot, attempt=job.attempt, failure={
                        "code": "job.worker_lost", "text": f"The worker was lost {job.attempt - job.earlier} times while working on this.",
                        "remedy": "Tell the operator; then try again."})  # fmt: skip
                else:
                    requeue(job.pk, actor=robot, reason=f"No sign of life from {job.worker or 'the worker'}")
            moved += 1
        except Refused as refused:
            log.info("sweep: %s", refused)
    for job in Job.objects.filter(state="queued", changed__lt=now - timedelta(seconds=20))[:100]:
        waiting = Job.objects.filter(pk=job.pk, state="queued", changed=job.changed).update(changed=now)
        if waiting:
            outbox.put("job.queued", {"id": str(job.pk), "machine": JOB.name})
            moved += 1
    return moved


def forget(message: dict[str, Any]) -> None:
    """A job ended for good: what it left on the disk goes too, except where its worker is still ending."""
    folders.forget(UUID(message["id"]))


def tidy_folders(before: datetime) -> int:
    """Remove folders of jobs that are over; a failed one keeps its stages until `before`. Returns how many."""
    gone = 0
    for pk, written in folders.job_ids().items():
        state = Job.objects.filter(pk=pk).values_list("state", flat=True).first()
        if state in LIVE or (state == "failed" and written > before.timestamp()):
            continue
        folders.forget(pk)
        gone += 1
    return gone


def stop_for(agreement_ids: list[UUID], reason: str) -> int:
    """Stop live exports and dry runs under these agreements; returns how many."""
    stopped = 0
    live = Job.objects.filter(state__in=LIVE, request__agreement_id__in=agreement_ids)
    for pk in live.values_list("pk", flat=True):
        try:
            stop(pk, actor=system("contract guard"), reason=reason)
            stopped += 1
        except Refused as refused:
            log.info("stop: %s", refused)
    return stopped
