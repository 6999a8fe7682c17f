"""Evaluate an expression over Arrow columns, exactly as `contracts.recipes.expressions` types it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expressions.tree import (
    COMPARES,
    Between,
    Binary,
    Call,
    Column,
    In,
    IsMissing,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
)
from jobs.pipeline.faults import StepError
from jobs.pipeline.rounding import rounded

Value = Any  # an Array of the rows' length, or a Scalar that holds for all rows


def evaluate(node: Node, columns: Mapping[str, pa.Array], length: int) -> pa.Array:
    """One value for each row. Raises StepError where whole numbers or decimals grow out of their type."""
    try:
        found = _value(node, columns)
    except (pa.ArrowInvalid, OverflowError) as problem:
        raise StepError("expression.overflow", f"{node.to_text()[:120]} cannot be worked out exactly: {str(problem)[:120]}.",
                        "Change the columns' type to number first, or calculate with smaller values.") from None  # fmt: skip
    if isinstance(found, pa.Scalar):
        kind = pa.bool_() if pa.types.is_null(found.type) else found.type
        return pa.repeat(pa.scalar(found.as_py(), kind), length)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return pc.cast(found, pa.bool_()) if pa.types.is_null(found.type) else found


def _literal(node: Literal) -> pa.Scalar:
    match node.kind:
        case "text":
            return pa.scalar(node.value, pa.string())
        case "boolean":
            return pa.scalar(node.value == "true")
        case "date":
            return pa.scalar(date.fromisoformat(node.value), pa.date32())
        case "timestamp":
            return pa.scalar(datetime.fromisoformat(node.value).replace(tzinfo=None), pa.timestamp("us"))
        case "missing":
            return pa.scalar(None)
    if "e" in node.value.lower():
        return pa.scalar(float(node.value))
    if "." in node.value or len(node.value.lstrip("-")) > 18:
        scale = len(node.value.partition(".")[2])
        return pa.scalar(Decimal(node.value), pa.decimal128(38, min(scale, 37)))
    return pa.scalar(int(node.value), pa.int64())


def _value(node: Node, columns: Mapping[str, pa.Array]) -> Value:
    match node:
        case Literal():
            return _literal(node)
        case Column(name):
            found = columns[name]
            return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found
        case Negative(arg):
            return pc.negate_checked(_value(arg, columns))
        case Binary(op, left, right) if op in COMPARES:
            return _compare(op, _value(left, columns), _value(right, columns))
        case Binary(op, left, right):
            return _arithmetic(op, _value(left, columns), _value(right, columns))
        case Logic(op, args):
            join = pc.and_kleene if op == "and" else pc.or_kleene
            found = _truth(_value(args[0], columns))
            for arg in args[1:]:
                found = join(found, _truth(_value(arg, columns)))
            return found
        case Not(arg):
            return pc.invert(_truth(_value(arg, columns)))
        case In(arg, items):
            left = _value(arg, columns)
            found = _compare("=", left, _value(items[0], columns))
            for item in items[1:]:
                found = pc.or_kleene(found, _compare("=", left, _value(item, columns)))
            return found
        case Between(arg, low, high):
            middle = _value(arg, columns)
            return pc.and_kleene(
                _compare("<=", _value(low, columns), middle), _compare("<=", middle, _value(high, columns))
            )
        case IsMissing(arg, negated):
            found = _value(arg, columns)
            return pc.is_valid(found) if negated else pc.is_null(found, nan_is_null=False)
        case Call(name, args):
            return _call(name, [_value(arg, columns) for arg in args])
    raise AssertionError(f"unknown node {node!r}")


def _truth(value: Value) -> Value:
    return pc.cast(value, pa.bool_()) if pa.types.is_null(value.type) else value


def _meet(a: Value, b: Value) -> tuple[Value, Value]:
    """Both in one type: the wider number, or a time of day for a date."""
    if a.type == b.type:
        return a, b
    if pa.types.is_null(a.type):
        return pc.cast(a, b.type), b
    if pa.types.is_null(b.type):
        return a, pc.cast(b, a.type)
    if pa.types.is_floating(a.type) or pa.types.is_floating(b.type):
        return _float(a), _float(b)
    if pa.types.is_temporal(a.type) and pa.types.is_temporal(b.type):
        return _moment(a), _moment(b)
    scale = max(_scale(a.type), _scale(b.type))
    kind = pa.decimal128(38, scale)
    return pc.cast(a, kind), pc.cast(b, kind)


def _scale(kind: pa.DataType) -> int:
    return kind.scale if pa.types.is_decimal(kind) else 0


def _float(value: Value) -> Value:
    # A whole number beyond 2^53 loses digits here, as any calculation with floating point does.
    return pc.cast(value, pa.float64(), safe=False)


def _moment(value: Value) -> Value:
    if pa.types.is_timestamp(value.type) and value.type.tz:
        value = pc.cast(value, pa.timestamp("us", tz="UTC"))
        return pc.cast(pc.cast(value, pa.int64()), pa.timestamp("us"))
    return pc.cast(value, pa.timestamp("us"))


_COMPARE = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def _compare(op: str, a: Value, b: Value) -> Value:
    a, b = _meet(a, b)
    return pc.cast(a, pa.bool_()) if pa.types.is_null(a.type) else _COMPARE[op](a, b)


def _arithmetic(op: str, a: Value, b: Value) -> Value:
    a, b = (pc.cast(v, pa.int64()) if pa.types.is_null(v.type) else v for v in (a, b))
    if op == "/":
        a, b = _float(a), _float(b)
        return pc.divide(a, pc.if_else(pc.equal(b, 0.0), pa.scalar(None, pa.float64()), b))
    a, b = _meet(a, b)
    if op == "%":
        return _modulo(a, b)
    if pa.types.is_decimal(a.type):
        return _decimal(op, a, b)
    return {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}[op](a, b)


def _decimal(op: str, a: Value, b: Value) -> Value:
    """Exact, by up to 76 digits inside; the result has at most 38 or an error is raised."""
    scale = a.type.scale
    wide = pa.decimal256(37 if op == "*" else 38, scale)
    found = {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}[op](
        pc.cast(a, wide), pc.cast(b, wide)
    )
    kept = min(found.type.scale, 37)
    return pc.cast(found, pa.decimal128(38, kept))


def _modulo(a: Value, b: Value) -> Value:
    """The remainder with the sign of the divisor; missing for a divisor of zero."""
    if pa.types.is_floating(a.type):
        b = pc.if_else(pc.equal(b, 0.0), pa.scalar(None, pa.float64()), b)
        return pc.subtract(a, pc.multiply(pc.floor(pc.divide(a, b)), b))
    if pa.types.is_decimal(a.type):
        pairs = zip(*_lists(a, b), strict=True)
        return pa.array(
            [
                None if x is None or not y else x - y * (x / y).to_integral_value("ROUND_FLOOR")
                for x, y in pairs
            ],
            a.type,
        )
    b = pc.if_else(pc.equal(b, 0), pa.scalar(None, pa.int64()), b)
    rest = pc.subtract(a, pc.multiply(pc.divide(a, b), b))
    wrong = pc.and_(pc.not_equal(rest, 0), pc.not_equal(pc.less(rest, 0), pc.less(b, 0)))
    return pc.if_else(wrong, pc.add(rest, b), rest)


def _floor(value: Value) -> Value:
    if pa.types.is_decimal(value.type) and value.type.precision - value.type.scale > 18:
        # Arrow's floor of decimals tells of an overflow in the last value only.
        low, high = (pa.scalar(Decimal(end), pa.decimal128(19, 0)) for end in (-(2**63), 2**63 - 1))
        beyond = pc.or_(pc.less(value, low), pc.greater(value, high))
        if (beyond.as_py() if isinstance(beyond, pa.Scalar) else pc.any(beyond).as_py()) is True:
            raise pa.ArrowInvalid("floor is no whole number of 64 bits")
    return pc.cast(pc.floor(value), pa.int64())


def _lists(*values: Value) -> list[list[Any]]:
    size = next((len(v) for v in values if isinstance(v, pa.Array)), 1)
    return [v.to_pylist() if isinstance(v, pa.Array) else [v.as_py()] * size for v in values]


def _call(name: str, args: list[Value]) -> Value:
    first = args[0]
    text = pc.cast(first, pa.string()) if pa.types.is_null(first.type) else first
    match name:
        case "lower" | "upper" | "length":
            return {
                "lower": pc.utf8_lower,
                "upper": pc.utf8_upper,
                "length": lambda v: pc.cast(pc.utf8_length(v), pa.int64()),
            }[name](text)
        case "abs":
            return pc.abs_checked(first)
        case "round":
            digits = args[1].as_py() if len(args) > 1 else 0
            return rounded(first, digits)
        case "floor":
            return _floor(first)
        case "coalesce":
            found = args[0]
            for other in args[1:]:
                a, b = _meet(found, other)
                found = pc.coalesce(a, b)
            return found
        case "if":
            a, b = _meet(args[1], args[2])
            return pc.if_else(pc.fill_null(_truth(first), False), a, b)
        case "year" | "month" | "day":
            return {"year": pc.year, "month": pc.month, "day": pc.day}[name](first)
        case "contains":
            return pc.match_substring(text, args[1].as_py())
        case "starts_with":
            return pc.starts_with(text, args[1].as_py())
        case "ends_with":
            return pc.ends_with(text, args[1].as_py())
        case "matches":
            return pc.match_substring_regex(text, args[1].as_py())
        case "concat":
            parts = [pc.cast(a, pa.string()) if pa.types.is_null(a.type) else a for a in args]
            return pc.binary_join_element_wise(*parts, "")
    raise AssertionError(f"unknown function {name}")
