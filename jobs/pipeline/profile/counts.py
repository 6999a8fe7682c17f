"""How often each value occurs, and all that follows from it exactly: distinct, top, quantiles, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from jobs.pipeline.profile.numbers import BINS, histogram_of, spread
from jobs.pipeline.profile.source import DATED, NUMBERS, Field, Source, literal, plain

TOP = 10
SHAPES = 5
USUAL = 0.8
"""From this share on, one shape is the column's format and the rest is odd."""
ODD = 20
POINTS = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def shape_sql(value: str) -> str:
    """SQL for the shape of a text: A for a capital, a for another letter, 9 for a digit, + for a long run."""
    shape = f"left({value}, 40)"
    for pattern, mark in (
        (r"\p{Lu}", "A"), (r"[\p{Ll}\p{Lo}\p{Lt}\p{Lm}]", "a"), (r"\p{Nd}", "9"),
        ("A{4,}", "A+"), ("a{4,}", "a+"), ("9{7,}", "9+"),
    ):  # fmt: skip
        shape = f"regexp_replace({shape}, {literal(pattern)}, '{mark}', 'g')"
    return shape


def describe(source: Source, field: Field, column: dict[str, Any]) -> list[str]:
    """Everything that the counts of all values say, exactly. Returns distinct values as text, for detectors."""
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE vc AS SELECT {field.key}, count(*) AS n FROM t WHERE {field.key} IS NOT NULL GROUP BY 1"
    )
    column["distinct"] = source.one("SELECT count(*) FROM vc")[0]
    column["distinct_is"] = "exact"
    column["top"] = top(source, field, "vc", "n")
    if column["distinct"]:
        _measures(source, field, column)
    if field.word == "text":
        column["patterns"] = shapes(source, field, "vc", "sum(n)")
        _odd_ones(source, field, column)
    return sample(source, field, "vc")


def top(source: Source, field: Field, table: str, count: str) -> list[dict[str, Any]]:
    """The most frequent values with their counts; ties in the order of their text."""
    found = source.query(
        f"SELECT {field.text}, {count} AS m FROM {table} WHERE {field.key} IS NOT NULL ORDER BY m DESC, 1 LIMIT {TOP}"
    )
    return [{"value": plain(value), "count": int(n)} for value, n in found]


def shapes(
    source: Source, field: Field, table: str, count: str = "count(*)", scale: int = 1
) -> list[dict[str, Any]]:
    found = source.query(
        f"SELECT {shape_sql(field.key)} AS shape, CAST({count} AS BIGINT) AS m FROM {table} "
        f"WHERE {field.key} IS NOT NULL GROUP BY shape ORDER BY m DESC, shape LIMIT {SHAPES}"
    )
    return [{"value": plain(shape), "count": n * scale} for shape, n in found]


def _odd_ones(source: Source, field: Field, column: dict[str, Any]) -> None:
    """Where nearly all values have one shape: how many have another, and the first rows that do."""
    usual = column["patterns"][0] if column["patterns"] else None
    present = source.rows - column["missing"]
    if usual is None or "␀" in usual["value"] or not USUAL * present <= usual["count"] < present:
        if usual is not None and usual["count"] == present and present:
            column["odd"] = {"shape": usual["value"], "count": 0, "rows": []}
        return
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE odd AS SELECT {field.key} FROM vc WHERE {shape_sql(field.key)} <> {literal(usual['value'])} "
        f"ORDER BY n, 1 LIMIT {ODD}"
    )
    found = source.query(
        f"SELECT rn, {field.text} FROM numbered WHERE {field.key} IN (SELECT {field.key} FROM odd) ORDER BY rn LIMIT {ODD}"
    )
    column["odd"] = {"shape": usual["value"], "count": present - usual["count"],
                     "rows": [{"row": row, "value": plain(value)} for row, value in found]}  # fmt: skip


def sample(source: Source, field: Field, table: str, most: int = 2_000) -> list[str]:
    """Up to so many distinct values as text, always the same ones."""
    if field.word not in ("text", "integer"):
        return []
    found = source.query(
        f"SELECT DISTINCT left({field.text}, 2000) AS v FROM {table} WHERE {field.key} IS NOT NULL ORDER BY hash(v), v LIMIT {most}"
    )
    return [value for (value,) in found]


def values(source: Source, field: Field, table: str, count: str = "n") -> tuple[Any, Any]:
    """The values in order with their counts, as numpy arrays; only what is a number or orders like one."""
    value = f"CAST({field.key} AS DOUBLE)" if field.word == "decimal" else field.number
    where = f"{field.key} IS NOT NULL" + (f" AND isfinite({field.key})" if field.word == "number" else "")
    found = source.base.execute(
        f"SELECT {value} AS v, CAST({count} AS BIGINT) AS m FROM {table} WHERE {where} ORDER BY v"
    ).fetchnumpy()
    return np.asarray(found["v"]), np.asarray(found["m"])


def _measures(source: Source, field: Field, column: dict[str, Any]) -> None:
    if field.word not in NUMBERS | DATED:
        return
    if field.word == "date" and column["min"] and "infinity" in f"{column['min']}{column['max']}":
        return
    found, counts = values(source, field, "vc")
    if not len(found):
        return
    column["quantiles"], column["quantiles_are"] = quantiles(field, found, counts), "exact"
    if field.word in NUMBERS:
        column["mean"], column["sd"] = (plain(v) for v in spread(found, counts))
    if field.word in NUMBERS or column["distinct"] > 1:
        column["histogram"] = histogram_of(_axis(field, found), counts, field.word == "integer")
        if field.word in DATED:
            column["histogram"]["unit"] = "seconds since 1970"


def _axis(field: Field, found: Any) -> Any:
    """Values on the histogram's axis: seconds for what is a time."""
    if field.word == "date":
        return found.astype(float) * 86_400
    return found.astype(float) / 1e6 if field.word == "timestamp" else found.astype(float)


def quantiles(field: Field, found: Any, counts: Any) -> dict[str, Any]:
    """Quantiles of values in order with their counts: between two numbers for numbers, a value for dates."""
    ends = np.cumsum(counts)
    total = int(ends[-1])
    shown = {}
    for name, share in POINTS.items():
        place = share * (total - 1)
        low, high = (int(np.searchsorted(ends, p, side="right")) for p in (int(place), min(int(place) + 1, total - 1)))  # fmt: skip
        if field.word in DATED:
            shown[name] = instant(field, int(found[low]))
            continue
        first, second = found[low].item(), found[high].item()
        shown[name] = plain(first if first == second else first + (second - first) * (place - int(place)))
    return shown


def instant(field: Field, value: int) -> str:
    """Days or microseconds since 1970 as the text that the portal writes."""
    if field.word == "date":
        return str(np.datetime64(value, "D"))
    text = str(np.datetime64(value, "us")).replace("T", " ")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + ("+00" if field.zoned else "")


__all__ = ["BINS", "describe", "instant", "quantiles", "sample", "shape_sql", "shapes", "top", "values"]
