"""The Celery entry point of jobs. The broker may tell twice or late; the row decides."""

from __future__ import annotations

import logging

from celery import shared_task

from jobs.runs import runner
from jobs.runs.models import Job

log = logging.getLogger(__name__)


@shared_task(name="jobs.run", acks_late=True, reject_on_worker_lost=True)
def run_job(job_id: str = "") -> str:
    """There is work: do the job whose turn it is, which need not be the one that the message was about."""
    state = runner.run_next()
    if state != "idle" and Job.objects.filter(state="queued").exists():
        # The place is free again; a job whose own message came while it had to wait may have it.
        try:
            run_job.apply_async(retry=False)
        except Exception as problem:
            log.info("no broker, the sweep tells again: %s", problem)
    return state
