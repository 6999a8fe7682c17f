"""Check the steward's rules on a Parquet file: how many rows break each, and the first of them.

A rule is JSON: id, rule, and by its kind column, columns, min, max, pattern, values, days; a
reference names its file and column in `references`. Missing values break only `not_null`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

from jobs.pipeline.faults import Cancelled
from jobs.pipeline.profile.source import (
    DATED,
    NUMBERS,
    Field,
    Source,
    attach,
    identifier,
    literal,
    opened,
    plain,
)

SAMPLES = 20
STEP = "Check rules"
Result = dict[str, Any]
Rule = Mapping[str, Any]


class Unable(Exception):
    """The rule cannot be checked on this file; the text says why."""


def check(
    parquet: Path | str,
    rules: list[dict[str, Any]],
    *,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    references: Mapping[str, Mapping[str, str]] | None = None,
    today: str = "",
    registered: str = "",
    memory: int = 640 << 20,
    threads: int = 2,
) -> list[Result]:
    """One result per rule, in order: id, state (pass, fail or unknown), checked, failed, text, rows.

    `references`: rule id → {"path", "column"} of the other dataset's Parquet. `rows` are up to 20
    of those that break the rule, with their numbers (from 1, the header not counted) and values.
    `today`, and the day the version was `registered`, as ISO dates; each is this day where it is left out.
    A rule that cannot be checked is unknown with the reason; it never stops the others.
    """
    found = []
    if not rules:
        return []
    day = date.fromisoformat(today) if today else date.today()
    made = date.fromisoformat(registered) if registered else day
    with opened(Path(parquet), memory=memory, threads=threads) as source:
        for position, rule in enumerate(rules):
            if cancelled():
                raise Cancelled
            progress(STEP, position, len(rules))
            try:
                result = _checked(source, rule, (references or {}).get(rule["id"]), day, made)
            except Unable as reason:
                result = {"state": "unknown", "text": str(reason)}
            except duckdb.Error as problem:
                result = {
                    "state": "unknown",
                    "text": f"It could not be checked: {str(problem).splitlines()[0]}",
                }
            found.append({"id": rule["id"], "checked": 0, "failed": 0, "rows": [], **result})
    return found


def _checked(
    source: Source, rule: Rule, reference: Mapping[str, str] | None, day: date, made: date
) -> Result:
    kind = rule["rule"]
    if kind == "row_count":
        return _row_count(source, rule)
    if kind == "freshness":
        return _freshness(source, rule, day, made)
    if kind == "unique":
        return _unique(source, [_field(source, name) for name in rule.get("columns") or [rule["column"]]])
    field = _field(source, rule["column"])
    present = f"{field.key} IS NOT NULL"
    if kind == "not_null":
        return _rows(source, field, "true", f"{field.key} IS NULL")
    if kind == "range":
        return _rows(source, field, present, _outside(field, rule))
    if kind == "pattern":
        return _rows(
            source, field, present, f"NOT regexp_full_match({field.text}, {literal(rule['pattern'])})"
        )
    if kind == "set":
        listed = ", ".join(literal(str(value)) for value in rule["values"])
        return _rows(source, field, present, f"{field.text} NOT IN ({listed})")
    if kind == "reference":
        return _reference(source, field, reference)
    raise Unable(f"This portal does not know the rule {kind}.")


def _field(source: Source, name: str) -> Field:
    if name not in source.by_name:
        raise Unable(f"There is no column {name} in this version.")
    return source.by_name[name]


def _rows(source: Source, field: Field, over: str, broken: str) -> Result:
    """A condition on each row: counted in one scan, and the first rows fetched only if some break it."""
    checked, failed = source.one(
        f"SELECT count(*) FILTER (WHERE {over}), count(*) FILTER (WHERE {over} AND ({broken})) FROM t"
    )
    rows: list[dict[str, Any]] = []
    if failed:
        found = source.query(f"SELECT rn, {field.text} FROM numbered WHERE {over} AND ({broken}) ORDER BY rn LIMIT {SAMPLES}")  # fmt: skip
        rows = [{"row": row, "value": plain(value)} for row, value in found]
    return {"state": "fail" if failed else "pass", "checked": checked, "failed": failed, "rows": rows,
            "text": f"{failed:,} of {checked:,} values break it" if failed else f"All {checked:,} values keep to it"}  # fmt: skip


def _bound(field: Field, text: Any) -> str:
    """A limit as SQL of the column's type. Raises Unable."""
    try:
        if field.word in NUMBERS:
            value = Decimal(str(text))
            if not value.is_finite():
                raise InvalidOperation
            return f"({value:f})"
        if field.word == "date":
            return f"DATE {literal(date.fromisoformat(str(text)).isoformat())}"
    except (InvalidOperation, ValueError):
        raise Unable(f"{text} is no {field.word} to compare with.") from None
    if field.word == "timestamp":
        return f"CAST({literal(str(text))} AS TIMESTAMP)"
    return literal(str(text))


