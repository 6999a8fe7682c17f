"""The first rows of a file as text, as a person looks at them: of the finished Parquet, or of a file that failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.pipeline.intake.looking import sniff
from jobs.pipeline.types import name_of

ROWS = 50
COLUMNS = 200
LONGEST = 200


def _short(value: Any) -> str | None:
    if value is None:
        return None
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def head(parquet: Path) -> dict[str, Any]:
    """names, types, rows (text, None where missing) of up to 50 rows and 200 columns; `columns` there are in all."""
    with pq.ParquetFile(parquet) as file:
        schema = file.schema_arrow
        shown = schema.names[:COLUMNS]
        batch = next(file.iter_batches(batch_size=ROWS, columns=shown), None)
    cells = [[_short(v) for v in column.to_pylist()] for column in batch.columns] if batch is not None else []
    return {
        "names": shown, "types": [name_of(schema.field(n).type) for n in shown],
        "rows": [list(row) for row in zip(*cells, strict=True)], "columns": len(schema.names),
    }  # fmt: skip


def look(original: Path, name: str, folder: Path, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """reading: the guess; preview: the first rows as they stand in the file. Raises IntakeError."""
    found = sniff(Path(original), name, Path(folder), known)
    reading = found.reading.as_dict()
    shown = found.names[:COLUMNS]
    return {
        "reading": {**reading, "notes": found.notes},
        "preview": {
            "names": shown, "types": [reading["columns"][n]["type"] for n in shown],
            "rows": [[_short(v) for v in row[:COLUMNS]] for row in found.sample], "columns": len(found.names),
        },
    }  # fmt: skip
