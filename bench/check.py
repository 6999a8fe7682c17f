"""Whether two results hold the same rows, whatever their order, format and way of writing numbers."""

from __future__ import annotations

from pathlib import Path

NAMES = [
    "year",
    "month",
    "day",
    "dep_time",
    "dep_delay",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "distance",
    "time_hour",
]
WORDS = {"carrier", "tailnum", "origin", "dest", "distance", "time_hour"}


def content(path: Path) -> tuple[int, str]:
    """Rows, and a sum of row hashes that does not depend on their order."""
    import duckdb

    read = (
        f"read_csv('{path}', header = true, all_varchar = true)"
        if path.suffix == ".csv"
        else f"read_parquet('{path}')"
    )
    # A plain pandas script makes 517 into 517.0 where a column has gaps; as numbers they are the same.
    columns = ", ".join(
        f"coalesce(CAST({n} AS VARCHAR), '')"
        if n in WORDS
        else f"coalesce(CAST(CAST({n} AS DOUBLE) AS BIGINT), -99999)"
        for n in NAMES
    )
    with duckdb.connect() as base:
        base.execute("SET threads = 2; SET memory_limit = '1GB'")
        rows, total = base.execute(f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM {read}").fetchone()
    return rows, str(total)
