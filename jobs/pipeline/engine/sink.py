"""Where rows go: canonical Parquet, a spill file between stages, or text as a stream that is hashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.engine.flow import beside

GROUP = 250_000
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
    """zstd, row groups of 250,000 whatever the batches; returns the rows. Encoding runs beside the steps."""
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd", version="2.6") as writer:
        for table in beside(_grouped(tables, schema)):
            writer.write_table(table, row_group_size=GROUP)
            rows += table.num_rows
    return rows


def _grouped(tables: Iterator[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(plain(table).cast(schema))
        held += table.num_rows
        while held >= GROUP:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, GROUP).combine_chunks()
            rest = whole.slice(GROUP)
            waiting, held = [rest], rest.num_rows
    if held:
        yield pa.concat_tables(waiting).combine_chunks()


def to_spill(tables: Iterator[pa.Table], schema: pa.Schema, target: Path) -> int:
    """An Arrow stream, lightly packed; text stays dictionary-encoded, each batch with its own words."""
    rows = 0
    fields = [pa.field(f.name, CODED) if pa.types.is_string(f.type) else f for f in schema]
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(target), "wb") as handle,
        pa.ipc.new_stream(handle, pa.schema(fields), options=options) as writer,
    ):
        for table in beside(tables):
            for batch in _coded(table, writer_schema=pa.schema(fields)).to_batches():
                writer.write_batch(batch)
            rows += table.num_rows
    return rows


def _coded(table: pa.Table, writer_schema: pa.Schema) -> pa.Table:
    """Text as words and indices, in one chunk."""
    columns = []
    for column, field in zip(table.combine_chunks().columns, writer_schema, strict=True):
        if pa.types.is_dictionary(field.type) and not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column)
        columns.append(column if column.type == field.type else column.cast(field.type))
    return pa.table(columns, schema=writer_schema).combine_chunks()
