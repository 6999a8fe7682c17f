"""The whole measurement, in few scans: an overview of all columns, then the counts or a sample of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.pipeline.faults import Cancelled
from jobs.pipeline.profile import counts, keys, numbers, scan
from jobs.pipeline.profile.personal import SAMPLE, likely_personal
from jobs.pipeline.profile.sampled import draw, from_sample
from jobs.pipeline.profile.source import DATED, NUMBERS, Field, Source, opened

EXACT_ROWS = 1_000_000
"""Up to so many rows every value is counted."""
FEW_VALUES = 50_000
"""Above that, every value of the columns that have no more distinct ones than this."""
WIDE = 400
"""Above so many columns only the overview is taken, and the result says so."""
HEAD = 500
STEP = "Measure columns"


def profile(
    parquet: Path,
    *,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    memory: int = 640 << 20,
    threads: int = 2,
    duplicates: bool = True,
) -> dict[str, Any]:
    """JSON-able description of the table, the same bytes at every run over the same file.

    `depth` is full or brief (very many columns). Per column: name, type, missing, distinct and
    `distinct_is` (exact or estimated), min, max, and in a full one top, quantiles and
    `quantiles_are`, mean, sd, histogram, lengths, patterns, bands, personal. Of the table: rows,
    duplicates, missing_cells, completeness (percent), keys, correlation, identifying (columns
    which together may single people out). Without `duplicates`, nothing is said of rows as wholes.
    """
    parquet = Path(parquet)
    with opened(parquet, memory=memory, threads=threads) as source:

        def tick(done: int) -> None:
            if cancelled():
                raise Cancelled
            progress(STEP, min(done, len(source.fields)), len(source.fields))

        columns = scan.overview(source, tick)
        found: dict[str, Any] = {"rows": source.rows, "columns": columns, "duplicates": None}
        found["depth"] = "full" if len(columns) <= WIDE else "brief"
        if found["depth"] == "full":
            _fully(source, columns, found, tick)
        else:
            _briefly(source, columns, tick)
        if duplicates:
            found |= keys.whole_rows(source, columns, tick, deep=found["depth"] == "full")
    missing = sum(c["missing"] for c in columns)
    cells = source.rows * len(columns)
    found["missing_cells"] = missing
    found["completeness"] = round(100 * (1 - missing / cells), 2) if cells else 100
    return found


def _briefly(source: Source, columns: list[dict[str, Any]], tick: scan.Tick) -> None:
    """What only needs the first rows: likely personal data by header and values."""
    tick(len(columns))
    texts = [field.name for field in source.fields if field.word == "text"]
    file = pq.ParquetFile(source.parquet, pre_buffer=False)
    head = next(file.iter_batches(HEAD, columns=texts), None) if texts else None
    for column in columns:
        seen: set[str] = set()
        if head is not None and column["type"] == "text":
            seen = {value[:200] for value in head.column(column["name"]).to_pylist() if value is not None}
        column["top"], column["personal"] = [], likely_personal(column["name"], sorted(seen))


def _fully(source: Source, columns: list[dict[str, Any]], found: dict[str, Any], tick: scan.Tick) -> None:
    found["bands"] = scan.bands(source, columns, tick) if source.rows else 0
    large: list[tuple[Field, dict[str, Any]]] = []
    for position, (field, column) in enumerate(zip(source.fields, columns, strict=True)):
        tick(position)
        if source.rows > EXACT_ROWS and column["distinct"] > FEW_VALUES:
            large.append((field, column))
            continue
        values = counts.describe(source, field, column)
        _judge(field, column, values)
    if large:
        step = draw(source, [field for field, _ in large])
        for field, column in large:
            tick(len(columns))
            _judge(field, column, from_sample(source, field, column, step))
    measured = {
        f.name: (f, *_ends(f, c, source))
        for f, c in large
        if f.word in NUMBERS | DATED and c["min"] is not None
    }
    together = [
        f for f, c in zip(source.fields, columns, strict=True)
        if f.word in NUMBERS and c["distinct"] > 1 and c["min"] is not None
    ][: numbers.WIDEST]  # fmt: skip
    moments, found["correlation"] = numbers.over_batches(
        source, measured, together, lambda _: tick(len(columns))
    )
    for field, column in large:
        if field.name in moments:
            moments[field.name].put(field, column)


def _ends(field: Field, column: dict[str, Any], source: Source) -> tuple[float, float]:
    """The ends of the histogram's axis; times in seconds."""
    if field.word == "timestamp":
        low, high = source.one(f"SELECT min(epoch_us({field.key})), max(epoch_us({field.key})) FROM t")
        return low / 1e6, high / 1e6
    if field.word == "date":
        low, high = source.one(f"SELECT min({field.number}), max({field.number}) FROM t")
        return low * 86_400.0, high * 86_400.0
    return float(column["min"]), float(column["max"])


def _judge(field: Field, column: dict[str, Any], values: list[str]) -> None:
    # Whole numbers are looked at for card numbers alone: nothing else has only digits and a checksum.
    if field.word == "integer":
        values = [v for v in values if 13 <= len(v) <= 19]
        values = values if len(values) * 2 > min(column["distinct"], SAMPLE) else []
    column["personal"] = likely_personal(field.name, values[:SAMPLE])
