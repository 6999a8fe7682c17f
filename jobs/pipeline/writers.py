"""The result as CSV, Parquet, JSON Lines or XLSX, with cells that a spreadsheet would execute made harmless."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from jobs.pipeline.faults import StepError

FORMULA = r"^[=+\-@\t\r]"
EXCEL_ROWS = 1_048_575


@dataclass(frozen=True, slots=True)
class Written:
    path: Path
    rows: int
    neutralised_cells: int


def write(parquet: Path, target: Path, form: str) -> Written:
    """Write `target` in the format. Raises StepError when the format cannot hold the result."""
    rows = pq.ParquetFile(parquet).metadata.num_rows
    if form == "parquet":
        shutil.copyfile(parquet, target)
        return Written(target, rows, 0)
    if form == "jsonl":
        _jsonl(parquet, target)
        return Written(target, rows, 0)
    if form == "xlsx":
        if rows > EXCEL_ROWS:
            raise StepError(
                "xlsx.too_many_rows",
                f"The result has {rows} rows; Excel holds {EXCEL_ROWS}.",
                "Choose CSV or Parquet.",
            )
        return Written(target, rows, _xlsx(parquet, target))
    return Written(target, rows, _csv(parquet, target))


def neutral(column: pa.Array) -> tuple[pa.Array, int]:
    """Text that begins like a formula gets an apostrophe in front; returns how many did."""
    hit = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
    count = pc.sum(hit).as_py() or 0
    if not count:
        return column, 0
    return pc.if_else(hit, pc.binary_join_element_wise("'", column, ""), column), count


def _safe_names(parquet: Path) -> tuple[pa.Schema, int]:
    """The header with the same care as the cells."""
    schema = pq.read_schema(parquet).remove_metadata()
    names, count = neutral(pa.array(schema.names, pa.string()))
    return pa.schema([f.with_name(n) for f, n in zip(schema, names.to_pylist(), strict=True)]), count


def _safe_batches(parquet: Path, schema: pa.Schema) -> Any:
    for batch in pq.ParquetFile(parquet).iter_batches(batch_size=50_000):
        arrays, total = [], 0
        for column in batch.columns:
            if pa.types.is_string(column.type):
                column, count = neutral(column)
                total += count
            arrays.append(column)
        yield pa.RecordBatch.from_arrays(arrays, schema=schema), total


def _csv(parquet: Path, target: Path) -> int:
    schema, total = _safe_names(parquet)
    with pc_csv.CSVWriter(target, schema) as writer:
        for batch, count in _safe_batches(parquet, schema):
            writer.write_batch(batch)
            total += count
    return total


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and value != value:  # NaN has no JSON form
        return None
    return value


def _jsonl(parquet: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8") as out:
        for batch in pq.ParquetFile(parquet).iter_batches(batch_size=20_000):
            for row in batch.to_pylist():
                out.write(json.dumps({k: _value(v) for k, v in row.items()}, ensure_ascii=False) + "\n")


def _xlsx(parquet: Path, target: Path) -> int:
    import xlsxwriter

    (schema, total), line = _safe_names(parquet), 1
    book = xlsxwriter.Workbook(
        str(target),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("data")
    sheet.write_row(0, 0, schema.names)
    for batch, count in _safe_batches(parquet, schema):
        total += count
        for row in zip(*(c.to_pylist() for c in batch.columns), strict=True):
            for place, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, bool):
                    sheet.write_boolean(line, place, value)
                elif isinstance(value, (int, float)) and abs(value) < 2**53:
                    sheet.write_number(line, place, value)
                else:
                    # Excel keeps 15 digits; longer numbers, decimals and dates stay exact as text.
                    sheet.write_string(line, place, str(_value(value)))
            line += 1
    book.close()
    return total
