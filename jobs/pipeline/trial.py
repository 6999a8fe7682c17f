"""A plan on a bounded sample: what each step changed and removed, some rows before and after, and an estimate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline import writers
from jobs.pipeline.faults import Cancelled, StepError
from jobs.pipeline.plugins import check_packages
from jobs.pipeline.steps import Context, runner_of
from jobs.pipeline.steps.base import arrow_of

SAMPLE, SHOWN, GROUPS, WIDEST = 5_000, 20, 16, 80
ROW = "__row__"


def dry_run(
    plan: Mapping[str, Any], source: str | Path, folder: str | Path, *, key: bytes = b"", inputs: Mapping[str, Path] | None = None,
    rows: int = SAMPLE, seed: int = 1, progress: Callable[[int, int, int], Any] = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:  # fmt: skip
    """`{"result": counts, "rows": before and after}`; a step that cannot go on is part of the result.

    The sample is the first fifth of `rows` and a seeded choice of the others. Raises Cancelled,
    and StepError for a step whose package is not here.
    """
    source, folder = Path(source), Path(folder)
    check_packages(plan["steps"])
    frame, total = sample(source, rows, seed)
    ctx = Context(key=key, folder=folder, cancelled=cancelled, side=folder / "side",
                  inputs={alias: Path(path) for alias, path in (inputs or {}).items()})  # fmt: skip
    assert ctx.side is not None
    ctx.side.mkdir(exist_ok=True)
    first, began, stopped = frame, time.perf_counter(), None
    steps: list[dict[str, Any]] = []
    traced, alive, gone, touched = True, frame.index, {}, pd.Index([], dtype="int64")
    for index, step in enumerate(plan["steps"]):
        if cancelled():
            raise Cancelled
        progress(index, len(frame), len(frame))
        ctx.reasons = {}
        try:
            after, kept = _one(step, frame, ctx, index)
        except StepError as fault:
            fault.step = index
            stopped = fault.as_dict()
            break
        traced = traced and kept
        cells, changed = _changed(frame, after) if kept else (None, None)
        if traced:
            for row in frame.index.difference(after.index):
                gone[int(row)] = index
            touched = touched.union(changed) if changed is not None else touched
        steps.append({
            "name": step["name"], "locked": step.get("locked", False), "rows_in": len(frame), "rows_out": len(after),
            "removed": max(len(frame) - len(after), 0), "cells": cells, "reasons": dict(ctx.reasons),
            "whole": runner_of(step).kind != "batch",
            "added": [str(n) for n in after.columns if n not in frame.columns],
        })  # fmt: skip
        frame = after
    seconds = time.perf_counter() - began
    result: dict[str, Any] = {
        "sample": len(alive), "whole_rows": total, "rows_out": len(frame), "steps": steps, "stopped": stopped,
        "complete_before": _complete(first[_kept_columns(plan, list(first.columns))]),
        "complete_after": None if stopped else _complete(frame),
        "columns": [str(c) for c in frame.columns],
    }  # fmt: skip
    if not stopped:
        result |= _estimate(frame, folder, plan.get("format", "parquet"), len(alive), total, seconds)
    shown = _rows(plan, first, frame, gone, touched) if traced else _unpaired(plan, first, frame)
    return {"result": result, "rows": shown}


def sample(source: Path, rows: int, seed: int) -> tuple[pd.DataFrame, int]:
    """The frame of the sample with row numbers as its index, and the rows of the whole.

    Reads at most 16 row groups, whatever the file's size; the same seed gives the same sample.
    """
    file = pq.ParquetFile(source)
    total, count = file.metadata.num_rows, file.metadata.num_row_groups
    starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(count))])
    order = sorted(range(1, count), key=lambda i: int(_hash(np.array([i]), seed)[0]))
    groups = sorted({0, *order[: GROUPS - 1]} if count else set())
    pool = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in groups]) if groups else np.arange(0)
    head = pool[: rows // 5]
    rest = pool[rows // 5 :]
    if len(pool) > rows:
        rest = np.sort(rest[np.argsort(_hash(rest, seed), kind="stable")[: rows - len(head)]])
    wanted = np.concatenate([head, rest])
    tables = []
    for i in groups:
        here = wanted[(wanted >= starts[i]) & (wanted < starts[i + 1])] - starts[i]
        if len(here):
            tables.append(file.read_row_group(i).take(pa.array(here)))
    table = pa.concat_tables(tables) if tables else file.schema_arrow.empty_table()
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = pd.Index(wanted, dtype="int64")
    return frame, total


def _hash(values: Any, seed: int) -> Any:
    """splitmix64 of row number and seed: even, fast, the same everywhere."""
    with np.errstate(over="ignore"):
        x = values.astype(np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _one(step: Mapping[str, Any], frame: pd.DataFrame, ctx: Context, index: int) -> tuple[pd.DataFrame, bool]:
    """The frame after the step, and whether its index still names the rows."""
    runner, params = runner_of(step), step["params"]
    try:
        if runner.kind == "batch":
            return runner.make(frame, ctx=ctx, **params), True
        if runner.kind == "table":
            return _table(runner.make, step, frame, ctx, index)
        made = runner.make(ctx, **params)
        if runner.kind == "learner":
            made.learn(frame)
            made.ready()
        return made.apply(frame), True
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError, KeyError) as problem:
        raise StepError(
            "step.failed", f"Step {index + 1} ({step['name']}) could not be done: {str(problem)[:160]}",
            "Check the step's parameters against the column's type.", step=index, column=params.get("column"),
        ) from problem  # fmt: skip


def _table(
    make: Any, step: Mapping[str, Any], frame: pd.DataFrame, ctx: Context, index: int
) -> tuple[pd.DataFrame, bool]:
    """A step from file to file. A column with the row's number goes along where it does not disturb."""
    source, target = ctx.folder / f"trial-{index}-in.parquet", ctx.folder / f"trial-{index}-out.parquet"
    numbered = step["name"] != "group" and not (
        step["name"] == "deduplicate" and not step["params"].get("columns")
    )
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    if numbered:
        table = table.append_column(ROW, pa.array(frame.index.to_numpy(), pa.int64()))
    pq.write_table(table, source)
    make(source, target, ctx=ctx, **step["params"])
    after = pq.read_table(target).to_pandas(types_mapper=pd.ArrowDtype)
    if not numbered or ROW not in after.columns:
        return after, False
    after.index = pd.Index(after.pop(ROW).to_numpy(dtype="int64"), dtype="int64")
    return after, bool(after.index.is_unique)


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> tuple[int, pd.Index]:
    """How many cells differ in the columns and rows that both have, and the rows in which one does."""
    rows = after.index.intersection(before.index)
    total, touched = 0, np.zeros(len(rows), dtype=bool)
    old, new = before.loc[rows], after.loc[rows]
    for name in [n for n in after.columns if n in before.columns]:
        differs = _differs(arrow_of(old[name]), arrow_of(new[name]))
        total += int(differs.sum())
        touched |= differs
    return total, rows[touched]


