"""Compute an expression of a recipe over Arrow columns.

Missing is unknown, as in SQL: a comparison with it is missing, `and`/`or` follow three-valued logic, `if`
takes the else part. A division or remainder by zero is missing. Integers are exact and never wrap, decimals
are exact up to 38 digits, `/` and anything with a number is a double; what does not fit is a StepError.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expression_types import type_of
from contracts.recipes.expressions import (
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
    columns_of,
)
from jobs.pipeline.faults import StepError
from jobs.pipeline.types import name_of

NULL = pa.scalar(None, pa.null())
_COMPARE = {
    "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
_CHECKED = {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}
_PYTHON = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def evaluate(tree: Expression, columns: Mapping[str, pa.Array], length: int) -> pa.Array:
    """One value for each of `length` rows.

    Raises StepError for a value that does not fit; its row counts from 1 within these columns.
    """
    arrays = {name: _plain(columns[name]) for name in columns_of(tree) if name in columns}
    try:
        kind = type_of(tree, {name: name_of(array.type) for name, array in arrays.items()})
    except ExpressionFault as fault:
        raise StepError("expression.type", f"{fault.text}.", fault.remedy) from fault
    try:
        found = _Run(arrays).value(tree)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError) as problem:
        raise StepError(
            "expression.failed", f"“{tree.to_text()[:120]}” could not be computed: {str(problem)[:120]}",
            "Make the numbers smaller, or change the type of the columns before.",
        ) from problem  # fmt: skip
    if pa.types.is_null(found.type) and kind in ("missing", "boolean"):
        found = pc.cast(found, pa.bool_())
    if isinstance(found, pa.Scalar):
        found = pa.repeat(found, length)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _plain(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    return pc.cast(array, pa.int64()) if pa.types.is_integer(array.type) else array


def _overflow(text: str, row: int | None = None) -> StepError:
    return StepError("expression.overflow", f"The result of “{text[:120]}” does not fit.",
                     "Integers go up to 9223372036854775807, decimals have 38 digits; divide, or use numbers.", row=row)  # fmt: skip


def _null(kind: pa.DataType) -> bool:
    return pa.types.is_null(kind)


def _as_float(value: Any) -> Any:
    return pc.cast(value, pa.float64(), safe=False)


def _digits(value: Any) -> int:
    """How many digits the largest value of a decimal has."""
    if isinstance(value, pa.Scalar):
        ends = [value.as_py()]
    else:
        ends = list(pc.min_max(value).as_py().values())
    return max((len(end.as_tuple().digits) for end in ends if end is not None), default=1)


def _decimal(value: Any) -> Any:
    """As the narrowest decimal that holds every value, so that results have room."""
    if not pa.types.is_decimal(value.type):
        value = pc.cast(value, pa.decimal128(19, 0))
    scale = value.type.scale
    return pc.cast(value, pa.decimal256(max(_digits(value), scale, 1), scale))


class _Run:
    def __init__(self, columns: Mapping[str, pa.Array]) -> None:
        self.columns = columns

    def value(self, node: Expression) -> Any:
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self.columns[node.name]
            case Negative():
                item = self.value(node.item)
                return item if _null(item.type) else self._whole(pc.negate_checked, item, node)
            case Arithmetic():
                return self.arithmetic(node)
            case Compare():
                return self.compare(_COMPARE[node.op], node.left, node.right)
            case In():
                return _turned(
                    _among(self.value(node.item), [self.value(o) for o in node.options]), node.negated
                )
            case Between():
                item = self.value(node.item)
                low = _compared(pc.greater_equal, item, self.value(node.low))
                high = _compared(pc.less_equal, item, self.value(node.high))
                return _turned(pc.and_kleene(low, high), node.negated)
            case IsMissing():
                item = self.value(node.item)
                return pc.is_valid(item) if node.negated else pc.is_null(item)
            case Not():
                return pc.invert(self.truth(node.item))
            case Logic():
                join = pc.and_kleene if node.op == "and" else pc.or_kleene
                return reduce(join, [self.truth(item) for item in node.items])
            case Call():
                return self.call(node)
        raise AssertionError(f"unknown node {type(node).__name__}")

    def truth(self, node: Expression) -> Any:
        return pc.cast(self.value(node), pa.bool_())

    def compare(self, compare: Any, left: Expression, right: Expression) -> Any:
        return _compared(compare, self.value(left), self.value(right))

    def _whole(self, function: Any, item: Any, node: Expression) -> Any:
        try:
            return function(item)
        except pa.ArrowInvalid as problem:
            raise _overflow(node.to_text()) from problem

    def arithmetic(self, node: Arithmetic) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if _null(left.type) or _null(right.type):
            return NULL
        if node.op == "/" or pa.types.is_floating(left.type) or pa.types.is_floating(right.type):
            return _floating(node, _as_float(left), _as_float(right))
        if pa.types.is_decimal(left.type) or pa.types.is_decimal(right.type):
            return _exact(node, left, right)
        if node.op == "%":
            # -1 divides like 1 and cannot overflow.
            by = pc.if_else(pc.equal(right, 0), pa.scalar(None, pa.int64()), right)
            by = pc.if_else(pc.equal(by, -1), pa.scalar(1, pa.int64()), by)
            return pc.subtract(left, pc.multiply(pc.divide(left, by), by))
        try:
            return _CHECKED[node.op](left, right)
        except pa.ArrowInvalid as problem:
            raise _overflow(node.to_text(), _first_overflow(node.op, left, right)) from problem

    def call(self, node: Call) -> Any:
        name = node.name
        if name == "if":
            truth = pc.fill_null(self.truth(node.items[0]), False)
            chosen, other = _common([self.value(item) for item in node.items[1:]])
            return pc.if_else(truth, chosen, other)
        items = [self.value(item) for item in node.items]
        if name == "coalesce":
            return pc.coalesce(*_common(items))
        first = items[0]
        if name in ("abs", "round", "floor"):
            return first if _null(first.type) else self._numeric(node, name, first, items)
        if name in ("year", "month", "day"):
            return pa.scalar(None, pa.int64()) if _null(first.type) else getattr(pc, name)(first)
        items = [pc.cast(item, pa.string()) for item in items]
        first = items[0]
        match name:
            case "lower":
                return pc.utf8_lower(first)
            case "upper":
                return pc.utf8_upper(first)
            case "length":
                return pc.cast(pc.utf8_length(first), pa.int64())
            case "concat":
                return pc.binary_join_element_wise(*items, "", null_handling="emit_null")
        function = {
            "contains": pc.match_substring, "starts_with": pc.starts_with, "ends_with": pc.ends_with,
            "matches": pc.match_substring_regex,
        }[name]  # fmt: skip
        return function(first, items[1].as_py())

    def _numeric(self, node: Call, name: str, first: Any, items: list[Any]) -> Any:
        if name == "abs":
            return self._whole(pc.abs_checked, first, node)
        if pa.types.is_decimal(first.type):
            first = pc.cast(first, pa.decimal256(76, first.type.scale))
        if name == "floor":
            found = first if pa.types.is_integer(first.type) else pc.floor(first)
        else:
            digits = int(items[1].as_py()) if len(items) > 1 else 0
            whole = 0 if pa.types.is_integer(first.type) else getattr(first.type, "scale", None)
            if whole is not None and digits >= whole:
                found = first
            else:
                found = pc.round(first, ndigits=digits, round_mode="half_to_even")
        return _narrow(node, found)


def _literal(node: Literal) -> pa.Scalar:
    match node.kind:
        case "missing":
            return NULL
        case "text":
            return pa.scalar(node.value, pa.string())
        case "boolean":
            return pa.scalar(node.value == "true")
        case "date":
            return pc.cast(pa.scalar(node.value), pa.date32())
        case "timestamp":
            zoned = node.value.endswith(("Z", "+00:00"))
            bare = node.value.removesuffix("Z").removesuffix("+00:00")
            found = pc.cast(pa.scalar(bare), pa.timestamp("us"))
            return pc.assume_timezone(found, "UTC") if zoned else found
    if "." not in node.value and int(node.value) < 2**63:
        return pa.scalar(int(node.value), pa.int64())
    number = Decimal(node.value)
    return pa.scalar(number, pa.decimal128(38, max(-int(number.as_tuple().exponent), 0)))


def _turned(hit: Any, negated: bool) -> Any:
    return pc.invert(hit) if negated else hit


def _compared(compare: Any, left: Any, right: Any) -> Any:
    if _null(left.type) or _null(right.type):
        return pa.scalar(None, pa.bool_())
    left, right = _alike(left, right)
    return compare(left, right)


def _among(item: Any, options: list[Any]) -> Any:
    if len(options) > 4 and all(
        isinstance(o, pa.Scalar) and o.type == item.type and o.is_valid for o in options
    ):
        hit = pc.is_in(item, value_set=pa.array([o.as_py() for o in options], item.type))
        return pc.if_else(pc.is_valid(item), hit, pa.scalar(None, pa.bool_()))
    return reduce(pc.or_kleene, [_compared(pc.equal, item, option) for option in options])


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both of one type, so that they compare exactly (with a number: as doubles)."""
    kinds = (left.type, right.type)
    if kinds[0] == kinds[1]:
        return left, right
    if any(pa.types.is_floating(k) for k in kinds):
        return _as_float(left), _as_float(right)
    if any(pa.types.is_decimal(k) for k in kinds):
        left, right = _decimal(left), _decimal(right)
        scale = max(left.type.scale, right.type.scale)
        kind = pa.decimal256(76, scale)
        return pc.cast(left, kind), pc.cast(right, kind)
    if any(pa.types.is_date(k) or pa.types.is_timestamp(k) for k in kinds):
        left, right = (
            pc.cast(v, pa.timestamp("us")) if pa.types.is_date(v.type) else v for v in (left, right)
        )
        if left.type.tz or right.type.tz:
            left, right = (v if v.type.tz else pc.assume_timezone(v, "UTC") for v in (left, right))
    return left, right


