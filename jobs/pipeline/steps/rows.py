"""Steps that keep or remove rows one by one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expressions import parse
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Context, Frame, arrow_of, batch, rows_where
from jobs.pipeline.steps.comparing import among, compared
from jobs.pipeline.steps.expression import worked_out


def _left(frame: Frame, hit: Any, ctx: Context, reason: str) -> Frame:
    found = rows_where(frame, hit)
    ctx.report(reason, len(frame) - len(found))
    return found


@batch("drop_missing")
def drop_missing(frame: Frame, *, columns: list[str], ctx: Context, **_: Any) -> Frame:
    for name in columns:
        array = pa.array(frame[name])
        if array.null_count:
            frame = _left(frame, pc.is_valid(array), ctx, f"{name} is missing")
    return frame


@batch("filter")
def keep_where(
    frame: Frame, *, column: str, op: str, ctx: Context, value: list[str] | None = None, **_: Any
) -> Frame:
    array = arrow_of(frame[column])
    reason = f"not: {column} {op.replace('_', ' ')}{' ' + ', '.join(value[:5]) if value else ''}"
    if op == "is_missing":
        return _left(frame, pc.is_null(array), ctx, reason)
    if op == "not_missing":
        return _left(frame, pc.is_valid(array), ctx, reason)
    wanted = [str(item) for item in (value or [])]
    if not wanted:
        raise StepError(
            "filter.value", f"The condition on {column} has no value.", "Give a value.", column=column
        )
    if op == "contains":
        hit = pc.match_substring(pc.cast(array, pa.string()), wanted[0])
    elif op in ("in", "not_in"):
        hit = among(array, wanted, column)
        hit = pc.invert(hit) if op == "not_in" else hit
    else:
        hit = compared(array, op, wanted[0], column)
    return _left(frame, hit, ctx, reason)


def _true(frame: Frame, expression: str) -> pa.Array:
    found = worked_out(parse(expression), frame)
    return pc.fill_null(found, False)


@batch("filter_by")
def filter_by(frame: Frame, *, expression: str, ctx: Context, **_: Any) -> Frame:
    return _left(frame, _true(frame, expression), ctx, f"not: {expression}")


@batch("drop_rows")
def drop_rows(frame: Frame, *, expression: str, ctx: Context, **_: Any) -> Frame:
    return _left(frame, pc.invert(_true(frame, expression)), ctx, expression)
