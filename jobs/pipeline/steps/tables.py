"""Joining another dataset, and grouping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Context, table


@table("join")
def join(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    on: dict[str, str],
    columns: list[str],
    how: str = "left",
    **params: Any,
) -> None:
    """All rows that match, in the order of this table's rows, then of the other's. Missing matches nothing."""
    other = ctx.inputs.get(params["with"])
    if other is None:
        raise StepError(
            "join.input", f"The dataset {params['with']} is not at hand.", "Submit the request again."
        )
    with duck.opened(ctx) as base:
        left = duck.load(base, source, "l")
        right = duck.load(base, Path(other), "r")
        schema = pa.schema([*left, *(right.field(right.names.index(n)) for n in columns)])
        pairs = list(
            zip(duck.refs(left, list(on), "l."), duck.refs(right, list(on.values()), "r."), strict=True)
        )
        wanted = ", ".join([*(f"l.c{i}" for i in range(len(left))), *duck.refs(right, columns, "r.")])
        joined = f"l {'LEFT' if how == 'left' else 'INNER'} JOIN r ON {' AND '.join(f'{a} = {b}' for a, b in pairs)}"
        duck.pour(
            base, f"SELECT {wanted} FROM {joined} ORDER BY l.{duck.ROW}, r.{duck.ROW}", schema, target, ctx
        )
        if how == "inner":
            same = " AND ".join(f"{a} = {b}" for a, b in pairs)
            alone = base.sql(
                f"SELECT count(*) FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE {same})"
            ).fetchall()[0][0]
            ctx.report(f"without a match in {params['with']}", alone)


_HOW = {"count": "count({0})", "distinct": "count(DISTINCT {0})", "min": "min({0})", "max": "max({0})"}


def _measure(schema: pa.Schema, measure: dict[str, Any]) -> tuple[str, pa.DataType]:
    """The SQL of one measure and the type of its column."""
    if "column" not in measure:
        return "count(*)", pa.int64()
    name, how = measure["column"], measure["how"]
    place, kind = _refs(schema, [name])[0], schema.field(schema.names.index(name)).type
    exact = f"sum(CAST({place} AS HUGEINT))" if pa.types.is_integer(kind) else f"sum({place})"
    if how == "sum":
        if pa.types.is_integer(kind):
            return f"CAST({exact} AS BIGINT)", kind
        return f"CAST({exact} AS DECIMAL(38,{kind.scale}))" if pa.types.is_decimal(kind) else exact, kind
    if how == "mean":
        # Whole numbers are added exactly, so that neither order nor size costs digits.
        whole = f"CAST({exact} AS DOUBLE) / count({place})"
        return whole if pa.types.is_integer(kind) else f"avg(CAST({place} AS DOUBLE))", pa.float64()
    if how == "median":
        if pa.types.is_temporal(kind):
            return f"quantile_disc({place}, 0.5)", kind
        return f"quantile_cont(CAST({place} AS DOUBLE), 0.5)", pa.float64()
    return _HOW[how].format(place), kind if how in ("min", "max") else pa.int64()


def _refs(schema: pa.Schema, names: list[str]) -> list[str]:
    """The inner names; 0 for a negative zero, which is equal to it and would come or go by chance."""
    floats = {f.name for f in schema if pa.types.is_floating(f.type)}
    return [f"CASE WHEN {c} = 0 THEN CAST(0 AS DOUBLE) ELSE {c} END" if n in floats else c
            for n, c in zip(names, duck.refs(schema, names), strict=True)]  # fmt: skip


@table("group")
def group(
    source: Path, target: Path, *, ctx: Context, by: list[str], measures: list[dict[str, Any]], **_: Any
) -> None:
    """One row for each group, ordered by the groups' values, missing last. Sums of whole numbers and decimals
    are exact; StepError where one is larger than its type.

    Sums and means of floating-point numbers depend on the order of adding, so they are made by one thread.
    """
    import duckdb

    floats = any(m["how"] in ("sum", "mean") for m in measures)
    with duck.opened(ctx, 1 if floats else None) as base:
        schema = duck.load(base, source)
        keys = _refs(schema, by)
        made = [_measure(schema, m) for m in measures]
        after = pa.schema([*(schema.field(schema.names.index(n)) for n in by),
                           *(pa.field(m["as"], kind) for m, (_, kind) in zip(measures, made, strict=True))])  # fmt: skip
        places = [str(i + 1) for i in range(len(keys))]
        query = f"SELECT {', '.join([*keys, *(sql for sql, _ in made)])} FROM t GROUP BY {', '.join(places)} ORDER BY {', '.join(f'{p} NULLS LAST' for p in places)}"
        try:
            duck.pour(base, query, after, target, ctx)
        except (duckdb.ConversionException, duckdb.OutOfRangeException, pa.ArrowInvalid) as problem:
            raise StepError("group.overflow", f"A sum is larger than its type can hold: {str(problem)[:120]}",
                            "Change the column's type to decimal or number first.") from None  # fmt: skip