def _common(values: list[Any]) -> list[Any]:
    """All of the one type that holds each of them."""
    there = [v for v in values if not _null(v.type)]
    if not there:
        # Still of no type: what stands around them gives it.
        return values
    kinds = [v.type for v in there]
    if any(pa.types.is_floating(k) for k in kinds):
        target: pa.DataType = pa.float64()
    elif any(pa.types.is_decimal(k) for k in kinds):
        target = pa.decimal128(38, max(k.scale if pa.types.is_decimal(k) else 0 for k in kinds))
    elif any(pa.types.is_timestamp(k) for k in kinds):
        zoned = any(getattr(k, "tz", None) for k in kinds)
        there_in = [pc.cast(v, pa.timestamp("us")) if pa.types.is_date(v.type) else v for v in values]
        if zoned:
            there_in = [
                pc.assume_timezone(v, "UTC") if pa.types.is_timestamp(v.type) and not v.type.tz else v
                for v in there_in
            ]
        values, target = there_in, pa.timestamp("us", tz="UTC" if zoned else None)
    else:
        target = kinds[0]
    floating = pa.types.is_floating(target)
    return [v if v.type == target else pc.cast(v, target, safe=not floating) for v in values]


def _narrow(node: Expression, value: Any) -> Any:
    """A wide decimal as the portal keeps it. Raises StepError if it has more than 38 digits."""
    if not pa.types.is_decimal(value.type) or pa.types.is_decimal128(value.type):
        return value
    try:
        if value.type.scale > 38:
            raise _overflow(node.to_text())
        return pc.cast(value, pa.decimal128(38, value.type.scale))
    except pa.ArrowInvalid as problem:
        raise _overflow(node.to_text()) from problem


