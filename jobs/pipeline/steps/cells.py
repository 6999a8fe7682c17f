"""Small-cell suppression in a table of counts, with other cells too where one could be worked out."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.faults import StepError
from jobs.pipeline.keys import row_keys
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.steps.base import Context, table
from jobs.pipeline.steps.hiding import hidden

MOST, MOST_COLUMNS = 5_000_000, 8


@table("suppress_cells")
def suppress_cells(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    by: list[str],
    count: str,
    k: int,
    values: list[str] | None = None,
    **_: Any,
) -> None:
    """The count and `values` of a blanked cell become missing; the rows stay in their order.

    A count of zero, or one that is missing already, is small too. Raises StepError above five million cells
    or eight columns.
    """
    file = pq.ParquetFile(source)
    rows, schema = file.metadata.num_rows, file.schema_arrow.remove_metadata()
    if len(by) > MOST_COLUMNS:
        raise StepError(
            "cells.too_wide",
            f"The cells are made by {len(by)} columns; {MOST_COLUMNS} is the limit.",
            "Group by fewer columns.",
        )
    if rows > MOST:
        raise StepError(
            "cells.too_many",
            f"The table has {rows} cells; {MOST} is the limit for suppressing cells.",
            "Group by fewer columns.",
        )
    counts = np.asarray(pc.fill_null(file.read([count]).column(0).combine_chunks(), 0)).astype("i8")
    frame = file.read(by).to_pandas(types_mapper=pd.ArrowDtype)
    lines = []
    for size in range(len(by) - 1, -1, -1):
        for kept in combinations(by, size):
            keys = row_keys(frame, list(kept)) if kept else np.zeros(rows, dtype="u8")
            lines.append(np.unique(keys, return_inverse=True)[1])
    blank = hidden(counts, lines, k, len(by))
    small = int((counts < k).sum())
    ctx.report(f"cells below {k}, blanked", small)
    ctx.report("cells from which those could be worked out, blanked", int(blank.sum()) - small)
    gone, done = {count, *(values or [])}, 0

    def batches() -> Any:
        nonlocal done
        for batch in file.iter_batches(batch_size=100_000):
            hit = pa.array(blank[done : done + batch.num_rows])
            done += batch.num_rows
            columns = [
                pc.if_else(hit, pa.scalar(None, f.type), batch.column(i))
                if f.name in gone
                else batch.column(i)
                for i, f in enumerate(schema)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    write_parquet(batches(), schema, target, lambda _: None)
