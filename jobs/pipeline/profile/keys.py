"""Rows as wholes: which repeat, which columns tell them apart, and which may single a person out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from jobs.pipeline.profile.scan import Tick
from jobs.pipeline.profile.source import Field, Source, plain

PROBE = 20_000
EXACT_ROWS = 200_000
MOST_KEYS = 5
# What a stranger may know of a person without the data: each name with the reason it is suggested.
KNOWN = {
    r"(^|_)(age|birth|born|dob|geburt)|birth": "age or birth is widely known",
    r"(^|_)(sex|gender|geschlecht)$": "sex is widely known",
    r"(^|_)(zip|plz|postcode|postal)|post_?code": "a postcode is a small area",
    r"(^|_)(city|town|place|ort|village|municipality|county|district|region|state|country|nation)": "where someone lives is widely known",
    r"(^|_)(job|occupation|profession|employer|title|beruf|education|degree)": "work and schooling are widely known",
    r"(^|_)(marital|race|ethnic|religion|language|nationality)": "it divides people into small groups",
    r"(^|_)(admission|visit|entry|discharge|arrival)_?(date|day|time)?$": "when someone was somewhere may be observed",
}  # fmt: skip
Rows = dict[str, Any]


def whole_rows(source: Source, columns: list[Rows], tick: Tick, *, deep: bool) -> Rows:
    """duplicates, keys and identifying. A key that is found makes looking for duplicates needless."""
    if not source.rows:
        return (
            {"duplicates": 0 if deep else None, "keys": [], "identifying": None}
            if deep
            else {"duplicates": 0}
        )
    gaps = rows_with_gaps(source, columns)
    if not deep:
        return {"gap_rows": gaps, "duplicates": _repeated(source, tick), "keys": [], "identifying": None}
    single = _single_keys(source, columns, tick)
    repeated = 0 if single else _repeated(source, tick)
    found: Rows = {"gap_rows": gaps, "duplicates": repeated, "keys": [{"columns": [name]} for name in single]}
    if repeated:
        found["duplicate_rows"] = _examples(source)
    elif not single:
        found["keys"] = [{"columns": list(names)} for names in _combined_keys(source, columns, tick)]
    tick(len(columns))
    found["identifying"] = _identifying(source, columns)
    return found


def _listed(fields: Iterable[Field]) -> str:
    return ", ".join(f.key for f in fields)


def _fingerprint(fields: Iterable[Field]) -> str:
    """64 bits of a row: two different rows share them once in 10¹² comparisons of a million each."""
    return f"hash({_listed(fields)})"


def _repeated(source: Source, tick: Tick) -> int:
    """Rows that are the same as an earlier one: compared whole in small files, by fingerprint in large ones."""
    tick(len(source.fields))
    if source.rows <= EXACT_ROWS and len(source.fields) <= 400:
        return source.rows - int(source.one("SELECT count(*) FROM (SELECT DISTINCT * FROM t)")[0])
    return source.rows - int(source.one(f"SELECT count(DISTINCT {_fingerprint(source.fields)}) FROM t")[0])


def _examples(source: Source, most: int = 100) -> list[Rows]:
    """Row numbers of repetitions, each with the first row that is the same."""
    mark = _fingerprint(source.fields)
    found = source.query(
        f"SELECT max(rn), min(rn) AS first, count(*) FROM numbered GROUP BY {mark} HAVING count(*) > 1 ORDER BY first LIMIT {most}"
    )
    return [{"row": last, "same_as": first, "times": times} for last, first, times in found]


def rows_with_gaps(source: Source, columns: list[Rows], most: int = 100) -> list[Rows]:
    """The first rows with missing values, each with the columns that are empty."""
    gaps = [f for f, c in zip(source.fields, columns, strict=True) if c["missing"]][:200]
    if not gaps:
        return []
    empty = " OR ".join(f"{f.key} IS NULL" for f in gaps)
    flags = ", ".join(f"{f.key} IS NULL" for f in gaps)
    found = source.query(f"SELECT rn, {flags} FROM numbered WHERE {empty} ORDER BY rn LIMIT {most}")
    return [
        {"row": row, "columns": [f.name for f, gone in zip(gaps, flagged, strict=True) if gone][:20]}
        for row, *flagged in found
    ]


def _single_keys(source: Source, columns: list[Rows], tick: Tick) -> list[str]:
    found = []
    for field, column in zip(source.fields, columns, strict=True):
        # The sketch errs by a few percent; what it puts far below the number of rows is no key.
        if column["missing"] or column["distinct"] < source.rows * (
            1 if column["distinct_is"] == "exact" else 0.85
        ):
            continue
        if column["distinct_is"] == "estimated":
            tick(len(columns))
            probe, apart = source.one(
                f"SELECT count(*), count(DISTINCT {field.key}) FROM numbered WHERE rn <= {PROBE * 5}"
            )
            if probe > apart:
                continue
            column["distinct"] = source.one(f"SELECT count(DISTINCT {field.key}) FROM t")[0]
            column["distinct_is"] = "exact"
        if column["distinct"] == source.rows:
            found.append(field.name)
    return found[:MOST_KEYS]


def _combined_keys(source: Source, columns: list[Rows], tick: Tick) -> list[tuple[str, ...]]:
    """Pairs and threes that tell all rows apart: refuted on a few rows first, then proved on all."""
    able = [
        (f, c)
        for f, c in zip(source.fields, columns, strict=True)
        if not c["missing"] and c["distinct"] > 1 and c["type"] != "number"
    ]
    able = sorted(able, key=lambda pair: -pair[1]["distinct"])[:12]
    if len(able) < 2:
        return []
    step = max(1, source.rows // PROBE)
    probe = source.base.execute(
        f"SELECT {', '.join(f'hash({f.key}) AS {f.key}' for f, _ in able)} FROM numbered WHERE rn <= {PROBE} OR rn % {step} = 0 ORDER BY rn"
    ).fetchnumpy()
    codes = {
        f.name: np.unique(np.asarray(probe[f.key]), return_inverse=True)[1].astype(np.int64) for f, _ in able
    }
    distinct = {f.name: c["distinct"] for f, c in able}
    found: list[tuple[str, ...]] = []
    tried = 0
    for size in (2, 3):
        for names in combinations([f.name for f, _ in able], size):
            if any(set(known) <= set(names) for known in found) or len(found) >= MOST_KEYS or tried >= 8:
                continue
            if np.prod([float(distinct[n]) for n in names]) < source.rows or not _apart(
                [codes[n] for n in names]
            ):
                continue
            tried += 1
            tick(len(columns))
            mark = _fingerprint(source.by_name[n] for n in names)
            if source.one(f"SELECT count(DISTINCT {mark}) FROM t")[0] == source.rows:
                found.append(names)
    return found


def _apart(codes: list[Any]) -> bool:
    """Whether these columns tell the probed rows apart."""
    together = codes[0]
    for code in codes[1:]:
        together = np.unique(together * (int(code.max()) + 1) + code, return_inverse=True)[1].astype(np.int64)
    return int(together.max()) + 1 == len(together)


def _identifying(source: Source, columns: list[Rows]) -> Rows | None:
    """Columns that together may single people out, why, the smallest group they make and how many rows stand alone."""
    chosen: list[tuple[Field, str]] = []
    for field, column in zip(source.fields, columns, strict=True):
        why = next(
            (why for pattern, why in KNOWN.items() if re.search(pattern, field.name, re.IGNORECASE)), ""
        )
        # What names a person outright is no help here: it is to be left out or replaced anyway.
        direct = (column.get("personal") or {"kind": "birth"})["kind"] not in ("birth", "address")
        if why and column["distinct"] > 1 and not direct:
            chosen.append((field, why))
    if len(chosen) < 2:
        names = {f.name for f, _ in chosen}
        rest = [
            (c["distinct"], f) for f, c in zip(source.fields, columns, strict=True)
            if f.name not in names and c["type"] in ("text", "integer", "date") and 4 < c["distinct"] <= min(2_000, source.rows / 4)
            and not c.get("personal")
        ]  # fmt: skip
        rest.sort(key=lambda pair: (pair[1].word != "text", -pair[0]))
        chosen += [(f, f"it divides the rows into {n:,} groups") for n, f in rest[: 3 - len(chosen)]]
    chosen = chosen[:4]
    if len(chosen) < 2:
        return None
    smallest, alone, few, groups = source.one(
        "SELECT min(n), count(*) FILTER (n = 1), coalesce(sum(n) FILTER (n < 10), 0), count(*) FROM "
        f"(SELECT count(*) AS n FROM t GROUP BY {_listed(f for f, _ in chosen)})"
    )
    return {"columns": [{"name": f.name, "why": why} for f, why in chosen], "smallest": smallest,
            "alone": alone, "below_ten": int(few), "groups": groups, "share_alone": plain(round(alone / source.rows, 4))}  # fmt: skip
