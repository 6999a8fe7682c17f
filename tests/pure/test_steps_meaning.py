"""Each step against the same thing in a few lines of plain Python, on tables that come as they like."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from statistics import median, median_low
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.stepping import OTHER, SCHEMA, did, table_of

pytestmark = pytest.mark.pure
Row = dict[str, Any]
Rows = list[Row]
WIDE = Context(prec=60)

some = st.sampled_from
words = some(
    [None, "", "a b", " a   b ", "é", "e\u0301", "Müller & Co.", "muller co", "日本", "ABC", "a/b/c", "x"]
)
whole = some([None, 0, 5, -3, 7, 2**53 + 1, 2**62, -(2**62)])
exact = some([None, *map(Decimal, ["0", "0.05", "-0.15", "2.50", "-2.5", "100", "9007199254740993.25"])])
point = some([None, 0.0, 0.25, -2.5, 3.0, 0.5])
row = st.tuples(words, some(["x", "y", "z", None]), whole, exact, point, some([None, True, False]),
                some([None, date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]), some([None, datetime(2024, 7, 1, 12), datetime(1970, 1, 1)]),
                some([None, "", "29/02/2024", "31/02/2026", "1.12.1999"]))  # fmt: skip
tables = st.lists(row, min_size=3, max_size=9)


def each(change: Callable[[Row], Row]) -> Callable[[Rows], Rows]:
    return lambda rows: [change(dict(r)) for r in rows]


def on(name: str, change: Callable[[Any], Any]) -> Callable[[Rows], Rows]:
    """The column changed where it is not missing."""
    return each(lambda r: {**r, name: None if r[name] is None else change(r[name])})


def where(keep: Callable[[Row], bool]) -> Callable[[Rows], Rows]:
    return lambda rows: [r for r in rows if keep(r)]


def first_of(key: Callable[[Row], Any], order: Callable[[Row], Any] = lambda _: 0) -> Callable[[Rows], Rows]:
    def keep(rows: Rows) -> Rows:
        kept: dict[Any, int] = {}
        for i in sorted(range(len(rows)), key=lambda i: order(rows[i])):
            kept.setdefault(key(rows[i]), i)
        return [rows[i] for i in sorted(kept.values())]

    return keep


def near(text: str | None) -> str:
    plain = unicodedata.normalize("NFKD", (text or "").casefold())
    return "".join(c for c in plain if c.isalnum())


def nearly(rows: Rows) -> Rows:
    seen: set[str] = set()
    return [r for r in rows if not near(r["t"]) or not (near(r["t"]) in seen or seen.add(near(r["t"])))]  # type: ignore[func-returns-value]


def last(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else value)


def filled(name: str, choose: Callable[[list[Any]], Any]) -> Callable[[Rows], Rows]:
    def fill(rows: Rows) -> Rows:
        there = [r[name] for r in rows if r[name] is not None]
        return [{**r, name: r[name] if r[name] is not None else choose(there)} for r in rows]

    return fill


def previous(rows: Rows) -> Rows:
    held, found = None, []
    for r in rows:
        held = r["n"] if r["n"] is not None else held
        found.append({**r, "n": held})
    return found


def in_groups(key: Callable[[Row], Any], good: Callable[[Rows, Rows], bool]) -> Callable[[Rows], Rows]:
    def keep(rows: Rows) -> Rows:
        groups: dict[Any, Rows] = {}
        for r in rows:
            groups.setdefault(key(r), []).append(r)
        return [r for r in rows if good(groups[key(r)], rows)]

    return keep


def far_apart(group: Rows, rows: Rows) -> float:
    """Earth mover's distance of n, ordered, missing last."""
    values = sorted({r["n"] for r in rows}, key=last)
    here, whole_ = Counter(r["n"] for r in group), Counter(r["n"] for r in rows)
    moved, total = 0.0, 0.0
    for value in values:
        moved += here[value] / len(group) - whole_[value] / len(rows)
        total += abs(moved)
    return total / max(len(values) - 1, 1)


def joined(how: str) -> Callable[[Rows], Rows]:
    def join(rows: Rows) -> Rows:
        pairs = list(zip(OTHER["g"], OTHER["size"], strict=True))
        found = []
        for r in rows:
            hits = [size for g, size in pairs if g is not None and g == r["g"]]
            found += [{**r, "size": size} for size in hits or ([None] if how == "left" else [])]
        return found

    return join


def grouped(rows: Rows) -> Rows:
    found = []
    for key in sorted({(r["g"], r["b"]) for r in rows}, key=lambda k: (last(k[0]), last(k[1]))):
        group = [r for r in rows if (r["g"], r["b"]) == key]
        d = [r["d"] for r in group if r["d"] is not None]
        f = [r["f"] for r in group if r["f"] is not None]
        found.append({"g": key[0], "b": key[1], "rows": len(group), "sum": sum(d) if d else None, "mid": median(f) if f else None,
                      "kinds": len({r["t"] for r in group} - {None}), "top": max(d, default=None)})  # fmt: skip
    return found


