"""XLSX and ODS by calamine: the chosen sheet as text, its size known before it is opened."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import flaws
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.intake.spool import Spool
from jobs.pipeline.intake.table import Odd, Table, clean_names
from jobs.pipeline.reading import Reading

BATCH = 10_000
LARGEST = 800 << 20  # Bytes of XML, unpacked: a full sheet of a million rows and about ten columns.
CHUNK = 1 << 20
BROKEN = "Save it again as XLSX, or as CSV."


def text_of(value: Any) -> str | None:
    """A cell as text: whole numbers without a point, dates without a midnight; empty cells are missing."""
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
    return str(value)


def open_book(plain: Plain) -> Any:
    """The workbook, kept for the next call. Raises IntakeError for what is broken, protected or too large."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    if plain.book is not None:
        return plain.book
    _look_inside(plain, min(LARGEST, plain.largest))
    try:
        plain.book = CalamineWorkbook.from_path(str(plain.path))
    except PasswordError:
        raise IntakeError(
            "xlsx.password", "The workbook is protected by a password.", "Save it without one."
        ) from None
    except (CalamineError, OSError, ValueError) as problem:
        raise IntakeError(
            "xlsx.broken", f"The workbook cannot be opened: {str(problem)[:200]}.", BROKEN
        ) from None
    except BaseException as problem:
        raise _panic(problem) from None
    return plain.book


def _panic(problem: BaseException) -> BaseException:
    """A panic of the reader written in Rust is no ordinary exception; it is a broken file all the same."""
    if type(problem).__name__ == "PanicException":
        return IntakeError(
            "xlsx.broken", "The workbook cannot be read: its parts contradict each other.", BROKEN
        )
    return problem


def _look_inside(plain: Plain, largest: int) -> None:
    """Unpack every part once without keeping it: true sizes, checksums, formulas, cells with errors."""
    formulas = size = 0
    try:
        with zipfile.ZipFile(plain.path) as archive:
            told = sum(m.file_size for m in archive.infolist() if m.filename.endswith((".xml", ".bin")))
            if told > largest:
                raise _too_large(told, largest)
            for member in archive.infolist():
                sheet = member.filename.startswith("xl/worksheets/") or member.filename == "content.xml"
                if member.is_dir() or not member.filename.endswith((".xml", ".bin")):
                    continue
                if member.flag_bits & 1:
                    raise IntakeError(
                        "xlsx.password", "The workbook is protected by a password.", "Save it without one."
                    )
                with archive.open(member) as part:
                    before = b""
                    while chunk := part.read(CHUNK):
                        size += len(chunk)
                        if size > largest:
                            raise _too_large(size, largest)
                        if sheet:
                            formulas += (
                                chunk.count(b"<f>") + chunk.count(b"<f ") + chunk.count(b"table:formula=")
                            )
                            plain.flawed = plain.flawed or bool(flaws.TRACE.search(before + chunk))
                            before = chunk[-flaws.REACH :]
                        elif member.filename == "META-INF/manifest.xml" and b"encryption-data" in chunk:
                            raise IntakeError(
                                "xlsx.password",
                                "The file is protected by a password.",
                                "Save it without one.",
                            )
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as problem:
        raise IntakeError(
            "xlsx.broken", f"The workbook is damaged or cut off: {str(problem)[:120]}.", BROKEN
        ) from None
    if formulas:
        plain.notes.append(
            f"The workbook has {formulas:,} formulas; their values as last calculated are taken."
        )


def _too_large(size: int, largest: int) -> IntakeError:
    return IntakeError("xlsx.too_large", f"The workbook holds {size >> 20:,} MB of cells, unpacked; {largest >> 20:,} MB is the limit.",
                       "Save it as CSV or Parquet; of those, files of any size are read.")  # fmt: skip


def told(plain: Plain) -> list[dict[str, Any]]:
    """{name, hidden} of each sheet of a workbook of several; empty for every other file."""
    if plain.format not in ("xlsx", "ods"):
        return []
    found = [
        {"name": str(about.name), "hidden": str(about.visible).rpartition(".")[2] != "Visible"}
        for about in open_book(plain).sheets_metadata
    ]
    return found if len(found) > 1 else []


