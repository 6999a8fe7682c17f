"""What is measured of a table, against plain Python over the same rows; twice the same bytes; gaps, keys and groups."""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import warnings
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline.drift import drift
from jobs.pipeline.profile import likely_personal, measure, profile, sampled
from jobs.pipeline.profile import numbers as by_batch

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=25, deadline=None, derandomize=True)
NAME, TEXT = 'an "odd" name', st.sampled_from(["UA", "B6", "a", "", " x ", "Ünï", "N-12345", "long" * 90])
SCHEMA = pa.schema([
    (NAME, pa.string()), ("n", pa.int64()), ("f", pa.float64()), ("m", pa.decimal128(38, 2)),
    ("d", pa.date32()), ("t", pa.timestamp("us", tz="UTC")), ("file_row_number", pa.bool_()),
])  # fmt: skip
rows = st.lists(
    st.tuples(
        st.none() | TEXT,
        st.none() | st.integers(-5, 5) | st.integers(2**62, 2**63 - 1),
        st.none() | st.floats(-1e6, 1e6) | st.sampled_from([1e-9, 0.1]),
        st.none() | st.integers(-(10**6), 10**6).map(lambda n: Decimal(n) / 100),
        st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        st.none() | st.booleans(),
    ),
    max_size=30,
)


def never() -> bool:
    return False


