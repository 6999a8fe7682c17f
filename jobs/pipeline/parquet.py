"""Canonical Parquet: the same rows give the same bytes, whatever the batches they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 250_000


def write_parquet(
    parts: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, target: Path, progress: Callable[[int], None] = lambda done: None
) -> int:  # fmt: skip
    """zstd, in even row groups. `progress(rows done)`. Returns the rows."""
    done = held = 0
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(target, schema, compression="zstd", version="2.6") as writer:
        for part in parts:
            waiting.append(part if isinstance(part, pa.Table) else pa.Table.from_batches([part]))
            held += part.num_rows
            while held >= ROW_GROUP:
                whole = pa.concat_tables(waiting)
                writer.write_table(whole.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                waiting = [whole.slice(ROW_GROUP)]
                held = waiting[0].num_rows
                del whole
            done += part.num_rows
            progress(done)
        if held:
            writer.write_table(pa.concat_tables(waiting).combine_chunks(), row_group_size=ROW_GROUP)
    return done
