"""Expressions: text and tree agree, rows come out as plain Python says, and rubbish only ever gives a fault."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.recipes.expression_parser import parse
from contracts.recipes.expression_types import type_of
from contracts.recipes.expressions import (
    RESERVED,
    Arithmetic,
    Between,
    Call,
    Compare,
    Expression,
    ExpressionFault,
    In,
    IsMissing,
    Literal,
    Logic,
    Name,
    Negative,
    Not,
)
from contracts.recipes.patterns import PatternFault, check_pattern, check_replacement
from jobs.pipeline.expressions import evaluate
from jobs.pipeline.faults import StepError

pytestmark = pytest.mark.pure
FAST = settings(max_examples=200, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])

TYPES = {"i": "integer", "j": "integer", "d": "decimal", "f": "number", "t": "text", "and": "text", "b": "boolean", "day": "date",
         "at": "timestamp"}  # fmt: skip
ARROW = {"integer": pa.int64(), "decimal": pa.decimal128(38, 2), "number": pa.float64(), "text": pa.string(), "boolean": pa.bool_(),
         "date": pa.date32(), "timestamp": pa.timestamp("us")}  # fmt: skip
SMALL = st.decimals(-99, 99, places=2)
VALUES: dict[str, Any] = {
    "integer": st.integers(-50, 50),
    "decimal": SMALL,
    "number": st.sampled_from([-2.5, -1.0, 0.0, 0.25, 1.5, 40.0]),
    "text": st.sampled_from(["", "a", "AB", "it's", "ab ab", "é"]),
    "boolean": st.booleans(),
    "date": st.dates(dt.date(1999, 12, 30), dt.date(2000, 1, 4)),
    "timestamp": st.datetimes(dt.datetime(1999, 12, 31), dt.datetime(2000, 1, 2)),
}
rows = st.lists(
    st.fixed_dictionaries({name: st.one_of(st.none(), VALUES[kind]) for name, kind in TYPES.items()}),
    min_size=1,
    max_size=6,
)


def _number(text: str) -> Literal:
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return Literal("number", plain)


def literals(kind: str) -> st.SearchStrategy[Expression]:
    made: dict[str, Any] = {
        "integer": st.integers(0, 50).map(lambda v: Literal("number", str(v))),
        "decimal": st.integers(0, 5000).map(
            lambda v: _number(f"{v / 100:.2f}" if v % 100 else f"{v / 100:.2f}5")
        ),
        "text": VALUES["text"].map(lambda v: Literal("text", v)),
        "boolean": st.sampled_from(["true", "false"]).map(lambda v: Literal("boolean", v)),
        "date": VALUES["date"].map(lambda v: Literal("date", v.isoformat())),
        "timestamp": VALUES["timestamp"].map(lambda v: Literal("timestamp", v.isoformat(" ")[:26])),
    }
    missing = st.just(Literal("missing", "missing"))
    return st.one_of(made.get(kind, st.nothing()), missing) if kind in made else missing


@cache
def leaf(kind: str) -> st.SearchStrategy[Expression]:
    return st.one_of(st.sampled_from([Name(n) for n, k in TYPES.items() if k == kind]), literals(kind))


@cache
def tree(kind: str, deep: int) -> st.SearchStrategy[Expression]:
    if deep == 0:
        return leaf(kind)
    same, truth = st.deferred(lambda: tree(kind, deep - 1)), st.deferred(lambda: tree("boolean", deep - 1))
    options = [leaf(kind), st.builds(lambda c, a, b: Call("if", (c, a, b)), truth, same, same),
               st.builds(lambda a, b: Call("coalesce", (a, b)), same, same)]  # fmt: skip
    if kind in ("integer", "decimal", "number"):
        options += [
            st.builds(Negative, same), st.builds(Arithmetic, st.sampled_from("+-*"), same, same),
            st.builds(lambda n, a: Call(n, (a,)), st.sampled_from(["abs", "round", "floor"]), same),
        ]  # fmt: skip
    if kind == "integer":
        moment = st.deferred(lambda: st.one_of(tree("date", deep - 1), tree("timestamp", deep - 1)))
        options += [
            st.builds(Arithmetic, st.just("%"), same, same),
            st.builds(lambda n, a: Call(n, (a,)), st.sampled_from(["year", "month", "day"]), moment),
            st.deferred(lambda: tree("text", deep - 1)).map(lambda t: Call("length", (t,))),
        ]  # fmt: skip
    if kind == "number":
        options.append(
            st.builds(Arithmetic, st.just("/"), st.deferred(lambda: tree("integer", deep - 1)), same)
        )
    if kind == "text":
        options += [st.builds(lambda n, a: Call(n, (a,)), st.sampled_from(["lower", "upper"]), same),
                    st.builds(lambda a, b: Call("concat", (a, b)), same, same)]  # fmt: skip
    if kind == "boolean":
        options += _conditions(deep, truth)
    return st.one_of(options)


def _conditions(deep: int, truth: st.SearchStrategy[Expression]) -> list[st.SearchStrategy[Expression]]:
    pairs = st.sampled_from(["integer", "decimal", "number", "text", "date", "timestamp"]).flatmap(
        lambda k: st.tuples(*(tree(k, deep - 1) for _ in range(3)))
    )
    mixed = st.tuples(tree("integer", deep - 1), tree("decimal", deep - 1), tree("number", deep - 1))
    three = st.one_of(pairs, mixed)
    part = st.sampled_from(["a", "ab", "B"]).map(lambda v: Literal("text", v))
    return [
        st.builds(lambda op, v: Compare(op, v[0], v[1]), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), three),
        st.builds(lambda v, n: In(v[0], v[1:], n), three, st.booleans()),
        st.builds(lambda v, n: Between(*v, n), three, st.booleans()),
        st.builds(lambda v, n: IsMissing(v[0], n), three, st.booleans()),
        st.builds(Not, truth),
        st.builds(lambda op, v: Logic(op, tuple(v)), st.sampled_from(["and", "or"]), st.lists(truth, min_size=2, max_size=3)),
        st.builds(lambda n, t, p: Call(n, (t, p)), st.sampled_from(["contains", "starts_with", "ends_with", "matches"]),
                  tree("text", deep - 1), part),
    ]  # fmt: skip


trees = st.sampled_from(sorted(set(TYPES.values()))).flatmap(lambda kind: tree(kind, 3))


class Reference:
    """What an expression means, row by row, in plain Python."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def of(self, node: Expression) -> Any:
        match node:
            case Literal():
                read: dict[str, Any] = {
                    "missing": lambda v: None, "text": str, "boolean": lambda v: v == "true", "date": dt.date.fromisoformat,
                    "timestamp": dt.datetime.fromisoformat, "number": lambda v: Decimal(v) if "." in v else int(v),
                }  # fmt: skip
                return read[node.kind](node.value)
            case Name():
                return self.row[node.name]
            case IsMissing():
                return (self.of(node.item) is None) is not node.negated
            case Not():
                found = self.of(node.item)
                return None if found is None else not found
            case Logic():
                return self.logic(node.op, [self.of(item) for item in node.items])
            case In():
                item = self.of(node.item)
                found = self.logic(
                    "or", [self.compare("=", item, self.of(option)) for option in node.options]
                )
                return found if not node.negated or found is None else not found
            case Between():
                item, low, high = (self.of(p) for p in node.parts())
                found = self.logic("and", [self.compare(">=", item, low), self.compare("<=", item, high)])
                return found if not node.negated or found is None else not found
            case Compare():
                return self.compare(node.op, self.of(node.left), self.of(node.right))
            case Call() if node.name == "if":
                return self.of(node.items[1] if self.of(node.items[0]) else node.items[2])
            case Call() if node.name == "coalesce":
                return next((v for v in map(self.of, node.items) if v is not None), None)
        values = [self.of(part) for part in node.parts()]
        return None if None in values else self.strict(node, values)

    @staticmethod
    def logic(op: str, values: list[Any]) -> Any:
        if op == "and":
            return False if False in values else None if None in values else True
        return True if True in values else None if None in values else False

    @staticmethod
    def compare(op: str, a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        if isinstance(a, float) or isinstance(b, float):
            a, b = float(a), float(b)
        return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]

    def strict(self, node: Expression, v: list[Any]) -> Any:
        if isinstance(node, Negative):
            return -v[0]
        if isinstance(node, Arithmetic):
            a, b = (float(x) for x in v) if any(isinstance(x, float) for x in v) else v
            if node.op == "/":
                return float(a) / float(b) if b else None
            if node.op == "%":
                return None if b == 0 else abs(a) % abs(b) * (1 if a >= 0 else -1)
            return {"+": a + b, "-": a - b, "*": a * b}[node.op]
        assert isinstance(node, Call)
        name, first = node.name, v[0]
        if name == "round":
            whole = Decimal(str(first)).quantize(Decimal(1), "ROUND_HALF_EVEN")
            return type(first)(whole)
        table: dict[str, Any] = {
            "abs": abs, "floor": lambda x: type(x)(x // 1), "length": len, "lower": str.lower, "upper": str.upper,
            "year": lambda x: x.year, "month": lambda x: x.month, "day": lambda x: x.day,
        }  # fmt: skip
        if name in table:
            return table[name](first)
        return {"concat": "".join(v), "contains": v[1] in first, "matches": v[1] in first, "starts_with": first.startswith(v[1]),
                "ends_with": first.endswith(v[1])}[name]  # fmt: skip


@FAST
@given(trees)
def test_a_tree_is_read_back_from_its_text(made: Expression) -> None:
    text = made.to_text()
    assert parse(text) == made
    assert parse(text).to_text() == text
    assert made.words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("coalesce(coalesce(missing, missing), date '2000-01-02')", dt.date(2000, 1, 2)),
        ("if(i > 0, if(i > 0, missing, missing), 'word')", "word"),
        ("coalesce(if(b, missing, missing), missing, 1.50)", Decimal("1.50")),
        ("coalesce(missing, missing)", None),
    ],
)
def test_what_is_only_missing_takes_the_type_of_what_stands_around_it(text: str, wanted: Any) -> None:
    columns = {"i": pa.array([0, None], pa.int64()), "b": pa.array([True, None])}
    assert evaluate(parse(text), columns, 2).to_pylist() == [wanted, wanted]