def sheet_names(plain: Plain) -> list[str]:
    return [str(name) for name in open_book(plain).sheet_names]


def chosen(plain: Plain, wanted: str, notes: list[str]) -> Any:
    """The sheet of this name, else the first that is not empty. Raises IntakeError."""
    from python_calamine import CalamineError

    book = open_book(plain)
    names = sheet_names(plain)
    if wanted and wanted not in names:
        notes.append(f"There is no sheet {wanted[:80]!r}; another is read.")
    if not names:
        raise IntakeError("file.no_rows", "The workbook has no sheet.", "Put the table on a sheet.")
    try:
        if wanted in names:
            return book.get_sheet_by_name(wanted)
        for place in range(min(len(names), 50)):
            sheet = book.get_sheet_by_index(place)
            if sheet.total_height:
                return sheet
        return book.get_sheet_by_index(0)
    except (CalamineError, ValueError, OSError) as problem:
        raise IntakeError("xlsx.broken", f"The sheet cannot be read: {str(problem)[:200]}.", BROKEN) from None
    except BaseException as problem:
        raise _panic(problem) from None


def rows_of(sheet: Any, marker: flaws.Marker | None = None) -> Iterator[list[str | None]]:
    """All rows as text; cells with errors marked, if there is a `marker`."""
    try:
        for number, row in enumerate(sheet.iter_rows()):
            cells = [text_of(cell) for cell in row]
            yield marker.put(number, cells) if marker else cells
    except (ValueError, OverflowError) as problem:
        raise IntakeError("xlsx.broken", f"A cell cannot be read: {str(problem)[:200]}.", BROKEN) from None
    except BaseException as problem:
        raise _panic(problem) from None


def table_of(plain: Plain, reading: Reading, folder: Path, most: int | None = None) -> Table:
    """The sheet as text, kept on disk so that the workbook leaves memory. Raises IntakeError."""
    notes: list[str] = []
    sheet = chosen(plain, reading.sheet, notes)
    others = len(sheet_names(plain)) - 1
    if others and not reading.fixed("sheet"):
        notes.append(
            f"Only the sheet {sheet.name[:80]!r} is read; there {'is one more' if others == 1 else f'are {others} more'}."
        )
    found = flaws.of_sheet(plain.path, plain.format, str(sheet.name)) if plain.flawed else iter(())
    marker = flaws.Marker(found, sheet.start[1] if sheet.start else 0) if plain.flawed else None
    rows = rows_of(sheet, marker)
    header = next(islice(rows, reading.header_row - 1, None), None)
    if header is None or not any(header):
        raise IntakeError("file.no_rows", f"The sheet {sheet.name[:80]!r} has no table on row {reading.header_row}.",
                          "Choose another sheet or row.")  # fmt: skip
    if reading.has_header:
        names = clean_names([(cell or "").removeprefix(flaws.MARK) for cell in header], notes)
    else:
        names, rows = [f"column_{i}" for i in range(1, len(header) + 1)], _again(header, rows)
    if most is not None:
        rows = islice(rows, most)
    spool = Spool(folder)
    while chunk := list(islice(rows, max(1, min(BATCH, 2_000_000 // len(names))))):
        spool.add(
            names,
            [
                pa.array([row[i] if i < len(row) else None for row in chunk], pa.string())
                for i in range(len(names))
            ],
        )
    if not spool.rows:
        raise IntakeError(
            "file.no_rows", "The sheet has a header but no rows.", "Put the table on the sheet."
        )
    if marker and most is None:
        marker.close()
    if most is None:
        plain.book = sheet = rows = None  # type: ignore[assignment]

    def batches(_odd: Odd, _dictionaries: set[str]) -> Iterator[pa.RecordBatch]:
        return spool.batches(names)

    return Table(names, batches, notes=notes, total=spool.rows, errors=marker.seen if marker else set())


def _again(first: list[str | None], rest: Iterator[list[str | None]]) -> Iterator[list[str | None]]:
    yield first
    yield from rest
