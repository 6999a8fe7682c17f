"""The process that does the data work: stopped inside a long call, limited, killed; the worker goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection

from jobs.pipeline.faults import Cancelled, Fault, IntakeError
from jobs.runs import folders, runner, services
from jobs.runs.child import Child, ChildError
from jobs.runs.models import Job
from portal.demo.data import packed
from tests import worlds
from tests.cast import assemble
from tests.failures.stage import until

nothing: Callable[..., None] = lambda *_, **__: None  # noqa: E731


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve million rows, no two alike: grouping them is one DuckDB call of many seconds."""
    target, random = tmp_path_factory.mktemp("large") / "large.parquet", np.random.default_rng(1)
    with pq.ParquetWriter(target, pa.schema([("a", pa.int64()), ("b", pa.float64())])) as writer:
        for _ in range(12):
            writer.write_table(
                pa.table({"a": random.integers(0, 2**62, 1_000_000), "b": random.random(1_000_000)})
            )
    return target


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    made = Child(tmp_path)
    yield made
    made.end()


GROUPS = {"columns": ["a", "b"], "min_group": {"by": ["a", "b"], "k": 1}}
LITTLE = 1 << 27  # So that it spills, and takes long on any machine.


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.pure
def test_it_stops_at_once_inside_one_long_call(child: Child, large: Path) -> None:
    began, pids = time.monotonic(), []

    def look() -> None:
        if time.monotonic() - began > 1.5:
            assert child.process is not None
            pids.append(child.process.pid)
            raise Cancelled

    with pytest.raises(Cancelled):
        child.call(
            "jobs.pipeline.gates:check",
            {"parquet": large, "demands": GROUPS, "memory": LITTLE},
            progress=nothing,
            look=look,
        )
    assert gone(pids[0])
    assert time.monotonic() - began < 2.5


@pytest.mark.pure
def test_limits_say_what_was_needed_and_what_to_do(child: Child, large: Path, settings: Any) -> None:
    args = {"parquet": large, "target": child.folder / "out.csv", "form": "csv"}
    for name, value, call, code, word in (
        ("JOB_MAX_SECONDS", 1, ("gates:check", {"parquet": large, "demands": GROUPS, "memory": LITTLE}), "limit.time", "1 seconds"),
        ("JOB_DISK_MB", 20, ("writers:write", args), "limit.disk", "20 MB of disk"),
        ("JOB_DISK_FREE_MB", 10**9, ("writers:write", args), "disk.full", "MB are free"),
        ("JOB_MEMORY_MB", -100, ("gates:check", {"parquet": large, "demands": GROUPS, "memory": LITTLE}), "limit.memory", "of memory"),
    ):  # fmt: skip
        before = getattr(settings, name)
        setattr(settings, name, value)
        limited = Child(child.folder)
        with pytest.raises(Fault) as caught:
            limited.call(f"jobs.pipeline.{call[0]}", call[1], progress=nothing, look=nothing)
        setattr(settings, name, before)
        assert caught.value.code == code
        assert word in caught.value.text
        assert caught.value.remedy
        assert limited.process is None


@pytest.mark.pure
def test_a_crash_is_told_and_the_next_call_has_a_new_process(child: Child, large: Path) -> None:
    def shoot() -> None:
        assert child.process is not None
        time.sleep(0.5)
        os.kill(child.process.pid, signal.SIGSEGV)

    with pytest.raises(Fault) as caught:
        child.call(
            "jobs.pipeline.gates:check",
            {"parquet": large, "demands": GROUPS, "memory": LITTLE},
            progress=nothing,
            look=shoot,
        )
    assert caught.value.code == "job.crashed"
    assert "SIGSEGV" in caught.value.text
    found, used = child.call("jobs.pipeline.gates:check", {"parquet": large, "demands": {"columns": ["a"]}}, progress=nothing, look=nothing)  # fmt: skip
    assert found[0]["code"] == "gate.columns"
    assert used["cpu"] > 0
    assert used["memory_mb"] > 20


@pytest.mark.pure
def test_faults_travel_as_data_and_only_the_pipeline_can_be_called(child: Child) -> None:
    (child.folder / "bad.csv").write_bytes(b"a,b\n1,2\n1,2,3\n")
    with pytest.raises(IntakeError) as caught:
        child.call("jobs.pipeline.intake:to_parquet", {"original": child.folder / "bad.csv", "name": "bad.csv", "target": child.folder / "x.parquet"},
                   progress=nothing, look=nothing)  # fmt: skip
    assert caught.value.row == 2
    for name in ("os:system", "jobs.runs.services:fail", "jobs.pipeline.child:_used"):
        with pytest.raises(ChildError):
            child.call(name, {}, progress=nothing, look=nothing)


@pytest.mark.pure
def test_it_knows_no_secret_of_the_portal(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "S3_SECRET_KEY", "EMAIL_HOST_PASSWORD"):
        monkeypatch.setenv(name, "not-for-children")
    with pytest.raises(ChildError):
        child.call("jobs.pipeline.none:none", {}, progress=nothing, look=nothing)
    process = child._start()
    assert b"not-for-children" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    child.process = process


@pytest.mark.django_db(transaction=True)
def test_cancelled_by_its_button_it_is_gone_within_two_seconds_and_leaves_no_file(
    transactional_db: None, settings: Any
) -> None:
    settings.JOB_ISOLATION = "child"
    cast = assemble()
    from trusts.datasets import services as datasets

    name, content = packed("flights")
    dataset = datasets.register(actor=cast.actor("dana"), title="Flights", summary="All")
    datasets.add_version(dataset.pk, actor=cast.actor("dana"), file=worlds.upload(content, name))
    from kernel import outbox

    outbox.dispatch()
    job, states = Job.objects.get(), []

    def work() -> None:
        states.append(runner.run(job.pk, worker="here:1"))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: Job.objects.get().progress.get("rows"), 30, "the job works")
    place = next(folders.root().glob(f"{job.pk}-*"))
    pressed = time.monotonic()
    services.cancel(job.pk, actor=cast.actor("dana"), reason="The wrong file.")
    until(lambda: not place.exists(), 5, "the folder is gone")
    took = time.monotonic() - pressed
    thread.join(10)
    assert states == ["cancelled"]
    assert took < 2, f"{took:.2f} s"


@pytest.mark.django_db
def test_a_new_try_goes_on_from_the_step_that_failed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.pipeline import intake, profile

    cast, calls = assemble(), []
    read, measure = intake.to_parquet, profile.profile

    @wraps(read)
    def counted(**args: Any) -> Any:
        calls.append("read")
        return read(**args)

    def short(**_: Any) -> Any:
        raise Fault("limit.memory", "The job needed more than 1 MB of memory.", "Ask the operator.")

    monkeypatch.setattr(intake, "to_parquet", counted)
    monkeypatch.setattr(profile, "profile", short)
    version = worlds.registered(cast)
    job = Job.objects.get()
    assert (job.state, [s["name"] for s in job.stages]) == ("failed", ["Read"])
    assert list(folders.root().glob(f"{job.pk}-*")), "what was finished is kept for a new try"
    monkeypatch.setattr(profile, "profile", measure)
    services.retry(job.pk, actor=cast.actor("dana"))
    worlds.drain()
    job.refresh_from_db()
    version.refresh_from_db()
    assert (job.state, version.state, job.attempt, calls) == ("done", "profiled", 2, ["read"])
    assert "Went on after “Read”, which attempt 1 had finished." in [line["text"] for line in job.log]
    assert not list(folders.root().glob("*"))