def _exact(node: Arithmetic, left: Any, right: Any) -> Any:
    """Of a batch that needs more digits than there are, each half by itself: what a row gives must not
    depend on the rows beside it."""
    try:
        a, b = _decimal(left), _decimal(right)
        return _narrow(node, {"+": pc.add, "-": pc.subtract, "*": pc.multiply}[node.op](a, b))
    except (pa.ArrowInvalid, StepError) as problem:
        length = max((len(v) for v in (left, right) if isinstance(v, pa.Array)), default=0)
        if length < 2:
            raise _overflow(node.to_text()) from problem
    parts = [(0, length // 2), (length // 2, length)]
    return pa.concat_arrays([_exact(node, *(_cut(v, *part) for v in (left, right))) for part in parts])


def _cut(value: Any, start: int, stop: int) -> Any:
    return value.slice(start, stop - start) if isinstance(value, pa.Array) else value


def _floating(node: Arithmetic, left: Any, right: Any) -> Any:
    if node.op in "/%":
        right = pc.if_else(pc.equal(right, 0.0), pa.scalar(None, pa.float64()), right)
    if node.op == "%":
        return _remainder(left, right)
    found = {"+": pc.add, "-": pc.subtract, "*": pc.multiply, "/": pc.divide}[node.op](left, right)
    wrong = pc.and_(pc.is_inf(found), pc.and_(pc.is_finite(left), pc.is_finite(right)))
    if isinstance(wrong, pa.Scalar):
        if wrong.as_py():
            raise _overflow(node.to_text())
    elif pc.any(wrong).as_py():
        raise _overflow(node.to_text(), pc.index(wrong, True).as_py() + 1)
    return found


def _remainder(left: Any, right: Any) -> Any:
    sizes = [len(v) for v in (left, right) if isinstance(v, pa.Array)]
    if not sizes:
        left = pa.repeat(left, 1)
    arrays = [v if isinstance(v, pa.Array) else pa.repeat(v, max(sizes, default=1)) for v in (left, right)]
    gone = np.asarray(pc.or_(pc.is_null(arrays[0]), pc.is_null(arrays[1])))
    with np.errstate(all="ignore"):
        found = np.fmod(*(pc.fill_null(a, 1.0).to_numpy(zero_copy_only=False) for a in arrays))
    result = pa.array(found, pa.float64(), mask=gone)
    return result if sizes else result[0]


def _first_overflow(op: str, left: Any, right: Any) -> int | None:
    """The row (from 1) of the first result that has no 64-bit integer."""
    length = max((len(v) for v in (left, right) if isinstance(v, pa.Array)), default=0)
    sides = [v.to_pylist() if isinstance(v, pa.Array) else [v.as_py()] * length for v in (left, right)]
    for row, (a, b) in enumerate(zip(*sides, strict=True), start=1):
        if a is not None and b is not None and not -(2**63) <= _PYTHON[op](a, b) < 2**63:
            return row
    return None
