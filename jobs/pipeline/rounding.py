"""Rounding that is exact in every type and says so where a result would leave the type."""

from __future__ import annotations

from decimal import Context, Decimal

import pyarrow as pa
import pyarrow.compute as pc

_WIDE = Context(prec=80)


def rounded(array: pa.Array | pa.Scalar, digits: int) -> pa.Array | pa.Scalar:
    """Halves go to the even digit; the type stays. Raises ArrowInvalid where the result needs a digit more
    than the type has: Arrow's own rounding of decimals tells that of the last value only."""
    kind = array.type
    if pa.types.is_floating(kind):
        return pc.round(array, ndigits=digits, round_mode="half_to_even")
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    if digits >= scale:
        return array
    most = 10**kind.precision - 1 if pa.types.is_decimal(kind) else 2**63 - 1
    step = 10 ** (scale - digits)
    steps, half = most // step, step // 2
    # The first number of units that would be rounded to one step more than there is room for.
    first = steps * step + half + (0 if steps % 2 else 1)
    if first <= most:
        ends = [_scalar(first, kind), _scalar(-first, kind)]
        beyond = pc.or_(pc.greater_equal(array, ends[0]), pc.less_equal(array, ends[1]))
        if pc.any(pa.array([beyond.as_py()]) if isinstance(beyond, pa.Scalar) else beyond).as_py():
            raise pa.ArrowInvalid("a value leaves its type when rounded")
    if steps == 0:
        return pc.if_else(pc.is_valid(array), _scalar(0, kind), pa.scalar(None, kind))
    return pc.round(array, ndigits=digits, round_mode="half_to_even")


def _scalar(units: int, kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(_WIDE.scaleb(Decimal(units), -kind.scale) if pa.types.is_decimal(kind) else units, kind)
