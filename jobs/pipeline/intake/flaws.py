"""Cells of a workbook that hold an error such as #DIV/0!: calamine hands them out as empty or 0, so the XML is asked.

While the table is text such a cell is `MARK` and the error's name; it is listed, and kept as text only by choice.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import IntakeError

MARK = "\ue000"
CHUNK = 1 << 18
MOST_REPEATED = 16_384
ERROR = re.compile(r"^(#[A-Z][A-Z0-9_/]*[!?]?|Err:[0-9]{3})$")
# What the bytes of a part hold if a cell of it may be an error.
TRACE = re.compile(rb"""\bt\s*=\s*["']e["']|value-type\s*=\s*["']error["']|>\s*(#[A-Z]|Err:[0-9])""")
REACH = 64  # Bytes that a trace may span.
Row = tuple[int, dict[int, str]]


def sound(column: pa.Array, errors: set[str]) -> tuple[pa.Array, pa.Array | None]:
    """The column with its errors missing, and where they stood if there are any."""
    if not errors:
        return column, None
    bad = pc.is_in(column, value_set=pa.array(sorted(errors), pa.string()))
    if not pc.any(bad).as_py():
        return column, None
    return pc.if_else(bad, pa.scalar(None, pa.string()), column), bad


def named(column: pa.Array, bad: pa.Array) -> pa.Array:
    """The column with its errors by their names."""
    return pc.if_else(bad, pc.utf8_slice_codeunits(column, 1), column)


class Marker:
    """Puts the errors of one sheet into its rows, which are to come in order. `seen`: those put in so far."""

    def __init__(self, found: Iterator[Row], left: int = 0) -> None:
        """`left`: how many empty columns at the left the rows lack."""
        self.found, self.left = found, left
        self.next: Row | None = next(found, None)
        self.seen: set[str] = set()

    def put(self, number: int, row: list[str | None]) -> list[str | None]:
        """Row `number` (from 0) with its errors marked. Raises IntakeError where the file's rows are out of order."""
        if self.next is None or self.next[0] > number:
            return row
        if self.next[0] < number:
            raise _out_of_order()
        cells = {place - self.left: text for place, text in self.next[1].items() if place >= self.left}
        row = [*row, *[None] * (max(cells, default=0) + 1 - len(row))]
        for place, text in cells.items():
            row[place] = MARK + text
            self.seen.add(MARK + text)
        self.next = next(self.found, None)
        return row

    def close(self) -> None:
        """Every error must have found its row."""
        if self.next is not None:
            raise _out_of_order()


def _out_of_order() -> IntakeError:
    return IntakeError("xlsx.broken", "The rows of the sheet are not in order, so its errors cannot be told from empty cells.",
                       "Save it again as XLSX, or as CSV.")  # fmt: skip


def of_sheet(path: Path, format: str, name: str) -> Iterator[Row]:
    """(row from 0, {column from 0: error}) in the order of the file, of the rows that hold an error."""
    with zipfile.ZipFile(path) as archive:
        if format == "ods":
            yield from _parsed(archive, "content.xml", _Ods(name))
        elif part := _part_of(archive, name):
            yield from _parsed(archive, part, _Xlsx())


def _parsed(archive: zipfile.ZipFile, part: str, reader: Any) -> Iterator[Row]:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.buffer_text = True
    try:
        with archive.open(part) as content:
            while chunk := content.read(CHUNK):
                parser.Parse(chunk, False)
                yield from reader.taken()
            parser.Parse(b"", True)
            yield from reader.taken()
    except (expat.ExpatError, ValueError, zipfile.BadZipFile, zlib.error, EOFError) as problem:
        raise IntakeError("xlsx.broken", f"The sheet cannot be read: {str(problem)[:120]}.",
                          "Save it again as XLSX, or as CSV.") from None  # fmt: skip


def _no_doctype(*_about: Any) -> None:
    raise ValueError("it declares a document type, which no workbook does")


