"""A first look at a file: what it is, how it is written, and its first rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import columnar, delimited, dialect, flaws, marks, objects, sheets, unpack
from jobs.pipeline.intake.faulty import readable
from jobs.pipeline.intake.kinds import ORDER, Kind, Marks, convert
from jobs.pipeline.intake.learn import DATES, Guess
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.intake.table import Table
from jobs.pipeline.reading import DATE_ORDERS, Reading, Sniffed, reading_of
from jobs.pipeline.reasons import WORDS
from jobs.pipeline.types import name_of

ROWS = 50
LOOKED_AT = 10_000
HEADER_LINES = 200
NO_SHEET = "workbook.sheet"
WORD_OF = {"timestamp_utc": "timestamp", "timestamp_any": "timestamp"}


def sniff(
    original: Path,
    name: str,
    folder: Path,
    known: Reading | Mapping[str, Any] | None = None,
    *,
    rows: int = ROWS,
) -> Sniffed:
    """Look at the beginning of the file. `known`: a person's corrections, or the reading of the version before, used as
    far as it fits (notes say where not). Temporary files go to `folder` and are removed. Raises IntakeError."""
    before = reading_of(known)
    with readable(), tempfile.TemporaryDirectory(dir=folder) as own:
        plain = unpack.open_up(Path(original), name, Path(own), before, look=True)
        reading, notes, sure = guess(plain, before)
        table = table_of(plain, reading, Path(own), LOOKED_AT)
        reading, sample, looked, more = learn(table, reading, before, sure, LOOKED_AT)
        notes += [*plain.notes, *table.notes, *more]
        typed, misfits = _typed(table, sample.slice(0, rows), reading)
        first = [[_text(c) for c in column.slice(0, rows).to_pylist()] for column in sample.columns]
        return Sniffed(
            reading=reading, names=table.names, sample=[list(row) for row in zip(*first, strict=True)],
            typed=[list(row) for row in zip(*typed, strict=True)], misfits=misfits, notes=list(dict.fromkeys(notes)),
            confidence=sure, sheets=sheets.told(plain), members=plain.members, looked_at=looked,
        )  # fmt: skip


def guess(plain: Plain, before: Reading | None) -> tuple[Reading, list[str], dict[str, str]]:
    """Everything but types and marks: (reading, notes, confidence). Sets the format of `plain` where it was open."""
    notes: list[str] = []
    sure = {"format": "certain", "compression": "certain", **plain.sure}
    if plain.format == "object":
        plain.format = "jsonl" if objects.is_lines(plain.path) else "json"
        sure["format"] = "likely"
    reading = Reading(
        format=plain.format, compression=plain.compression, member=plain.member, encoding=plain.encoding,
        corrected=before.corrected if before else frozenset(), columns=before.columns if before else {},
        on_ragged=before.on_ragged if before else "stop",
    )  # fmt: skip
    if before:
        kept = {f: getattr(before, f) for f in before.corrected if hasattr(before, f) and f not in ("format", "encoding", "compression", "member", "columns")}  # fmt: skip
        reading = replace(reading, **kept)
    if plain.format in ("csv", "tsv"):
        reading = _delimited(plain, reading, before, notes, sure)
    elif plain.format in ("xlsx", "ods"):
        reading = _sheet(plain, reading, before, notes, sure)
    return reading, notes, sure


def _delimited(
    plain: Plain, reading: Reading, before: Reading | None, notes: list[str], sure: dict[str, str]
) -> Reading:
    lines = delimited.lines(plain.path, HEADER_LINES)
    if not any(line.strip() for line in lines):
        raise IntakeError("file.empty", "The file holds nothing but empty lines.", "Choose another file.")
    found = dialect.guess(lines, len(lines) == HEADER_LINES)
    delimiter = reading.delimiter if reading.fixed("delimiter") else found.delimiter
    quote = reading.quote if reading.fixed("quote") else found.quote
    sure["delimiter"], sure["quote"] = found.sure, "likely"
    if (
        before
        and before.format in ("csv", "tsv")
        and not before.fixed("delimiter")
        and found.sure != "certain"
    ):
        delimiter = before.delimiter
    if before and before.format in ("csv", "tsv") and before.delimiter != delimiter:
        notes.append(
            f"The version before was separated by {_mark(before.delimiter)}, this one by {_mark(delimiter)}."
        )
    if delimiter == quote:
        quote = ""
    # Where titles stand above the table, lines and rows count the same: titles hold no line breaks.
    head = dialect.header(dialect.cells(lines, delimiter, quote))
    row = reading.header_row if reading.fixed("header_row") else head.row + 1
    named = reading.has_header if reading.fixed("has_header") else head.named
    if row != head.row + 1:
        named = reading.has_header if reading.fixed("has_header") else True
    if row > 1 and not reading.fixed("header_row"):
        notes.append(
            f"The table begins on line {row}; the {'line' if row == 2 else f'{row - 1} lines'} above it {'is' if row == 2 else 'are'} not part of it."
        )
    if not named:
        notes.append(
            "The first row seems to hold values, not names; the columns are called column_1 and so on."
        )
    sure["header_row"] = sure["has_header"] = head.sure
    return replace(reading, format="tsv" if delimiter == "\t" else "csv", delimiter=delimiter, quote=quote, header_row=row,
                   has_header=named)  # fmt: skip


def _mark(character: str) -> str:
    return {"\t": "tab", " ": "space"}.get(character, repr(character))


def _sheet(
    plain: Plain, reading: Reading, before: Reading | None, notes: list[str], sure: dict[str, str]
) -> Reading:
    wanted, names = reading.sheet or (before.sheet if before else ""), sheets.sheet_names(plain)
    if reading.fixed("sheet") and wanted not in names and len(names) > 1:
        raise IntakeError(NO_SHEET, f"There is no sheet {wanted[:80]!r} in the workbook, which has {len(names):,} others.",
                          "Choose one of them, or upload the file that was meant.")  # fmt: skip
    sheet = sheets.chosen(plain, wanted, notes)
    top = list(islice(sheets.rows_of(sheet), HEADER_LINES))
    if not any(any(row) for row in top):
        raise IntakeError("file.no_rows", f"The sheet {sheet.name[:80]!r} is empty.", "Put the table on the first sheet, or choose another.")  # fmt: skip
    head = dialect.header(top)
    row = reading.header_row if reading.fixed("header_row") else head.row + 1
    named = reading.has_header if reading.fixed("has_header") or row != head.row + 1 else head.named
    if row > 1 and not reading.fixed("header_row"):
        notes.append(f"The table begins on row {row} of the sheet; what stands above is not part of it.")
    sure["header_row"] = sure["has_header"] = head.sure
    sure["sheet"] = "certain" if len(names) == 1 else "likely"
    return replace(reading, sheet=str(sheet.name), header_row=row, has_header=named)


def table_of(plain: Plain, reading: Reading, folder: Path, most: int | None = None) -> Table:
    """The table that the reading describes, at most so many rows of it where reading all would take long."""
    plain.format = reading.format if plain.format in ("csv", "tsv", "json", "jsonl") else plain.format
    if plain.format in ("csv", "tsv"):
        return delimited.table_of(plain, reading)
    if plain.format in ("json", "jsonl"):
        return objects.table_of(plain, folder, most)
    if plain.format in ("xlsx", "ods"):
        return sheets.table_of(plain, reading, folder, most)
    return columnar.table_of(plain, reading)


def learn(
    table: Table, reading: Reading, before: Reading | None, sure: dict[str, str], most: int
) -> tuple[Reading, pa.RecordBatch, int, list[str]]:
    """The marks and the types from the first rows: (reading, those rows, how many, notes)."""
    sample, _ended = first_rows(table, most)
    open_names = [name for name in table.names if name not in table.fixed]
    distinct = {}
    for name in open_names:
        values = pc.drop_null(pc.unique(sample.column(table.names.index(name))))
        distinct[name] = values.to_pylist()
    found = marks.guess(
        {
            n: v
            for n, v in distinct.items()
            if n not in table.dates_only or reading.format not in ("json", "jsonl")
        }
    )
    dated = marks.guess({n: v for n, v in distinct.items() if n in table.dates_only})
    if dated.date_order != "ymd" and found.date_order == "ymd":
        found.date_order = dated.date_order
    guessed = {
        f: getattr(found, f)
        for f in ("decimal", "thousands", "date_order", "null_words")
        if not reading.fixed(f)
    }
    if guessed.get("thousands", reading.thousands) == guessed.get("decimal", reading.decimal):
        guessed["thousands"] = ""
        if reading.thousands == guessed.get("decimal", reading.decimal):
            guessed["decimal"] = "." if reading.thousands == "," else ","
    notes = found.notes
    if (
        before
        and not before.fixed("date_order")
        and before.date_order in DATE_ORDERS
        and found.sure["date_order"] == "unsure"
    ):
        guessed["date_order"] = before.date_order
    reading = replace(reading, **guessed)
    sure |= found.sure | dict.fromkeys((f for f in reading.corrected), "certain")
    how = Marks.of(reading)
    columns: dict[str, dict[str, str]] = {}
    gone = [
        n
        for n in (before.columns if before else {})
        if n not in table.names and f"columns.{n}" in reading.corrected
    ]
    if gone:
        notes.append(f"{', '.join(gone[:10])} had a type chosen for it and is no longer in the file.")
    for place, name in enumerate(table.names):
        if choice := reading.choice(name):
            columns[name] = {
                "type": choice.get("type", "text"),
                "on_misfit": choice.get("on_misfit", "keep_text"),
            }
        elif name in table.fixed:
            columns[name] = {"type": name_of(table.fixed[name]), "on_misfit": "keep_text"}
        else:
            one = table.guesses[name] = guess_of(table, name, how)
            one.see(sample.column(place))
            kind = one.nearly() or one.exact()
            columns[name] = {"type": WORD_OF.get(kind.name, kind.name), "on_misfit": "keep_text"}
    kept = frozenset(
        c
        for c in reading.corrected
        if not c.startswith("columns.") or c.removeprefix("columns.") in table.names
    )
    return replace(reading, columns=columns, corrected=kept), sample, sample.num_rows, notes


def guess_of(table: Table, name: str, how: Marks) -> Guess:
    return Guess(how, DATES if name in table.dates_only else ORDER)


def first_rows(table: Table, most: int) -> tuple[pa.RecordBatch, bool]:
    """The first rows as one batch of text, and whether they are all there are."""
    found, rows, ended = [], 0, True
    odd: list[tuple[int, str, str]] = []
    batches = table.batches(lambda *about: odd.append(about), set())
    for batch in batches:
        found.append(batch)
        rows += batch.num_rows
        if rows > most:
            ended = False
            break
    batches.close()  # type: ignore[attr-defined]
    if not rows:
        raise IntakeError("file.no_rows", "There is a header but no row.", "Upload a file with data.")
    whole = pa.Table.from_batches(found).slice(0, most).combine_chunks()
    table.odd = odd
    return sound(table, whole.to_batches(max_chunksize=most)[0]), ended


def sound(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with the errors of its workbook missing."""
    if not table.errors:
        return batch
    columns = [flaws.sound(column, table.errors)[0] for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:1000]


