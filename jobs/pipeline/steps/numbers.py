"""Steps on numbers. Whole numbers and decimals stay exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.rounding import rounded
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    Located,
    arrow_of,
    batch,
    chooses,
    series_of,
    true,
    with_columns,
    with_row,
)
from jobs.pipeline.steps.comparing import compared, scalar_of


@batch("round")
def round_(frame: Frame, *, columns: list[str], digits: int, **_: Any) -> Frame:
    """Halves go to the even digit, in every type; a decimal keeps its scale.

    Raises StepError with the row where the rounded value needs one digit more than the type has.
    """
    made = {}
    for name in columns:
        try:
            made[name] = with_row(frame[[name]], lambda part, n=name: rounded(arrow_of(part[n]), digits))
        except Located as problem:
            raise StepError("round.overflow", f"{name} has a value that cannot be rounded to {digits} digits within its type.",
                            "Change the column's type to number first, or round to more digits.", row=problem.row, column=name) from None  # fmt: skip
    return with_columns(frame, {name: series_of(array, frame[name]) for name, array in made.items()})


@batch("clip")
def clip(frame: Frame, *, column: str, min: str | None = None, max: str | None = None, **_: Any) -> Frame:
    """Raises StepError if an end that is needed is no value of the column's type."""
    array = arrow_of(frame[column])
    done = array
    for end, op in ((min, "lt"), (max, "gt")):
        if end is not None:
            hit = compared(done, op, end, column)
            if pc.any(hit).as_py():
                done = pc.if_else(hit, scalar_of(end, array.type, column), done)
    return with_columns(frame, {column: series_of(done, frame[column])})


def _inside(frame: Frame, column: str, min: str | None, max: str | None) -> pa.Array:
    """Both ends belong to the range; missing values pass."""
    array = arrow_of(frame[column])
    good = pa.array(np.ones(len(array), dtype=bool))
    for end, op in ((min, "gte"), (max, "lte")):
        if end is not None:
            good = pc.and_(good, pc.fill_null(compared(array, op, end, column), True))
    return good


def _where(column: str, min: str | None, max: str | None) -> str:
    return f"{column} outside {min or 'any'} to {max or 'any'}"


@chooses("range_check", reads=lambda p: [p["column"]], when=lambda p: p["on_fail"] == "drop")
def range_drop(frame: Frame, *, column: str, ctx: Context, min: str | None = None, max: str | None = None, **_: Any) -> np.ndarray:  # fmt: skip
    good = true(_inside(frame, column, min, max))
    ctx.report(_where(column, min, max), len(good) - int(np.count_nonzero(good)))
    return good


@batch("range_check")
def range_check(frame: Frame, *, column: str, ctx: Context, min: str | None = None, max: str | None = None, **_: Any) -> Frame:  # fmt: skip
    """What lies outside is set missing."""
    good = _inside(frame, column, min, max)
    outside = len(frame) - (pc.sum(good).as_py() or 0)
    ctx.report(f"{_where(column, min, max)}, set missing", outside)
    if not outside:
        return frame
    array = arrow_of(frame[column])
    return with_columns(
        frame, {column: series_of(pc.if_else(good, array, pa.scalar(None, array.type)), frame[column])}
    )
