"""The Celery entry point of jobs. The broker may tell twice or late; the row decides."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from jobs.runs import runner


@shared_task(name="jobs.run", acks_late=True, reject_on_worker_lost=True)
def run_job(job_id: str) -> str:
    return runner.run(UUID(job_id))
