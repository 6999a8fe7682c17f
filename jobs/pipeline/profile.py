"""Measure a Parquet file: one description per column, computed by DuckDB in bounded memory."""

from __future__ import annotations

import ipaddress
import math
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from jobs.pipeline.faults import Cancelled

BINS = 20
SAMPLE = 2_000
HEADERS = {
    "name": r"(^|_)(first|last|full|sur|given|middle)_?name$|^name$", "e-mail": r"e[-_]?mail", "phone": r"phone|telefon|mobile",
    "address": r"^(street|address|strasse|plz|postcode|zip(_?code)?)$", "birth": r"birth|geburt|dob$", "account": r"iban|account_?(no|number)",
    "identity": r"passport|ssn|social_?security|tax_?id|national_?id|steuer", "person": r"(patient|person|customer|user|employee|passenger)_?(id|no|number)$",
    "vehicle": r"licen[cs]e_?plate|^vin$|tail_?num",
}  # fmt: skip


def _luhn(text: str) -> bool:
    digits = [int(c) for c in re.sub(r"[ -]", "", text)]
    if not 13 <= len(digits) <= 19:
        return False
    return (
        sum(d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))) % 10
        == 0
    )


def _iban(text: str) -> bool:
    bare = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", bare):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _phone(text: str) -> bool:
    if not re.fullmatch(r"\+[\d ()/.-]{7,20}", text):
        return False
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


DETECTORS: dict[str, Callable[[str], bool]] = {
    "e-mail": lambda t: bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s]+\.[A-Za-z]{2,24}", t)),
    "phone": _phone, "account": _iban, "payment card": lambda t: bool(re.fullmatch(r"\d[\d -]{11,22}\d", t)) and _luhn(t), "internet address": _ip,
}  # fmt: skip


def likely_personal(name: str, values: list[str]) -> dict[str, Any] | None:
    """Kind, confidence in percent and why, from header and checked patterns; None if nothing points there."""
    for kind, test in DETECTORS.items():
        hits = sum(test(value) for value in values)
        if values and hits >= max(2, len(values) * 0.3):
            return {
                "kind": kind,
                "confidence": round(100 * hits / len(values)),
                "count": hits,
                "why": f"{hits} of {len(values)} sampled values look like it",
            }
    for kind, pattern in HEADERS.items():
        if re.search(pattern, name, re.IGNORECASE):
            return {"kind": kind, "confidence": 60, "count": 0, "why": "the column's name suggests it"}
    return None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def profile(
    parquet: Path,
    *,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    duplicates: bool = True,
) -> dict[str, Any]:
    """JSON-able description: rows, columns, duplicates, missing cells, completeness in percent."""
    with tempfile.TemporaryDirectory(dir=parquet.parent) as spill, duckdb.connect() as base:
        base.execute("SET memory_limit = '512MB'; SET threads = 2; SET preserve_insertion_order = false")
        base.execute(f"SET temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")
        source = f"read_parquet('{str(parquet).replace(chr(39), chr(39) * 2)}')"
        base.execute(f"CREATE VIEW t AS SELECT * FROM {source}")
        described = base.execute("DESCRIBE t").fetchall()
        rows = base.execute("SELECT count(*) FROM t").fetchone()[0]
        columns = []
        for position, (name, kind, *_rest) in enumerate(described):
            if cancelled():
                raise Cancelled
            progress("Measure columns", position, len(described))
            columns.append(_column(base, name, kind, rows))
        twice = None
        if duplicates and rows:
            distinct = base.execute("SELECT count(*) FROM (SELECT DISTINCT * FROM t)").fetchone()[0]
            twice = rows - distinct
    missing = sum(c["missing"] for c in columns)
    cells = rows * len(columns)
    return {"rows": rows, "columns": columns, "duplicates": twice, "missing_cells": missing,
            "completeness": round(100 * (1 - missing / cells), 2) if cells else 100}  # fmt: skip


def _column(base: Any, name: str, kind: str, rows: int) -> dict[str, Any]:
    q = _quoted(name)
    # Times are read as text: the client would otherwise want a time zone library for them.
    plain = "::VARCHAR" if kind.startswith(("DATE", "TIMESTAMP")) else ""
    present, distinct, low, high = base.execute(
        f"SELECT count({q}), count(DISTINCT {q}), min({q}){plain}, max({q}){plain} FROM t"
    ).fetchone()
    numeric = kind.startswith(("BIGINT", "DOUBLE", "DECIMAL", "INTEGER"))
    dated = kind.startswith(("DATE", "TIMESTAMP"))
    word = "integer" if kind == "BIGINT" else "number" if kind == "DOUBLE" else "decimal" if kind.startswith("DECIMAL") else (
        "boolean" if kind == "BOOLEAN" else "date" if kind == "DATE" else "timestamp" if dated else "text")  # fmt: skip
    found: dict[str, Any] = {
        "name": name,
        "type": word,
        "missing": rows - present,
        "distinct": distinct,
        "min": _plain(low),
        "max": _plain(high),
    }
    if numeric and present:
        mean, *quantiles = base.execute(
            f"SELECT avg({q}), quantile_cont({q}, 0.05), quantile_cont({q}, 0.25), quantile_cont({q}, 0.5), quantile_cont({q}, 0.75), quantile_cont({q}, 0.95) FROM t"
        ).fetchone()
        found["mean"] = _plain(float(mean))
        found["quantiles"] = {
            n: _plain(v) for n, v in zip(("p05", "p25", "p50", "p75", "p95"), quantiles, strict=True)
        }
        found["histogram"] = _histogram(base, f"CAST({q} AS DOUBLE)", float(low), float(high))
    elif dated and present and distinct > 1:
        edges = [base.execute(f"SELECT epoch({f}({q})) FROM t").fetchone()[0] for f in ("min", "max")]
        found["histogram"] = _histogram(base, f"epoch({q})", float(edges[0]), float(edges[1]))
        found["histogram"]["unit"] = "seconds since 1970"
    top = base.execute(
        f"SELECT CAST({q} AS VARCHAR), count(*) AS n FROM t WHERE {q} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10"
    ).fetchall()
    found["top"] = [{"value": value, "count": count} for value, count in top]
    if word == "text" and present:
        shortest, longest = base.execute(f"SELECT min(length({q})), max(length({q})) FROM t").fetchone()
        found["lengths"] = {"min": shortest, "max": longest}
    sample = (
        base.execute(
            f"SELECT DISTINCT CAST({q} AS VARCHAR) FROM t WHERE {q} IS NOT NULL LIMIT {SAMPLE}"
        ).fetchall()
        if word in ("text", "integer")
        else []
    )
    found["personal"] = likely_personal(name, [value for (value,) in sample] if word == "text" else [])
    return found


def _histogram(base: Any, value: str, low: float, high: float) -> dict[str, Any]:
    if not (math.isfinite(low) and math.isfinite(high)):
        return {"edges": [], "counts": []}
    if high <= low:
        count = base.execute(f"SELECT count({value}) FROM t").fetchone()[0]
        return {"edges": [low, high], "counts": [count]}
    width = (high - low) / BINS
    counts = [0] * BINS
    query = f"SELECT least(CAST(floor(({value} - ?) / ?) AS BIGINT), {BINS - 1}) AS b, count(*) FROM t WHERE {value} IS NOT NULL GROUP BY b"
    for bucket, count in base.execute(query, [low, width]).fetchall():
        counts[max(int(bucket), 0)] += count
    return {"edges": [round(low + width * i, 6) for i in range(BINS + 1)], "counts": counts}
