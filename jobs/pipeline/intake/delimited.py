"""CSV and its relatives: the header by Python's reader, the body by Arrow's, in blocks."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.intake.table import Odd, Table, clean_names
from jobs.pipeline.reading import Reading

BLOCK = 4 << 20
ROW_LIMIT = 8 << 20  # Bytes of one row; two blocks of half of it always hold one.
SHOWN = 200


def lines(path: Path, most: int, limit: int = ROW_LIMIT) -> list[str]:
    """The first lines, ended as they are in the file. Raises IntakeError for one that is too long to be a row."""
    found: list[str] = []
    with path.open(encoding="utf-8", newline="", errors="replace") as handle:
        while len(found) < most and (line := handle.readline(limit)):
            if len(line) >= limit and line[-1:] not in ("\n", "\r"):
                raise too_long(len(found) + 1, limit)
            found.append(line)
    return found


def too_long(line: int, limit: int) -> IntakeError:
    return IntakeError("csv.row_too_long", f"Line {line:,} is longer than {limit >> 20} MB; no row of a table is.",
                       "Check that the file has line ends, and that it is a table.", row=line)  # fmt: skip


def table_of(plain: Plain, reading: Reading, *, limit: int = ROW_LIMIT) -> Table:
    """The header read, the body ready to be read in batches of text. Raises IntakeError."""
    notes: list[str] = []
    first, skip = _first_row(plain.path, reading, limit)
    if reading.has_header:
        names = clean_names(first, notes)
    else:
        names, skip = (
            clean_names([f"column_{i}" for i in range(1, len(first) + 1)], notes),
            reading.header_row - 1,
        )
    if not names:
        raise IntakeError("file.no_rows", "There is no header and no row.", "Upload a file with data.")
    body = Body(plain, reading, names, skip, limit)
    return Table(names, body.batches, notes=notes)


def dialect(reading: Reading) -> dict[str, Any]:
    """The reading for Python's reader."""
    quoting = csv.QUOTE_MINIMAL if reading.quote else csv.QUOTE_NONE
    return {"delimiter": reading.delimiter, "quotechar": reading.quote or None, "quoting": quoting}


def _first_row(path: Path, reading: Reading, limit: int) -> tuple[list[str], int]:
    """The cells of the row on `header_row` (or the first row after it), and how many lines lie before the next row."""
    csv.field_size_limit(limit)
    with path.open(encoding="utf-8", newline="") as handle:
        for number in range(1, reading.header_row):
            line = handle.readline(limit)
            if not line:
                raise IntakeError("csv.header", f"The file has only {number - 1} lines; the table was said to begin on line "
                                  f"{reading.header_row}.", "Choose another line.")  # fmt: skip
            if len(line) >= limit and line[-1:] not in ("\n", "\r"):
                raise too_long(number, limit)
        reader = csv.reader(_bounded(handle, reading.header_row, limit), **dialect(reading))
        try:
            first = next((row for row in reader if row), [])
        except csv.Error as problem:
            raise IntakeError(
                "csv.header", f"The header cannot be read: {problem}.", "Check the first line."
            ) from None
        return first, reading.header_row - 1 + reader.line_num


def _bounded(handle: Any, number: int, limit: int) -> Iterator[str]:
    """Lines, and no more than `limit` characters in all: a header is no longer."""
    left = limit
    while left > 0 and (line := handle.readline(left)):
        if len(line) >= left and line[-1:] not in ("\n", "\r"):
            raise too_long(number, limit)
        left -= len(line)
        yield line


