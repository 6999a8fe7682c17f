"""The same plan on a Dask cluster that is already there, with the same bytes as the local engine.

A plan is cut into runs of steps. Steps that know one batch alone ("batch") go to the cluster: one task for each
row group of the typed Parquet, results put together in row order. Steps that must see rows in order or the whole
table ("ordered", "learner", "table") run where this is called, through the local engine, which also writes the
last file; so there is one writer and one meaning of each step. Gains show where batch steps are most of the work.

Workers need the same release of this software, and the job's folder and the source under the same path.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline import engine
from jobs.pipeline.faults import Cancelled, Fault, StepError
from jobs.pipeline.plugins import check_packages
from jobs.pipeline.steps import Context, runner_of

BATCH = 64_000
LOOK = 0.05
PATIENCE = 10  # Seconds for the scheduler to answer.
Progress = Callable[[int, int, int], None]


def run(
    plan: dict[str, Any], source: Path, folder: Path, *, key: bytes, progress: Progress,
    cancelled: Callable[[], bool], scheduler: str, security: dict[str, str] | None = None, batch: int = BATCH,
    memory: int | None = None, threads: int | None = None, inputs: Mapping[str, Path] | None = None, side: Path | None = None,
    mark: Mapping[str, bytes] | None = None,
) -> engine.RunResult:  # fmt: skip
    """As `engine.run`, with the scheduler's address (tcp:// or tls://) and, for tls://, three file names:
    tls_ca_file, tls_client_cert, tls_client_key. Raises StepError, Cancelled, Fault "cluster.away"."""
    if _numbered(plan["steps"]):
        return engine.run(plan, source, folder, key=key, progress=progress, cancelled=cancelled, inputs=inputs, side=side,
                          mark=mark, **_given(memory=memory, threads=threads))  # fmt: skip
    steps, counts = plan["steps"], []
    check_packages(steps)
    current, at, rows = source, 0, pq.ParquetFile(source).metadata.num_rows
    runs = [(far, list(found)) for far, found in groupby(steps, key=_goes_far)]
    if not runs or runs[-1][0]:
        runs.append((False, []))
    given = {"memory": memory, "threads": threads, "inputs": inputs, "side": side, "mark": mark}
    taken = inspect.signature(engine.run).parameters
    more = {name: value for name, value in given.items() if value is not None and name in taken}
    found: engine.RunResult | None = None
    with _client(scheduler, security) as client:
        for number, (far, some) in enumerate(runs):
            place = folder / f"part-{number}"
            place.mkdir(exist_ok=True)
            show = lambda i, done, total, at=at: progress(at + i, done, total)  # noqa: E731
            try:
                if far and pq.ParquetFile(current).metadata.num_rows:
                    current, seen = _far(client, some, current, place, key, show, cancelled, batch, mark)
                else:
                    found = engine.run({**plan, "steps": some}, current, place, key=key, progress=show, cancelled=cancelled, **more)  # fmt: skip
                    current, seen = found.path, found.steps
            except StepError as fault:
                fault.step = at + (fault.step or 0)
                raise
            counts += seen
            at += len(some)
    assert found is not None
    return replace(found, rows_in=rows, steps=counts)


# What goes by the rows' numbers: those are counted anew in every part, so such a plan stays in one place.
NUMBERED = frozenset({"perturb", "sample"})


def _numbered(steps: list[dict[str, Any]]) -> bool:
    """A watermark goes by the source's numbers, which the first part of the steps knows."""
    return any(s["name"] in NUMBERED or (place and s["name"] == "watermark") for place, s in enumerate(steps))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _goes_far(step: dict[str, Any]) -> bool:
    """Tokens are kept beside the result, which only the engine here does."""
    return runner_of(step).kind == "batch" and step["name"] != "tokenise"


def _client(scheduler: str, security: dict[str, str] | None) -> Any:
    try:
        from distributed import Client, Security
    except ImportError:
        raise Fault("cluster.missing", "ENGINE is dask, but Dask is not installed here.",
                    "Tell the operator: pip install --require-hashes -r requirements/cluster.txt") from None  # fmt: skip
    try:
        return Client(scheduler, timeout=PATIENCE, security=Security(**security, require_encryption=True) if security else None,
                      set_as_default=False)  # fmt: skip
    except (OSError, TimeoutError) as problem:
        raise Fault("cluster.away", f"The Dask cluster at {scheduler} does not answer.",
                    "Tell the operator; when it is back, try again.") from problem  # fmt: skip


