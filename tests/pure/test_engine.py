"""The engine keeps its promises: the same bytes whatever the batches, threads and memory; stages kept; faults named."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.pipeline.engine import run
from jobs.pipeline.engine import sink as engine_sink
from jobs.pipeline.faults import Cancelled, Fault
from jobs.pipeline.keys import KEY, row_keys
from jobs.pipeline.lookup import Filter, Run
from jobs.pipeline.seen import Seen
from jobs.pipeline.steps import Context

pytestmark = pytest.mark.pure
ROWS = 30_000
BIG = 2**53 + 1


def step(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "params": params}


STEPS = [
    step("trim", columns=["place"]),
    step("pseudonymise", columns=["person"]),
    step("deduplicate"),
    step("suppress_small_groups", by=["place"], k=3),
    step("sort", by=["-amount"]),
    step("generalise", column="place", how="prefix", length=2),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice = np.random.default_rng(7)
    path = tmp_path_factory.mktemp("source") / "in.parquet"
    numbers = dice.integers(0, 20_000, ROWS)
    table = pa.table({
        "person": pa.array([None if n % 17 == 0 else f"p{n}" for n in numbers]),
        "place": pa.array([f" {n % 9_000}" if n % 5 else f"{n % 9_000} " for n in numbers]),
        "amount": pa.array([None if n % 13 == 0 else BIG + int(n) for n in numbers], pa.int64()),
    })  # fmt: skip
    pq.write_table(table, path, row_group_size=4_000)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_bytes_whatever_the_batches_threads_and_memory(source: Path, tmp_path: Path) -> None:
    found = set()
    for number, (batch, threads, memory) in enumerate(
        [(250_000, 1, 1 << 30), (4_000, 3, 1 << 30), (777, 2, 1 << 20), (250_000, 2, 1 << 20)]
    ):
        done = run({"steps": STEPS}, source, tmp_path / str(number), key=b"k", batch=batch, threads=threads,
                   memory=memory)  # fmt: skip
        found.add((digest(done.path), done.rows_out, tuple((c.rows_in, c.rows_out) for c in done.steps)))
    assert len(found) == 1, found
    kept = pq.read_table(done.path)["amount"].drop_null().to_pylist()
    assert all(value >= BIG for value in kept), "integers above 2^53 beside missing ones stay exact"


def test_keys_that_outgrow_memory_are_still_known(tmp_path: Path) -> None:
    """Batches far larger than the table that memory allows; against a Python set."""
    dice, known = np.random.default_rng(3), set()
    seen = Seen(Context(folder=tmp_path, memory=1))
    halves = dice.integers(1, 2**63, 60_000, dtype="u8")
    for _ in range(4):
        keys = np.zeros(100_000, dtype=KEY)
        # First halves that agree: the second must tell such keys apart.
        keys["a"], keys["b"] = dice.choice(halves, len(keys)), dice.integers(0, 3, len(keys)) << 30
        wanted = []
        for pair in zip(keys["a"].tolist(), keys["b"].tolist(), strict=True):
            wanted.append(pair not in known)
            known.add(pair)
        assert seen.of(keys).tolist() == wanted
    assert seen.runs, "it spilled"


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024, 5_000])
def test_a_run_on_disk_knows_its_keys_and_no_others(size: int, tmp_path: Path) -> None:
    """First halves that many keys share cross the borders of blocks."""
    dice = np.random.default_rng(size)
    pairs = sorted({(int(a), int(b)) for a, b in dice.integers(0, 60, (size, 2))})
    keys = np.array(pairs, dtype=KEY)
    run = Run(tmp_path / "run", np.array_split(keys, 3))
    asked = np.array([(a, b) for a in range(62) for b in range(62)], dtype=KEY)
    assert run.has(asked).tolist() == [tuple(key) in set(pairs) for key in asked.tolist()]
    filter = Filter(1_000)
    filter.add(keys)
    assert filter.maybe(keys).all(), "what was added is never denied"


@pytest.mark.parametrize("kind", ["whole", "floats", "decimals", "text", "three"])
def test_half_a_key_tells_regular_rows_apart(kind: str) -> None:
    """Real columns are regular: small numbers, round ones, the same in two columns. Each half must stand alone."""
    side = np.arange(600)
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    columns = {
        "whole": [pa.array(x * 4096), pa.array(y * 4096)],
        "floats": [pa.array(x / 4), pa.array(y * 2.0**40)],
        "decimals": [pa.array(x).cast(pa.decimal128(38, 9)), pa.array(y).cast(pa.decimal128(38, 2))],
        "text": [pa.array(x).cast(pa.string()), pa.array(y).cast(pa.string())],
        "three": [pa.array(x // 32), pa.array(x % 32, pa.int64()), pa.array(y, mask=y == 0)],
    }[kind]
    names = [f"c{i}" for i in range(len(columns))]
    frame = pa.table(columns, names=names).to_pandas(types_mapper=pd.ArrowDtype)
    keys = row_keys(frame, names)
    for half in ("a", "b"):
        assert len(np.unique(keys[half])) == len(keys)
    again = row_keys(frame.iloc[10:20], names)
    assert (again == keys[10:20]).all(), "whatever the batch"


def test_work_goes_on_after_the_last_finished_stage(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run({"steps": STEPS}, source, tmp_path / "whole", key=b"k")
    begun: list[Path] = []

    def breaking(real: Any) -> Any:
        def interrupted(tables: Any, schema: pa.Schema, target: Path) -> int:
            begun.append(target)
            if len(begun) == 3:
                raise KeyboardInterrupt
            return int(real(tables, schema, target))

        return interrupted

    for name in ("to_parquet", "to_spill"):
        monkeypatch.setattr(engine_sink, name, breaking(getattr(engine_sink, name)))
    with pytest.raises(KeyboardInterrupt):
        run({"steps": STEPS}, source, tmp_path / "cut", key=b"k")
    assert not list((tmp_path / "cut").glob("*.part")), "nothing half done is left"
    finished = len(begun) - 1
    again = run({"steps": STEPS}, source, tmp_path / "cut", key=b"k")
    assert len(begun) - 1 - finished == 1, "only the stage that was cut is made again"
    assert digest(again.path) == digest(whole.path)
    assert [(c.name, c.rows_in, c.rows_out) for c in again.steps] == [
        (c.name, c.rows_in, c.rows_out) for c in whole.steps
    ]
    assert (again.rows_in, again.rows_out) == (whole.rows_in, whole.rows_out)


def test_a_full_disk_is_a_fault_with_a_remedy(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(engine_sink, "to_parquet", full)
    with pytest.raises(Fault) as found:
        run({"steps": STEPS}, source, tmp_path, key=b"k")
    assert found.value.code == "disk.full"
    assert found.value.remedy


def test_a_stop_takes_effect_within_a_batch(source: Path, tmp_path: Path) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 6

    with pytest.raises(Cancelled):
        run({"steps": STEPS}, source, tmp_path, key=b"k", batch=1_000, cancelled=cancelled)
    assert len(asked) < 20, "work went on after the stop"
    assert not list(tmp_path.glob("*.part"))
