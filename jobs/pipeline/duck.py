"""Whole-table work in bounded memory: DuckDB over a typed Parquet, spilling to disk, the row order kept.

Columns are called c0, c1, … inside, because SQL takes names that differ only in case for the same.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.faults import Cancelled, StepError
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.steps.base import Context

ROW = "rn"
BATCH = 100_000


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def reading(path: Path) -> str:
    """A Parquet file where SQL wants a table."""
    return f"read_parquet({quoted(path)})"


@contextmanager
def told() -> Iterator[None]:
    """What DuckDB cannot do, said so that someone can act."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as problem:
        raise StepError("step.memory", "This step needs more memory than the job may use.",
                        "Group by fewer columns or drop rows first, or ask the operator for a higher limit.") from problem  # fmt: skip
    except (duckdb.IOException, OSError) as problem:
        full = "No space left" in str(problem) or getattr(problem, "errno", 0) == errno.ENOSPC
        raise StepError("step.disk", "The disk is full." if full else f"The disk failed: {str(problem)[:120]}",
                        "Tell the operator; when there is room, try again.") from problem  # fmt: skip
    except duckdb.Error as problem:
        raise StepError("step.failed", f"This step could not be done: {str(problem)[:160]}",
                        "Check the step's parameters against the columns' types.") from problem  # fmt: skip


@contextmanager
def opened(ctx: Context, threads: int | None = None) -> Iterator[Any]:
    """A connection that holds at most `ctx.memory` and spills into `ctx.folder`."""
    import duckdb  # Here, because many a plan needs none.

    folder = ctx.folder / "duck"
    folder.mkdir(parents=True, exist_ok=True)
    with told(), duckdb.connect() as base:
        memory = max(ctx.memory // 2**20, 128)
        base.execute(
            f"SET memory_limit = '{memory}MB'; SET threads = {threads or ctx.threads}; SET TimeZone = 'UTC'"
        )
        base.execute(f"SET temp_directory = {quoted(folder)}; SET preserve_insertion_order = false")
        yield base


def load(base: Any, source: Path, name: str = "t") -> pa.Schema:
    """A view of the Parquet with columns c0… and its row number `rn`. Returns the schema."""
    schema = pq.read_schema(source)
    reader = f"read_parquet({quoted(source)}, file_row_number = true)"
    named = [row[0] for row in base.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
    columns = [f'"{n.replace(chr(34), chr(34) * 2)}" AS c{i}' for i, n in enumerate(named[: len(schema)])]
    base.execute(
        f"CREATE VIEW {name} AS SELECT {', '.join([*columns, f'file_row_number AS {ROW}'])} FROM {reader}"
    )
    return schema.remove_metadata()


def refs(schema: pa.Schema, names: Sequence[str], prefix: str = "") -> list[str]:
    """The inner names of some columns."""
    return [f"{prefix}c{schema.names.index(name)}" for name in names]


def stream(base: Any, query: str, schema: pa.Schema, ctx: Context) -> Iterator[pa.RecordBatch]:
    """The query's rows, in its order, in the types of `schema`, by position."""
    for found in base.sql(query).to_arrow_reader(BATCH):
        if ctx.cancelled():
            raise Cancelled
        columns = [_typed(column, field.type) for column, field in zip(found.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)


def pour(base: Any, query: str, schema: pa.Schema, target: Path, ctx: Context) -> int:
    """The query's rows as canonical Parquet; returns how many."""
    return write_parquet(stream(base, query, schema, ctx), schema, target)


def order_by(schema: pa.Schema, order: Sequence[str], prefix: str = "") -> str:
    """ORDER BY terms: missing last in both directions, then the row number."""
    terms = []
    for item in order:
        down = item.startswith("-")
        terms.append(
            f"{refs(schema, [item.removeprefix('-')], prefix)[0]} {'DESC' if down else 'ASC'} NULLS LAST"
        )
    return ", ".join([*terms, f"{prefix}{ROW}"])


def same(left: Sequence[str], right: Sequence[str]) -> str:
    """Equal in all columns, missing equal to missing."""
    return " AND ".join(f"{a} IS NOT DISTINCT FROM {b}" for a, b in zip(left, right, strict=True)) or "true"
