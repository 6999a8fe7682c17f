"""Steps on numbers. Whole numbers and decimals stay exact."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.keys import mixed
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    on_distinct,
    scalar_of,
    series_of,
    with_columns,
)


@batch("round")
def round_(frame: Frame, *, columns: list[str], digits: int, **_: Any) -> Frame:
    """Halves go to the even digit, in every type; a decimal keeps its scale."""
    made = {}
    for name in columns:
        array = arrow_of(frame[name])
        if pa.types.is_decimal(array.type):
            step = Decimal(1).scaleb(-digits)
            made[name] = (
                on_distinct(frame[name], lambda v, s=step: v.quantize(s, ROUND_HALF_EVEN), array.type)
                if digits < array.type.scale
                else frame[name]
            )
        elif pa.types.is_integer(array.type):
            made[name] = (
                frame[name]
                if digits >= 0
                else on_distinct(frame[name], lambda v: _tens(v, -digits), array.type)
            )
        else:
            made[name] = series_of(pc.round(array, ndigits=digits, round_mode="half_to_even"), frame[name])
    return with_columns(frame, made)


def _tens(value: int, zeros: int) -> int:
    return int(Decimal(value).quantize(Decimal(1).scaleb(zeros), ROUND_HALF_EVEN)) if zeros < 19 else 0


@batch("clip")
def clip(
    frame: Frame, *, column: str, ctx: Context, min: str | None = None, max: str | None = None, **_: Any
) -> Frame:
    array = arrow_of(frame[column])
    done = array
    for end, beyond in ((min, pc.less), (max, pc.greater)):
        if end is not None:
            hit = beyond(done, scalar_of(end, array.type, column))
            done = pc.if_else(hit, pc.cast(scalar_of(end, array.type, column), array.type), done)
    return with_columns(frame, {column: series_of(done, frame[column])})


@batch("range_check")
def range_check(
    frame: Frame,
    *,
    column: str,
    on_fail: str,
    ctx: Context,
    min: str | None = None,
    max: str | None = None,
    **_: Any,
) -> Frame:
    array = arrow_of(frame[column])
    good = pa.array(np.ones(len(array), dtype=bool))
    if min is not None:
        good = pc.and_(good, pc.fill_null(pc.greater_equal(array, scalar_of(min, array.type, column)), True))
    if max is not None:
        good = pc.and_(good, pc.fill_null(pc.less_equal(array, scalar_of(max, array.type, column)), True))
    outside = len(array) - (pc.sum(good).as_py() or 0)
    where = f"{column} outside {min or 'any'} to {max or 'any'}"
    if on_fail == "drop":
        ctx.report(where, outside)
        return frame[np.asarray(good)] if outside else frame
    ctx.report(f"{where}, set missing", outside)
    return with_columns(
        frame, {column: series_of(pc.if_else(good, array, pa.scalar(None, array.type)), frame[column])}
    )


def uniform(rows: np.ndarray, seed: int, stream: int = 0) -> np.ndarray:
    """One number strictly between 0 and 1 for each row number: the same for the same seed and row, whatever the batch."""
    with np.errstate(over="ignore"):
        start = np.uint64((seed * 2 + 1) & (2**64 - 1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(
            stream
        ) * np.uint64(0xC2B2AE3D27D4EB4F)
        values = mixed(mixed(rows.astype("u8") * np.uint64(0xBF58476D1CE4E5B9) + start, 0), 1)
    return ((values >> np.uint64(11)).astype("f8") + 0.5) / 2**53


@batch("perturb")
def perturb(frame: Frame, *, column: str, scale: str, seed: int, noise: str = "laplace", **_: Any) -> Frame:
    """Noise by row number: laplace (scale b), gaussian (standard deviation), uniform (half width)."""
    array, size = arrow_of(frame[column]), float(Decimal(scale))
    rows = np.asarray(frame.index)
    u = uniform(rows, seed)
    if noise == "laplace":
        shift = -size * np.sign(u - 0.5) * np.log1p(-2 * np.abs(u - 0.5))
    elif noise == "gaussian":
        shift = size * np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * uniform(rows, seed, 1))
    else:
        shift = (2 * u - 1) * size
    try:
        return with_columns(frame, {column: series_of(_shifted(array, shift), frame[column])})
    except (pa.ArrowInvalid, OverflowError):
        raise StepError("perturb.overflow", f"{column} has values so large that the noise leads out of its type.",
                        "Clip the column first, or use a smaller scale.", column=column) from None  # fmt: skip


def _shifted(array: pa.Array, shift: np.ndarray) -> pa.Array:
    kind = array.type
    if pa.types.is_floating(kind):
        return pc.add(array, pa.array(shift))
    if pa.types.is_integer(kind):
        return pc.add_checked(array, pa.array(np.rint(shift).astype("i8")))
    step = Decimal(1).scaleb(-kind.scale)
    return pa.array(
        [
            None if v is None else v + Decimal(repr(float(s))).quantize(step)
            for v, s in zip(array.to_pylist(), shift, strict=True)
        ],
        kind,
    )
