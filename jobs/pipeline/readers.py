"""Each format as batches of text columns, readable twice: once to learn the types, once to write.

Text is the common ground because it is exact: a number becomes a number only if every value of
its column can be one without changing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.unpack import Plain

BATCH = 50_000
MAX_COLUMNS = 5_000


@dataclass
class Texts:
    """A table as text: names, a way to read its batches, columns that must stay text."""

    names: list[str]
    batches: Callable[[], Iterator[pa.RecordBatch]]
    keep_text: set[str] = field(default_factory=set)
    delimiter: str = ""
    notes: list[str] = field(default_factory=list)


def texts_of(plain: Plain) -> Texts:
    """Read the header and prepare the batches. Raises IntakeError."""
    return {"csv": _csv, "jsonl": _jsonl, "xlsx": _xlsx}[plain.format](plain)


def _clean_names(given: list[str], notes: list[str]) -> list[str]:
    names: list[str] = []
    for position, raw in enumerate(given, start=1):
        name = " ".join(str(raw).split())[:200] or f"column_{position}"
        if not str(raw).strip():
            notes.append(f"Column {position} had no name and is called {name}.")
        base, number = name, 2
        while name in names:
            name, number = f"{base}_{number}", number + 1
        if name != base:
            notes.append(f"The name {base} stands twice; the second is called {name}.")
        names.append(name)
    if len(names) > MAX_COLUMNS:
        raise IntakeError(
            "columns.too_many",
            f"The table has {len(names)} columns; {MAX_COLUMNS} is the limit.",
            "Split it.",
        )
    return names


def _sniff(sample: list[str]) -> str:
    best, score = ",", 0
    for candidate in (",", ";", "\t", "|"):
        counts = [len(row) for row in csv.reader(sample, delimiter=candidate)]
        counts = [c for c in counts if c]
        if counts and counts[0] > 1:
            agree = sum(c == counts[0] for c in counts) * counts[0]
            if agree > score:
                best, score = candidate, agree
    return best


def _csv(plain: Plain) -> Texts:
    csv.field_size_limit(16 * 1024 * 1024)
    with plain.path.open(encoding="utf-8", newline="") as handle:
        sample = list(islice(handle, 30))
    delimiter = _sniff(sample)
    notes: list[str] = []
    with plain.path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle, delimiter=delimiter)
        try:
            header = next((row for row in reader if row), [])
        except csv.Error as problem:
            raise IntakeError(
                "csv.header", f"The header cannot be read: {problem}.", "Check the first line."
            ) from None
        skip = reader.line_num
        if not any(True for _ in islice(reader, 1)):
            raise IntakeError("file.no_rows", "There is a header but no row.", "Upload a file with data.")
    names = _clean_names(header, notes)

    def batches() -> Iterator[pa.RecordBatch]:
        ragged: list[tuple[int, int]] = []

        def on_ragged(row: Any) -> str:
            ragged.append((row.number or 0, row.actual_columns))
            return "error"

        try:
            with pc_csv.open_csv(
                plain.path,
                read_options=pc_csv.ReadOptions(
                    column_names=names, skip_rows=skip, block_size=8 << 20, use_threads=False
                ),
                parse_options=pc_csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=on_ragged
                ),
                convert_options=pc_csv.ConvertOptions(
                    column_types={n: pa.string() for n in names},
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                ),
            ) as reader:
                yield from reader
        except pa.ArrowInvalid as problem:
            raise _ragged(problem, ragged, len(names), skip) from None

    return Texts(names, batches, delimiter=delimiter, notes=notes)


def _ragged(problem: Exception, ragged: list[tuple[int, int]], expected: int, skip: int) -> IntakeError:
    if ragged:
        found = re.search(r"Row #(\d+)", str(problem))
        row = (ragged[-1][0] or int(found.group(1)) if found else ragged[-1][0]) - skip
        where = f"Row {row}" if row > 0 else "A row"
        return IntakeError("csv.ragged", f"{where} has {ragged[-1][1]} cells, the header has {expected}.",
                           "Correct the row, or quote cells that contain the separator.", row=row if row > 0 else None)  # fmt: skip
    return IntakeError(
        "csv.broken",
        f"The text cannot be read as a table: {str(problem)[:200]}",
        "Check quotes and separators.",
    )


def _text_of(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_float=Decimal)
            except (json.JSONDecodeError, RecursionError) as problem:
                text = getattr(problem, "msg", "nested too deeply")
                raise IntakeError(
                    "jsonl.line", f"Line {number} is not JSON: {text}.", "Correct the line.", row=number
                ) from None
            if not isinstance(found, dict):
                raise IntakeError(
                    "jsonl.object", f"Line {number} is not an object.", "Write {…} on each line.", row=number
                )
            yield found


def _jsonl(plain: Plain) -> Texts:
    order: dict[str, None] = {}
    strings: set[str] = set()
    count = 0
    for row in _lines(plain.path):
        count += 1
        for key, value in row.items():
            order.setdefault(key)
            if isinstance(value, (str, dict, list)):
                strings.add(key)
    if not count or not order:
        raise IntakeError("file.no_rows", "There is no row.", "Upload a file with data.")
    notes: list[str] = []
    keys, names = list(order), _clean_names(list(order), notes)

    def batches() -> Iterator[pa.RecordBatch]:
        rows = _lines(plain.path)
        while chunk := list(islice(rows, BATCH)):
            columns = [pa.array([_text_of(row.get(key)) for row in chunk], pa.string()) for key in keys]
            yield pa.RecordBatch.from_arrays(columns, names=names)

    return Texts(names, batches, {n for k, n in zip(keys, names, strict=True) if k in strings}, notes=notes)


def _xlsx(plain: Plain) -> Texts:
    from python_calamine import CalamineError, CalamineWorkbook

    if plain.path.stat().st_size > 200 * 1024**2:
        raise IntakeError(
            "xlsx.too_large", "Excel files over 200 MB are not read.", "Save it as CSV or Parquet."
        )
    try:
        workbook = CalamineWorkbook.from_path(str(plain.path))
        sheet = workbook.get_sheet_by_index(0)
    except (CalamineError, OSError, ValueError) as problem:
        raise IntakeError(
            "xlsx.broken", f"The workbook cannot be opened: {problem}.", "Save it again in Excel."
        ) from None
    rows = sheet.iter_rows()
    header = next(iter(rows), [])
    notes = (
        [f"Only the first of {len(workbook.sheet_names)} sheets is read."]
        if len(workbook.sheet_names) > 1
        else []
    )
    names = _clean_names([str(_text_of(cell) or "") for cell in header], notes)
    if not names or sheet.total_height < 2:
        raise IntakeError("file.no_rows", "The first sheet has no rows.", "Put the table on the first sheet.")

    def batches() -> Iterator[pa.RecordBatch]:
        body = iter(sheet.iter_rows())
        next(body)
        while chunk := list(islice(body, BATCH)):
            columns = [pa.array([_text_of(row[i]) for row in chunk], pa.string()) for i in range(len(names))]
            yield pa.RecordBatch.from_arrays(columns, names=names)

    return Texts(names, batches, notes=notes)
