"""Small-cell suppression in a table of counts, with a second cell where one could be worked out.

Primary: cells below k. Secondary: in no line along one of the columns does a blank stand alone, so that
totals along that column do not give it away (Hundepool et al., Statistical Disclosure Control, 2012, ch. 4).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.faults import StepError
from jobs.pipeline.intake import write_parquet
from jobs.pipeline.keys import row_keys
from jobs.pipeline.steps.base import Context, table

MOST = 5_000_000


def hidden(counts: np.ndarray, lines: list[np.ndarray], k: int) -> np.ndarray:
    """Which cells to blank. `lines`: for each column, the number of the line in which each cell stands.

    Of a line's open cells the smallest is taken (the first on a tie), until no blank stands alone.
    """
    blank = counts < k
    order = np.lexsort((np.arange(len(counts)), counts))
    while True:
        before = int(blank.sum())
        for line in lines:
            width = int(line.max()) + 1 if len(line) else 0
            blanks = np.bincount(line, weights=blank, minlength=width)
            alone = (blanks == 1) & (np.bincount(line, minlength=width) > 1)
            if not alone.any():
                continue
            open_cells = order[~blank[order] & alone[line[order]]]
            _, first = np.unique(line[open_cells], return_index=True)
            blank[open_cells[first]] = True
        if int(blank.sum()) == before:
            return blank


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
    """The count and `values` of a blanked cell become missing; the rows stay in their order."""
    file = pq.ParquetFile(source)
    rows, schema = file.metadata.num_rows, file.schema_arrow.remove_metadata()
    if rows > MOST:
        raise StepError(
            "cells.too_many",
            f"The table has {rows} cells; {MOST} is the limit for suppressing cells.",
            "Group by fewer columns.",
        )
    counts = np.asarray(pc.fill_null(file.read([count]).column(0).combine_chunks(), 0)).astype("i8")
    frame = file.read(by).to_pandas(types_mapper=pd.ArrowDtype)
    lines = []
    for name in by:
        others = [n for n in by if n != name]
        keys = row_keys(frame, others) if others else np.zeros(rows, dtype="u8")
        lines.append(np.unique(keys, return_inverse=True)[1])
    blank = hidden(counts, lines, k)
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