@FAST
@given(trees, rows)
def test_rows_come_out_as_plain_python_says(made: Expression, table: list[dict[str, Any]]) -> None:
    kind = type_of(made, TYPES)
    columns = {n: pa.array([row[n] for row in table], ARROW[k]) for n, k in TYPES.items()}
    wanted = [Reference(row).of(made) for row in table]
    try:
        found = evaluate(made, columns, len(table))
    except StepError as fault:
        assert fault.code == "expression.overflow", fault.text
        return
    assert len(found) == len(table)
    got = found.to_pylist()
    if kind == "number":
        wanted = [None if w is None else float(w) for w in wanted]
        assert [g if g is None else pytest.approx(g, rel=1e-9, abs=1e-9) for g in got] == wanted
        return
    if kind == "timestamp":
        wanted = [dt.datetime.combine(w, dt.time()) if type(w) is dt.date else w for w in wanted]
    assert got == wanted


@FAST
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from([*RESERVED, "a", '"b', "'", "''", "(", ")", ",", "=", "<>", "-", "*", "/", "1", "1.", "1e9", "if(", "in (", "date '2026-02-30'", "matches(a,'(')", "\x00", "\ud800", "²", "٣", " "]),
            max_size=25,
        ).map(" ".join),
    )
)  # fmt: skip
def test_rubbish_gives_a_fault_and_nothing_else(text: str) -> None:
    try:
        made = parse(text)
    except ExpressionFault as fault:
        assert 0 <= fault.at <= len(text)
        assert fault.pointed(text).endswith("^")
        return
    assert parse(made.to_text()) == made


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("dep_delay >", 11, "ends too early"),
        ("carrier = 'UA", 10, "never closes"),
        ("a = b = c", 6, "cannot follow each other"),
        ("lower(a, b)", 0, "takes 1 values"),
        ("shell('ls')", 0, "no function"),
        ("a between 1 or 2", 12, "after the lower bound"),
        ("matches(a, '(?=x)')", 11, "looks around"),
        ("(" * 100 + "a" + ")" * 100, 40, "nested too deeply"),
        ("-" * 3000 + "a", 40, "Too many"),
        (" + ".join(["a"] * 500), 0, "too large"),
        ("a" * 5000, 4000, "at most"),
    ],
)
def test_the_fault_points_to_its_place(text: str, at: int, said: str) -> None:
    with pytest.raises(ExpressionFault, match=said) as caught:
        parse(text)
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("t > 5", 4, "text and integer"),
        ("day = '2026-01-01'", 6, "date and text"),
        ("i + t", 4, "needs numbers"),
        ("not i", 4, "not true or false"),
        ("nowhere = 1", 0, "no column nowhere"),
        ("year(t)", 5, "needs a date"),
        ("d % 2", 0, "not decimals"),
    ],
)
def test_types_that_do_not_fit_are_said_before_anything_runs(text: str, at: int, said: str) -> None:
    with pytest.raises(ExpressionFault, match=said) as caught:
        type_of(parse(text), TYPES)
    assert caught.value.at == at


