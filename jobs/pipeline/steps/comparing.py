"""Values that a person wrote, against columns: exact in every type, whatever the number's size or digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError

WIDE = Context(prec=120, Emax=10_000, Emin=-10_000)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": pc.equal, "ne": pc.not_equal, "lt": pc.less, "lte": pc.less_equal, "gt": pc.greater, "gte": pc.greater_equal,
}  # fmt: skip


def _refused(text: str, column: str) -> StepError:
    return StepError("value.type", f"{text[:60]!r} is not a value that {column} can hold.",
                     "Write a value of the column's type.", column=column)  # fmt: skip


def exact_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def scalar_of(text: str, kind: pa.DataType, column: str) -> pa.Scalar:
    """The text as a value of just this type. Raises StepError if it is none."""
    text = str(text)
    try:
        return pa.scalar(_value(text, kind), kind)
    except (ArithmeticError, ValueError, OverflowError, pa.ArrowException):
        raise _refused(text, column) from None


def _value(text: str, kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return text
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[text.strip().lower()] if _truth(text) else _raise(text)
    if pa.types.is_date(kind):
        return date.fromisoformat(text.strip())
    if pa.types.is_timestamp(kind):
        found = datetime.fromisoformat(text.strip())
        # Times are kept in UTC; one written without a zone is taken as UTC.
        moment = found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
        return moment.replace(tzinfo=UTC) if kind.tz else moment
    number = _number(text)
    if pa.types.is_integer(kind):
        return int(number) if number == number.to_integral_value() else _raise(text)
    if pa.types.is_decimal(kind):
        return number
    return float(number) + 0.0


def _truth(text: str) -> bool:
    return text.strip().lower() in ("true", "false")


def _number(text: str) -> Decimal:
    number = Decimal(text.strip())
    return (
        number if number.is_finite() and "_" not in text and abs(number.adjusted()) < 5_000 else _raise(text)
    )


def _raise(text: str) -> Any:
    raise ValueError(text)


def compared(array: pa.Array, op: str, text: str, column: str) -> pa.Array:
    """Where `array op text` holds; missing where the value is. op: eq, ne, lt, lte, gt, gte.

    Whole numbers and decimals are compared exactly, also with numbers that their type cannot hold.
    """
    kind = array.type
    if not exact_number(kind):
        return _COMPARE[op](array, scalar_of(text, kind, column))
    try:
        number = _number(str(text))
    except (ValueError, InvalidOperation):
        raise _refused(str(text), column) from None
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    units = WIDE.scaleb(number, scale)
    low = int(units.to_integral_value(ROUND_FLOOR, WIDE)) if units.adjusted() < 60 else _far(units)
    whole = units.adjusted() < 60 and units == low
    least, most = (-(2**63), 2**63 - 1) if scale == 0 and pa.types.is_integer(kind) else _ends(kind)
    if not whole and op in ("eq", "ne"):
        return _everywhere(array, op == "ne")
    if low < least:
        return _everywhere(array, op in ("gt", "gte", "ne"))
    if low > most:
        return _everywhere(array, op in ("lt", "lte", "ne"))
    if not whole:
        # No value of the type lies between the bound and the next one below it.
        op = {"lt": "lte", "gte": "gt"}.get(op, op)
    return _COMPARE[op](array, pa.scalar(low if scale == 0 and pa.types.is_integer(kind) else WIDE.scaleb(Decimal(low), -scale), kind))  # fmt: skip


def _far(units: Decimal) -> int:
    return 10**60 if units > 0 else -(10**60)


def _ends(kind: pa.DataType) -> tuple[int, int]:
    return -(10**kind.precision) + 1, 10**kind.precision - 1


def _everywhere(array: pa.Array, answer: bool) -> pa.Array:
    return pc.if_else(pc.is_valid(array), pa.scalar(answer), pa.scalar(None, pa.bool_()))


def comparable(array: pa.Array) -> pa.Array:
    """The array in a form in which equal values are the same: no negative zero."""
    return pc.add(array, pa.scalar(0.0, array.type)) if pa.types.is_floating(array.type) else array


def among(array: pa.Array, texts: Iterable[str], column: str) -> pa.Array:
    """Where the value is one of the texts; missing where the value is. A number that the type cannot hold
    is among none. Raises StepError for a text that is no value of the kind at all."""
    known = [v for v in (held(text, array.type, column) for text in texts) if v is not None]
    hit = pc.is_in(comparable(array), value_set=pa.array(known, array.type))
    return pc.if_else(pc.is_valid(array), hit, pa.scalar(None, pa.bool_()))


def held(text: str, kind: pa.DataType, column: str) -> Any:
    """The text as a value of the type, or None for a number that the type cannot hold. Raises StepError for
    a text that is no value of the kind at all."""
    try:
        return scalar_of(text, kind, column).as_py()
    except StepError:
        if not exact_number(kind):
            raise
        compared(pa.array([], kind), "eq", text, column)
        return None
