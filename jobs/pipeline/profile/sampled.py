"""Columns with very many values in a large file: a fixed sample says what is frequent, the file how often."""

from __future__ import annotations

from typing import Any

from jobs.pipeline.profile import counts
from jobs.pipeline.profile.source import DATED, NUMBERS, Field, Source

SAMPLE = 200_000
CANDIDATES = 40


def draw(source: Source, fields: list[Field]) -> int:
    """Keep every n-th row of these columns as the table `s`; returns n. No chance is involved."""
    step = max(1, source.rows // SAMPLE)
    listed = ", ".join(f.key for f in fields)
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE s AS SELECT {listed} FROM numbered WHERE rn % {step} = 0"
    )
    return step


def from_sample(source: Source, field: Field, column: dict[str, Any], step: int) -> list[str]:
    """Adds top, quantiles and shapes. Returns distinct sampled values as text, for detectors.

    The frequent values are looked for in the sample and then counted in the whole file: a value
    in one of ten thousand rows is among them almost surely. The rest is scaled up.
    """
    column["top"] = _top(source, field)
    column["sampled_rows"] = source.one("SELECT count(*) FROM s")[0]
    if field.word == "text":
        column["patterns"] = counts.shapes(source, field, "s", scale=step)
        column["patterns_are"] = "estimated"
    if field.word in NUMBERS | DATED:
        source.base.execute(
            f"CREATE OR REPLACE TEMP TABLE vs AS SELECT {field.key}, count(*) AS n FROM s WHERE {field.key} IS NOT NULL GROUP BY 1"
        )
        found, many = counts.values(source, field, "vs")
        if len(found):
            column["quantiles"] = counts.quantiles(field, found, many)
            column["quantiles_are"] = "estimated"
    return counts.sample(source, field, "s")


def _top(source: Source, field: Field) -> list[dict[str, Any]]:
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE w AS SELECT {field.key}, count(*) AS m FROM s WHERE {field.key} IS NOT NULL "
        f"GROUP BY 1 HAVING m > 1 ORDER BY m DESC, 1 LIMIT {CANDIDATES}"
    )
    if not source.one("SELECT count(*) FROM w")[0]:
        return []
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE v AS SELECT {field.key}, count(*) AS n FROM t WHERE {field.key} IN (SELECT {field.key} FROM w) GROUP BY 1"
    )
    return counts.top(source, field, "v", "n")
