"""Rules against plain Python on the same rows; drift against its definition; guesses of renamed columns; forms of rules."""

from __future__ import annotations

import math
import re
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline import drift as drifting
from jobs.pipeline.chance import chi_chance, chi_square, ks_chance, psi
from jobs.pipeline.drift import drift
from jobs.pipeline.quality import check
from trusts.datasets.changes import in_words, schema_changes
from trusts.datasets.expectations import RuleFault, cleaned, sentence

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=20, deadline=None, derandomize=True)
QUIET: dict[str, Any] = {"progress": lambda *_: None, "cancelled": lambda: False}
SCHEMA = pa.schema([("a'b", pa.string()), ("n", pa.int64()), ("d", pa.date32())])
rows = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["N1", "N22", "x", "", "it's"]), st.none() | st.integers(-3, 3) | st.just(2**62),
        st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 5)),
    ),
    min_size=1, max_size=25,
)  # fmt: skip
RULES: list[dict[str, Any]] = [
    {"id": "1", "rule": "not_null", "column": "n"}, {"id": "2", "rule": "unique", "columns": ["a'b", "n"]},
    {"id": "3", "rule": "range", "column": "n", "min": "-2", "max": "2"}, {"id": "4", "rule": "range", "column": "d", "max": "2026-01-03"},
    {"id": "5", "rule": "pattern", "column": "a'b", "pattern": "N[0-9]+"}, {"id": "6", "rule": "set", "column": "a'b", "values": ["N1", "it's"]},
    {"id": "7", "rule": "row_count", "min": 3, "max": 20}, {"id": "8", "rule": "freshness", "column": "d", "days": 2},
    {"id": "9", "rule": "reference", "column": "a'b"}, {"id": "10", "rule": "range", "column": "gone", "min": "1"},
    {"id": "11", "rule": "pattern", "column": "a'b", "pattern": "(("}, {"id": "12", "rule": "reference", "column": "n"},
]  # fmt: skip


def written(folder: Path, name: str, table: pa.Table) -> Path:
    pq.write_table(table, folder / name, row_group_size=10_000)
    return folder / name


@BRIEF
@given(rows)
def test_rules_count_what_plain_python_counts(given: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        columns = list(zip(*given, strict=True))
        path = written(
            Path(name),
            "t.parquet",
            pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA),
        )
        other = written(Path(name), "o.parquet", pa.table({"k": ["N1", "x", None]}))
        found = {
            r["id"]: r
            for r in check(
                path,
                RULES,
                references={"9": {"path": str(other), "column": "k"}},
                today="2026-01-06",
                **QUIET,
            )
        }
    text, numbers, days = columns
    pairs = [(t, n) for t, n in zip(text, numbers, strict=True) if t is not None and n is not None]
    expected = {
        "1": [i for i, v in enumerate(numbers, 1) if v is None],
        "3": [i for i, v in enumerate(numbers, 1) if v is not None and not -2 <= v <= 2],
        "4": [i for i, v in enumerate(days, 1) if v is not None and v > date(2026, 1, 3)],
        "5": [i for i, v in enumerate(text, 1) if v is not None and not re.fullmatch("N[0-9]+", v)],
        "6": [i for i, v in enumerate(text, 1) if v is not None and v not in ("N1", "it's")],
        "9": [i for i, v in enumerate(text, 1) if v is not None and v not in ("N1", "x")],
    }
    for rule, broken in expected.items():
        assert found[rule]["failed"] == len(broken), rule
        assert [r["row"] for r in found[rule]["rows"]] == broken[:20], rule
        assert found[rule]["state"] == ("fail" if broken else "pass")
    assert found["2"]["failed"] == len(pairs) - len(set(pairs))
    assert found["7"]["state"] == ("pass" if 3 <= len(given) <= 20 else "fail")
    newest = max((d for d in days if d), default=None)
    assert found["8"]["state"] == (
        "unknown" if newest is None else "pass" if (date(2026, 1, 6) - newest).days <= 2 else "fail"
    )
    assert {found[r]["state"] for r in ("10", "11", "12")} == {"unknown"}, (
        "said, and the others are checked all the same"
    )


