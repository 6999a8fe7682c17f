"""Files that are broken, malicious or just odd: each is read exactly, or refused with a clear reason; nothing is left."""

from __future__ import annotations

import csv
import gzip
import io
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from jobs.pipeline.faults import Fault, IntakeError
from jobs.pipeline.intake import Intake, Reading, sniff, to_parquet

pytestmark = pytest.mark.pure
CSV = b"a,b,c\n1,x,2020-01-02\n2,y,2020-01-03\n"
WIDE = [f"c{i}" for i in range(5_001)]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000


def read(path: Path, name: str, folder: Path, **more: Any) -> Intake:
    return to_parquet(
        path, name, folder / "out.parquet", misfits=folder / "misfits.csv.gz", progress=lambda *_: None,
        cancelled=lambda: False, **more,
    )  # fmt: skip


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def given(work: Path, content: bytes) -> Path:
    path = work.parent / "original"
    path.write_bytes(content)
    return path


def rows(work: Path) -> list[dict[str, Any]]:
    return pq.read_table(work / "out.parquet").to_pylist()


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def with_password() -> bytes:
    """A zip whose member says that it is encrypted."""
    found = bytearray(zipped(("a.csv", CSV)))
    found[6] |= 1
    found[found.index(b"PK\x01\x02") + 8] |= 1
    return bytes(found)


def workbook(fill: Callable[[Any], None]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        fill(book.add_worksheet("data"))
        book.add_worksheet("more")
    return out.getvalue()


def table_bytes(table: pa.Table, form: str = "parquet") -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out) if form == "parquet" else feather.write_feather(table, out)
    return out.getvalue()


SHEET = workbook(lambda s: (s.write_row(0, 0, ["a", "b"]), s.write_row(1, 0, [1, "x"])))
PARQUET = table_bytes(pa.table({"a": list(range(2_000)), "b": ["x", "y"] * 1_000}))

