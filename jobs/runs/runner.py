"""Claim a job, do it, and tell the truth about it.

A message may come twice and a worker may die at any line: the row decides. The handler works on
files outside any transaction and commits its result with the row locked.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from jobs.runs import services
from jobs.runs.models import Job
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


class Work:
    """One attempt at one job: its folder, its progress, and whether to stop."""

    def __init__(self, job: Job, actor: Actor, folder: Path) -> None:
        self.job, self.actor, self.folder = job, actor, folder
        self.attempt = job.attempt
        self._progress: dict[str, Any] = {}
        self._lost, self._done = threading.Event(), threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._beat, name=f"beat-{job.pk}", daemon=True)

    def __enter__(self) -> Work:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        """Keeps the lease while the handler is inside one long call."""
        every = max(settings.JOB_LEASE_SECONDS / 4, 0.5)
        while not self._done.wait(every):
            try:
                if not services.beat(self.job.pk, self.attempt, self._progress):
                    self._lost.set()
            except Exception as problem:
                log.warning("beat of %s: %s", self.job.ref, problem)
        connection.close()

    def progress(self, step: str, done: int, total: int, **more: Any) -> None:
        """Show where it is; written to the row at most once a second."""
        percent = min(round(100 * done / total), 100) if total else 0
        self._progress = {"step": step, "rows": done, "total": total, "percent": percent, **more}
        now = time.monotonic()
        if now - self._last >= 0.7:
            self._last = now
            if not services.beat(self.job.pk, self.attempt, self._progress):
                self._lost.set()

    def cancelled(self) -> bool:
        """Whether someone stopped the job or another worker has it."""
        return self._lost.is_set()


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run(job_id: UUID, worker: str | None = None) -> str:
    """Do the job if it waits; returns the state it is left in (or "refused")."""
    from jobs.pipeline.faults import Cancelled, Fault

    name = worker or worker_name()
    actor = system(f"worker {name}")
    try:
        job = services.claim(job_id, actor=actor, worker=name)
    except (Refused, Job.DoesNotExist) as reason:
        log.info("job %s not claimed: %s", job_id, reason)
        return "refused"
    parent = Path(settings.COMMONHOLD_VAR) / "work"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{job.pk}-*"):
        # A worker that was killed could not tidy up after itself.
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{job.pk}-{job.attempt}-", dir=parent))
    try:
        with Work(job, actor, folder) as work:
            HANDLERS[job.kind](work)
        return "done"
    except Cancelled:
        log.info("job %s stopped", job.ref)
        return "cancelled"
    except Fault as fault:
        return _failed(job, actor, fault.as_dict())
    except Refused as refused:
        reason = refused.decision.reasons[0]
        return _failed(job, actor, {"code": reason.code, "text": reason.text, "remedy": reason.remedy})
    except OSError as problem:
        log.exception("job %s", job.ref)
        return _failed(
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
        return _failed(
            job,
            actor,
            {
                "code": "internal",
                "text": "The job stopped because of an error in the portal.",
                "remedy": f"Tell the operator the job's number, {job.ref}; then try again.",
            },
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _failed(job: Job, actor: Actor, failure: dict[str, Any]) -> str:
    try:
        services.fail(job.pk, actor=actor, attempt=job.attempt, failure=failure)
    except Refused as refused:
        log.info("job %s had moved on: %s", job.ref, refused)
        return "refused"
    return "failed"
