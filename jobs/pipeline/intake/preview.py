"""The first rows of a file as text, as a person looks at them: of the finished Parquet, or of a file that failed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import sheets, unpack
from jobs.pipeline.intake.faulty import readable
from jobs.pipeline.intake.looking import sniff
from jobs.pipeline.reading import choices, reading_of
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
    """reading: the guess; preview: the first rows as they stand in the file; of a file that cannot be read so, only
    what could be chosen in it, which is the reading to begin from."""
    try:
        found = sniff(Path(original), name, Path(folder), known)
    except IntakeError:
        offered = _offered(Path(original), name, Path(folder), known)
        return {"reading": {**(known or {}), **offered}, "preview": {}} if offered else {}
    reading = found.reading.as_dict()
    shown = found.names[:COLUMNS]
    return {
        "reading": {**reading, "notes": found.notes, **choices(found.sheets, found.members)},
        "preview": {
            "names": shown, "types": [reading["columns"][n]["type"] for n in shown],
            "rows": [[_short(v) for v in row[:COLUMNS]] for row in found.sample], "columns": len(found.names),
        },
    }  # fmt: skip


def _offered(original: Path, name: str, folder: Path, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """The files and the sheets to choose from, as far as the file lets itself be opened."""
    members, listed = unpack.members_of(original), list[dict[str, Any]]()
    try:
        with readable(), tempfile.TemporaryDirectory(dir=folder) as own:
            listed = sheets.told(unpack.open_up(original, name, Path(own), reading_of(known), look=True))
    except IntakeError:
        pass
    return choices(listed, members)
