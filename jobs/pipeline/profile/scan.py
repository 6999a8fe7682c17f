"""What one scan can say of many columns at once: present, least, greatest, distinct, lengths, gaps by band."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jobs.pipeline.profile.source import DATED, LONGEST, Field, Source, plain

CHUNK = 100
BANDS = 200
Tick = Callable[[int], None]


def chunks(fields: list[Field], size: int = CHUNK) -> Iterator[list[Field]]:
    """Columns in groups that one query can carry: 5,000 at once would be planned for minutes."""
    for start in range(0, len(fields), size):
        yield fields[start : start + size]


def _parts(field: Field) -> list[str]:
    key = field.key
    low, high = f"min({key})", f"max({key})"
    if field.word == "text":
        low, high = f"left({low}, {LONGEST + 1})", f"left({high}, {LONGEST + 1})"
        return [f"count({key})", low, high, f"approx_count_distinct({key})", f"min(length({key}))", f"max(length({key}))"]  # fmt: skip
    if field.word == "number":
        finite = f"FILTER (isfinite({key}))"
        return [f"count({key})", f"{low} {finite}", f"{high} {finite}", f"approx_count_distinct({key})",
                f"count({key}) FILTER (NOT isfinite({key}))", "0"]  # fmt: skip
    if field.word in DATED:
        mark = " || '+00'" if field.zoned else ""
        low, high = f"CAST({low} AS VARCHAR){mark}", f"CAST({high} AS VARCHAR){mark}"
    return [f"count({key})", low, high, f"approx_count_distinct({key})", "0", "0"]


def overview(source: Source, tick: Tick) -> list[dict[str, Any]]:
    """One description per column, with `distinct` sketched by HyperLogLog for now."""
    found: list[dict[str, Any]] = []
    for group in chunks(source.fields):
        tick(len(found))
        row = source.one(
            f"SELECT {', '.join(part for f in group for part in _parts(f))} FROM {source.only(group)}"
        )
        for field, at in zip(group, range(0, len(row), 6), strict=True):
            present, low, high, distinct, first, second = row[at : at + 6]
            column = {
                "name": field.name, "type": field.word, "missing": source.rows - present,
                "distinct": min(distinct, present), "distinct_is": "estimated", "min": plain(low), "max": plain(high),
            }  # fmt: skip
            if field.word == "text" and present:
                column["lengths"] = {"min": first, "max": second}
            if field.word == "number" and first:
                column["not_finite"] = first
            found.append(column)
    return found


def bands(source: Source, columns: list[dict[str, Any]], tick: Tick) -> int:
    """Adds `bands` to columns with gaps: the share of missing values in each of up to 200 bands of rows.

    Returns the number of bands. A thousandth is kept, so that the strip shows one gap in a band.
    """
    count = min(BANDS, source.rows)
    gaps = [f for f, c in zip(source.fields, columns, strict=True) if c["missing"]]
    by_name = {column["name"]: column for column in columns}
    for group in chunks(gaps[:BANDS]):
        tick(0)
        listed = ", ".join(f"count({f.key})" for f in group)
        found = source.query(
            f"SELECT (rn - 1) * {count} // {source.rows} AS band, count(*), {listed} FROM numbered GROUP BY band ORDER BY band"
        )
        for place, field in enumerate(group):
            shares = [round(1 - row[2 + place] / row[1], 4) for row in found]
            by_name[field.name]["bands"] = shares
    return count
