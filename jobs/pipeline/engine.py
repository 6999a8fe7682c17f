"""Run a plan over a Parquet file, batch by batch, in order and bounded memory.

Steps that need the whole table first (learners) end a stage: the stage is written, learned from,
and read again. Row order is kept, so the same plan gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.faults import Cancelled, StepError
from jobs.pipeline.intake import write_parquet
from jobs.pipeline.steps import RUNNERS, Context
from jobs.pipeline.types import name_of

BATCH = 64_000


@dataclass
class StepCount:
    """What one step saw and left."""

    name: str
    rows_in: int = 0
    rows_out: int = 0


@dataclass
class RunResult:
    path: Path
    rows_in: int
    rows_out: int
    steps: list[StepCount]
    columns: list[dict[str, str]] = field(default_factory=list)


def run(
    plan: dict[str, Any], source: Path, folder: Path, *, key: bytes,
    progress: Callable[[int, int, int], None], cancelled: Callable[[], bool], batch: int = BATCH,
    inputs: Mapping[str, Path] | None = None, side: Path | None = None,
) -> RunResult:  # fmt: skip
    """The plan's steps over `source`. `progress(step index, rows done, rows total)`.

    Raises StepError with step, row and column; Cancelled.
    """
    steps = plan["steps"]
    counts = [StepCount(step["name"]) for step in steps]
    ctx = Context(key=key, folder=folder, cancelled=cancelled, inputs=inputs or {}, side=side)
    states: list[Any] = [_start(step, ctx) for step in steps]
    wanted = _needed(steps, pq.read_schema(source).names)
    total = pq.ParquetFile(source).metadata.num_rows
    current, start, stage = source, 0, 0
    stops = [i for i, s in enumerate(steps) if _kind(s) == "learner"] + [len(steps)]
    for stop in stops:
        columns = wanted if current == source else None
        if stop > start or stop == len(steps) or current == source:
            target = folder / f"stage-{stage}.parquet"
            stage += 1
            _stage(
                steps,
                counts,
                states,
                start,
                stop,
                current,
                target,
                columns,
                key,
                progress,
                cancelled,
                batch,
                total,
            )
            if current != source:
                current.unlink()
            current = target
        if stop < len(steps):
            learner = RUNNERS[steps[stop]["name"]].make(ctx, **steps[stop]["params"])
            for frame in _frames(current, None, batch):
                _stop(cancelled)
                learner.learn(frame)
            learner.ready()
            states[stop] = learner
        start = stop
    schema = pq.read_schema(current)
    rows = pq.ParquetFile(current).metadata.num_rows
    return RunResult(
        current, total, rows, counts, [{"name": f.name, "type": name_of(f.type)} for f in schema]
    )


def _kind(step: dict[str, Any]) -> str:
    return RUNNERS[step["name"]].kind


def _start(step: dict[str, Any], ctx: Context) -> Any:
    """What a step keeps between batches; learners are made when their stage is reached."""
    return RUNNERS[step["name"]].make(ctx, **step["params"]) if _kind(step) == "ordered" else ctx


def _needed(steps: list[dict[str, Any]], names: list[str]) -> list[str]:
    """Columns worth reading: those the first selection keeps and what comes before it reads."""
    used: set[str] = set()
    for step in steps:
        if step["name"] == "select":
            used.update(step["params"]["columns"])
            return [n for n in names if n in used]
        if step["name"] != "filter":
            return names
        used.add(step["params"]["column"])
    return names


def _frames(path: Path, columns: list[str] | None, batch: int) -> Iterator[pd.DataFrame]:
    done = 0
    for found in pq.ParquetFile(path).iter_batches(batch_size=batch, columns=columns):
        frame = found.to_pandas(types_mapper=pd.ArrowDtype)
        # The index is the row's number in the stage's input, so that an error can name it.
        frame.index = pd.RangeIndex(done, done + len(frame))
        done += len(frame)
        yield frame


def _stop(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _stage(
    steps, counts, states, start, stop, source, target, columns, key, progress, cancelled, batch, total
) -> None:  # type: ignore[no-untyped-def]
    schema: pa.Schema | None = None
    pending: list[pa.RecordBatch] = []

    def cleaned() -> Iterator[pa.RecordBatch]:
        nonlocal schema
        done = 0
        for frame in _frames(source, columns, batch):
            _stop(cancelled)
            done += len(frame)
            for index in range(start, stop):
                counts[index].rows_in += len(frame)
                frame = _one(steps[index], states[index], frame, index)
                counts[index].rows_out += len(frame)
            progress(max(stop - 1, 0), done, total)
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            schema = schema or table.schema
            yield from table.cast(schema).to_batches()

    stream = cleaned()
    first = next(stream, None)
    if first is None and schema is None:
        schema = pq.read_schema(source)
    assert schema is not None
    pending = [first] if first is not None else []

    def rest() -> Iterator[pa.RecordBatch]:
        yield from pending
        yield from stream

    write_parquet(rest(), schema, target, lambda done: None)


def _one(step: dict[str, Any], state: Any, frame: pd.DataFrame, index: int) -> pd.DataFrame:
    try:
        if _kind(step) != "batch":
            return state.apply(frame)
        return RUNNERS[step["name"]].make(frame, ctx=state, **step["params"])
    except StepError as fault:
        fault.step = index
        raise
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError, KeyError) as problem:
        raise StepError(
            "step.failed", f"Step {index + 1} ({step['name']}) could not be done: {str(problem)[:160]}",
            "Check the step's parameters against the column's type.", step=index, column=step["params"].get("column"),
        ) from problem  # fmt: skip
