"""Where rows go: canonical Parquet, a spill file between stages, or text as a stream that is hashed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.flow import beside, parallel
from jobs.pipeline.parquet import write_parquet

CODED = pa.dictionary(pa.int32(), pa.string())


def plain(table: pa.Table) -> pa.Table:
    """Dictionary-encoded text as text, so that bytes do not depend on how batches fell."""
    if not any(pa.types.is_dictionary(f.type) for f in table.schema):
        return table
    fields = [
        pa.field(f.name, f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def to_parquet(tables: Iterator[pa.Table], schema: pa.Schema, target: Path) -> int:
    """Canonical Parquet; returns the rows. Encoding runs beside the steps."""
    return write_parquet(beside(plain(table).cast(schema) for table in tables), schema, target)


def to_spill(tables: Iterator[pa.Table], schema: pa.Schema, target: Path, threads: int = 2) -> int:
    """Arrow streams one after the other, each lightly packed and with its own words, so that each can be read
    alone; where they stand is said at the end (`spilled_parts`). Text stays dictionary-encoded."""
    coded = pa.schema([pa.field(f.name, CODED) if pa.types.is_string(f.type) else f for f in schema])
    parts: list[tuple[int, int, int]] = []
    with target.open("wb") as handle, ThreadPoolExecutor(threads) as pool:
        handle.write(_packed(None, coded))
        for rows, data in parallel(tables, lambda t: (t.num_rows, _packed(_coded(t, coded), coded)), pool, 1):
            parts.append((handle.tell(), len(data), rows))
            handle.write(data)
        end = json.dumps(parts).encode()
        handle.write(end + len(end).to_bytes(8, "little"))
    return sum(rows for _, _, rows in parts)


def _packed(table: pa.Table | None, schema: pa.Schema) -> pa.Buffer:
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        if table is not None:
            writer.write_table(table)
    return out.getvalue()


def spilled_parts(path: Path) -> list[tuple[int, int, int]]:
    """(offset, bytes, rows) of each stream of a spill file but the first, which holds the schema alone."""
    with path.open("rb") as handle:
        handle.seek(-8, 2)
        length = int.from_bytes(handle.read(8), "little")
        handle.seek(-8 - length, 2)
        return [(a, b, c) for a, b, c in json.loads(handle.read(length))]


def _coded(table: pa.Table, writer_schema: pa.Schema) -> pa.Table:
    """Text as words and indices, in one chunk."""
    columns = []
    for column, field in zip(table.combine_chunks().columns, writer_schema, strict=True):
        if pa.types.is_dictionary(field.type) and not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column)
        columns.append(column if column.type == field.type else column.cast(field.type))
    return pa.table(columns, schema=writer_schema).combine_chunks()
