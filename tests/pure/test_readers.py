"""Tables written in every format come back to the last character; noise never causes more than a clear refusal."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import Reading, looking, sniff, to_parquet
from jobs.pipeline.intake.kinds import Kind, Marks, convert

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = ["a", "b b", "ç"]
TEXT = Reading().correct(
    {"has_header": True, "header_row": 1, "columns": {n: {"type": "text"} for n in NAMES}}
)

letters = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=8
)
cell = st.one_of(
    st.none(),
    letters,
    st.sampled_from(["", "NA", "007", "1.50", "-0", "1e400", "9223372036854775808", "31/02/2020", "a\nb", 'say "x"', "x;y,z\tw|v", " pad ", "=1"]),
)  # fmt: skip
tables = st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12)
Rows = list[tuple[Any, ...]]


def back(content: bytes, name: str, reading: Reading | None = None) -> tuple[Any, Rows]:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "in", Path(folder) / "work" / "out.parquet"
        out.parent.mkdir()
        path.write_bytes(content)
        done = to_parquet(path, name, out, reading=reading, progress=lambda *_: None, cancelled=lambda: False)
        assert list(out.parent.iterdir()) == [out], "nothing but the Parquet is left"
        return done, [tuple(row.values()) for row in pq.read_table(out).to_pylist()]


def as_csv(rows: Rows, delimiter: str, quote: str, end: str) -> bytes:
    """As most programs write it: text in quotes, missing as nothing, so that empty text and missing differ."""

    def one(value: str | None) -> str:
        return "" if value is None else quote + value.replace(quote, quote * 2) + quote

    lines = [delimiter.join(one(value) for value in row) for row in [NAMES, *rows]]
    return (end.join(lines) + end).encode()


@BRIEF
@given(
    tables,
    st.sampled_from([",", ";", "\t", "|", "~"]),
    st.sampled_from(['"', "'"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_csv_of_any_dialect_comes_back_exactly(rows: Rows, delimiter: str, quote: str, end: str) -> None:
    said = TEXT.correct({"delimiter": delimiter, "quote": quote})
    done, found = back(as_csv(rows, delimiter, quote, end), "t.csv", said)
    assert found == rows
    assert [c["name"] for c in done.columns] == NAMES


@BRIEF
@given(tables, st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "gzip", "zstd"]))
def test_csv_in_any_wrapping_comes_back_exactly(rows: Rows, wrapping: str) -> None:
    content = as_csv(rows, ",", '"', "\n")
    wrapped = {"gzip": gzip.compress, "zstd": lambda c: pa.compress(c, "zstd", asbytes=True)}.get(wrapping)
    packed = wrapped(content) if wrapped else content.decode().encode(wrapping)
    done, found = back(packed, "t.csv", TEXT.correct({"delimiter": ",", "quote": '"'}))
    assert found == rows
    assert wrapping in (done.read_as.encoding, done.read_as.compression)


@BRIEF
@given(tables)
def test_json_comes_back_exactly(rows: Rows) -> None:
    objects = [dict(zip(NAMES, row, strict=True)) for row in rows]
    lines = "".join(json.dumps(o) + "\n" for o in objects)
    said = Reading().correct({"columns": TEXT.as_dict()["columns"]})
    for content in (json.dumps(objects), json.dumps({"n": 1, "rows": objects}, indent=1), lines):
        _, found = back(content.encode(), "t.json", said)
        assert found == rows


@BRIEF
@given(tables)
def test_columnar_files_come_back_exactly(rows: Rows) -> None:
    table = pa.table([pa.array(c, pa.string()) for c in zip(*rows, strict=True)], names=NAMES)
    table = table.append_column("n", pa.array([2**62 + i for i in range(len(rows))], pa.int64()))
    for write in (pq.write_table, feather.write_feather, _stream):
        out = io.BytesIO()
        write(table, out)
        done, found = back(out.getvalue(), "t")
        assert found == [(*row, 2**62 + i) for i, row in enumerate(rows)]
        assert [c["type"] for c in done.columns] == ["text"] * 3 + ["integer"]


def _stream(table: pa.Table, out: Any) -> None:
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)


@settings(BRIEF, max_examples=12)
@given(tables)
def test_workbooks_come_back_exactly(rows: Rows) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_numbers": False, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("t")
        for line, row in enumerate([NAMES, *rows]):
            for place, value in enumerate(row):
                if value:
                    sheet.write_string(line, place, value)
        sheet.write_string(len(rows) + 1, 0, "end")
    _, found = back(out.getvalue(), "t.xlsx", TEXT)
    assert [tuple((v or "").replace("\r\n", "\n") for v in row) for row in found[:-1]] == [tuple(v or "" for v in row) for row in rows]  # fmt: skip


def test_open_document_sheets_are_read(tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book, table = OpenDocumentSpreadsheet(), Table(name="t")
    for values in (["a", "b"], ["007", "x"], ["1", "y"]):
        row = TableRow()
        for value in values:
            found = TableCell(valuetype="string")
            found.addElement(P(text=value))
            row.addElement(found)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    book.save(str(tmp_path / "t.ods"))
    done, found = back((tmp_path / "t.ods").read_bytes(), "t.ods")
    assert (done.read_as.format, found) == ("ods", [("007", "x"), ("1", "y")])


# Each kind: what its exact values look like in Python, from the text.
numbers = st.one_of(
    st.integers(-(10**40), 10**40).map(str), st.decimals(allow_nan=True, allow_infinity=True).map(str), st.floats().map(repr),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?(e-?[0-9]{1,3})?", fullmatch=True), st.sampled_from(["007", "-0", "1e400", "1e-400", ".5", "+1"]),
)  # fmt: skip


@BRIEF
@given(st.lists(numbers, min_size=1, max_size=20))
def test_a_number_changes_nothing_or_is_not_made(texts: list[str]) -> None:
    from decimal import Decimal

    column = pa.array(texts, pa.string())
    for kind in (Kind("integer"), Kind("number"), Kind("decimal", 4)):
        fit = convert(column, kind, Marks())
        for text, value in zip(texts, fit.values.to_pylist(), strict=True):
            if value is None:
                continue
            assert Decimal(text) == Decimal(repr(value) if isinstance(value, float) else value), (text, kind)
            assert kind.name != "integer" or text == str(value)
        assert (fit.bad is None) == (fit.values.null_count == 0)


@BRIEF
@given(
    st.lists(st.dates(), min_size=1, max_size=20),
    st.sampled_from(["ymd", "dmy", "mdy"]),
    st.sampled_from("-/."),
    st.booleans(),
)
def test_dates_in_any_order_are_the_dates_that_were_written(
    days: list[Any], order: str, mark: str, padded: bool
) -> None:
    def write(day: Any) -> str:
        width = 2 if padded else 1
        parts = {"y": f"{day.year:04d}", "m": f"{day.month:0{width}d}", "d": f"{day.day:0{width}d}"}
        return mark.join(parts[letter] for letter in order)

    column = pa.array([write(day) for day in days])
    assert convert(column, Kind("date"), Marks(date_order=order)).values.to_pylist() == days
    times = pa.array([write(day) + " 9:05:07.25" for day in days])
    found = convert(times, Kind("timestamp"), Marks(date_order=order)).values.to_pylist()
    assert [t.isoformat() for t in found] == [f"{day.isoformat()}T09:05:07.250000" for day in days]


MARKS = [(",", "."), (",", " "), (".", ","), (".", "'"), (",", ""), (".", "")]


@BRIEF
@given(st.lists(st.integers(-(10**11), 10**11), min_size=3, max_size=30), st.sampled_from(MARKS))
def test_marks_of_numbers_are_guessed_and_lose_no_digit(cents: list[int], marks: tuple[str, str]) -> None:
    decimal, thousands = marks

    def write(value: int) -> str:
        whole, part = divmod(abs(value), 100)
        text = f"{whole:,}".replace(",", thousands) + decimal + f"{part:02d}"
        return ("-" if value < 0 and abs(value) else "") + text

    cents = [*cents, 1_234_567_89]
    content = "id;v\n" + "".join(f"x{i};{write(c)}\n" for i, c in enumerate(cents))
    done, found = back(content.encode(), "t.csv")
    assert [round(row[1] * 100) for row in found] == cents, done.notes
    assert (done.read_as.decimal, done.read_as.thousands) == marks


def test_types_are_right_for_the_whole_file_though_its_beginning_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looking, "LOOKED_AT", 50)
    late = ["1"] * 400 + ["2.5"]
    gone = [""] * 400 + ["x"]
    big = ["7"] * 400 + ["9223372036854775808"]
    odd = ["3"] * 400 + ["03"]
    content = "a,b,c,d\n" + "".join(",".join(row) + "\n" for row in zip(late, gone, big, odd, strict=True))
    done, found = back(content.encode(), "t.csv")
    assert [c["type"] for c in done.columns] == ["number", "text", "decimal", "text"]
    assert done.misfits == {"d": {"leading_zero": 1}}
    assert [str(v) for v in found[-1]] == ["2.5", "x", "9223372036854775808", "03"]


def test_a_reading_survives_json_and_the_next_version(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_bytes(b"Title\na;b;day\n1,5;x;01/02/2020\n2,5;y;03/04/2020\n")
    seen = sniff(first, "t.csv", tmp_path)
    assert seen.confidence["date_order"] == "unsure"
    known = seen.reading.correct(
        {"date_order": "dmy", "columns": {"b": {"type": "integer", "on_misfit": "set_missing"}}}
    )
    assert Reading.from_dict(json.loads(json.dumps(known.as_dict()))) == known
    again = sniff(first, "t.csv", tmp_path, known)
    assert again.typed[0] == ["1.5", None, "2020-02-01"]
    assert again.misfits[0]["column"] == "b"
    second = tmp_path / "second"
    second.write_bytes(b"Title\na;day\n1,5;01/02/2020\n")
    later = sniff(second, "t.csv", tmp_path, known.as_dict())
    assert later.typed == [["1.5", "2020-02-01"]]
    assert any("b had a type chosen" in note for note in later.notes)
    for wrong in (
        {"delimiter": "ab"},
        {"nonsense": 1},
        {"decimal": ";"},
        {"columns": {"a": {"type": "money"}}},
    ):
        with pytest.raises(ValueError):
            known.correct(wrong)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first", "second"]


def _valid() -> dict[str, bytes]:
    rows = [("a", 'x "y"', "1"), ("b", "é", "2.5"), ("c", "", "2020-01-01")] * 20
    table = pa.table([pa.array(c) for c in zip(*rows, strict=True)], names=NAMES)
    found: dict[str, bytes] = {
        "t.csv": as_csv(rows, ",", '"', "\n"),
        "t.json": json.dumps([dict(zip(NAMES, r, strict=True)) for r in rows]).encode(),
    }
    found["t.jsonl"] = "".join(json.dumps(dict(zip(NAMES, r, strict=True))) + "\n" for r in rows).encode()
    found["t.csv.gz"] = gzip.compress(found["t.csv"])
    found["t.csv.zst"] = pa.compress(found["t.csv"], "zstd", asbytes=True)
    for name, write in (
        ("t.parquet", pq.write_table),
        ("t.arrow", feather.write_feather),
        ("t.arrows", _stream),
    ):
        out = io.BytesIO()
        write(table, out)
        found[name] = out.getvalue()
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("t")
        for line, row in enumerate([NAMES, *rows]):
            sheet.write_row(line, 0, row)
    found["t.xlsx"] = out.getvalue()
    return found


VALID = _valid()


def _only_a_refusal(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, work = Path(folder) / "in", Path(folder) / "work"
        work.mkdir()
        path.write_bytes(content)
        looks: list[Callable[[], Any]] = [
            lambda: sniff(path, name, work).as_dict(),
            lambda: to_parquet(
                path,
                name,
                work / "out",
                misfits=work / "m",
                progress=lambda *_: None,
                cancelled=lambda: False,
            ),
        ]
        for look in looks:
            try:
                assert json.dumps(look() if isinstance(look(), dict) else look().as_dict())
            except IntakeError as fault:
                assert fault.text
                assert not list(work.iterdir())


@settings(BRIEF, max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")),
                 st.text('ab,;"\'\n\r\t 1.é[]{}:', max_size=120).map(str.encode)), st.sampled_from(sorted(VALID)))  # fmt: skip
@example(b'"', "t.csv")
@example(b"[", "t.json")
@example(b'{"a":', "t.jsonl")
@example(b"\xff\xff\xff\xff", "t.arrow")
def test_noise_is_refused_and_nothing_worse(content: bytes, name: str) -> None:
    _only_a_refusal(content, name)


@settings(BRIEF, max_examples=200)
@given(
    st.sampled_from(sorted(VALID)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=3),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_damaged_file_is_refused_and_nothing_worse(
    name: str, changes: list[tuple[float, bytes]], end: float, cut: bool
) -> None:
    content = bytearray(VALID[name])
    for where, what in changes:
        at = int(where * (len(content) - 1))
        content[at : at + len(what)] = what
    _only_a_refusal(bytes(content[: int(len(content) * end)] if cut else content), name)
