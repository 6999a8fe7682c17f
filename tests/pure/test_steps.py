"""Every step: its columns are known beforehand, batches and threads never change its result, and it does what it says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.recipes.steps import STEPS
from jobs.pipeline.faults import StepError
from tests.stepping import EVERY, SCHEMA, did, table_of

pytestmark = pytest.mark.pure


def test_no_step_is_left_out() -> None:
    assert {name for name, _ in EVERY} == set(STEPS)


def test_steps_say_and_do_the_same() -> None:
    made = table_of([
        ("a b", "x", 5, Decimal("2.50"), 0.25, True, date(2024, 2, 29), datetime(2024, 7, 1, 12), "29/02/2024"),
        (None, "y", None, None, None, None, None, None, "31/02/2024"),
        ("call +49 30 901820 or write to x@example.org", "x", 2**53 + 1, Decimal("-2.50"), 1.35, False, date(1, 1, 1), None, ""),
    ])  # fmt: skip
    get = lambda column, *steps: did(made, list(steps))[0][column].to_pylist()  # noqa: E731
    assert get("n", ("round", {"columns": ["n"], "digits": -1})) == [0, None, 9007199254740990]
    assert get("d", ("round", {"columns": ["d"], "digits": 0})) == [Decimal("2.00"), None, Decimal("-2.00")]
    assert get(
        "when", ("parse_dates", {"column": "when", "order": "dmy", "to": "date", "on_fail": "set_missing"})
    ) == [date(2024, 2, 29), None, None]
    assert get("at", ("to_zone", {"column": "at", "zone": "America/New_York"}))[0] == datetime(2024, 7, 1, 8)
    assert (
        get("t", ("redact", {"columns": ["t"], "patterns": ["email", "phone"]}))[2]
        == "call [phone] or write to [e-mail]"
    )
    assert get("x", ("calculate", {"into": "x", "expression": "n + 1"})) == [6, None, 2**53 + 2]
    with pytest.raises(StepError) as caught:
        did(made, [("parse_dates", {"column": "when", "order": "dmy", "to": "date"})])
    assert (caught.value.code, caught.value.row, caught.value.column, caught.value.step) == (
        "dates.does_not_fit",
        2,
        "when",
        0,
    )
    with pytest.raises(StepError) as caught:
        did(made, [("calculate", {"into": "x", "expression": "n * 900000000000000000"})])
    assert (caught.value.code, caught.value.row) == ("expression.overflow", 3)


def far(part: Counter[Any], whole: Counter[Any]) -> float:
    """Half the sum of differences of two distributions."""
    ours, all_ = sum(part.values()), sum(whole.values())
    return sum(abs(part[v] / ours - whole[v] / all_) for v in whole) / 2


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.sampled_from(["flu", "cold", None])),
        min_size=1,
        max_size=30,
    ),
    st.integers(2, 4),
)
def test_groups_keep_their_promises(given: list[tuple[str, int, Any]], k: int) -> None:
    full = [(str(n % 3), g, n, None, None, None, None, None, s) for g, n, s in given]
    table = table_of(full)
    kept, _, _ = did(table, [("k_anonymity", {"columns": ["n", "g"], "k": k, "on_fail": "generalise"})])
    groups = Counter(zip(kept["n"].to_pylist(), kept["g"].to_pylist(), strict=True))
    assert all(count >= k for count in groups.values())
    diverse, _, _ = did(table, [("l_diversity", {"columns": ["g"], "sensitive": "when", "l": 2})])
    by_group: dict[Any, set[Any]] = {}
    for g, s in zip(diverse["g"].to_pylist(), diverse["when"].to_pylist(), strict=True):
        by_group.setdefault(g, set()).add(s)
    assert all(len(values) >= 2 for values in by_group.values())
    wanted = {g for g in {r[1] for r in full} if len({r[8] for r in full if r[1] == g}) >= 2}
    assert set(by_group) == wanted, "no group goes that is diverse"
    near, _, _ = did(table, [("t_closeness", {"columns": ["g"], "sensitive": "when", "t": "0.25"})])
    whole = Counter(r[8] for r in full)
    for g in {r[1] for r in full}:
        part = Counter(r[8] for r in full if r[1] == g)
        assert (g in set(near["g"].to_pylist())) == (far(part, whole) <= 0.25 + 1e-9)
    # Coarser values in place of fewer rows: what stays keeps the promise, and nothing goes that `*` could save.
    for step in (("l_diversity", {"l": 2}), ("t_closeness", {"t": "0.25"})):
        params = {"columns": ["n", "g"], "sensitive": "when", "on_fail": "generalise", **step[1]}
        coarser, _, _ = did(table, [(step[0], params)])
        cells: dict[Any, Counter[Any]] = {}
        for *key, s in zip(*(coarser[c].to_pylist() for c in ("n", "g", "when")), strict=True):
            cells.setdefault(tuple(key), Counter())[s] += 1
        for part in cells.values():
            assert len(part) >= 2 if step[0] == "l_diversity" else far(part, whole) <= 0.25 + 1e-9
        saved = len(whole) >= 2 or step[0] == "t_closeness"
        assert coarser.num_rows == (len(full) if saved else 0)


def test_little_memory_changes_nothing_but_the_time() -> None:
    """A table of many different rows and groups, with so little memory that keys go to disk."""
    count = 60_000
    start = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    table = pa.table([
        pa.array([f"v{i % 29_000}" for i in range(count)]), pa.array([f"g{i % 15_000}" for i in range(count)]), pa.array([i % 29_000 for i in range(count)]),
        pa.array([None] * count, pa.decimal128(38, 2)), pa.array([0.5] * count), pa.array([True] * count), pa.array([None] * count, pa.date32()),
        pa.array([start + timedelta(seconds=i % 29_000) for i in range(count)], pa.timestamp("us")), pa.array([None] * count, pa.string()),
    ], schema=SCHEMA)  # fmt: skip
    steps: list[tuple[str, dict[str, Any]]] = [
        ("deduplicate", {"columns": ["t", "n"]}),
        ("suppress_small_groups", {"by": ["g"], "k": 2}),
    ]
    plenty, little = did(table, steps, 5_000), did(table, steps, 5_000, memory=1 << 20)
    assert plenty[1] == little[1]
    assert plenty[2].steps[0].rows_out == 29_000
