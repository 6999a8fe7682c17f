"""Steps that keep or remove rows one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expression_parser import parse
from contracts.recipes.expressions import columns_of
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Context, Frame, arrow_of, chooses, true
from jobs.pipeline.steps.comparing import among, compared
from jobs.pipeline.steps.expression import worked_out


@chooses("drop_missing", reads=lambda p: p["columns"])
def drop_missing(frame: Frame, *, columns: list[str], ctx: Context, **_: Any) -> np.ndarray:
    """A row without several of them is counted for the first."""
    kept = np.ones(len(frame), dtype=bool)
    for name in columns:
        array = pa.array(frame[name])
        if array.null_count:
            valid = np.asarray(pc.is_valid(array))
            ctx.report(f"{name} is missing", int(np.count_nonzero(kept & ~valid)))
            kept &= valid
    return kept


def _counted(hit: Any, ctx: Context, reason: str) -> np.ndarray:
    found = true(hit)
    ctx.report(reason, len(found) - int(np.count_nonzero(found)))
    return found


@chooses("filter", reads=lambda p: [p["column"]])
def keep_where(
    frame: Frame, *, column: str, op: str, ctx: Context, value: list[str] | None = None, **_: Any
) -> np.ndarray:
    array = arrow_of(frame[column])
    reason = f"not: {column} {op.replace('_', ' ')}{' ' + ', '.join(value[:5]) if value else ''}"
    if op == "is_missing":
        return _counted(pc.is_null(array), ctx, reason)
    if op == "not_missing":
        return _counted(pc.is_valid(array), ctx, reason)
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
    return _counted(hit, ctx, reason)


def _named(params: Mapping[str, Any]) -> list[str]:
    return columns_of(parse(params["expression"]))


def _holds(frame: Frame, expression: str) -> pa.Array:
    return pc.fill_null(worked_out(parse(expression), frame), False)


@chooses("filter_by", reads=_named)
def filter_by(frame: Frame, *, expression: str, ctx: Context, **_: Any) -> np.ndarray:
    return _counted(_holds(frame, expression), ctx, f"not: {expression}")


@chooses("drop_rows", reads=_named)
def drop_rows(frame: Frame, *, expression: str, ctx: Context, **_: Any) -> np.ndarray:
    return _counted(pc.invert(_holds(frame, expression)), ctx, expression)