class Body:
    """The rows under a header, as often as wanted."""

    def __init__(self, plain: Plain, reading: Reading, names: list[str], skip: int, limit: int) -> None:
        self.plain, self.reading, self.names, self.skip, self.limit = plain, reading, names, skip, limit
        self.pending: deque[tuple[int, str]] = deque()
        self.wrong: tuple[int, int] | None = None

    def batches(self, odd: Odd, dictionaries: set[str]) -> Iterator[pa.RecordBatch]:
        """Batches of text; rows with too few or too many cells raise IntakeError or are padded and told to `odd`."""
        self.pending.clear()
        self.wrong = None
        row, last = 1, None
        try:
            with self._open(dictionaries) as reader:
                for batch in reader:
                    last = batch if batch.num_rows else last
                    for part in self._with_padded(batch, row, odd):
                        row += part.num_rows
                        yield part
        except pa.ArrowInvalid as problem:
            self._may_end(problem, row)
        while self.pending:
            number, text = self.pending.popleft()
            yield self._padded(number - self.skip, text, odd)
            row += 1
        self._closed(last, row)

    def _open(self, dictionaries: set[str]) -> Any:
        kinds = {
            n: pa.dictionary(pa.int32(), pa.string()) if n in dictionaries else pa.string()
            for n in self.names
        }
        return pc_csv.open_csv(
            self.plain.path,
            read_options=pc_csv.ReadOptions(
                column_names=self.names, skip_rows=self.skip, block_size=self.limit // 2, use_threads=False
            ),
            parse_options=pc_csv.ParseOptions(
                delimiter=self.reading.delimiter, quote_char=self.reading.quote or False, double_quote=True,
                newlines_in_values=bool(self.reading.quote), invalid_row_handler=self._odd_row,
                ignore_empty_lines=len(self.names) > 1,
            ),
            convert_options=pc_csv.ConvertOptions(
                column_types=kinds, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
            ),
        )  # fmt: skip

    def _odd_row(self, row: Any) -> str:
        number = row.number or 0
        if self.plain.look or self.reading.on_ragged == "set_missing":
            self.pending.append((number, row.text))
            return "skip"
        self.wrong = (number - self.skip, row.actual_columns)
        return "error"

    def _with_padded(self, batch: pa.RecordBatch, row: int, odd: Odd) -> Iterator[pa.RecordBatch]:
        """The batch with the rows that did not have their number of cells back in their places."""
        at = 0
        while at < batch.num_rows or (self.pending and self.pending[0][0] - self.skip == row):
            if self.pending and self.pending[0][0] - self.skip <= row:
                number, text = self.pending.popleft()
                yield self._padded(number - self.skip, text, odd, batch.schema)
                row += 1
                continue
            free = self.pending[0][0] - self.skip - row if self.pending else batch.num_rows
            part = batch.slice(at, min(free, batch.num_rows - at))
            yield part
            at += part.num_rows
            row += part.num_rows

    def _padded(self, row: int, text: str, odd: Odd, schema: pa.Schema | None = None) -> pa.RecordBatch:
        cells = next(csv.reader(io.StringIO(text, newline=""), **dialect(self.reading)), [])
        if len(cells) > len(self.names):
            extra = self.reading.delimiter.join(cells[len(self.names) :])
            odd(row, "too_many_cells", extra[:SHOWN])
        else:
            odd(row, "too_few_cells", text.rstrip("\r\n")[:SHOWN])
        full = [*cells, *[""] * len(self.names)][: len(self.names)]
        schema = schema or pa.schema([(n, pa.string()) for n in self.names])
        return pa.RecordBatch.from_arrays([pa.array([c or None], pa.string()).cast(f.type) for c, f in zip(full, schema, strict=True)],
                                          schema=schema)  # fmt: skip

    def _may_end(self, problem: Exception, row: int) -> None:
        """Returns where the rows simply end; else raises IntakeError for what Arrow stumbled over."""
        text = str(problem)
        if self.plain.partial and row > 1:
            return  # The cut-off end of a first look.
        if self.wrong:
            number, cells = self.wrong
            raise IntakeError("csv.ragged", f"Row {number:,} has {cells} cell{'' if cells == 1 else 's'}, the header has {len(self.names)}.",
                              "Give every row one cell for each column, or choose to keep what fits of such rows and list the rest.",
                              row=number) from None  # fmt: skip
        if "straddling" in text:
            raise self._endless() from None
        if "Empty CSV" in text or "Could not skip" in text:
            return
        found = re.search(r"Row #(\d+)", text)
        at = int(found.group(1)) - self.skip if found else row
        raise IntakeError("csv.broken", f"The rows cannot be read near row {at:,}: {text[:200]}",
                          "Check the delimiter and the quotes.", row=at) from None  # fmt: skip

    def _endless(self) -> IntakeError:
        """A row without an end: a quote that never closes, or a line that is no row."""
        quote, opened = self.reading.quote, 0
        with self.plain.path.open("rb") as handle:
            number = 1
            while line := handle.readline(self.limit):
                if len(line) >= self.limit and line[-1:] != b"\n":
                    return too_long(number, self.limit) if not opened else _unclosed(opened)
                if quote and line.count(quote.encode()) % 2:
                    opened = 0 if opened else number
                number += 1
        return _unclosed(opened) if opened else too_long(self.skip + 1, self.limit)

    def _closed(self, last: pa.RecordBatch | None, row: int) -> None:
        """Arrow takes a quote that is open at the end of the file for closed; the rest of the file is then one cell."""
        quote = self.reading.quote
        if last is None or not quote or not self.plain.quotes.get(quote, 0) % 2 or self.plain.partial:
            return
        value = (last.column(last.num_columns - 1)[-1].as_py() or "").encode()
        with self.plain.path.open("rb") as handle:
            size = handle.seek(0, 2)
            handle.seek(max(0, size - 2 * len(value) - 8))
            tail = handle.read()
        mark = quote.encode()
        if tail.endswith(mark + value.replace(mark, mark * 2)):
            at = row - 1
            raise IntakeError("csv.quote_open", f"Row {at:,} opens a quote that never closes; all that follows would be one cell.",
                              "Close or remove the quote, or choose that quotes mean nothing.", row=at,
                              column=self.names[-1])  # fmt: skip


def _unclosed(line: int) -> IntakeError:
    return IntakeError("csv.quote_open", f"Line {line:,} opens a quote that does not close; what follows would be one cell.",
                       "Close or remove the quote, or choose that quotes mean nothing.", row=line)  # fmt: skip
