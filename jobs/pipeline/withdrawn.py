"""How many rows of a Parquet file hold one of some values in a column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobs.pipeline.profile.source import NUMBERS, Field, literal, opened


def count(
    parquet: Path | str, asked: list[dict[str, Any]], *, memory: int = 640 << 20, threads: int = 2
) -> list[int]:
    """For each of `asked` (column, values as texts) the number of rows; 0 where the file has no such column.

    Numbers are compared as numbers, so 7.50 finds 7.5; all else as the text that the portal shows, with case.
    """
    with opened(Path(parquet), memory=memory, threads=threads) as source:
        tests = [
            _test(source.by_name[one["column"]], one["values"])
            if one["column"] in source.by_name
            else "false"
            for one in asked
        ]
        if not tests:
            return []
        counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
        return [int(n) for n in source.one(f"SELECT {counts} FROM t")]


def _test(field: Field, values: list[str]) -> str:
    listed = ", ".join(literal(value) for value in values)
    if field.word not in NUMBERS:
        return f"{field.text} IN ({listed})"
    numbers = ", ".join(f"TRY_CAST({literal(value)} AS DOUBLE)" for value in values)
    return f"({field.text} IN ({listed}) OR CAST({field.key} AS DOUBLE) IN ({numbers}))"