# name of the case: (file name, content, code, a word that the text must hold, row)
REFUSED: dict[str, tuple[str, bytes, str, str, int | None]] = {
    "empty": ("x.csv", b"", "file.empty", "empty", None),
    "empty lines": ("x.csv", b"\n\n\r\n", "file.empty", "empty lines", None),
    "header only": ("x.csv", b"a,b\n", "file.no_rows", "no row", None),
    "header only, no line end": ("x.csv", b"a,b", "file.no_rows", "no row", None),
    "too many columns": ("x.csv", ",".join(WIDE).encode() + b"\n" + b"1," * 5_000 + b"1\n", "columns.too_many", "5,001", None),
    "row too long": ("x.csv", CSV + b"1,2,3,4\n", "csv.ragged", "Row 3 has 4 cells", 3),
    "row too short": ("x.csv", CSV + b"1\n", "csv.ragged", "Row 3 has 1 cell", 3),
    "zero byte": ("x.csv", CSV + b"1,\x00,2\n", "file.zero_byte", "Line 4", 4),
    "two encodings": ("x.csv", "n,v\ncafé,1\n".encode() + "straße,2\n".encode("latin-1"), "file.encoding_mixed", "line 3", 3),
    "half a UTF-16 character": ("x.csv", CSV.decode().encode("utf-16") + b"x", "file.encoding", "utf-16", None),
    "quote never closes": ("x.csv", b'a,b\n1,"x\n2,y\n3,z\n', "csv.quote_open", "Row 1", 1),
    "quote open at the end": ("x.csv", b'a,b\n1,x\n2,"y', "csv.quote_open", "Row 2", 2),
    "quote over many megabytes": ("x.csv", b'a,b\n1,"x\n' + b"2,y\n" * 2_500_000, "csv.quote_open", "Line 2", 2),
    "a line of 9 MB": ("x.csv", b"a,b\n1,2\n" + b"x" * (9 << 20), "csv.row_too_long", "Line 3", 3),
    "half a gzip": ("x.csv.gz", gzip.compress(CSV * 90)[:60], "archive.damaged", "cut off", None),
    "half a zstd": ("x.csv.zst", pa.compress(CSV * 90, "zstd", asbytes=True)[:-5], "archive.damaged", "Zstandard", None),
    "a bomb": ("x.csv.gz", gzip.compress(bytes(65 << 20), 9), "archive.bomb", "far more", None),
    "a bomb in a zip": ("x.zip", zipped(("a.csv", bytes(65 << 20))), "archive.bomb", "far more", None),
    "zip with several files": ("x.zip", zipped(("a.csv", CSV), ("b.csv", CSV)), "archive.members", "a.csv, b.csv", None),
    "zip in a zip": ("x.zip", zipped(("a.zip", zipped(("b.csv", CSV)))), "archive.nested", "inside", None),
    "gzip in a zip": ("x.zip", zipped(("a.gz", gzip.compress(CSV))), "archive.nested", "inside", None),
    "zip with a password": ("x.zip", with_password(), "archive.password", "password", None),
    "a picture": ("x.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file.not_a_table", "PNG", None),
    "a program": ("x.csv", b"\x7fELF" + bytes(range(256)), "file.not_a_table", "program", None),
    "any bytes": ("x.csv", bytes(range(256)) * 20, "file.not_a_table", "not text", None),
    "text called Parquet": ("x.parquet", CSV, "file.not_what_it_says", "Parquet", None),
    "text called Excel": ("x.xlsx", CSV, "file.not_what_it_says", "Excel", None),
    "workbook cut off": ("x.xlsx", SHEET[:-60], "xlsx.broken", "damaged", None),
    "workbook with a password": ("x.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "xlsx.password", "password", None),
    "old workbook": ("x.xls", OLE, "file.not_a_table", "2003", None),
    "workbook without rows": ("x.xlsx", workbook(lambda s: None), "file.no_rows", "empty", None),
    "Parquet of noise": ("x.parquet", b"PAR1" + bytes(range(200)), "parquet.broken", "cannot be read", None),
    "Parquet cut off": ("x.parquet", PARQUET[:-40], "parquet.broken", "cannot be read", None),
    "Arrow cut off": ("x.arrow", table_bytes(pa.table({"a": [1, 2]}), "feather")[:-9], "parquet.broken", "cannot be read", None),
    "Parquet without rows": ("x.parquet", table_bytes(pa.table({"a": pa.array([], pa.int64())})), "file.no_rows", "no row", None),
    "JSON that breaks off": ("x.json", b'[{"a":1},{"a":', "json.broken", "Line 1", 1),
    "JSON nested without end": ("x.json", b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "json.broken", "deep", None),
    "JSON of numbers": ("x.json", b"[1,2,3]", "json.object", "not an object", 1),
    "JSON with a key twice": ("x.json", b'[{"a":1,"a":2}]', "json.broken", "twice", 1),
    "JSON with two tables": ("x.json", b'{"a":[{"x":1}],"b":[{"y":1}]}', "json.arrays", "a and b", None),
    "JSON with half a character": ("x.json", b'[{"a":"\\ud800"}]', "json.text", "surrogate", 1),
    "JSON Lines with a broken line": ("x.jsonl", b'{"a":1}\n{"a":\n{"a":3}\n', "jsonl.line", "Line 2", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_reason_and_leaves_nothing(case: str, work: Path) -> None:
    name, content, code, word, row = REFUSED[case]
    path = given(work, content)
    with pytest.raises(IntakeError) as found:
        read(path, name, work)
    fault = found.value
    assert (fault.code, fault.row if row else None) == (code, row), fault.text
    assert word in fault.text
    assert fault.remedy
    assert list(work.iterdir()) == []
    try:
        assert sniff(path, name, work).names, "a first look may still show the rows"
    except IntakeError as seen:
        assert seen.text
        assert seen.remedy
    assert list(work.iterdir()) == []


# name of the case: (file name, content, the first row, columns of the first row's types, a word in the notes)
ACCEPTED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "one column": ("x.csv", b"a\n1\n\n2\n", {"a": 1}, ""),
    "duplicate and empty headers": ("x.csv", b"a,a,\n1,2,3\n", {"a": 1, "a_2": 2, "column_3": 3}, "stands twice"),
    "a header of 10 kB": ("x.csv", b"a" * 10_000 + b",b\n1,2\n", {"a" * 200: 1, "b": 2}, "10,000 characters"),
    "UTF-8 with a mark": ("x.csv", b"\xef\xbb\xbf" + CSV, {"a": 1, "b": "x"}, ""),
    "UTF-16": ("x.csv", CSV.decode().encode("utf-16"), {"a": 1, "b": "x"}, ""),
    "UTF-16 without a mark": ("x.csv", CSV.decode().encode("utf-16-be"), {"a": 1, "b": "x"}, ""),
    "UTF-32": ("x.csv", CSV.decode().encode("utf-32"), {"a": 1, "b": "x"}, ""),
    "Windows text": ("x.csv", "n,v\n€ café,1\n".encode("cp1252"), {"n": "€ café", "v": 1}, "cp1252"),
    "Latin-1": ("x.csv", b"n,v\nb\x81\xe9,1\n", {"n": "b\x81é"}, "latin-1"),
    "paths upward in a zip": ("x.zip", zipped(("../../../etc/passwd", CSV)), {"a": 1}, ""),
    "zstd": ("whatever", pa.compress(CSV, "zstd", asbytes=True), {"a": 1}, ""),
    "wrong extension": ("x.json", CSV, {"a": 1}, ""),
    "Excel called CSV": ("x.csv", SHEET, {"a": 1, "b": "x"}, "Only the sheet"),
    "formulas": ("x.xlsx", workbook(lambda s: (s.write(0, 0, "a"), s.write_formula(1, 0, "=1+1", None, 2))), {"a": 2}, "formulas"),
    "formula errors": ("x.xlsx", workbook(lambda s: (s.write_row(0, 0, ["a", "b"]), s.write_row(1, 0, [5]), s.write_formula(1, 1, "=1/0", None, "#DIV/0!"))), {"a": 5, "b": None}, "#DIV/0!"),
    "a formula in text": ("x.csv", b"a,b\n=1+1,2\n", {"a": "=1+1", "b": 2}, ""),
    "titles above": ("x.csv", b"Report of 2020\nby me\n\na,b,c\n1,2,3\n4,5,6\n", {"a": 1, "b": 2, "c": 3}, "begins on line 4"),
    "no header": ("x.csv", b"1,2.5,x\n2,3.5,y\n3,4.5,z\n", {"column_1": 1, "column_2": 2.5}, "column_1"),
    "nested Parquet": ("x.parquet", table_bytes(pa.table({"a": [{"k": [1, 2]}], "n": [1]})), {"a": '{"k": [1, 2]}', "n": 1}, "JSON text"),
    "nanoseconds": ("x.parquet", table_bytes(pa.table({"t": pa.array([1], pa.timestamp("ns")), "n": [1]})), {"t": "1970-01-01 00:00:00.000000001"}, "kept as text"),
    "31 February": ("x.csv", b"d,n\n2020-02-31,1\n2020-02-01,2\n", {"d": "2020-02-31", "n": 1}, ""),
    "year 1 and year 0": ("x.csv", b"d,e\n0001-01-01,0000-01-01\n", {"e": "0000-01-01"}, ""),
    "both date orders": ("x.csv", b"d,n\n13/01/2020,1\n01/13/2020,2\n", {"d": "13/01/2020"}, "mixes"),
    "1e400": ("x.csv", b"a,b\n1e400,1e-400\n", {"a": "1e400", "b": "1e-400"}, ""),
    "infinity": ("x.csv", b"a,b\nInfinity,1\n2,-inf\n", {"a": "Infinity", "b": "1"}, ""),
    "NaN": ("x.csv", b"a,b\nNaN,1\n2,2\n", {"a": None, "b": 1}, "taken for missing: NaN (1)"),
    "more than 64 bits": ("x.csv", b"a,b\n9223372036854775808,007\n", {"b": "007"}, ""),
    "JSON beside other keys": ("x.json", b'{"meta":{"n":1},"data":[{"a":1.50}]}', {"a": 1.5}, "meta"),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_odd_is_read_as_it_is_and_said(case: str, work: Path) -> None:
    name, content, wanted, word = ACCEPTED[case]
    path = given(work, content)
    seen = sniff(path, name, work)
    done = read(path, name, work)
    first = rows(work)[0]
    assert {key: first[key] for key in wanted} == wanted
    assert word in " ".join(done.notes)
    assert seen.names == list(first)
    assert seen.reading.format == done.read_as.format
    assert Reading.from_dict(done.reading()) == done.read_as


def test_one_member_of_a_zip_can_be_chosen(work: Path) -> None:
    path = given(work, zipped(("a.csv", CSV), ("b.csv", b"q,r\n1,2\n")))
    read(path, "x.zip", work, reading=Reading().correct({"member": "b.csv"}))
    assert rows(work) == [{"q": 1, "r": 2}]


def test_five_thousand_columns_are_read(work: Path) -> None:
    path = given(work, ",".join(WIDE[:5_000]).encode() + b"\n" + b"1,x," * 2_499 + b"1,x\n")
    assert len(read(path, "x.csv", work).columns) == 5_000


def test_a_line_of_two_gigabytes_is_refused_at_once(work: Path) -> None:
    """Only its beginning costs disk; the rest is a hole in the file, which nobody gets to read."""
    path = given(work, b"a,b\n1,2\n" + b"x" * (20 << 20))
    os.truncate(path, 2 << 30)
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(IntakeError) as found:
        read(path, "x.csv", work)
    assert (found.value.code, found.value.row) == ("csv.row_too_long", 3)
    with pytest.raises(IntakeError) as found:
        sniff(path, "x.csv", work)
    assert found.value.code == "csv.row_too_long"
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10
    assert list(work.iterdir()) == []


def test_a_workbook_with_too_many_cells_is_refused_before_it_is_opened(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.pipeline.intake.sheets.LARGEST", 8 << 20)
    path = given(
        work, zipped(("xl/workbook.xml", b"<w/>"), ("xl/worksheets/sheet1.xml", b"<c/>" * (3 << 20)))
    )
    with pytest.raises(IntakeError) as found:
        read(path, "x.xlsx", work)
    assert found.value.code == "xlsx.too_large"
    assert "CSV or Parquet" in found.value.remedy


FULL = """
import resource, sys
from pathlib import Path
from jobs.pipeline.faults import Fault
from jobs.pipeline.intake import to_parquet
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
folder = Path(sys.argv[2])
try:
    to_parquet(Path(sys.argv[1]), sys.argv[3], folder / "out.parquet", misfits=folder / "m.gz", progress=lambda *_: None, cancelled=lambda: False)
except Fault as fault:
    print(fault.code, fault.remedy)
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_disk_that_becomes_full_in_the_middle_is_said_and_leaves_nothing(packed: bool, work: Path) -> None:
    noise = os.urandom(300_000).hex()
    content = b"a,b\n" + "".join(f"{noise[i : i + 30]},{i}\n" for i in range(0, 600_000, 30)).encode()
    path = given(work, gzip.compress(content) if packed else content)
    command = [sys.executable, "-c", FULL, str(path), str(work), "x.csv.gz" if packed else "x.csv"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.startswith("disk.full Tell your operator"), done.stderr[-2000:]
    assert list(work.iterdir()) == []


def test_someone_who_stops_the_reading_finds_nothing_left(work: Path) -> None:
    from jobs.pipeline.faults import Cancelled

    path = given(work, CSV * 10)
    with pytest.raises(Cancelled):
        to_parquet(path, "x.csv", work / "out.parquet", progress=lambda *_: None, cancelled=lambda: True)
    assert list(work.iterdir()) == []


MANY = b"n,t\n" + b"".join(b"%d,x\n" % i for i in range(20_000)) + b"=cmd,y\noops,z\n"


def test_the_few_that_do_not_fit_are_listed_and_the_steward_decides(work: Path) -> None:
    path = given(work, MANY)
    done = read(path, "x.csv", work)
    assert [c["type"] for c in done.columns] == ["text", "text"], (
        "one value that is no number, and the column stays text"
    )
    assert done.misfits == {"n": {"not_integer": 2}}
    assert done.read_as.columns["n"] == {"type": "integer", "on_misfit": "keep_text"}
    with gzip.open(work / "misfits.csv.gz", "rt", newline="") as handle:
        listed = list(csv.reader(handle))
    assert listed[1:] == [
        ["20001", "n", "'=cmd", "is no whole number", "kept as text"],
        ["20002", "n", "oops", "is no whole number", "kept as text"],
    ]
    blank = done.read_as.correct({"columns": {"n": {"type": "integer", "on_misfit": "set_missing"}}})
    done = read(path, "x.csv", work, reading=blank.as_dict())
    assert [c["type"] for c in done.columns] == ["integer", "text"]
    assert [r["n"] for r in rows(work)[-3:]] == [19_999, None, None]
    assert done.misfits == {"n": {"not_integer": 2}}
    with pytest.raises(Fault) as found:
        read(path, "x.csv", work, reading=blank.correct({"columns": {"n": {"on_misfit": "stop"}}}))
    assert (found.value.row, found.value.column) == (20_001, "n")
    assert "1 more value" in found.value.text
    assert list(work.iterdir()) == []


def test_a_list_that_grows_too_long_says_where_it_stops(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.pipeline.intake import convert
    from jobs.pipeline.intake.misfits import Misfits

    monkeypatch.setattr(convert, "Misfits", lambda path: Misfits(path, cap=5))
    path = given(work, b"n\n" + b"1\n" * 500 + b"x\n" * 40)
    chosen = Reading().correct({"columns": {"n": {"type": "integer", "on_misfit": "set_missing"}}})
    assert read(path, "x.csv", work, reading=chosen).misfits == {"n": {"not_integer": 40}}
    with gzip.open(work / "misfits.csv.gz", "rt") as handle:
        lines = handle.read().splitlines()
    assert len(lines) == 7
    assert "stops after 5; 40 did not fit" in lines[-1]


def test_rows_of_other_lengths_are_filled_up_in_their_place_when_asked(work: Path) -> None:
    path = given(work, b"a,b\n0\n1,x\n2\n3,y,z,w\n4,v\n5\n")
    done = read(path, "x.csv", work, reading=Reading().correct({"on_ragged": "set_missing"}))
    assert [tuple(r.values()) for r in rows(work)] == [
        (0, None),
        (1, "x"),
        (2, None),
        (3, "y"),
        (4, "v"),
        (5, None),
    ]
    assert done.misfits == {"(row)": {"too_few_cells": 3, "too_many_cells": 1}}
    with gzip.open(work / "misfits.csv.gz", "rt") as handle:
        listed = list(csv.reader(handle))[1:]
    assert [line[0] for line in listed] == ["1", "3", "4", "6"]
    assert listed[2][2] == "z,w"


UNCLOSED = """
import re, sys, time
from pathlib import Path
from jobs.pipeline.faults import Fault
from jobs.pipeline.intake import to_parquet
begun = time.process_time()
try:
    to_parquet(Path(sys.argv[1]), "x.csv", Path(sys.argv[2]) / "out.parquet", progress=lambda *_: None, cancelled=lambda: False)
except Fault as fault:
    print(fault.code, fault.row, int(time.process_time() - begun), int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10)
"""


@pytest.mark.parametrize(("ends", "code"), [(b"\n", "csv.quote_open"), (b" ", "csv.row_too_long")])
def test_two_hundred_megabytes_behind_a_quote_that_never_closes_are_soon_refused(work: Path, ends: bytes, code: str) -> None:  # fmt: skip
    """In time that grows with the file and memory that does not."""
    path = work.parent / "original"
    body = (b"2,some text that goes on and on and on" + ends) * 30_000
    with path.open("wb") as handle:
        handle.write(b"id,text\n1,fine\n" + b'2,"never' + ends)
        while handle.tell() < 200 << 20:
            handle.write(body)
    told = subprocess.run(
        [sys.executable, "-c", UNCLOSED, path, work], capture_output=True, text=True, timeout=60
    )
    found, row, seconds, megabytes = told.stdout.split()
    assert (found, row) == (code, "3"), told.stderr
    assert int(seconds) < 15 and int(megabytes) < 500
    assert list(work.iterdir()) == []
