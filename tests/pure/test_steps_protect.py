"""What steps promise about people: hidden cells stay hidden, noise cannot be taken off, tokens lead back only by the vault."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline.engine import run
from jobs.pipeline.steps import RUNNERS, Context
from jobs.pipeline.steps.chance import drawn, uniform

pytestmark = pytest.mark.pure


def ran(table: pa.Table, *steps: tuple[str, dict[str, Any]], key: bytes = b"k", side: Path | None = None, batch: int = 50) -> pa.Table:  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(table, folder / "in.parquet")
        plan = {"steps": [{"name": n, "params": p} for n, p in steps]}
        result = run(plan, folder / "in.parquet", folder / "work", key=key, side=side, batch=batch)
        return pq.read_table(result.path)


def fixed_by(equations: list[set[int]], unknown: int) -> bool:
    """Whether sums of unknowns, added and subtracted as one likes, leave this one alone (Gauss, in fractions)."""
    columns = [*sorted(set().union(*equations) - {unknown}), unknown]
    rows = [[Fraction(c in e) for c in columns] for e in equations]
    done = 0
    for place in range(len(columns) - 1):
        found = next((i for i in range(done, len(rows)) if rows[i][place]), None)
        if found is None:
            continue
        rows[done], rows[found] = rows[found], rows[done]
        for i in range(len(rows)):
            if i != done and rows[i][place]:
                factor = rows[i][place] / rows[done][place]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[done], strict=True)]
        done += 1
    return any(row[-1] and not any(row[:-1]) for row in rows)


cells = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 1), st.sampled_from([0, 1, 2, 4, 5, 9, 30])),
    min_size=2, max_size=14, unique_by=lambda c: c[:3],
)  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True)
@given(cells, st.integers(1, 3))
def test_nobody_works_out_a_hidden_cell_by_subtraction(
    given_: list[tuple[int, int, int, int]], width: int
) -> None:
    by = ["a", "b", "c"][:width]
    rows = list({c[:width]: c for c in given_}.values())
    table = pa.table(
        {
            **{n: [str(c[i]) for c in rows] for i, n in enumerate(by)},
            "n": pa.array([c[3] for c in rows], pa.int64()),
            "v": [1.5] * len(rows),
        }
    )
    made = ran(table, ("suppress_cells", {"by": by, "count": "n", "values": ["v"], "k": 5}))
    shown = made["n"].to_pylist()
    assert [v is None for v in made["v"].to_pylist()] == [n is None for n in shown], (
        "what goes with the count goes too"
    )
    assert all(n is None or n == c[3] >= 5 for n, c in zip(shown, rows, strict=True))
    # What an attacker has: for every total over some of the columns, the sum of its hidden cells.
    sums: list[tuple[set[int], int]] = []
    for size in range(width):
        for kept in combinations(range(width), size):
            for mark in {tuple(c[i] for i in kept) for c in rows}:
                line = [i for i, c in enumerate(rows) if tuple(c[j] for j in kept) == mark]
                hidden = {i for i in line if shown[i] is None}
                if len(line) > 1 and hidden:
                    sums.append((hidden, sum(rows[i][3] for i in hidden)))
    if all(n is None for n in shown):
        return  # Nothing is left to hide: such totals themselves must stay in.
    for unknown in set().union(*(hidden for hidden, _ in sums)) if sums else ():
        assert not fixed_by([hidden for hidden, _ in sums], unknown), "a difference of totals"
    assert all(total > 0 for _, total in sums), "a total that leaves nothing for them says that they are zero"


def test_a_bridge_between_two_squares_of_hidden_cells_is_seen() -> None:
    """In every line stand two blanks, and still one cell is the difference of two sums of totals."""
    pattern = {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (1, 2)}
    spots = [(i, j) for i in range(4) for j in range(4)]
    table = pa.table(
        {
            "a": [i for i, _ in spots],
            "b": [j for _, j in spots],
            "n": [3 if s in pattern else 20 + i for i, s in enumerate(spots)],
        }
    )
    made = ran(table, ("suppress_cells", {"by": ["a", "b"], "count": "n", "k": 5}))["n"].to_pylist()
    blanks = {s for s, n in zip(spots, made, strict=True) if n is None}
    assert pattern < blanks
    lines = [{spots.index(s) for s in blanks if s[axis] == place} for axis in (0, 1) for place in range(4)]
    assert not fixed_by([line for line in lines if line], spots.index((1, 2)))


FOUND = {
    "write to müller@exämple.de, or x.y+z@a-b.example.org!": "write to [e-mail], or [e-mail]!",
    "IBAN DE89 3704 0044 0532 0130 00 ABC bank": "IBAN [account] ABC bank", "de89370400440532013000": "[account]", "GB82 WEST 1234 5698 7654 33": "GB82 WEST 1234 5698 7654 33",
    "card 4111-1111-1111-1111 12": "card [card] 12", "4111111111111112 is none": "4111111111111112 is none", "12 4111 1111 1111 1111": "12 [card]",
    "call +49 30 901820 now": "call [phone] now", "0049 30 901820": "[phone]", "(030) 901820 or 212-555-1234": "[phone] or [phone]", "on 01.02.2026 and 01/02/2026": "on 01.02.2026 and 01/02/2026",
    "from 192.168.0.1 or 2001:db8::1 at 12:30:45": "from [address] or [address] at 12:30:45", "::ffff:10.0.0.1 and 999.1.1.1": "[address] and 999.1.1.1",
    "see HTTPS://example.org/a?b=c now": "see [link] now", "nothing 12345 here": "nothing 12345 here",
}  # fmt: skip


def test_what_is_blacked_out_inside_text() -> None:
    names = ["email", "url", "ip", "iban", "card", "phone"]
    table = pa.table({"t": pa.array(list(FOUND), pa.string())})
    assert ran(table, ("redact", {"columns": ["t"], "patterns": names}))["t"].to_pylist() == list(
        FOUND.values()
    )
    text = pa.table({"t": ["order 1234567 by Ann", None]})
    by = ("redact", {"columns": ["t"], "patterns": ["number"], "also": "Ann|Bob", "with": "\\0"})
    assert ran(text, by)["t"].to_pylist() == ["order \\0 by \\0", None]


def test_noise_is_of_the_stated_size_and_the_recipe_does_not_give_it_away() -> None:
    count = 20_000
    table = pa.table(
        {
            "a": [0] * count,
            "b": [0] * count,
            "f": [0.0] * count,
            "d": pa.array([0] * count, pa.int64()).cast(pa.decimal128(38, 2)),
        }
    )

    def noise(column: str, how: str, key: bytes = b"k") -> np.ndarray:
        step = ("perturb", {"column": column, "scale": "10", "seed": 7, "noise": how})
        return np.asarray(ran(table, step, key=key, batch=7_000)[column].to_pylist(), dtype="f8")

    for column in ("a", "f", "d"):
        assert abs(np.abs(noise(column, "laplace")).mean() - 10) < 0.5
    gaussian, even = noise("f", "gaussian"), noise("f", "uniform")
    assert abs(gaussian.std() - 10) < 0.3
    assert abs((np.abs(gaussian) < 10).mean() - 0.683) < 0.02
    assert -10 <= even.min() < -9.9 and 9.9 < even.max() <= 10
    assert abs(even.mean()) < 0.3
    assert (noise("a", "laplace") == noise("a", "laplace")).all()
    for other in (noise("b", "laplace"), noise("a", "laplace", b"other")):
        assert abs(np.corrcoef(noise("a", "laplace"), other)[0, 1]) < 0.05, (
            "another column, another contract: other noise"
        )


def test_draws_by_row_number_look_random() -> None:
    rows = np.arange(200_000)
    u = uniform(rows, 3)
    assert abs(np.histogram(u, 50, (0, 1))[0] / 4_000 - 1).max() < 0.08
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.01
    assert abs(np.corrcoef(u, uniform(rows, 4))[0, 1]) < 0.01
    bits = np.unpackbits(drawn(rows, 3).view("u1")).reshape(-1, 64).mean(axis=0)
    assert abs(bits - 0.5).max() < 0.01


def test_only_the_vault_leads_back_from_a_token(tmp_path: Path) -> None:
    table = pa.table({"who": ["Ann", "Bob", None, "Ann", "Zoë"], "n": [1, 2, 3, 1, None]})
    made = ran(table, ("tokenise", {"columns": ["who", "n"]}), ("rename", {"mapping": {"who": "n2", "n": "who"}}), side=tmp_path, batch=2)  # fmt: skip
    vault = {
        (r["column"], r["token"]): r["value"]
        for f in tmp_path.glob("*.parquet")
        for r in pq.read_table(f).to_pylist()
    }
    assert [None if t is None else vault["who", t] for t in made["n2"].to_pylist()] == [
        "Ann",
        "Bob",
        None,
        "Ann",
        "Zoë",
    ]
    assert [None if t is None else vault["n", t] for t in made["who"].to_pylist()] == [
        "1",
        "2",
        "3",
        "1",
        None,
    ]
    pseudonyms = ran(table, ("pseudonymise", {"columns": ["who"]}))["who"].to_pylist()
    assert not {str(t)[2:] for t in made["n2"].to_pylist()} & {str(p)[2:] for p in pseudonyms if p}, (
        "not the pseudonym in other clothes"
    )


def test_a_sample_of_so_many_rows_is_just_so_many_and_fair() -> None:
    table = pa.table({"n": list(range(1_000))})
    for rows in (1, 10, 999, 1_000, 5_000):
        found = ran(table, ("sample", {"rows": rows, "seed": 5}))["n"].to_pylist()
        assert len(found) == min(rows, 1_000)
        assert found == sorted(found)
    halves = [
        sum(n < 500 for n in ran(table, ("sample", {"rows": 100, "seed": s}))["n"].to_pylist())
        for s in range(8)
    ]
    assert min(halves) > 35 and max(halves) < 65 and len(set(halves)) > 2


def test_many_different_values_go_to_disk_and_change_nothing(tmp_path: Path) -> None:
    values = [(i * 7_919) % 6_007 for i in range(12_000)]
    frame = pa.table({"n": pa.array([*values, None], pa.int64())}).to_pandas(types_mapper=pd.ArrowDtype)
    for how in ("median", "mode"):
        chosen = []
        for memory in (1 << 30, 1 << 10):
            step = RUNNERS["fill_missing"].make(Context(memory=memory, folder=tmp_path / f"{how}-{memory}"), columns=["n"], **{"with": how})  # fmt: skip
            for start in range(0, len(frame), 700):
                step.learn(frame.iloc[start : start + 700])
            step.ready()
            chosen.append(step.apply(frame)["n"].iloc[-1])
        assert list((tmp_path / f"{how}-1024").glob("*.parquet")), "it went to disk"
        assert (
            chosen[0]
            == chosen[1]
            == (
                sorted(values)[5_999]
                if how == "median"
                else min(set(values), key=lambda v: (-values.count(v), v))
            )
        )
