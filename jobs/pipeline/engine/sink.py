"""Where rows go: canonical Parquet, a spill file between stages, or text as a stream that is hashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.engine.flow import beside

GROUP = 250_000


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


def to_spill(tables: Iterator[pa.Table], target: Path) -> int:
    """An Arrow file, lightly packed; text stays dictionary-encoded, each batch with its own words."""
    rows = 0
    writer: pa.ipc.RecordBatchFileWriter | None = None
    options = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=False)
    with pa.OSFile(str(target), "wb") as handle:
        try:
            for table in beside(tables):
                table = _uncoded_if_many(table)
                writer = writer or pa.ipc.new_file(handle, table.schema, options=options)
                for batch in table.cast(writer.schema).combine_chunks().to_batches():
                    writer.write_batch(batch)
                rows += table.num_rows
        finally:
            if writer is not None:
                writer.close()
    return rows


def _uncoded_if_many(table: pa.Table) -> pa.Table:
    # The file format keeps one dictionary per column; replacing it batch by batch is for streams only.
    return plain(table)
