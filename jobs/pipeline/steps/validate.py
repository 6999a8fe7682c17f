"""Checking rows against rules: stop, flag or drop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.recipes.steps.rows import rule_words
from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.intake import write_parquet
from jobs.pipeline.steps.base import Context, Frame, arrow_of, batch, scalar_of, table, with_columns


def _unique(params: Any) -> bool:
    return any(rule["rule"] == "unique" for rule in params["rules"])


def broken(frame: Frame, rule: dict[str, Any], twice: pa.Array | None = None) -> pa.Array:
    """Where a rule does not hold. Missing values break `not_null` only."""
    array, kind = arrow_of(frame[rule["column"]]), rule["rule"]
    if kind == "not_null":
        return pc.is_null(array)
    if kind == "unique":
        assert twice is not None
        return pc.and_(twice, pc.is_valid(array))
    if kind == "pattern":
        good = pc.match_substring_regex(array, f"^(?:{rule['pattern']})$")
    elif kind == "set":
        values = [
            pc.cast(scalar_of(v, array.type, rule["column"]), array.type).as_py() for v in rule["values"]
        ]
        good = pc.is_in(array, value_set=pa.array(values, array.type))
        good = pc.or_(good, pc.is_null(array))
    else:
        measured = pc.cast(pc.utf8_length(array), pa.int64()) if kind == "length" else array
        good = pa.array(np.ones(len(array), dtype=bool))
        if "min" in rule:
            good = pc.and_(
                good, pc.greater_equal(measured, scalar_of(rule["min"], measured.type, rule["column"]))
            )
        if "max" in rule:
            good = pc.and_(
                good, pc.less_equal(measured, scalar_of(rule["max"], measured.type, rule["column"]))
            )
    return pc.invert(pc.fill_null(good, True))


def _judged(
    frame: Frame,
    rules: list[dict[str, Any]],
    on_fail: str,
    flag_column: str | None,
    ctx: Context,
    twice: list[pa.Array | None],
) -> Frame:
    wrong = np.zeros(len(frame), dtype=bool)
    said = np.full(len(frame), "", dtype=object)
    for rule, doubled in zip(rules, twice, strict=True):
        hit = np.asarray(broken(frame, rule, doubled))
        words = rule_words(rule)
        if on_fail == "stop" and hit.any():
            position = int(np.argmax(hit))
            value = arrow_of(frame[rule["column"]])[position].as_py()
            raise StepError("validate.broken", f"It does not hold that {words}: {str(value)[:60]!r}; {int(hit.sum())} rows of this part break it.",
                            "Correct or drop such rows before this step.", row=int(frame.index[position]) + 1, column=rule["column"])  # fmt: skip
        if on_fail == "flag":
            said[hit] = [f"{s}; not: {words}" if s else f"not: {words}" for s in said[hit]]
        ctx.report(
            f"not: {words}" + (", flagged" if on_fail == "flag" else ""),
            int((hit & ~wrong).sum()) if on_fail == "drop" else int(hit.sum()),
        )
        wrong |= hit
    if on_fail == "drop":
        return frame[~wrong]
    if on_fail == "flag":
        text = pa.array([s or None for s in said], pa.string())
        made = pd.Series(
            pd.arrays.ArrowExtensionArray(pa.chunked_array([text])), index=frame.index, name=flag_column
        )
        return with_columns(frame, {str(flag_column): made})
    return frame


@batch("validate")
def validate(
    frame: Frame,
    *,
    rules: list[dict[str, Any]],
    on_fail: str,
    ctx: Context,
    flag_column: str | None = "problems",
    **_: Any,
) -> Frame:
    return _judged(frame, rules, on_fail, flag_column, ctx, [None] * len(rules))


@table("validate", when=_unique)
def validate_whole(
    source: Path,
    target: Path,
    *,
    rules: list[dict[str, Any]],
    on_fail: str,
    ctx: Context,
    flag_column: str | None = "problems",
    **_: Any,
) -> None:
    """With a rule that needs the whole table: which values stand twice is counted first."""
    names = [rule["column"] for rule in rules if rule["rule"] == "unique"]
    marked = ctx.folder / "marked.parquet"
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        every = ", ".join(f"c{i}" for i in range(len(schema)))
        flags = ", ".join(f"count(*) OVER (PARTITION BY {c}) > 1" for c in duck.refs(schema, names))
        wide = pa.schema([*schema, *(pa.field(f"twice {i}", pa.bool_()) for i in range(len(names)))])
        duck.pour(base, f"SELECT {every}, {flags} FROM t ORDER BY {duck.ROW}", wide, marked, ctx)
    made: pa.Schema | None = None

    def batches() -> Any:
        nonlocal made
        done = 0
        for part in pq.ParquetFile(marked).iter_batches(batch_size=50_000):
            frame = pa.table(part.columns[: len(schema)], schema=schema).to_pandas(types_mapper=pd.ArrowDtype)
            frame.index = pd.RangeIndex(done, done + len(frame))
            done += len(frame)
            doubled = iter(part.columns[len(schema) :])
            twice = [next(doubled) if rule["rule"] == "unique" else None for rule in rules]
            judged = _judged(frame, rules, on_fail, flag_column, ctx, twice)
            out = pa.Table.from_pandas(judged, preserve_index=False).replace_schema_metadata(None).cast(after)
            yield from out.to_batches()

    after = schema.append(pa.field(str(flag_column), pa.string())) if on_fail == "flag" else schema
    write_parquet(batches(), after, target, lambda _: None)
    marked.unlink()