def measured(table: pa.Table, **more: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "t.parquet"
        pq.write_table(table, path, row_group_size=7)
        found = profile(path, progress=lambda *_: None, cancelled=never, **more)
        assert [p.name for p in Path(name).iterdir()] == ["t.parquet"], "something was left behind"
        return json.loads(json.dumps(found, allow_nan=False))  # type: ignore[no-any-return]


def table_of(given: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*given, strict=True)) if given else [()] * len(SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def near(found: Any, expected: float) -> bool:
    return math.isclose(float(found), expected, rel_tol=1e-9, abs_tol=1e-9)


@BRIEF
@given(rows)
def test_a_profile_says_what_plain_python_says(given: list[tuple[Any, ...]]) -> None:
    table = table_of(given)
    found = measured(table)
    assert found["rows"] == len(given)
    assert found["duplicates"] == len(given) - len(set(given))
    assert found["missing_cells"] == sum(v is None for row in given for v in row)
    for position, column in enumerate(found["columns"]):
        values = [row[position] for row in given if row[position] is not None]
        tally = Counter(values)
        assert column["name"] == SCHEMA.names[position]
        assert (column["missing"], column["distinct"], column["distinct_is"]) == (
            len(given) - len(values),
            len(tally),
            "exact",
        )
        assert sorted(t["count"] for t in column["top"]) == sorted(sorted(tally.values(), reverse=True)[:10])
        if column["missing"]:
            assert column["bands"] == [float(row[position] is None) for row in given], (
                "up to 200 rows, a band is a row"
            )
        if not values:
            continue
        if column["type"] == "text":
            assert column["lengths"] == {"min": min(map(len, values)), "max": max(map(len, values))}
            assert max(len(column["max"]), len(column["min"])) <= 201
        if column["type"] in ("integer", "decimal"):
            assert (str(column["min"]), str(column["max"])) == (str(min(values)), str(max(values))) or column[
                "type"
            ] == "decimal"
            assert (Decimal(column["min"]), Decimal(column["max"])) == (min(values), max(values)), (
                "to the last digit"
            )
        if column["type"] in ("integer", "number", "decimal"):
            assert near(column["mean"], float(sum(map(Decimal, values)) / len(values)))
            assert sum(column["histogram"]["counts"]) == len(values)
            if len(values) > 1:
                assert math.isclose(
                    column["sd"], statistics.stdev(map(float, values)), rel_tol=1e-6, abs_tol=1e-6
                )
            expected = pd.Series([float(v) for v in values]).quantile([0.05, 0.5, 0.95]).tolist()
            for name, value in zip(("p05", "p50", "p95"), expected, strict=True):
                assert math.isclose(float(column["quantiles"][name]), value, rel_tol=1e-9, abs_tol=1e-9)
        if column["type"] == "date":
            assert (
                column["quantiles"]["p50"] in {str(v) for v in values}
                and column["min"] == min(values).isoformat()
            )
    unique = [
        SCHEMA.names[i]
        for i in range(len(SCHEMA))
        if len({row[i] for row in given}) == len(given) and not any(row[i] is None for row in given)
    ]
    single = [key["columns"][0] for key in found["keys"] if len(key["columns"]) == 1]
    assert single == unique[:5] if given else single == []
    for key in found["keys"]:
        places = [SCHEMA.names.index(name) for name in key["columns"]]
        assert len({tuple(row[p] for p in places) for row in given}) == len(given), (
            "a key tells all rows apart"
        )
    if groups := found["identifying"]:
        places = [SCHEMA.names.index(c["name"]) for c in groups["columns"]]
        sizes = Counter(tuple(row[p] for p in places) for row in given)
        assert groups["smallest"] == min(sizes.values())
        assert groups["alone"] == sum(n == 1 for n in sizes.values())


def test_large_files_are_sampled_the_same_way_at_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limits: sketched, counted where it matters, and never two different answers."""
    monkeypatch.setattr(measure, "EXACT_ROWS", 10_000)
    monkeypatch.setattr(measure, "FEW_VALUES", 500)
    monkeypatch.setattr(sampled, "SAMPLE", 4_000)
    size = 20_000
    numbers = [(i // 2 * 7919) % 10_007 + 0.5 for i in range(size)]
    often = ["often" if i % 4 == 0 else f"user{(i * 31) % 9_973}" for i in range(size)]
    table = pa.table({
        "id": list(range(2**60, 2**60 + size)), "x": numbers, "who": often, "few": [i % 7 for i in range(size)],
        "y": [None if i % 100 == 0 else 5 - 2 * v for i, v in enumerate(numbers)],
    })  # fmt: skip
    found = measured(table)
    assert measured(table) == found
    by_name = {c["name"]: c for c in found["columns"]}
    assert found["keys"] == [{"columns": ["id"]}] and by_name["id"]["distinct"] == size
    assert by_name["few"]["distinct_is"] == "exact" and by_name["who"]["distinct_is"] == "estimated"
    assert abs(by_name["who"]["distinct"] - len(set(often))) < 0.1 * len(set(often))
    assert by_name["who"]["top"][0] == {"value": "often", "count": size // 4}, (
        "found in the sample, counted in the file"
    )
    assert by_name["x"]["quantiles_are"] == "estimated"
    assert math.isclose(by_name["x"]["quantiles"]["p50"], statistics.median(numbers), rel_tol=0.03)
    assert near(by_name["x"]["mean"], statistics.fmean(numbers)) and near(
        by_name["x"]["sd"], statistics.stdev(numbers)
    )
    assert sum(by_name["x"]["histogram"]["counts"]) == size
    related = found["correlation"]
    at = {name: i for i, name in enumerate(related["columns"])}
    assert related["matrix"][at["x"]][at["y"]] == -1.0
    expected = table.select(["x", "y", "few"]).to_pandas().corr().loc["x", "few"]
    assert math.isclose(related["matrix"][at["x"]][at["few"]], expected, abs_tol=1e-4)
    assert len(by_name["y"]["bands"]) == 200 and set(by_name["y"]["bands"]) == {0.01}


def test_a_column_that_begins_constant_is_related_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files sorted by time begin with one year; what comes later is as far from it as it is."""
    monkeypatch.setattr(by_batch, "BATCH", 1_000)
    size = 5_000
    table = pa.table({
        "year": [2000 + i // 1_000 for i in range(size)], "up": [1e200 * (i // 1_000) for i in range(size)],
        "far": [1e300 if i == size - 1 else -1e300 if i == 0 else 0.0 for i in range(size)], "x": [i * 3.5 for i in range(size)],
    })  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        related = measured(table)["correlation"]
    assert related["columns"] == ["year", "up", "far", "x"]
    wanted = (
        table.to_pandas()
        .assign(up=lambda t: t["up"] / 1e200, far=lambda t: t["far"] / 1e300)
        .corr()
        .to_numpy()
    )
    for row, expected in zip(related["matrix"], wanted, strict=True):
        assert row == pytest.approx(expected, abs=1e-4)


def test_very_wide_tables_finish_and_say_that_they_are_brief() -> None:
    table = pa.table({f'c"{i}': [f"a{i}@b.example", None, f"c{i}@d.example"] for i in range(600)})
    found = measured(table)
    assert found["depth"] == "brief" and len(found["columns"]) == 600
    assert all(
        (c["missing"], c["personal"]["kind"]) == (1, "e-mail") and 1 <= c["distinct"] <= 2
        for c in found["columns"]
    )


def test_pairs_that_tell_rows_apart_and_people_who_stand_alone() -> None:
    """A key of two columns is found and proved; what neighbours know of a person is named."""
    table = pa.table({
        "station": [f"S{i // 50:02}" for i in range(1000)], "hour": [i % 50 for i in range(1000)], "note": ["x"] * 1000,
        "birth_year": [1950 + i % 40 for i in range(999)] + [1900], "postcode": [f"{i % 5:05}" for i in range(1000)],
    })  # fmt: skip
    found = measured(table)
    assert {"columns": ["station", "hour"]} in [
        {"columns": sorted(k["columns"], reverse=True)} for k in found["keys"]
    ]
    assert [c["name"] for c in found["identifying"]["columns"]] == ["birth_year", "postcode"]
    assert (found["identifying"]["smallest"], found["identifying"]["alone"]) == (1, 1)


@pytest.mark.parametrize(("name", "values", "kind"), [
    ("a", ["DE89370400440532013000", "GB82WEST12345698765432"], "account"), ("a", ["DE89370400440532013001"] * 3, None),
    ("a", ["4111111111111111", "5500 0055 5555 5559"], "payment card"), ("a", ["4111111111111112"] * 3, None),
    ("a", ["+49 30 901820", "+1 212 555 0100"], "phone"), ("a", ["10.0.0.1", "::1"], "internet address"),
    ("note", ["call me"] * 50 + ["write to x@y.example", "or z@y.example"], "e-mail"), ("tailnum", ["N1"], "vehicle"), ("dest", ["ORD"], None),
])  # fmt: skip
def test_personal_data_is_found_by_checksums_and_headers(
    name: str, values: list[str], kind: str | None
) -> None:
    found = likely_personal(name, values)
    assert (found["kind"] if found else None) == kind


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_ends_of_every_type_stay_json(tmp_path: Path) -> None:
    """Numbers whose differences overflow, what is not finite, NUL in texts: measured, compared, and kept by any database."""
    size = 120
    table = pa.table({
        "f": [(-1.7e308, 1.7e308, 5e-324, float("nan"), float("-inf"), None)[i % 6] for i in range(size)],
        "n": pa.array([(-(2**63), 2**63 - 1, 0)[i % 3] for i in range(size)], pa.int64()),
        "m": pa.array([(Decimal("9" * 38), Decimal("-" + "9" * 38), None)[i % 3] for i in range(size)], pa.decimal128(38, 0)),
        "s": ["a\x00b" if i % 2 else "\x00" for i in range(size)], "t": pa.array([(-(2**52), 2**55)[i % 2] for i in range(size)], pa.timestamp("us")),
        "e": ["", None] * (size // 2),
    })  # fmt: skip
    found = measured(table)
    by_name = {c["name"]: c for c in found["columns"]}
    assert by_name["f"]["not_finite"] == 40 and by_name["f"]["max"] == 1.7e308
    assert (by_name["n"]["min"], by_name["m"]["max"]) == (str(-(2**63)), "9" * 38)
    pq.write_table(table, tmp_path / "t.parquet")
    moved = drift(tmp_path / "t.parquet", tmp_path / "t.parquet", progress=lambda *_: None, cancelled=never)
    assert "\\u0000" not in json.dumps([found, moved], allow_nan=False)
    assert {c["level"] for c in moved["columns"]} <= {"same", "unknown"}


def test_few_whole_numbers_have_a_bar_each(tmp_path: Path) -> None:
    """Months and days are never drawn with gaps that the data does not have; wide and broken numbers keep twenty bars."""
    months = [1 + i % 12 for i in range(1200)]
    table = pa.table({"month": months, "wide": list(range(1200)), "share": [i / 1200 for i in range(1200)]})
    pq.write_table(table, tmp_path / "t.parquet")
    found = {
        c["name"]: c["histogram"]
        for c in profile(tmp_path / "t.parquet", progress=lambda *_: None, cancelled=lambda: False)["columns"]
    }
    assert (
        found["month"]["counts"] == [100] * 12
        and found["month"]["edges"][0] == 1
        and found["month"]["edges"][-1] == 12
    )
    assert [len(found[name]["counts"]) for name in ("wide", "share")] == [20, 20]