def _outside(field: Field, rule: Rule) -> str:
    tests = [f"{field.key} {sign} {_bound(field, rule[end])}" for end, sign in (("min", "<"), ("max", ">"))
             if rule.get(end) not in (None, "")]  # fmt: skip
    if field.word == "number":
        tests.append(f"NOT isfinite({field.key})")
    return " OR ".join(tests) or "false"


def _unique(source: Source, fields: list[Field]) -> Result:
    """Rows whose value already stood in an earlier row. Rows with a missing part are left out."""
    there = " AND ".join(f"{f.key} IS NOT NULL" for f in fields)
    listed = ", ".join(f.key for f in fields)
    checked, apart = source.one(
        f"SELECT coalesce(sum(n), 0), count(*) FROM (SELECT count(*) AS n FROM t WHERE {there} GROUP BY {listed})"
    )
    failed = int(checked) - apart
    rows: list[dict[str, Any]] = []
    if failed:
        shown = " || ', ' || ".join(f.text for f in fields)
        found = source.query(
            f"SELECT max(rn), min(rn) AS first, any_value({shown}) FROM numbered WHERE {there} GROUP BY {listed} "
            f"HAVING count(*) > 1 ORDER BY first LIMIT {SAMPLES}"
        )
        rows = [{"row": row, "same_as": first, "value": plain(value)} for row, first, value in found]
    return {"state": "fail" if failed else "pass", "checked": int(checked), "failed": failed, "rows": rows,
            "text": f"{failed:,} of {int(checked):,} rows repeat an earlier value" if failed else "No value occurs twice"}  # fmt: skip


def _reference(source: Source, field: Field, reference: Mapping[str, str] | None) -> Result:
    if not reference or not Path(reference["path"]).exists():
        raise Unable("The other dataset has no version that could be read.")
    other = attach(source.base, Path(reference["path"]), prefix=f"ref_{field.key}_")
    if reference["column"] not in other.by_name:
        raise Unable(f"The other dataset has no column {reference['column']} any more.")
    theirs = other.by_name[reference["column"]]
    view = f"ref_{field.key}_t"
    mine, its = (field.key, theirs.key) if field.word == theirs.word else (field.text, theirs.text)
    source.base.execute(
        f"CREATE OR REPLACE TEMP TABLE known AS SELECT DISTINCT {its} AS v FROM {view} WHERE {theirs.key} IS NOT NULL"
    )
    source.base.execute(f"DROP VIEW {view}; DROP VIEW {identifier(f'ref_{field.key}_numbered')}")
    return _rows(source, field, f"{field.key} IS NOT NULL", f"{mine} NOT IN (SELECT v FROM known)")


def _row_count(source: Source, rule: Rule) -> Result:
    low, high = (int(rule[end]) if rule.get(end) not in (None, "") else None for end in ("min", "max"))
    fine = (low is None or source.rows >= low) and (high is None or source.rows <= high)
    return {"state": "pass" if fine else "fail", "checked": source.rows, "failed": 0 if fine else 1,
            "text": f"The version has {source.rows:,} rows"}  # fmt: skip


def _freshness(source: Source, rule: Rule, day: date, made: date) -> Result:
    """The newest day in the column against today; without a column, the version's own age."""
    days = int(rule["days"])
    if not rule.get("column"):
        old = (day - made).days > days
        return {"state": "fail" if old else "pass", "checked": 1, "failed": int(old), "newest": made.isoformat(),
                "text": f"Registered on {made.isoformat()}"}  # fmt: skip
    field = _field(source, rule["column"])
    if field.word not in DATED:
        raise Unable(f"{field.name} holds no dates but {field.word}.")
    (newest,) = source.one(f"SELECT CAST(CAST(max({field.key}) AS DATE) AS VARCHAR) FROM t")
    if newest is None:
        raise Unable(f"{field.name} is empty.")
    try:
        age = (day - date.fromisoformat(newest)).days
    except ValueError:
        raise Unable(f"The newest date in {field.name} is {newest}.") from None
    return {"state": "pass" if age <= days else "fail", "checked": 1, "failed": int(age > days), "newest": newest,
            "text": f"The newest date is {newest}, {age} days before it was checked"}  # fmt: skip