def test_integers_never_wrap_and_the_row_is_named() -> None:
    columns = {"i": pa.array([1, None, 2**63 - 1])}
    with pytest.raises(StepError, match="does not fit") as caught:
        evaluate(parse("i + 1"), columns, 3)
    assert caught.value.row == 3
    assert evaluate(parse("i / 0"), columns, 3).to_pylist() == [None] * 3
    exact = evaluate(parse("d * 3"), {"d": pa.array([Decimal("0.1")], pa.decimal128(38, 9))}, 1)
    assert exact.to_pylist() == [Decimal("0.3")]


FRAGMENTS = ["a", "é", ".", "^", "$", "\\d", "\\W", "\\b", "\\.", "\\x{41}", "\\p{L}", "[a-z]", "[^a\\]-]", "[[:alpha:]_]", "(", "(?:", "(?i:",
             "(?P<n>", ")", "|", "*", "+", "?", "{2}", "{2,}", "{1,40}", "{", "}", "]", "[", "-", "\\", "\\1", "(?=", "(?!", "(?>", "{1000}", "*?",
             "\\Q", "\\C", "\\z", "(?i)", "[z-a]", "[]", ":"]  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join)
    | st.text("ab.*+?()[]{}|\\^$-,:123P<>=!", max_size=12)
)
def test_patterns_that_are_accepted_run(text: str) -> None:
    try:
        groups = check_pattern(text)
    except PatternFault as fault:
        assert fault.remedy
        return
    found = pc.match_substring_regex(pa.array(["ab", "aé1", ""]), text)
    assert found.null_count == 0
    check_replacement(f"\\{groups}", groups)
    pc.replace_substring_regex(pa.array(["ab", ""]), text, f"x\\{groups}")
    with pytest.raises(PatternFault):
        check_replacement(f"\\{groups + 1}", groups)


@pytest.mark.parametrize(
    "text",
    [
        "(?=a)",
        "(?<!a)b",
        "(a)\\1",
        "(?>a)",
        "a++",
        "(?P=n)",
        "(?(1)a|b)",
        "\\Ca",
        "a{1001}",
        "(a{500}){500}",
        "(",
    ],
)
def test_patterns_that_re2_lacks_or_could_hang_elsewhere_are_refused(text: str) -> None:
    with pytest.raises(PatternFault):
        check_pattern(text)
