"""k-anonymity by making columns coarser, step by step, always the one with the most values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.intake import write_parquet
from jobs.pipeline.steps.base import Context, table
from jobs.pipeline.steps.generalise import band, is_number

ANY = "*"


@table("k_anonymity", when=lambda p: p.get("on_fail") == "generalise")
def k_anonymity_coarser(
    source: Path, target: Path, *, ctx: Context, columns: list[str], k: int, **_: Any
) -> None:
    """All these columns become text. Levels rise until every combination stands for k rows or all are `*`;
    rows that still stand with fewer than k are removed."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        places = duck.refs(schema, columns)
        kinds = [schema.field(schema.names.index(n)).type for n in columns]
        values = [
            base.sql(f"SELECT DISTINCT {p} AS v FROM t ORDER BY v NULLS LAST")
            .to_arrow_table()
            .column(0)
            .combine_chunks()
            for p in places
        ]
        levels = [
            _levels(v.cast(kind) if v.type != kind else v, kind)
            for v, kind in zip(values, kinds, strict=True)
        ]
        counted = base.sql(
            f"SELECT {', '.join(places)}, count(*) AS n FROM t GROUP BY {', '.join(places)}"
        ).to_arrow_table()
    cells = pa.table([_cast(counted.column(i), kind) for i, kind in enumerate(kinds)] + [counted.column(len(kinds))],
                     names=[*(f"q{i}" for i in range(len(kinds))), "n"])  # fmt: skip
    at = [0] * len(columns)
    while True:
        named = pa.table(
            [_at(cells.column(i), levels[i], at[i]) for i in range(len(columns))] + [cells.column("n")],
            names=cells.column_names,
        )
        groups = named.group_by(cells.column_names[:-1]).aggregate([("n", "sum")])
        if (pc.min(groups["n_sum"]).as_py() or k) >= k:
            break
        left = [i for i in range(len(columns)) if at[i] + 1 < len(levels[i])]
        if not left:
            break
        # The column with the most values now gives way first; on a tie the first named.
        widths = {i: len(pc.unique(named.column(i))) for i in left}
        at[max(left, key=lambda i: (widths[i], -i))] += 1
    small = groups.filter(pc.less(groups["n_sum"], k))
    _write(source, target, ctx, columns, levels, at, small, k)


def _cast(column: Any, kind: pa.DataType) -> pa.Array:
    found = column.combine_chunks()
    return found.cast(kind) if found.type != kind else found


Level = Callable[[Any], str | None]


def _levels(values: pa.Array, kind: pa.DataType) -> list[Level]:
    """From the value itself to `*`."""
    if is_number(kind):
        present = [
            abs(Decimal(str(v))) for v in values.to_pylist() if v is not None and Decimal(str(v)).is_finite()
        ]
        spread = max(present, default=Decimal(0))
        widths, width = [], Decimal(1) if not pa.types.is_integer(kind) else Decimal(5)
        while width <= spread * 2 and len(widths) < 12:
            widths.append(width)
            width *= 2 if str(width)[0] in "15" else Decimal("2.5")
        return [str, *(lambda v, w=w: band(v, w) for w in widths), lambda v: ANY]
    if pa.types.is_temporal(kind):
        return [
            str,
            lambda v: str(v)[:10],
            lambda v: str(v)[:7],
            lambda v: str(v)[:4],
            lambda v: str(v)[:3] + "0s",
            lambda v: ANY,
        ]
    if pa.types.is_boolean(kind):
        return [lambda v: "true" if v else "false", lambda v: ANY]
    longest = max((len(v) for v in values.to_pylist() if v is not None), default=0)
    cuts = [n for n in (8, 5, 4, 3, 2, 1) if n < longest]
    return [str, *(lambda v, n=n: v[:n] + ANY if len(v) > n else v for n in cuts), lambda v: ANY]


def _at(column: Any, levels: list[Level], level: int) -> pa.Array:
    """The column at a level. Missing stays missing, but for the last level, which tells nothing at all."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = pc.dictionary_encode(array)
    last = level == len(levels) - 1
    mapped = pa.array([levels[level](v) for v in coded.dictionary.to_pylist()], pa.string())
    found = pc.take(mapped, coded.indices)
    return pc.fill_null(found, ANY) if last else found


def _write(
    source: Path,
    target: Path,
    ctx: Context,
    columns: list[str],
    levels: list[list[Level]],
    at: list[int],
    small: pa.Table,
    k: int,
) -> None:
    file = pq.ParquetFile(source)
    schema = file.schema_arrow.remove_metadata()
    after = pa.schema([pa.field(f.name, pa.string()) if f.name in set(columns) else f for f in schema])
    names = [f"q{i}" for i in range(len(columns))]
    bad = {tuple(row[n] for n in names) for row in small.select(names).to_pylist()}

    def batches() -> Any:
        for batch in file.iter_batches(batch_size=100_000):
            made = {
                n: _at(batch.column(schema.names.index(n)), levels[i], at[i]) for i, n in enumerate(columns)
            }
            found = pa.RecordBatch.from_arrays(
                [made.get(f.name, batch.column(i)) for i, f in enumerate(schema)], schema=after
            )
            if bad:
                rows = zip(*(made[n].to_pylist() for n in columns), strict=True)
                found = found.filter(pa.array([row not in bad for row in rows], pa.bool_()))
            yield found

    left = write_parquet(batches(), after, target, lambda _: None)
    ctx.report(f"in a group of fewer than {k}", file.metadata.num_rows - left)
