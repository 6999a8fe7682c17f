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
from jobs.pipeline.intake import write_parquet
from jobs.pipeline.keys import firsts, row_keys
from jobs.pipeline.seen import Seen
from jobs.pipeline.steps.base import Context, Frame, ordered, table
from jobs.pipeline.steps.numbers import uniform


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
        found = frame[fresh] if not fresh.all() else frame
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
def deduplicate_near(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    columns: list[str],
    order_by: list[str] | None = None,
    **_: Any,
) -> None:
    keyed = ctx.folder / "keyed.parquet"
    file = pq.ParquetFile(source)
    schema = file.schema_arrow.remove_metadata()
    extra = [pa.field(f"near {i}", pa.string()) for i in range(len(columns))]
    wide = pa.schema([*schema, *extra])

    def batches() -> Any:
        for batch in file.iter_batches(batch_size=100_000):
            added = []
            for name in columns:
                coded = pc.dictionary_encode(batch.column(schema.names.index(name)))
                known = pa.array(
                    [None if v is None else near_key(v) for v in coded.dictionary.to_pylist()], pa.string()
                )
                added.append(pc.take(known, coded.indices))
            yield pa.RecordBatch.from_arrays([*batch.columns, *added], schema=wide)

    write_parquet(batches(), wide, keyed, lambda done: None)
    with duck.opened(ctx) as base:
        duck.load(base, keyed)
        keys = [f"c{len(schema) + i}" for i in range(len(columns))]
        _first(base, schema, keys, order_by or [], target, ctx, "nearly a duplicate", source)
    keyed.unlink()


@table("sort")
def sort(source: Path, target: Path, *, ctx: Context, by: list[str], **_: Any) -> None:
    """Stable; missing values last in both directions; text by code point."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        every = ", ".join(f"c{i}" for i in range(len(schema)))
        duck.pour(base, f"SELECT {every} FROM t ORDER BY {duck.order_by(schema, by)}", schema, target, ctx)


@table("sample", when=lambda p: "rows" in p)
def sample_rows(source: Path, target: Path, *, ctx: Context, rows: int, seed: int, **_: Any) -> None:
    """Just so many rows, chosen by their number and the seed, in the file's order."""
    file = pq.ParquetFile(source)
    total = file.metadata.num_rows
    chance = uniform(np.arange(total), seed, 2)
    keep = np.zeros(total, dtype=bool)
    keep[
        np.lexsort((np.arange(total), chance))[:rows]
        if total <= rows
        else np.argpartition(chance, rows - 1)[:rows]
    ] = True
    schema, done = file.schema_arrow.remove_metadata(), 0

    def batches() -> Any:
        nonlocal done
        for batch in file.iter_batches(batch_size=100_000):
            hit = keep[done : done + batch.num_rows]
            done += batch.num_rows
            if hit.any():
                yield pa.RecordBatch.from_arrays(batch.filter(pa.array(hit)).columns, schema=schema)

    left = write_parquet(batches(), schema, target, lambda _: None)
    ctx.report("not in the sample", total - left)
