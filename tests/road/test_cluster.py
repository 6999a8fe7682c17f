"""The same recipe on a real Dask cluster of two processes: the same bytes, the same counts, the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.deliveries.models import Delivery
from jobs.pipeline import cluster, engine
from jobs.pipeline.faults import Cancelled, Fault, StepError
from jobs.pipeline.intake import to_parquet
from jobs.runs.models import Job
from portal.demo.data import packed
from tests import worlds
from tests.cast import Cast

pytestmark = [pytest.mark.pure, pytest.mark.filterwarnings("ignore")]
NOT: Any = {"key": b"k" * 32, "progress": lambda *_: None, "cancelled": lambda: False}


def step(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "params": params, "locked": False, "clause": ""}


PLAN = {"steps": [
    step("select", columns=["carrier", "tailnum", "origin", "dest", "distance", "dep_delay", "arr_delay"]),
    step("drop_missing", columns=["arr_delay"]),
    step("trim", columns=["carrier", "dest"]),
    step("deduplicate", columns=["carrier", "tailnum", "dest", "arr_delay"]),
    step("pseudonymise", columns=["tailnum"]),
    step("fill_missing", columns=["dep_delay"], **{"with": "median"}),
    step("suppress_small_groups", by=["carrier", "dest"], k=20),
    step("range_check", column="arr_delay", min="-60", max="600", on_fail="drop"),
]}  # fmt: skip


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real table, in many row groups so that the cluster has something to put in order."""
    folder = tmp_path_factory.mktemp("flights")
    name, content = packed("flights")
    (folder / "original").write_bytes(content)
    to_parquet(
        folder / "original",
        name,
        folder / "typed.parquet",
        progress=NOT["progress"],
        cancelled=NOT["cancelled"],
    )
    pq.write_table(pq.read_table(folder / "typed.parquet"), folder / "flights.parquet", row_group_size=30_000)
    return folder / "flights.parquet"


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as made:
        yield made.scheduler_address


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_cluster_makes_the_same_bytes_and_tells_the_same(
    flights: Path, scheduler: str, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = engine.run(PLAN, flights, tmp_path / "here", **NOT)
    seen: list[Any] = []
    there = cluster.run(
        PLAN,
        flights,
        tmp_path / "there",
        scheduler=scheduler,
        **{**NOT, "progress": lambda *a: seen.append(a)},
    )
    assert sha256(there.path) == sha256(here.path)
    assert (there.rows_in, there.rows_out) == (here.rows_in, here.rows_out)
    assert [vars(c) for c in there.steps] == [vars(c) for c in here.steps]
    assert there.columns == here.columns
    assert {s[0] for s in seen} >= {2, 4}
    assert here.rows_out > 10_000


def test_faults_cancel_and_an_absent_cluster_are_told(
    flights: Path, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"steps": [*PLAN["steps"][:4], step("cast", column="carrier", to="integer")]}
    told = []
    for number, run in enumerate((engine.run, lambda *a, **k: cluster.run(*a, scheduler=scheduler, **k))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(StepError) as caught:
            run(wrong, flights, folder, **NOT)
        told.append(caught.value.as_dict() | {"row": None})
    assert told[0] == told[1]
    assert told[0]["step"] == 4
    with pytest.raises(Cancelled):
        cluster.run(PLAN, flights, tmp_path, scheduler=scheduler, **{**NOT, "cancelled": lambda: True})
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(Fault, match="does not answer"):
        cluster.run(PLAN, flights, tmp_path, scheduler="tcp://127.0.0.1:9", **NOT)


@pytest.mark.django_db
def test_an_export_goes_by_the_cluster(cast: Cast, scheduler: str, settings: Any) -> None:
    settings.ENGINE, settings.DASK_SCHEDULER, settings.DASK_TLS = "dask", scheduler, None
    request = worlds.delivered(cast)
    assert Job.objects.get(kind="export").state == "done", Job.objects.get(kind="export").failure
    assert Delivery.objects.get(request=request).rows == 4
