"""Steps that must see the whole table: duplicates, order, an exact sample."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.keys import firsts, row_keys
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.seen import Seen
from jobs.pipeline.steps.base import Context, Frame, only, ordered, table


@ordered("deduplicate")
class Deduplicate:
    """Keeps the first of rows that are equal in some columns, or in all."""

    def __init__(self, ctx: Context, *, columns: list[str] | None = None, **_: Any) -> None:
        self.columns, self.ctx, self.seen = columns, ctx, Seen(ctx)

    def keys(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """The expensive half, which knows one batch only: may run in threads before `keep`."""
        return firsts(row_keys(frame, self.columns or list(frame.columns)))

    def keep(self, frame: Frame, keys: tuple[np.ndarray, np.ndarray]) -> Frame:
        fresh = self.seen.fresh(*keys, len(frame))
        found = only(frame, fresh)
        self.ctx.report("a duplicate", len(frame) - len(found))
        return found

    def apply(self, frame: Frame) -> Frame:
        return self.keep(frame, self.keys(frame))


@table("deduplicate", when=lambda p: bool(p.get("order_by")))
def deduplicate_ordered(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    order_by: list[str],
    columns: list[str] | None = None,
    **_: Any,
) -> None:
    """The first in the given order stays; what stays keeps the file's order."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        _first(
            base,
            schema,
            duck.refs(schema, columns or schema.names),
            order_by,
            target,
            ctx,
            "a duplicate",
            source,
        )


def _first(
    base: Any,
    schema: pa.Schema,
    keys: list[str],
    order: list[str],
    target: Path,
    ctx: Context,
    reason: str,
    source: Path,
) -> None:
    every = ", ".join(f"c{i}" for i in range(len(schema)))
    place = f"row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY {duck.order_by(schema, order)})"
    query = f"SELECT {every} FROM (SELECT *, {place} AS place FROM t) WHERE place = 1 ORDER BY {duck.ROW}"
    left = duck.pour(base, query, schema, target, ctx)
    ctx.report(reason, pq.ParquetFile(source).metadata.num_rows - left)


def near_key(text: str) -> str:
    """Case, accents, spaces and signs taken away: “Müller & Co.” and “muller co” are the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))


@table("deduplicate_near")
def deduplicate_near(source: Path, target: Path, *, ctx: Context, columns: list[str], order_by: list[str] | None = None, **_: Any) -> None:  # fmt: skip
    """Rows without a letter or digit in any of the columns tell nothing that could be alike, and stay."""
    keyed = ctx.folder / "keyed.parquet"
    schema = _keyed(source, keyed, columns)
    try:
        with duck.opened(ctx) as base:
            duck.load(base, keyed)
            keys = [f"c{len(schema) + i}" for i in range(len(columns))]
            empty = " AND ".join(f"coalesce({k}, '') = ''" for k in keys)
            keys = [f"coalesce({k}, '')" for k in keys]
            alone = f"CASE WHEN {empty} THEN {duck.ROW} ELSE -1 END"
            _first(base, schema, [*keys, alone], order_by or [], target, ctx, "nearly a duplicate", source)
    finally:
        keyed.unlink(missing_ok=True)


def _keyed(source: Path, target: Path, columns: list[str]) -> pa.Schema:
    """The rows with their keys as further columns; returns the schema without those."""
    file = pq.ParquetFile(source)
    schema = file.schema_arrow.remove_metadata()
    wide = pa.schema([*schema, *(pa.field(f"near {i}", pa.string()) for i in range(len(columns)))])

    def batches() -> Any:
        for batch in file.iter_batches(batch_size=duck.BATCH):
            added = []
            for name in columns:
                coded = pc.dictionary_encode(batch.column(schema.names.index(name)))
                known = [None if v is None else near_key(v) for v in coded.dictionary.to_pylist()]
                added.append(pc.take(pa.array(known, pa.string()), coded.indices))
            yield pa.RecordBatch.from_arrays([*batch.columns, *added], schema=wide)

    write_parquet(batches(), wide, target)
    return schema


@table("sort")
def sort(source: Path, target: Path, *, ctx: Context, by: list[str], **_: Any) -> None:
    """Stable; missing values last in both directions; text by code point."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        every = ", ".join(f"c{i}" for i in range(len(schema)))
        duck.pour(base, f"SELECT {every} FROM t ORDER BY {duck.order_by(schema, by)}", schema, target, ctx)