def test_chances_are_those_of_the_tables() -> None:
    """Critical values as printed in any statistics book."""
    for statistic, freedom, chance in (
        (3.841, 1, 0.05),
        (18.307, 10, 0.05),
        (6.635, 1, 0.01),
        (124.342, 100, 0.05),
        (2.706, 1, 0.1),
    ):
        assert math.isclose(chi_chance(statistic, freedom), chance, rel_tol=2e-3)
    assert chi_chance(1e6, 3) == 0.0 and chi_chance(0, 3) == 1.0
    assert math.isclose(ks_chance(1.358 / math.sqrt(50_000), 100_000, 100_000), 0.05, rel_tol=0.02)
    assert chi_square([10, 20, 0], [20, 10, 0]) == (pytest.approx(6.6667, abs=1e-3), 1)
    assert psi([50, 50], [50, 50]) == 0 and math.isclose(
        psi([5000, 5000], [7000, 3000]), 0.1695, abs_tol=1e-3
    )


@BRIEF
@given(
    st.lists(st.integers(0, 9), min_size=60, max_size=200),
    st.lists(st.integers(0, 12), min_size=60, max_size=200),
)
def test_drift_is_what_its_definition_says(old: list[int], new: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        tables = [
            pa.table({"n": v, "c": [f"v{x}" for x in v], "e": pa.nulls(len(v), pa.int64())})
            for v in (old, new)
        ]
        paths = [written(Path(name), f"{i}.parquet", table) for i, table in enumerate(tables)]
        found = {c["name"]: c for c in drift(*paths, **QUIET)["columns"]}
        same = drift(paths[0], paths[0], **QUIET)["columns"]
    below = [
        max(abs(sum(v <= x for v in old) / len(old) - sum(v <= x for v in new) / len(new)) for x in range(13))
    ]
    assert math.isclose(found["n"]["ks"], below[0], abs_tol=1e-4)
    names = sorted({*old, *new})
    tallies = [Counter(old), Counter(new)]
    both = [[t[n] for n in sorted(names, key=lambda n: f"v{n}")] + [0] for t in tallies]
    assert math.isclose(found["c"]["psi"], psi(*both), abs_tol=1e-3)
    assert math.isclose(found["c"]["chi_square"], chi_square(*both)[0], abs_tol=0.01)
    assert all(sum(found["n"][side]["counts"]) == pytest.approx(100, abs=0.5) for side in ("before", "after"))
    assert found["e"]["level"] == "unknown" and "too few" in found["e"]["text"]
    assert all(c["level"] in ("same", "unknown") for c in same)


def test_drift_in_words_with_names_types_and_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 4_000
    old = pa.table(
        {
            "delay": [i % 100 for i in range(size)],
            "kind": [f"k{i % 4}" for i in range(size)],
            "id": [f"x{i}" for i in range(size)],
        }
    )
    new = pa.table(
        {
            "late": pa.array([float(i % 100 + 12) for i in range(size)]),
            "kind": [f"k{i % 5}" for i in range(size)],
            "id": [f"x{i}" for i in range(size)],
        }
    )
    paths = written(tmp_path, "a.parquet", old), written(tmp_path, "b.parquet", new)
    whole = drift(*paths, renamed={"late": "delay"}, **QUIET)
    by_name = {c["name"]: c for c in whole["columns"]}
    assert by_name["late"]["was"] == "delay" and by_name["late"]["text"].startswith(
        "late moved up clearly; the middle went from "
    )
    assert by_name["kind"]["new_values"] == 1 and by_name["kind"]["level"] == "clearly"
    assert by_name["id"]["kind"] == "none" and "nearly every value" in by_name["id"]["text"]
    monkeypatch.setattr(drifting, "SAMPLE", 1_000)
    part = drift(*paths, renamed={"late": "delay"}, **QUIET)
    assert part["sampled"] and drift(*paths, renamed={"late": "delay"}, **QUIET) == part, (
        "the same at every run"
    )
    assert math.isclose(part["columns"][0]["ks"], by_name["late"]["ks"], abs_tol=0.06)


def test_a_renamed_column_is_guessed_with_a_reason() -> None:
    def column(name: str, *top: str, kind: str = "text") -> dict[str, Any]:
        return {"name": name, "type": kind, "distinct": len(top), "missing": 0, "min": min(top), "max": max(top),
                "top": [{"value": v, "count": 10} for v in top]}  # fmt: skip

    before = {
        "columns": [column("tailnum", "N1", "N2"), column("dest", "IAH", "MIA"), column("gone", "x", "y")]
    }
    after = {
        "columns": [
            column("tail_number", "N1", "N2"),
            column("airport", "IAH", "MIA"),
            column("fresh", "p", "q", "r"),
        ]
    }
    types = [{c["name"]: "text" for c in p["columns"]} for p in (before, after)]
    found = schema_changes(*types, before, after)
    assert [(p["old"], p["new"]) for p in found["renamed"]] == [
        ("tailnum", "tail_number"),
        ("dest", "airport"),
    ]
    assert found["removed"] == ["tailnum", "dest", "gone"]
    assert any(
        text.startswith("dest was removed; perhaps it is now called airport") for text in in_words(found)
    )
    assert "gone was removed." in in_words(found) and "fresh was added." in in_words(found)


@pytest.mark.parametrize(("rule", "field"), [
    ({}, "rule"), ([], "rule"), ({"rule": "guess"}, "rule"), ({"rule": "not_null"}, "column"), ({"rule": "not_null", "column": "zz"}, "column"),
    ({"rule": "range", "column": "n"}, "min"), ({"rule": "range", "column": "n", "min": "x"}, "min"), ({"rule": "range", "column": "n", "min": "3", "max": "2"}, "max"),
    ({"rule": "range", "column": "d", "min": "31/02/2026"}, "min"), ({"rule": "range", "column": "t", "min": "1"}, "column"), ({"rule": "range", "column": "n", "min": "NaN"}, "min"),
    ({"rule": "pattern", "column": "t", "pattern": "(?<=a)b"}, "pattern"), ({"rule": "pattern", "column": "t", "pattern": "(a)\\1"}, "pattern"),
    ({"rule": "pattern", "column": "t", "pattern": "["}, "pattern"), ({"rule": "set", "column": "t", "values": []}, "values"),
    ({"rule": "freshness", "days": "-1"}, "days"), ({"rule": "freshness", "column": "t", "days": 1}, "column"), ({"rule": "row_count"}, "min"),
    ({"rule": "row_count", "min": 5, "max": 4}, "max"), ({"rule": "not_null", "columns": ["n", "d"]}, "column"), ({"rule": "not_null", "column": "n", "severity": "x"}, "severity"),
    ({"rule": "not_null", "columns": [3]}, "column"), ({"rule": "reference", "column": "t"}, "dataset"),
])  # fmt: skip
def test_a_wrong_rule_is_refused_at_its_field(rule: Any, field: str) -> None:
    with pytest.raises(RuleFault) as fault:
        cleaned(rule, {"n": "integer", "d": "date", "t": "text"})
    assert fault.value.field == field


@BRIEF
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["rule", "column", "columns", "min", "max", "values", "pattern", "days", "id", "dataset"]),
                                      inner | st.sampled_from(["range", "set", "unique", "row_count", "freshness", "n"]), max_size=5), max_leaves=8))  # fmt: skip
def test_any_rule_is_kept_or_refused_and_kept_again_as_it_is(rule: Any) -> None:
    try:
        found = cleaned(rule, {"n": "integer"})
    except RuleFault:
        return
    assert cleaned(found, {"n": "integer"}) == found and sentence(found)
