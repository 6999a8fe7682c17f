"""Dry runs: the sample is bounded, seeded and true to its row numbers; what others see tells of no ten rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.trial import dry_run, sample
from jobs.runs.said import OPEN, OPEN_KINDS, for_others
from jobs.trials.masking import masked
from trusts.datasets.masking import FEW

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("trial") / "numbers.parquet"
    rows = list(range(60_000))
    table = pa.table(
        {"n": rows, "word": [f" w{i % 7} " for i in rows], "gap": [None if i % 3 == 0 else i for i in rows]}
    )
    pq.write_table(table, file, row_group_size=1_000)
    return file


def test_a_sample_is_bounded_seeded_and_knows_its_rows(numbers: Path) -> None:
    frame, total = sample(numbers, 5_000, 7)
    assert (total, len(frame)) == (60_000, 5_000)
    assert frame["n"].tolist() == frame.index.tolist()
    assert frame.index[:1_000].tolist() == list(range(1_000))
    assert frame.index.is_monotonic_increasing
    assert len({i // 1_000 for i in frame.index}) <= 16, "a few row groups, whatever the file's size"
    assert sample(numbers, 5_000, 7)[0].equals(frame)
    assert not sample(numbers, 5_000, 8)[0].index.equals(frame.index)
    whole, _ = sample(numbers, 70_000, 7)
    assert len(whole) <= 16_000


def test_what_changed_and_went_is_counted_and_shown(numbers: Path, tmp_path: Path) -> None:
    plan = {"format": "csv", "steps": [
        {"name": "select", "params": {"columns": ["n", "word", "gap"]}, "locked": True},
        {"name": "trim", "params": {"columns": ["word"]}}, {"name": "drop_missing", "params": {"columns": ["gap"]}},
        {"name": "rename", "params": {"mapping": {"gap": "rest"}}},
    ]}  # fmt: skip
    found = dry_run(plan, numbers, tmp_path, rows=600)
    result = json.loads(json.dumps(found))["result"]
    steps = {s["name"]: s for s in result["steps"]}
    assert steps["trim"]["cells"] == 600
    assert steps["drop_missing"]["removed"] == 600 - result["rows_out"] > 150
    assert steps["rename"]["added"] == ["rest"]
    assert result["estimated_rows"] == round(result["rows_out"] * 100)
    assert result["complete_after"] == "100.0"
    rows = found["rows"]
    assert rows["paired"]
    assert len(rows["rows"]) == 20
    for row in rows["rows"]:
        n = int(row["before"][0])
        assert row["row"] == n + 1
        assert row["removed"] == (2 if n % 3 == 0 else None)
        assert row["after"] == (None if n % 3 == 0 else [str(n), f"w{n % 7}", str(n)])


counts = st.integers(0, 9_999)
results = st.fixed_dictionaries({
    "sample": counts, "whole_rows": counts, "rows_out": counts, "estimated_rows": counts, "estimated_bytes": counts,
    "complete_before": st.just("96.7"), "complete_after": st.none(),
    "stopped": st.none() | st.just({"step": 1, "column": "dest", "code": "cast", "text": "Row 7: 'SECRET' is no number", "row": 7}),
    "steps": st.lists(st.fixed_dictionaries({
        "name": st.just("trim"), "rows_in": counts, "rows_out": counts, "removed": counts, "cells": st.none() | counts,
        "reasons": st.dictionaries(st.sampled_from(["gap", "range"]), counts, max_size=2)}), max_size=3),
})  # fmt: skip


def numbers_in(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [n for k, v in value.items() if k != "step" for n in numbers_in(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers_in(v)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@given(results)
def test_what_others_see_tells_of_no_ten_rows(result: dict[str, Any]) -> None:
    found = masked(result)
    assert all(n % 10 == 0 for n in numbers_in(found))
    assert "SECRET" not in str(found)
    assert "Row 7" not in str(found)
    assert (result["rows_out"] < 10) == (found["rows_out"] == FEW)
    assert found["complete_before"] in (None, "97")
    assert masked(found) == found


@given(results, st.integers(0, 9))
def test_no_row_and_one_row_look_the_same(result: dict[str, Any], rows: int) -> None:
    """Else a recipe of many rules would find out by which value every row is told apart."""

    def shown(n: int) -> dict[str, Any]:
        step = {"name": "validate", "rows_in": 500, "rows_out": 500 - n, "removed": n, "cells": n,
                "reasons": {"age over 110": n} if n else {}}  # fmt: skip
        plan = {"steps": [{"name": "validate", "params": {"rules": [], "on_fail": "drop"}}]}
        return masked({**result, "rows_out": n, "steps": [step]}, plan)

    # 495 and more are 500 to the nearest ten; what is tested is what is said of the rows that went.
    one, none = shown(rows), shown(0)
    for found in (one, none):
        for step in found["steps"]:
            del step["rows_out"]
    assert one == none


@given(results, st.integers(20, 4_990), st.integers(-4, 4), st.integers(1, 200))
def test_an_estimate_gives_no_exact_count_away(
    result: dict[str, Any], left: int, more: int, share: int
) -> None:
    """Twice the same to the nearest ten is twice the same estimate, whatever stands between."""
    rounded = round(left / 10) * 10

    def shown(rows: int) -> dict[str, Any]:
        whole = {"sample": 5_000, "whole_rows": 5_000 * share, "rows_out": rows, "estimated_rows": rows * share,
                 "estimated_bytes": 40 * share * rows, "estimated_seconds": 1}  # fmt: skip
        return masked({**result, **whole})

    assert shown(rounded)["estimated_rows"] == shown(rounded + more)["estimated_rows"] == rounded * share
    few = shown(9)
    assert few["estimated_rows"] is few["estimated_bytes"] is None


codes = st.text("abcdefghij_.", min_size=1) | st.sampled_from(
    [
        "map.unknown",
        "gate.pseudonyms",
        "step.disk",
        "disk",
        "disk.full",
        "limit.memory",
        "cluster.away",
        "generalise.unknown",
    ]
)


@given(codes, st.integers(1, 99) | st.none())
def test_a_failure_is_said_to_others_in_the_portals_words_unless_named(code: str, count: int | None) -> None:
    failure = {"code": code, "text": "row 7: 'SECRET' does not fit", "remedy": "Take SECRET out", "row": 7, "step": 2,
               "column": "dest", "count": count}  # fmt: skip
    said = for_others(failure)
    if code.partition(".")[0] not in OPEN_KINDS and code not in OPEN:
        assert "SECRET" not in str(said)
    assert "row" not in said
    assert said["text"] and said["remedy"]
    assert (said["code"], said["step"], said["column"]) == (code, 2, "dest")
    assert count is None or said["count"] == (FEW if count < 10 else round(count / 10) * 10)
    assert for_others({**failure, "open": True})["text"] == failure["text"]
