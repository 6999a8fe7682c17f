"""The result as CSV, Parquet, JSON Lines or XLSX, with cells that a spreadsheet would execute made harmless."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from jobs.pipeline.engine.source import ParquetSource
from jobs.pipeline.faults import Fault, StepError
from jobs.pipeline.flow import beside, parallel

FORMULA = r"^[=+\-@\t\r]"
_STARTS = pa.array(["=", "+", "-", "@", "\t", "\r"])
EXCEL_ROWS = 1_048_575
BATCH = 100_000


@dataclass(frozen=True, slots=True)
class Written:
    """`sha256` is empty where the file was copied as it is."""

    path: Path
    rows: int
    neutralised_cells: int
    sha256: str = ""
    size: int = 0


def write(parquet: Path, target: Path, form: str, threads: int = 2) -> Written:
    """Write `target` in the format, batches side by side. Raises StepError when the format cannot hold the result."""
    rows = pq.read_metadata(parquet).num_rows
    if form == "xlsx" and rows > EXCEL_ROWS:
        raise StepError(
            "xlsx.too_many_rows",
            f"The result has {rows} rows; Excel holds {EXCEL_ROWS}.",
            "Choose CSV or Parquet.",
        )
    try:
        if form == "parquet":
            shutil.copyfile(parquet, target)
            return Written(target, rows, 0)
        with ThreadPoolExecutor(threads) as pool:
            source = ParquetSource(parquet)
            tables = parallel(source.loads(None, BATCH), lambda load: load.read(), pool, 1)
            return write_stream(tables, source.schema, target, form, threads)
    except OSError as problem:
        target.unlink(missing_ok=True)
        if problem.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise Fault(
                "disk.full",
                "There is no room on the disk for the result.",
                "Tell the operator; then try again.",
            ) from None
        raise


def write_stream(
    tables: Iterator[pa.Table], schema: pa.Schema, target: Path, form: str, threads: int = 2
) -> Written:
    """CSV, JSON Lines or XLSX from tables as they come; the file is hashed while it is written."""
    if form == "xlsx":
        return _xlsx(tables, schema, target)
    schema, total = _safe_names(schema) if form == "csv" else (schema, 0)
    encode: Callable[[pa.Table], tuple[bytes, int, int]] = _csv_part if form == "csv" else _jsonl_part
    digest, size, rows = hashlib.sha256(), 0, 0
    with target.open("wb") as out, ThreadPoolExecutor(threads) as pool:

        def keep(data: bytes) -> int:
            digest.update(data)
            return out.write(data)

        if form == "csv":
            size += keep(_header(schema))
        for data, count, many in beside(parallel(_cut(tables), encode, pool, threads)):
            size += keep(data)
            total, rows = total + count, rows + many
    return Written(target, rows, total, digest.hexdigest(), size)


def _cut(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    for table in tables:
        for start in range(0, table.num_rows, BATCH):
            yield table.slice(start, BATCH)


def _plain_text(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def neutral(column: pa.Array) -> tuple[pa.Array, int]:
    """Text that begins like a formula gets an apostrophe in front; returns how many did."""
    if pa.types.is_dictionary(column.type):
        words, found = neutral(column.dictionary)
        if not found:
            return pc.take(words, column.indices), 0
        hit = pc.take(_hits(column.dictionary), column.indices)
        return pc.take(words, column.indices), pc.sum(hit).as_py() or 0
    hit = _hits(column)
    count = pc.sum(hit).as_py() or 0
    if not count:
        return column, 0
    return pc.if_else(hit, pc.binary_join_element_wise("'", column, ""), column), count


def _hits(column: pa.Array) -> pa.Array:
    first = pc.utf8_slice_codeunits(column, 0, 1)
    return pc.fill_null(pc.is_in(first, value_set=_STARTS), False)


def _safe_names(schema: pa.Schema) -> tuple[pa.Schema, int]:
    """The header with the same care as the cells."""
    names, count = neutral(pa.array(schema.names, pa.string()))
    return pa.schema([f.with_name(n) for f, n in zip(schema, names.to_pylist(), strict=True)]), count


def _header(schema: pa.Schema) -> bytes:
    buffer = pa.BufferOutputStream()
    pc_csv.write_csv(pa.table([pa.array([], pa.string())] * len(schema), names=schema.names), buffer)
    return bytes(buffer.getvalue())


def _is_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))


def _csv_part(table: pa.Table) -> tuple[bytes, int, int]:
    arrays, total = [], 0
    for column in table.columns:
        array: pa.Array = _plain_text(column)
        if _is_words(array.type):
            array, count = neutral(array)
            total += count
        arrays.append(array)
    buffer = pa.BufferOutputStream()
    names = [f"c{i}" for i in range(len(arrays))]
    pc_csv.write_csv(pa.table(arrays, names=names), buffer, pc_csv.WriteOptions(include_header=False))
    return buffer.getvalue(), total, table.num_rows


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and not -1e309 < value < 1e309:  # NaN and infinity have no JSON form
        return None
    return value


def _json_text(array: pa.Array) -> pa.Array:
    """Each value as its JSON text; numbers and words by kernels, the rest one by one."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return pc.take(_json_text(array.dictionary), array.indices)
    if pa.types.is_integer(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_boolean(kind):
        return pc.cast(array, pa.string())
    distinct = pc.dictionary_encode(array)
    words = [json.dumps(_value(v), ensure_ascii=False) for v in distinct.dictionary.to_pylist()]
    return pc.take(pa.array(words, pa.string()), distinct.indices)


def _jsonl_part(table: pa.Table) -> tuple[bytes, int, int]:
    parts: list[Any] = []
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        label = ("{" if place == 0 else ", ") + json.dumps(name, ensure_ascii=False) + ": "
        parts += [label, pc.fill_null(_json_text(_plain_text(column)), "null")]
    if not table.num_rows:
        return b"", 0, 0
    lines = pc.binary_join_element_wise(*parts, "}\n", "")
    return "".join(lines.to_pylist()).encode(), 0, table.num_rows


def _xlsx(tables: Iterator[pa.Table], schema: pa.Schema, target: Path) -> Written:
    import xlsxwriter

    (schema, total), line = _safe_names(schema), 1
    book = xlsxwriter.Workbook(
        str(target),
        {
            "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )  # fmt: skip
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("data")
    sheet.write_row(0, 0, schema.names)
    for table in tables:
        columns = []
        for column in table.columns:
            array = _plain_text(column)
            if _is_words(array.type):
                array, count = neutral(array)
                total += count
            columns.append(array.to_pylist())
        for row in zip(*columns, strict=True):
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
    return Written(target, line - 1, total, *_hashed(target.open("rb")))


def _hashed(handle: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