def _typed(
    table: Table, sample: pa.RecordBatch, reading: Reading
) -> tuple[list[list[str | None]], list[dict[str, Any]]]:
    """The rows as they would be kept, and the cells that do not fit."""
    how = Marks.of(reading)
    found: list[list[str | None]] = []
    misfits: list[dict[str, Any]] = [
        {"row": row, "column": "(row)", "value": text, "reason": WORDS[why]}
        for row, why, text in table.odd[:100]
    ]
    for place, name in enumerate(table.names):
        column = sample.column(place)
        if name in table.fixed or reading.columns[name]["type"] == "text":
            found.append([_text(v) for v in column.to_pylist()])
            continue
        text = how.blanked(column)
        one = guess_of(table, name, how)
        one.see(text)
        kind = kind_of(reading.columns[name]["type"], one)
        fit = convert(text, kind, how)
        shown = fit.values.to_pylist()
        if fit.bad is not None and fit.why is not None:
            keep = reading.columns[name]["on_misfit"] == "keep_text"
            for at in pc.indices_nonzero(fit.bad).to_pylist():
                misfits.append(
                    {
                        "row": at + 1,
                        "column": name,
                        "value": column[at].as_py()[:200],
                        "reason": WORDS[fit.why[at].as_py()],
                    }
                )
            shown = column.to_pylist() if keep else shown
        found.append([_shown(v) for v in shown])
    return found, misfits


def kind_of(word: str, one: Guess) -> Kind:
    """The kind behind the portal's word, as the values have it: digits of a decimal, zone of a time."""
    if word == "decimal":
        return Kind("decimal", min(one.scale, 38 - min(one.whole, 38)))
    if word == "timestamp":
        if not one.hard and not one.soft:
            return Kind("timestamp")
        naive = one.hard.get("timestamp", 0) + one.soft.get("timestamp", 0)
        return Kind("timestamp_any" if naive > one.seen / 2 else "timestamp")
    return Kind(word)


def _shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return _text(value)