def _part_of(archive: zipfile.ZipFile, name: str) -> str:
    """The part that holds the XLSX sheet of this name; empty if its parts are not XML."""
    parts = set(archive.namelist())
    if "xl/workbook.xml" not in parts:
        return ""
    book, links = _Attributes("sheet"), _Attributes("Relationship")
    list(_parsed(archive, "xl/workbook.xml", book))
    if "xl/_rels/workbook.xml.rels" in parts:
        list(_parsed(archive, "xl/_rels/workbook.xml.rels", links))
    link = next((one.get("id") for one in book.found if one.get("name") == name), None)
    target = next((one.get("Target", "") for one in links.found if one.get("Id") == link), "")
    part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return part if part in parts else ""


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


class _Attributes:
    """The attributes of every element of one name."""

    def __init__(self, name: str) -> None:
        self.name, self.found = name, list[dict[str, str]]()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == self.name:
            self.found.append({_local(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        pass

    def text(self, content: str) -> None:
        pass

    def taken(self) -> list[Row]:
        return []


class _Rows:
    """Rows with errors, handed over as they end."""

    def __init__(self) -> None:
        self.row, self.column, self.cells = -1, -1, dict[int, str]()
        self.rows: list[Row] = []
        self.words: list[str] | None = None

    def text(self, content: str) -> None:
        if self.words is not None:
            self.words.append(content)

    def taken(self) -> list[Row]:
        rows, self.rows = self.rows, []
        return rows


class _Xlsx(_Rows):
    error = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        if kind == "c":
            letters = attributes.get("r", "").rstrip("0123456789").upper()
            self.column = _number(letters) if letters.isalpha() else self.column + 1
            self.error = attributes.get("t") == "e"
        elif kind == "row":
            given = attributes.get("r", "")
            self.row, self.column = int(given) - 1 if given.isdecimal() else self.row + 1, -1
        elif kind == "v" and self.error:
            self.words = []

    def end(self, name: str) -> None:
        kind = _local(name)
        if kind == "v" and self.words is not None:
            self.cells[self.column] = "".join(self.words)[:40] or "#ERROR"
            self.words = None
        elif kind == "c" and self.error and self.column not in self.cells:
            self.cells[self.column] = "#ERROR"
        elif kind == "row" and self.cells:
            self.rows.append((self.row, self.cells))
            self.cells = {}


def _number(letters: str) -> int:
    found = 0
    for letter in letters[:4]:
        found = found * 26 + ord(letter) - 64
    return found - 1


class _Ods(_Rows):
    """Rows and cells may stand for many that are the same."""

    def __init__(self, sheet: str) -> None:
        super().__init__()
        self.sheet, self.depth, self.inside = sheet, 0, False
        self.many_rows = self.many = 1
        self.error, self.shown, self.paragraph = False, "", False
        self.row = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        if kind == "table":
            about = {_local(key): value for key, value in attributes.items()}
            self.depth += 1
            if self.depth == 1:
                self.inside, self.row = about.get("name") == self.sheet, 0
        elif not self.inside or self.depth > 1:
            return
        elif kind == "table-row":
            self.many_rows, self.column, self.cells = _repeated(attributes, "rows"), 0, {}
        elif kind in ("table-cell", "covered-table-cell"):
            self.many, self.shown = _repeated(attributes, "columns"), ""
            self.error = any(
                _local(key) == "value-type" and value == "error" for key, value in attributes.items()
            )
            self.words = []

    def end(self, name: str) -> None:
        kind = _local(name)
        if kind == "table":
            self.depth -= 1
            self.inside = self.inside and self.depth > 0
        elif not self.inside or self.depth > 1:
            return
        elif kind in ("table-cell", "covered-table-cell"):
            shown = "".join(self.words or []).strip()
            self.words = None
            if self.error or ERROR.match(shown):
                for place in range(self.column, self.column + min(self.many, MOST_REPEATED)):
                    self.cells[place] = shown[:40] or "#ERROR"
            self.column += self.many
        elif kind == "table-row":
            if self.cells:
                self.rows += [(self.row + more, self.cells) for more in range(min(self.many_rows, 1 << 20))]
                self.cells = {}
            self.row += self.many_rows


def _repeated(attributes: dict[str, str], what: str) -> int:
    given = next((v for k, v in attributes.items() if _local(k) == f"number-{what}-repeated"), "1")
    return max(1, int(given)) if given.isdecimal() and len(given) < 9 else 1