def flagged(rows: Rows) -> Rows:
    def say(r: Row) -> str | None:
        said = ["not: n is 0 to any"] * (r["n"] is not None and r["n"] < 0)
        said += ["not: g is unique"] * (r["g"] is not None and sum(o["g"] == r["g"] for o in rows) > 1)
        return "; ".join(said) or None

    return [{**r, "bad": say(r)} for r in rows]


def band(value: Any) -> str:
    low = int(Decimal(value) // 10 * 10) - (10 if Decimal(value) % 10 < 0 else 0)
    return f"{low} to under {low + 10}"


def token(value: Any) -> str:
    return "p_" + hmac.new(b"k", str(value).encode(), hashlib.sha256).hexdigest()[:32]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def padded(parts: list[str]) -> list[str | None]:
    return [*parts, None][:2]


MEANINGS: list[tuple[str, dict[str, Any], Callable[[Rows], Rows]]] = [
    ("select", {"columns": ["n", "t"]}, each(lambda r: {"n": r["n"], "t": r["t"]})),
    ("drop", {"columns": ["n"]}, each(lambda r: {k: v for k, v in r.items() if k != "n"})),
    ("rename", {"mapping": {"t": "n2"}}, each(lambda r: {("n2" if k == "t" else k): v for k, v in r.items()})),
    ("reorder", {"columns": ["d", "n"]}, each(lambda r: {"d": r["d"], "n": r["n"]} | r)),
    ("cast", {"column": "n", "to": "text"}, on("n", str)),
    ("cast", {"column": "t", "to": "integer", "on_fail": "set_missing"}, on("t", lambda v: int(v) if v.isdigit() and v.isascii() else None)),
    ("split", {"column": "t", "separator": "/", "into": ["one", "two"]},
     each(lambda r: dict(zip(["one", "two"], [None, None] if r["t"] is None else padded(r["t"].split("/", 1)), strict=True)) | {k: v for k, v in r.items() if k != "t"})),
    ("join_text", {"columns": ["t", "n"], "separator": "-", "into": "all"},
     each(lambda r: {**r, "all": "-".join(str(r[k]) for k in ("t", "n") if r[k] is not None) if r["t"] is not None or r["n"] is not None else None})),
    ("calculate", {"into": "x", "expression": "d * 2 + 1"}, each(lambda r: {**r, "x": None if r["d"] is None else WIDE.fma(r["d"], 2, 1)})),
    ("trim", {"columns": ["t"]}, on("t", squeezed)), ("case", {"columns": ["t"], "to": "upper"}, on("t", str.upper)), ("case", {"columns": ["t"], "to": "lower"}, on("t", str.lower)),
    ("normalise", {"columns": ["t"]}, on("t", lambda v: unicodedata.normalize("NFC", v))), ("replace", {"columns": ["t"], "find": "a", "with": "\\1"}, on("t", lambda v: v.replace("a", "\\1"))),
    ("map_values", {"column": "g", "table": {"x": "ex", "y": ""}}, on("g", lambda v: {"x": "ex", "y": None}.get(v, v))),
    ("map_values", {"column": "n", "table": {"5": "6"}, "otherwise": "set_missing"}, on("n", lambda v: 6 if v == 5 else None)),
    ("parse_dates", {"column": "when", "order": "dmy", "to": "date", "on_fail": "set_missing"}, on("when", {"29/02/2024": date(2024, 2, 29), "1.12.1999": date(1999, 12, 1)}.get)),
    ("round", {"columns": ["d"], "digits": 1}, on("d", lambda v: WIDE.quantize(v, Decimal("0.1")))), ("round", {"columns": ["n"], "digits": -1}, on("n", lambda v: int(Decimal(v).quantize(Decimal("1e1"), ROUND_HALF_EVEN)))),
    ("clip", {"column": "n", "min": "-2", "max": "6"}, on("n", lambda v: max(-2, min(6, v)))),
    ("fill_missing", {"columns": ["n"], "with": "constant", "value": "9007199254740993"}, filled("n", lambda _: 2**53 + 1)), ("fill_missing", {"columns": ["n"], "with": "previous"}, previous),
    ("fill_missing", {"columns": ["g"], "with": "mode"}, filled("g", lambda v: min(set(v), key=lambda x: (-v.count(x), x)))), ("fill_missing", {"columns": ["f"], "with": "median"}, filled("f", median_low)),
    ("filter", {"column": "n", "op": "gt", "value": ["4.5"]}, where(lambda r: r["n"] is not None and r["n"] > 4.5)), ("filter", {"column": "g", "op": "not_in", "value": ["x", "y"]}, where(lambda r: r["g"] == "z")),
    ("filter", {"column": "d", "op": "ne", "value": ["2.500"]}, where(lambda r: r["d"] not in (None, Decimal("2.5")))),
    ("filter_by", {"expression": "n > 0 and b"}, where(lambda r: bool(r["n"] is not None and r["n"] > 0 and r["b"]))), ("drop_rows", {"expression": "n > 0"}, where(lambda r: not (r["n"] is not None and r["n"] > 0))),
    ("drop_missing", {"columns": ["n", "g"]}, where(lambda r: r["n"] is not None and r["g"] is not None)),
    ("range_check", {"column": "d", "min": "0.05", "max": "2.5", "on_fail": "set_missing"}, on("d", lambda v: v if Decimal("0.05") <= v <= Decimal("2.5") else None)),
    ("deduplicate", {"columns": ["g", "b"]}, first_of(lambda r: (r["g"], r["b"]))), ("deduplicate_near", {"columns": ["t"]}, nearly),
    ("deduplicate", {"columns": ["g"], "order_by": ["-n"]}, first_of(lambda r: r["g"], lambda r: last(None if r["n"] is None else -r["n"]))),
    ("sort", {"by": ["t", "-n"]}, lambda rows: sorted(rows, key=lambda r: (last(r["t"]), last(None if r["n"] is None else -r["n"])))),
    ("validate", {"rules": [{"column": "n", "rule": "range", "min": "0"}, {"column": "g", "rule": "unique"}], "on_fail": "flag", "flag_column": "bad"}, flagged),
    ("validate", {"rules": [{"column": "t", "rule": "length", "max": "3"}, {"column": "d", "rule": "set", "values": ["2.5", "0"]}], "on_fail": "drop"},
     where(lambda r: (r["t"] is None or len(r["t"]) <= 3) and r["d"] in (None, Decimal("2.5"), Decimal(0)))),
    ("join", {"with": "other", "on": {"g": "g"}, "columns": ["size"]}, joined("left")), ("join", {"with": "other", "on": {"g": "g"}, "columns": ["size"], "how": "inner"}, joined("inner")),
    ("group", {"by": ["g", "b"], "measures": [{"how": "count", "as": "rows"}, {"how": "sum", "column": "d", "as": "sum"}, {"how": "median", "column": "f", "as": "mid"},
                                             {"how": "distinct", "column": "t", "as": "kinds"}, {"how": "max", "column": "d", "as": "top"}]}, grouped),
    ("mask", {"column": "t", "keep_start": 1, "keep_end": 1}, on("t", lambda v: v[0] + "*" * (len(v) - 2) + v[-1] if len(v) > 2 else "*" * len(v))), ("pseudonymise", {"columns": ["n"]}, on("n", token)),
    ("generalise", {"column": "d", "how": "band", "width": "10"}, on("d", band)), ("generalise", {"column": "n", "how": "topcode", "at": "6"}, on("n", lambda v: min(v, 6))),
    ("generalise", {"column": "day", "how": "date", "unit": "year"}, on("day", lambda v: f"{v.year:04}")), ("generalise", {"column": "t", "how": "prefix", "length": 2}, on("t", lambda v: v[:2])),
    ("generalise", {"column": "n", "how": "hierarchy", "table": {"5": "odd", "7": "odd"}, "otherwise": "keep"}, on("n", lambda v: "odd" if v in (5, 7) else str(v))),
    ("suppress_small_groups", {"by": ["g", "b"], "k": 2}, in_groups(lambda r: (r["g"], r["b"]), lambda group, _: len(group) >= 2)),
    ("k_anonymity", {"columns": ["g"], "k": 3}, in_groups(lambda r: r["g"], lambda group, _: len(group) >= 3)),
    ("l_diversity", {"columns": ["g"], "sensitive": "b", "l": 2}, in_groups(lambda r: r["g"], lambda group, _: len({r["b"] for r in group}) >= 2)),
    ("t_closeness", {"columns": ["g"], "sensitive": "n", "t": "0.2"}, in_groups(lambda r: r["g"], lambda group, rows: far_apart(group, rows) <= 0.2 + 1e-9)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "meaning"), MEANINGS, ids=[f"{i}-{m[0]}" for i, m in enumerate(MEANINGS)])  # fmt: skip
def test_a_step_does_what_its_sentence_says(name: str, params: dict[str, Any], meaning: Callable[[Rows], Rows]) -> None:  # fmt: skip
    @settings(max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(tables)
    def looks(given_: list[tuple[Any, ...]]) -> None:
        rows = [dict(zip(SCHEMA.names, r, strict=True)) for r in given_]
        try:
            wanted = meaning(rows)
        except ValueError:  # Nothing to learn from.
            return
        made, _, result = did(table_of(given_), [(name, params)], batch=4)
        assert [list(r.items()) for r in made.to_pylist()] == [list(r.items()) for r in wanted]
        gone = sum(
            n
            for reason, n in result.steps[0].reasons.items()
            if not reason.endswith(("set missing", "flagged")) and "set missing" not in reason
        )
        if name not in ("join", "group"):
            assert gone == len(rows) - len(wanted), "every row that went has its reason"

    looks()
