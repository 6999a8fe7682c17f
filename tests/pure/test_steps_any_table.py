"""Every step on any table: batches, threads and running again change nothing, and what fails says where."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.recipes.recipe import Recipe, check
from jobs.pipeline.faults import StepError
from tests.stepping import EVERY, OTHER_TYPES, STOPS, TYPES, did, outcome, table_of

pytestmark = pytest.mark.pure
ALL = [*EVERY, *STOPS]

some = st.sampled_from
words = some([None, "", "a b", " a\u2003 b\u00a0", "é", "e\u0301", "Müller & Co.", "muller co", "日本 👍🏽", "a\x00b", "\x1f", "=1+1", "12", "0x1F", "1e400", "nan",
              "x@example.org DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111 12", "+49 30 901820", "true", "\\1", "a" * 300])  # fmt: skip
whole = some([None, 0, 1, 5, -3, 2**53, 2**53 + 1, 2**62, -(2**62), 2**63 - 1, -(2**63)])
exact = some(
    [
        None,
        *map(Decimal, ["0", "0.05", "-0.05", "2.50", "-2.5", "100", "9007199254740993.01"]),
        Decimal("9" * 36 + ".99"),
        Decimal("-" + "9" * 36 + ".50"),
    ]
)
point = some([None, 0.0, -0.0, 0.25, -2.5, 0.1, 1e300, -1e300, 5e-324, float("inf"), float("nan"), 3.0])
days = some([None, date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(1969, 12, 31)])
times = some(
    [
        None,
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
        datetime(2024, 7, 1, 12),
        datetime(1969, 12, 31, 23, 59, 59, 1),
    ]
)
dates = some(
    [
        None,
        "",
        "29/02/2024",
        "31/02/2026",
        "2026-01-01",
        "26.03.2023 02:30",
        "01/01/0001",
        "31/12/9999 23:59:59",
        "١/٢/2024",
        "1-3-1999T10:30Z",
        "x",
    ]
)
row = st.tuples(
    words, some(["x", "y", "z", None]), whole, exact, point, some([None, True, False]), days, times, dates
)
tables = st.one_of(st.just([]), st.lists(row, min_size=4, max_size=9))


def explained(count: dict[str, Any]) -> bool:
    gone = sum(
        n
        for why, n in count["reasons"].items()
        if not any(w in why for w in ("set missing", "flagged", "blanked"))
    )
    return bool(gone == count["rows_in"] - count["rows_out"])


@pytest.mark.parametrize(("name", "params"), ALL, ids=[f"{i}-{name}" for i, (name, _) in enumerate(ALL)])
def test_whatever_the_table_the_same_comes_out(name: str, params: dict[str, Any]) -> None:
    recipe, _ = Recipe.from_list([{"name": name, "params": params}])
    shape, problems = check(recipe.steps, TYPES, OTHER_TYPES)
    assert not problems

    @settings(max_examples=2, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(tables)
    def looks(rows: list[tuple[Any, ...]]) -> None:
        table = table_of(rows)
        once = outcome(table, (name, params), 100, 2)
        assert once == outcome(table, (name, params), 1, 2), "batches of one row"
        assert once == outcome(table, (name, params), 3, 1), "batches of three rows, one thread"
        if not isinstance(once, dict):
            assert once[1] == list(shape.types().items())
            assert name in ("join", "group") or explained(once[2][0]), "every row that went has its reason"
            return
        assert once["code"] != "step.failed", once
        assert once["remedy"]
        assert once["step"] == 0
        assert once["code"] == "group.overflow" or "row" in once or "column" in once

    looks()


def test_an_error_names_the_first_row_that_causes_it() -> None:
    rows = [
        (str(n), "x", n, Decimal(n), float(n), True, None, datetime(2024, 1, 1), "2024-01-01")
        for n in range(1, 40)
    ]
    rows += [("x", "x", 2**62, Decimal("9" * 36 + ".99"), 0.5, None, None, datetime(2024, 1, 1, 5), "?")] * 3
    table = table_of(rows)
    for step in (
        ("calculate", {"into": "x", "expression": "n * 4"}), ("filter_by", {"expression": "n * 4 > 0"}), ("round", {"columns": ["d"], "digits": 0}),
        ("cast", {"column": "t", "to": "integer"}), ("cast", {"column": "f", "to": "integer"}), ("cast", {"column": "at", "to": "date"}),
        ("cast", {"column": "d", "to": "number"}), ("parse_dates", {"column": "when", "to": "date"}),
        ("validate", {"rules": [{"column": "n", "rule": "range", "max": "50"}], "on_fail": "stop"}),
        ("validate", {"rules": [{"column": "b", "rule": "not_null"}, {"column": "n", "rule": "unique"}], "on_fail": "stop"}),
    ):  # fmt: skip
        for batch in (7, 100):
            with pytest.raises(StepError) as caught:
                did(table, [step], batch)
            assert caught.value.row == 40, step
            assert caught.value.remedy
            if step[0] == "validate":
                assert "3 rows break" in caught.value.text, "how many, over all batches"
