"""What the pipeline does to real-looking values, against plain Python, whatever the size of a batch."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline.engine import run
from jobs.pipeline.faults import StepError
from jobs.pipeline.intake import to_parquet
from jobs.pipeline.writers import write

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=40, deadline=None, derandomize=True)

text = st.one_of(
    st.none(), st.sampled_from(["UA", " UA ", "u\u00e9", "AA", "=1+1", "-", "a  b", "\x1f", "1"])
)
rows = st.lists(
    st.tuples(text, st.one_of(st.none(), st.integers(-(2**62), 2**62)), text), min_size=1, max_size=40
)
Row = tuple[Any, Any, Any]


def never() -> bool:
    return False


def did(given: list[Row], steps: list[dict[str, Any]], key: bytes = b"k", batch: int = 7) -> list[Row]:
    """Run the steps over columns a (text), n (integer), b (text)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        schema = pa.schema([("a", pa.string()), ("n", pa.int64()), ("b", pa.string())])
        columns = list(zip(*given, strict=True))
        pq.write_table(pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema),
                       folder / "in.parquet")  # fmt: skip
        result = run({"steps": steps}, folder / "in.parquet", folder, key=key, progress=lambda *_: None,
                     cancelled=never, batch=batch)  # fmt: skip
        table = pq.read_table(result.path)
        assert result.rows_out == table.num_rows
        return [tuple(row.values()) for row in table.to_pylist()]


def step(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "params": params}


@BRIEF
@given(rows, st.integers(1, 50))
def test_steps_do_what_plain_python_does(given: list[Row], batch: int) -> None:
    def go(*steps: dict[str, Any]) -> list[Row]:
        return did(given, list(steps), batch=batch)

    every = list(given)
    assert go(step("select", columns=["a", "n", "b"])) == every, "nothing asked, nothing changed"
    assert go(step("drop_missing", columns=["a", "n"])) == [r for r in every if None not in r[:2]]
    assert go(step("filter", column="n", op="gte", value=["0"])) == [
        r for r in every if r[1] is not None and r[1] >= 0
    ]
    trimmed = [(None if a is None else " ".join(a.split(" ")).strip(), n, b) for a, n, b in every]
    squeezed = [(None if a is None else " ".join(w for w in a.split(" ") if w), n, b) for a, n, b in trimmed]
    known = [
        (a, b)
        for a, b in zip(go(step("trim", columns=["a"])), squeezed, strict=True)
        if "\x1f" not in (b[0] or "")
    ]
    assert all(got == wanted for got, wanted in known)
    assert go(step("deduplicate")) == list(dict.fromkeys(every))
    ranged = go(step("range_check", column="n", min="-10", max="10", on_fail="set_missing"))
    assert [r[1] for r in ranged] == [n if n is not None and -10 <= n <= 10 else None for _, n, _ in every]


@BRIEF
@given(rows, st.integers(2, 5), st.integers(1, 50))
def test_no_group_smaller_than_agreed_leaves(given: list[Row], k: int, batch: int) -> None:
    left = did(given, [step("suppress_small_groups", by=["a", "b"], k=k)], batch=batch)
    sizes = Counter((a, b) for a, _, b in given)
    assert left == [r for r in given if sizes[r[0], r[2]] >= k]


@BRIEF
@given(rows, st.integers(1, 50))
def test_pseudonyms_agree_within_a_contract_and_nowhere_else(given: list[Row], batch: int) -> None:
    locked = [step("pseudonymise", columns=["a", "n"])]
    one, other = did(given, locked, b"one", batch), did(given, locked, b"two", 50)
    for (a, n, _), (token, number, _), (elsewhere, _, _) in zip(given, one, other, strict=True):
        wanted = None if a is None else "p_" + hmac.new(b"one", a.encode(), hashlib.sha256).hexdigest()[:32]
        assert token == wanted
        assert (number is None) is (n is None)
        assert token is None or token != elsewhere


def test_a_value_that_does_not_fit_is_named_with_its_row() -> None:
    with pytest.raises(StepError) as found:
        did([("1", 1, None)] * 9 + [("UA", 1, None)], [step("cast", column="a", to="integer")], batch=4)
    assert (found.value.row, found.value.column, found.value.step) == (10, "a", 0)
    assert "'UA'" in str(found.value)
    assert found.value.remedy


EXACT = "id,zip,amount,big,gap\n1,01234,0.1000000000000000055511151231257827,9007199254740993,1\n2,00001,12345678901234567890.5,,\n"


def test_what_goes_in_comes_out_to_the_last_digit(tmp_path: Path) -> None:
    source = tmp_path / "exact.csv"
    source.write_text(EXACT, encoding="utf-8")
    read = to_parquet(
        source, "exact.csv", tmp_path / "exact.parquet", progress=lambda *_: None, cancelled=never
    )
    assert read.rows == 2
    for form in ("csv", "jsonl"):
        write(tmp_path / "exact.parquet", tmp_path / f"out.{form}", form)
    back = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [r["zip"] for r in back] == ["01234", "00001"]
    assert [r["big"] for r in back] == ["9007199254740993", ""]
    assert [r["gap"] for r in back] == ["1", ""]
    wanted = [Decimal("0.1000000000000000055511151231257827"), Decimal("12345678901234567890.5")]
    assert [Decimal(r["amount"]) for r in back] == wanted
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines[0]["big"] == 9007199254740993
    assert lines[1]["big"] is None


def test_cells_that_a_spreadsheet_would_run_are_made_harmless_and_counted(tmp_path: Path) -> None:
    cells = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "fine", None]
    pq.write_table(pa.table({"=a": pa.array(cells, pa.string())}), tmp_path / "t.parquet")
    done = write(tmp_path / "t.parquet", tmp_path / "t.csv", "csv")
    assert done.neutralised_cells == 7, "six cells and the header"
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as handle:
        back = [row["'=a"] for row in csv.DictReader(handle)]
    assert all(cell[:1] not in tuple("=+-@\t\r") for cell in back if cell)