def _differs(a: pa.Array, b: pa.Array) -> Any:
    a, b = _plain(a), _plain(b)
    if a.type != b.type:
        a, b = _text(a), _text(b)
    same = pc.fill_null(pc.equal(a, b), False)
    both = pc.and_(pc.is_null(a), pc.is_null(b))
    return ~np.asarray(pc.or_(same, both))


def _plain(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _text(array: pa.Array) -> pa.Array:
    return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())


def _complete(frame: pd.DataFrame) -> str | None:
    """Filled cells in percent with one decimal, as text."""
    cells = frame.shape[0] * frame.shape[1]
    return f"{100 * (1 - int(frame.isna().to_numpy().sum()) / cells):.1f}" if cells else None


def _kept_columns(plan: Mapping[str, Any], names: list[str]) -> list[str]:
    """The columns of the source that the plan's first selection keeps; all without one."""
    for step in plan["steps"]:
        if step["name"] == "select":
            return [n for n in names if n in set(step["params"]["columns"])]
        if step["name"] != "filter":
            break
    return names


def _estimate(
    frame: pd.DataFrame, folder: Path, form: str, sampled: int, total: int, seconds: float
) -> dict[str, Any]:
    share = total / sampled if sampled else 0
    rows = round(len(frame) * share)
    if len(frame) == 0:
        return {"estimated_rows": 0, "estimated_bytes": 0, "estimated_seconds": 1}
    began = time.perf_counter()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    source = folder / "trial-result.parquet"
    pq.write_table(table, source)
    size = writers.write(source, folder / "trial-result", form).path.stat().st_size
    seconds += time.perf_counter() - began
    return {"estimated_rows": rows, "estimated_bytes": round(size / len(frame) * rows),
            "estimated_seconds": max(round(seconds * share), 1)}  # fmt: skip


def _cells(frame: pd.DataFrame) -> list[list[str | None]]:
    columns = [_plain(arrow_of(frame[name])).to_pylist() for name in frame.columns]
    return [[None if v is None else str(v)[:WIDEST] for v in row] for row in zip(*columns, strict=True)]


def _rows(
    plan: Mapping[str, Any], first: pd.DataFrame, last: pd.DataFrame, gone: dict[int, int], touched: pd.Index
) -> dict[str, Any]:
    """Twenty rows in file order: mostly such that were changed, some that were removed, some that stayed."""
    changed = [int(r) for r in touched if r in last.index][: SHOWN - 6]
    removed = sorted(gone)[:6]
    chosen = set(changed) | set(removed)
    for row in first.index:
        if len(chosen) >= min(SHOWN, len(first)):
            break
        chosen.add(int(row))
    order = [r for r in first.index if int(r) in chosen]
    before = first.loc[order, _kept_columns(plan, list(first.columns))]
    there = [r for r in order if r in last.index]
    after = (
        dict(zip([int(r) for r in there], _cells(last.loc[there]), strict=True)) if len(last.columns) else {}
    )
    return {
        "paired": True, "before": [str(c) for c in before.columns], "after": [str(c) for c in last.columns],
        "rows": [{"row": int(r) + 1, "before": cells, "after": after.get(int(r)), "removed": gone.get(int(r))}
                 for r, cells in zip(order, _cells(before), strict=True)],
    }  # fmt: skip


def _unpaired(plan: Mapping[str, Any], first: pd.DataFrame, last: pd.DataFrame) -> dict[str, Any]:
    """After a step that makes other rows of the rows: some from before and some from after."""
    before = first[_kept_columns(plan, list(first.columns))].head(SHOWN)
    return {
        "paired": False, "before": [str(c) for c in before.columns], "after": [str(c) for c in last.columns],
        "rows": [{"row": int(r) + 1, "before": cells} for r, cells in zip(before.index, _cells(before), strict=True)],
        "result": _cells(last.head(SHOWN)),
    }  # fmt: skip