def _far(client: Any, steps: list[dict[str, Any]], source: Path, place: Path, key: bytes, progress: Progress,
         cancelled: Callable[[], bool], batch: int, mark: Mapping[str, bytes] | None = None) -> tuple[Path, list[engine.StepCount]]:  # fmt: skip
    """The steps over every row group of `source` on the cluster; one file in row order, and counts."""
    file = pq.ParquetFile(source)
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    firsts = list(accumulate(sizes[:-1], initial=0))
    waiting = [
        client.submit(
            part, steps, str(source), n, first, str(place / f"{n}.parquet"), key, batch, mark, pure=False
        )
        for n, first in enumerate(firsts)
    ]
    open_ones, done = set(waiting), 0
    try:
        while open_ones:
            if cancelled():
                raise Cancelled
            ended = {future for future in open_ones if future.done()}
            if not ended:
                time.sleep(LOOK)
                continue
            open_ones -= ended
            done += sum(future.result().get("rows", 0) for future in ended)
            wrong = min(
                (n for n, f in enumerate(waiting) if f.done() and "fault" in f.result()), default=None
            )
            if wrong is not None:
                # The first row that does not fit is told, as here: what comes after it need not be waited for.
                open_ones -= set(waiting[wrong:])
            progress(len(steps) - 1, done, file.metadata.num_rows)
        answers = [_answer(future) for future in waiting]
    finally:
        client.cancel(waiting, force=True)
    counts = [engine.StepCount(step["name"]) for step in steps]
    for answer in answers:
        for count, (rows_in, rows_out, reasons) in zip(counts, answer["counts"], strict=True):
            count.rows_in += rows_in
            count.rows_out += rows_out
            for reason, number in reasons.items():
                count.reasons[reason] = count.reasons.get(reason, 0) + number
    return _together([place / f"{n}.parquet" for n in range(len(sizes))], place / "all.parquet"), counts


def _answer(future: Any) -> dict[str, Any]:
    """What a task said; a fault comes as data, for exceptions of ours do not survive the journey."""
    answer: dict[str, Any] = future.result()
    if "fault" in answer:
        raise StepError(**answer["fault"])
    return answer


def _together(parts: list[Path], target: Path) -> Path:
    """One file of many, in order; the parts go."""
    parts = [one for one in parts if one.exists()]  # A row group without rows makes none.
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for one in parts:
            for batch in pq.ParquetFile(one).iter_batches(batch_size=BATCH):
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
            one.unlink()
    return target


def part(steps: list[dict[str, Any]], source: str, group: int, first: int, target: str, key: bytes, batch: int,
         mark: Mapping[str, bytes] | None = None) -> dict[str, Any]:  # fmt: skip
    """On a worker: the steps over one row group, written to `target`; rows and counts, or the fault."""
    try:
        check_packages(steps)
    except StepError as fault:
        return {"fault": fault.as_dict()}
    contexts = [Context(key=key, mark=mark or {}, folder=Path(target).parent) for _ in steps]
    counts = [[0, 0] for _ in steps]

    def frames() -> Iterator[pa.Table]:
        done = first
        for found in pq.ParquetFile(source).iter_batches(batch_size=batch, row_groups=[group]):
            frame = found.to_pandas(types_mapper=pd.ArrowDtype)
            frame.index = pd.RangeIndex(done, done + len(frame))
            done += len(frame)
            for index, (step, ctx) in enumerate(zip(steps, contexts, strict=True)):
                counts[index][0] += len(frame)
                frame = engine.one(step, ctx, frame, index)
                counts[index][1] += len(frame)
            yield pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)

    writer = None
    try:
        for table in frames():
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    except StepError as fault:
        return {"fault": fault.as_dict()}
    finally:
        if writer is not None:
            writer.close()
    seen = [(a, b, ctx.reasons) for (a, b), ctx in zip(counts, contexts, strict=True)]
    return {"rows": pq.ParquetFile(source).metadata.row_group(group).num_rows, "counts": seen}
