"""Values that disagree with what the first rows said, and cells without a value: all exact, or listed."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import Reading, sniff, to_parquet

pytestmark = pytest.mark.pure
LATE = 50_000


def read(work: Path, content: bytes, name: str = "t.csv", reading: Reading | None = None) -> tuple[Any, list[Any], list[dict[str, str]]]:  # fmt: skip
    """What was made of it, its rows, and the list of what did not fit."""
    source, misfits = work / "source", work / "misfits.csv.gz"
    source.write_bytes(content)
    done = to_parquet(source, name, work / "out.parquet", reading=reading, misfits=misfits, progress=lambda *_: None, cancelled=lambda: False)  # fmt: skip
    listed = []
    if misfits.exists():
        with gzip.open(misfits, "rt", newline="") as handle:
            listed = list(csv.DictReader(handle))
    return done, pq.read_table(work / "out.parquet").to_pylist(), listed


# name: (usual value, marks the first rows have, the late value, its exact value or None where it must be listed, a word of the reason)
LATECOMERS: dict[str, tuple[str, str, Any, str]] = {
    "a point where the decimal mark is a comma": ("1,5", "2.5", None, "no number"),
    "a comma where the decimal mark is a point": ("1.5", "2,5", None, "no number"),
    "a point that is no thousands mark": ("1.234,5", "12.34", None, "no number"),
    "a thousands mark that was not there before": ("1234.5", "1,234.5", None, "no number"),
    "a thousands mark of another kind": ("1,234.5", "1'234.5", None, "no number"),
    "another grouping": ("1,234.5", "12,34.5", None, "no number"),
    "a month first among days first": ("13/02/2020", "02/13/2020", None, "another order"),
    "a day first among months first": ("02/13/2020", "13/02/2020", None, "another order"),
    "a year first among days first": ("13/02/2020", "2020-02-13", None, "another order"),
    "a date that does not exist": ("2020-02-13", "2020-02-31", None, "does not exist"),
    "leading zeros": ("7", "007", None, "zero"),
    "more than 64 bits": ("7", "9223372036854775808", Decimal("9223372036854775808"), ""),
    "more than 38 digits": ("7", "9" * 39, None, "more digits"),
    "more digits than a float keeps": ("0.5", "0.12345678901234567890", Decimal("0.12345678901234567890"), ""),
    "a fraction among whole numbers": ("7", "7.25", 7.25, ""),
    "a word": ("7", "seven", None, "no whole number"),
    "a time among dates": ("2020-02-13", "2020-02-13T10:00:00", None, "no date"),
}  # fmt: skip


@pytest.mark.parametrize("case", LATECOMERS)
def test_a_late_value_that_disagrees_is_exact_or_listed(tmp_path: Path, case: str) -> None:
    usual, late, exact, reason = LATECOMERS[case]
    lines = [f"{n};{usual}" for n in range(1, LATE + 11)]
    lines[LATE - 1] = f"{LATE};{late}"
    done, rows, listed = read(tmp_path, "\n".join(["id;v", *lines, ""]).encode())
    assert len(rows) == LATE + 10
    if exact is None:
        assert rows[LATE - 1]["v"] == late and rows[0]["v"] == usual, (
            "the column stays text, to the last character"
        )
        assert [(r["row"], r["column"], r["value"]) for r in listed] == [(str(LATE), "v", late)]
        assert reason in listed[0]["reason"] and sum(done.misfits["v"].values()) == 1
    else:
        assert rows[LATE - 1]["v"] == exact and not listed and not done.misfits
    if exact is None and "date" not in case:
        # The steward decides, and the list says what became of it.
        chosen = done.read_as.correct({"columns": {"v": {"type": done.read_as.columns["v"]["type"], "on_misfit": "set_missing"}}})  # fmt: skip
        _, rows, listed = read(tmp_path, (tmp_path / "source").read_bytes(), reading=chosen)
        assert rows[LATE - 1]["v"] is None and not isinstance(rows[0]["v"], str)
        assert [(r["row"], r["value"], r["done"]) for r in listed] == [(str(LATE), late, "set to missing")]


def book(rows: int) -> bytes:
    """id, price and town; errors on rows 3 and last of price, 5 of town, and above the table."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        first, sheet = made.add_worksheet("Cover"), made.add_worksheet("Data & more")
        first.write_formula(0, 0, "=1/0", None, "#DIV/0!")
        for line in range(rows + 1):
            sheet.write_row(line + 1, 1, ["id", "price", "town"] if not line else [line, line / 2, "Ulm"])
        sheet.write_formula(4, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(rows + 1, 2, "=NA()", None, "#N/A")
        sheet.write_formula(6, 3, "=A0", None, "#REF!")
    return out.getvalue()


@pytest.mark.parametrize("rows", [20, 30_000])
def test_errors_of_a_workbook_are_listed_and_never_lost(tmp_path: Path, rows: int) -> None:
    chosen = Reading().correct({"sheet": "Data & more"})
    done, kept, listed = read(tmp_path, book(rows), "t.xlsx", chosen)
    types = {c["name"]: c["type"] for c in done.columns}
    assert types["price"] == "number" and types["town"] == "text"
    assert sorted((int(r["row"]), r["column"], r["value"], r["done"]) for r in listed) == [
        (3, "price", "#DIV/0!", "set to missing"), (5, "town", "#REF!", "set to missing"), (rows, "price", "#N/A", "set to missing"),
    ]  # fmt: skip
    assert all("error" in r["reason"] for r in listed)
    assert kept[2]["price"] is None and kept[3]["price"] == 2.0 and kept[4]["town"] is None
    assert done.read_as.columns["price"]["on_misfit"] == "set_missing"

    as_text = done.read_as.correct(
        {
            "sheet": "Data & more",
            "columns": {n: {"type": types[n], "on_misfit": "keep_text"} for n in ("price", "town")},
        }
    )
    done, kept, listed = read(tmp_path, book(rows), "t.xlsx", as_text)
    assert kept[2]["price"] == "#DIV/0!" and kept[3]["price"] == "2" and kept[4]["town"] == "#REF!"
    assert len(listed) == 3 and {r["done"] for r in listed} == {"kept as text"}
    with pytest.raises(IntakeError) as stopped:
        read(tmp_path, book(rows), "t.xlsx", as_text.correct({"columns": {"price": {"type": "number", "on_misfit": "stop"}}}))  # fmt: skip
    assert stopped.value.row == 3 and "#DIV/0!" in stopped.value.text
    seen = sniff(tmp_path / "source", "t.xlsx", tmp_path, chosen)
    assert seen.typed[2][1] is None and seen.reading.columns["price"]["type"] == "number"


def test_errors_of_an_open_document_are_listed(tmp_path: Path) -> None:
    """LibreOffice writes them as empty text or as 0 beside what is shown; repeated cells and rows are many."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    made, other, table = OpenDocumentSpreadsheet(), Table(name="other"), Table(name="t")
    made.spreadsheet.addElement(other)
    made.spreadsheet.addElement(table)

    def row(*cells: tuple[str, dict[str, Any]], **about: Any) -> None:
        line = TableRow(**about)
        for shown, kind in cells:
            cell = TableCell(**kind)
            cell.addElement(P(text=shown))
            line.addElement(cell)
        table.addElement(line)

    text = {"valuetype": "string"}
    number = {"valuetype": "float", "value": "2"}
    row(("a", text), ("b", text), ("c", text))
    row(("2", number), ("2", number), ("2", number))
    row(("2", number), ("#DIV/0!", {"valuetype": "string", "stringvalue": "", "formula": "of:=1/0", "numbercolumnsrepeated": "2"}), numberrowsrepeated="2")  # fmt: skip
    row(("Err:502", {"valuetype": "float", "value": "0", "formula": "of:=X"}), ("2", number), ("2", number))
    row(("2", number), ("2", number), ("fine #1", text))
    made.save(str(tmp_path / "t.ods"))
    chosen = Reading().correct({"sheet": "t"})
    done, kept, listed = read(tmp_path, (tmp_path / "t.ods").read_bytes(), "t.ods", chosen)
    assert sorted((r["row"], r["column"], r["value"]) for r in listed) == [
        ("2", "b", "#DIV/0!"), ("2", "c", "#DIV/0!"), ("3", "b", "#DIV/0!"), ("3", "c", "#DIV/0!"), ("4", "a", "Err:502"),
    ]  # fmt: skip
    assert [tuple(r.values()) for r in kept] == [(2, 2, "2"), (2, None, None), (2, None, None), (None, 2, "2"), (2, 2, "fine #1")]  # fmt: skip
    assert any("a: 1 cell holds an error" in note for note in done.notes)


places = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=8)


def sheet(format: str, top: int, left: int, errors: set[tuple[int, int]]) -> bytes:
    """Six rows of four columns of numbers under a header, with errors at (row, column); empty above and at the left."""
    names = [[f"c{n}" for n in range(4)], *([float(10 * row + n) for n in range(4)] for row in range(6))]
    out = io.BytesIO()
    if format == "xlsx":
        with xlsxwriter.Workbook(out) as made:
            page = made.add_worksheet("t")
            for line, row in enumerate(names):
                for place, value in enumerate(row):
                    page.write(top + line, left + place, value)
                    if (line - 1, place) in errors:
                        page.write_formula(top + line, left + place, "=1/0", None, "#DIV/0!")
        return out.getvalue()
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book, table = OpenDocumentSpreadsheet(), Table(name="t")
    if top:
        table.addElement(TableRow(numberrowsrepeated=str(top)))
    for line, row in enumerate(names):
        made_row = TableRow()
        if left:
            made_row.addElement(TableCell(numbercolumnsrepeated=str(left)))
        for place, value in enumerate(row):
            error = (line - 1, place) in errors
            kind = (
                {"valuetype": "string"}
                if not line
                else {"valuetype": "float", "value": "0" if error else str(value)}
            )
            cell = TableCell(**kind)
            cell.addElement(P(text="#DIV/0!" if error else str(value)))
            made_row.addElement(cell)
        table.addElement(made_row)
    book.spreadsheet.addElement(table)
    book.save(out)
    return out.getvalue()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["xlsx", "ods"]), st.integers(0, 3), st.integers(0, 3), places)
def test_every_error_is_listed_once_wherever_the_table_stands(
    format: str, top: int, left: int, errors: set[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chosen = Reading().correct({"header_row": top + 1, "has_header": True}) if top else None
        _, kept, listed = read(Path(folder), sheet(format, top, left, errors), f"t.{format}", chosen)
    assert sorted((int(r["row"]) - 1, int(r["column"][1:])) for r in listed) == sorted(errors)
    for row, values in enumerate(kept):
        for place in range(4):
            wanted = None if (row, place) in errors else 10 * row + place
            assert values[f"c{place}"] == wanted


def test_a_sheet_whose_rows_are_out_of_order_is_refused(tmp_path: Path) -> None:
    source = zipfile.ZipFile(io.BytesIO(book(20)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet2.xml"):
                start, end = content.index(b'<row r="5"'), content.index(b'<row r="6"')
                content = content[:start] + content[end:].replace(b"</sheetData>", content[start:end] + b"</sheetData>")  # fmt: skip
            made.writestr(name, content)
    with pytest.raises(IntakeError) as broken:
        read(tmp_path, out.getvalue(), "t.xlsx", Reading().correct({"sheet": "Data & more"}))
    assert broken.value.code == "xlsx.broken" and not (tmp_path / "out.parquet").exists()
