"""Whose job is next: no organisation above its limit, no job left behind, small ones not held up by a giant."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jobs.runs import fair

pytestmark = pytest.mark.pure
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MB = 1 << 20
TENANTS = [uuid.UUID(int=n) for n in range(4)]
JOBS = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.sampled_from([1, 100, 5000]), st.integers(0, 300)), min_size=1, max_size=25
)  # fmt: skip


def play(jobs: list[fair.Waiting], slots: int = 2, limit: int = 2) -> list[fair.Waiting]:
    """Run everything on one host, a job lasting as long as it is large; the jobs in the order they started."""
    waiting, running, served = list(jobs), [], {}
    started: list[fair.Waiting] = []
    clock = NOON
    while waiting or running:
        while len(running) < slots:
            busy = Counter(job.tenant for _, job in running)
            large = sum(fair.size_class(job.weight) > 0 for _, job in running)
            here = [j for j in waiting if j.created <= clock]
            ahead = fair.order(here, busy, served, clock, small_only=large >= max(slots - 1, 1))
            if not ahead:
                break
            job = next(j for j in waiting if j.pk == ahead[0])
            waiting.remove(job)
            running.append((clock + timedelta(seconds=job.weight // MB), job))
            served[job.tenant] = clock
            started.append(job)
            assert max(Counter(j.tenant for _, j in running).values()) <= limit
            assert sum(fair.size_class(j.weight) > 0 for _, j in running) <= max(slots - 1, 1)
        events = [end for end, _ in running] + [j.created for j in waiting if j.created > clock]
        clock = min(events, default=clock)
        running = [(end, job) for end, job in running if end > clock]
    return started


def waiting(tenant: uuid.UUID, megabytes: int, seconds: int, number: int) -> fair.Waiting:
    return fair.Waiting(
        uuid.UUID(int=1000 + number), tenant, megabytes * MB, NOON + timedelta(seconds=seconds)
    )


@examples(max_examples=60, deadline=None)
@given(jobs=JOBS, slots=st.integers(1, 3))
def test_every_job_is_run_once_and_nobody_goes_above_the_limit(jobs: Any, slots: int) -> None:
    made = [waiting(*job, number) for number, job in enumerate(jobs)]
    assert sorted(j.pk for j in play(made, slots)) == sorted(j.pk for j in made)


def test_a_giant_and_its_many_brothers_do_not_hold_up_the_small_job_of_another() -> None:
    one, other = TENANTS[:2]
    giants = [waiting(one, 5000, 0, n) for n in range(5)]
    small = [waiting(other, 1, 5 + n, 10 + n) for n in range(10)]
    started = play(giants + small)
    assert [j.tenant for j in started[:11]] == [one] + [other] * 10


def test_a_large_job_is_not_passed_by_small_ones_for_ever() -> None:
    """Others send a small job every second without end; after ten minutes the large one has its turn."""
    large = waiting(TENANTS[0], 5000, 0, 0)
    stream = [waiting(TENANTS[1 + n % 3], 2, n, 1 + n) for n in range(1500)]
    started = play([large, *stream])
    place = started.index(large)
    assert place < 1000, f"{place} small jobs went first"
