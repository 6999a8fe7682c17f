"""Whose turn it is. A message only says that there is work; the worker asks here which job to take.

The rule, in this order: an organisation at its limit waits; one place of each host is kept for small jobs; the
organisation with the fewest running jobs goes first; small before large, until a job has waited ten minutes;
the organisation served longest ago; the oldest job. Every job ends, so every queued job is run some day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs.runs import services
from jobs.runs.models import Job
from kernel.actor import Actor

MB = 1 << 20
OVERDUE = timedelta(minutes=10)
# Any number that no one else uses: workers take their turn one after the other.
TURN = 0x636F6D6D6F6E


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued job: whose it is, bytes it reads, since when it waits."""

    pk: UUID
    tenant: UUID
    weight: int
    created: datetime


def size_class(weight: int) -> int:
    """0 small, 1 middling, 2 large."""
    small = settings.JOB_SMALL_MB * MB
    return 0 if weight <= small else 1 if weight <= 16 * small else 2


def order(
    waiting: Iterable[Waiting], running: Mapping[UUID, int], served: Mapping[UUID, datetime], now: datetime, *, small_only: bool = False
) -> list[UUID]:  # fmt: skip
    """Jobs that may start now, the next one first. `served`: when each organisation's last job started."""

    def key(job: Waiting) -> tuple[Any, ...]:
        size = 0 if now - job.created > OVERDUE else size_class(job.weight)
        before = served.get(job.tenant)
        return (
            running.get(job.tenant, 0),
            size,
            before.timestamp() if before else 0.0,
            job.created,
            str(job.pk),
        )

    free = [
        job for job in waiting
        if running.get(job.tenant, 0) < settings.JOB_PER_ORGANISATION and not (small_only and size_class(job.weight))
    ]  # fmt: skip
    return [job.pk for job in sorted(free, key=key)]


def tenanted(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """With `tenant`: the organisation that the job is done for: who asked for the export, who holds the file."""
    return jobs.annotate(tenant=Coalesce("consumer_id", "holder_id"))


def claim_next(worker: str, *, actor: Actor) -> Job | None:
    """Claim the job whose turn it is, or None. `worker`: "host:process"."""
    with transaction.atomic():
        _take_turn()
        for pk in _candidates(worker):
            if _free(pk):
                return services.claim(pk, actor=actor, worker=worker)
    return None


def _candidates(worker: str) -> list[UUID]:
    now, busy = timezone.now(), Job.objects.filter(state__in=["running", "checking"])
    running = Counter(tenanted(busy).values_list("tenant", flat=True))
    here = busy.filter(worker__startswith=worker.partition(":")[0] + ":")
    large = sum(size_class(weight) > 0 for weight in here.values_list("weight", flat=True))
    since = Job.objects.filter(started__gt=now - timedelta(days=1))
    served = dict(
        tenanted(since).values("tenant").annotate(last=Max("started")).values_list("tenant", "last")
    )
    queued = tenanted(Job.objects.filter(state="queued")).values_list("pk", "tenant", "weight", "created")
    return order([Waiting(*row) for row in queued], running, served, now, small_only=large >= large_places())


def large_places() -> int:
    """How many places of one host may hold jobs that are not small."""
    return max(settings.JOB_SLOTS - 1, 1)


def _take_turn() -> None:
    """Choose and claim one after the other: two workers must not both see the last free place.

    SQLite's transactions are IMMEDIATE and do that already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])


def _free(pk: UUID) -> bool:
    """Whether the row still waits and nobody else, say someone who cancels it, has it locked."""
    rows = Job.objects.filter(pk=pk, state="queued")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    return rows.first() is not None


def place_of(job: Job) -> dict[str, Any]:
    """Why a queued job waits, counted over the jobs of its own organisation alone."""
    own = tenanted(Job.objects.all()).filter(tenant=job.consumer_id or job.holder_id)
    running = own.filter(state__in=["running", "checking"]).count()
    waiting = [
        Waiting(*row) for row in own.filter(state="queued").values_list("pk", "tenant", "weight", "created")
    ]
    ahead = order(waiting, {}, {}, timezone.now())
    return {
        "running": running, "limit": settings.JOB_PER_ORGANISATION, "full": running >= settings.JOB_PER_ORGANISATION,
        "before": ahead.index(job.pk) if job.pk in ahead else 0, "large": size_class(job.weight) > 0,
    }  # fmt: skip
