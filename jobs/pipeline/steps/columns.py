"""Steps that choose, name, type and make columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expressions import parse
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    CAST,
    Context,
    Frame,
    arrow_of,
    batch,
    series_of,
    with_columns,
)
from jobs.pipeline.steps.expression import worked_out


@batch("select")
def select(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return frame[columns]


@batch("drop")
def drop(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    gone = set(columns)
    return frame[[name for name in frame.columns if name not in gone]]


@batch("reorder")
def reorder(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    first = set(columns)
    return frame[[*columns, *(name for name in frame.columns if name not in first)]]


@batch("rename")
def rename(frame: Frame, *, mapping: dict[str, str], **_: Any) -> Frame:
    return frame.rename(columns=mapping)


def _cast(source: pa.Array, to: str) -> pa.Array:
    """Exact or an error: no value may come out different from what it says."""
    if pa.types.is_string(source.type) and to == "boolean":
        source = pc.utf8_lower(source)
    if pa.types.is_decimal(source.type) and to == "decimal":
        return source
    if pa.types.is_string(source.type) and to == "number":
        found = pc.cast(source, pa.float64())
        if pc.any(pc.invert(pc.is_finite(pc.drop_null(found)))).as_py():
            raise pa.ArrowInvalid("not a finite number")
        return found
    if pa.types.is_floating(source.type) and to == "decimal":
        return pc.cast(pc.cast(source, pa.string()), CAST[to])
    if pa.types.is_integer(source.type) and to == "boolean":
        if not pc.all(pc.is_in(source, value_set=pa.array([0, 1, None], source.type))).as_py():
            raise pa.ArrowInvalid("neither 0 nor 1")
        return pc.cast(source, CAST[to])
    if pa.types.is_decimal(source.type) and to == "number":
        found = pc.cast(source, pa.float64())
        back = pa.array([None if v is None else repr(v) for v in found.to_pylist()], pa.string())
        same = pc.equal(pc.cast(pc.cast(back, pa.float64()), pa.float64()), found)
        if pc.any(pc.invert(pc.fill_null(same, True))).as_py():
            raise pa.ArrowInvalid("loses digits")
        return found
    return pc.cast(source, CAST[to])


def fits(source: pa.Array, to: str) -> pa.Array:
    """Which values can be read as the type."""
    good = []
    for position in range(len(source)):
        try:
            _cast(source.slice(position, 1), to)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            good.append(False)
        else:
            good.append(True)
    return pa.array(good, pa.bool_())


@batch("cast")
def cast(frame: Frame, *, column: str, to: str, ctx: Context, on_fail: str = "stop", **_: Any) -> Frame:
    """Raises StepError with the first row whose value does not fit, unless it is to be set missing."""
    source = arrow_of(frame[column])
    try:
        done = _cast(source, to)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        distinct = pc.unique(source)
        wrong = distinct.filter(pc.invert(fits(distinct, to)))
        bad = pc.is_in(source, value_set=wrong)
        if on_fail == "set_missing":
            ctx.report(f"{column} set missing: cannot be read as {to}", pc.sum(bad).as_py() or 0)
            done = _cast(pc.if_else(bad, pa.scalar(None, source.type), source), to)
        else:
            position = pc.index(bad, True).as_py()
            raise StepError(
                "cast.does_not_fit", f"{column} cannot be read as {to}: {str(source[position].as_py())[:60]!r} does not fit.",
                "Filter or correct such rows before this step, or set them missing.", row=int(frame.index[position]) + 1, column=column,
            ) from None  # fmt: skip
    return with_columns(frame, {column: series_of(done, frame[column])})


@batch("split")
def split(
    frame: Frame, *, column: str, separator: str, into: list[str], keep_source: bool = False, **_: Any
) -> Frame:
    """The last new column takes the rest; parts that are not there are missing."""
    source = arrow_of(frame[column])
    parts = pc.split_pattern(source, separator, max_splits=len(into) - 1)
    made = {}
    for place, name in enumerate(into):
        there = pc.greater(pc.list_value_length(parts), place)
        short = pc.if_else(there, parts, pa.scalar(None, parts.type))
        made[name] = series_of(pc.list_element(_padded(short, place), place), frame[column])
    found = with_columns(frame, made)
    return found if keep_source or column in into else found[[n for n in found.columns if n != column]]


def _padded(parts: pa.Array, place: int) -> pa.Array:
    """Lists long enough to have an element at `place`; missing ones stay missing."""
    filler = pa.array([[None] * (place + 1)], parts.type)
    filled = pc.if_else(pc.is_valid(parts), parts, filler[0])
    return filled


@batch("join_text")
def join_text(frame: Frame, *, columns: list[str], into: str, separator: str = "", **_: Any) -> Frame:
    """Missing parts are left out; the result is missing where all of them are."""
    parts = [pc.cast(arrow_of(frame[name]), pa.string()) for name in columns]
    joined = parts[0]
    for part in parts[1:]:
        both = pc.binary_join_element_wise(joined, part, separator)
        joined = pc.coalesce(both, joined, part)
    return with_columns(frame, {into: series_of(joined, frame[columns[0]])})


@batch("calculate")
def calculate(frame: Frame, *, into: str, expression: str, **_: Any) -> Frame:
    tree = parse(expression)
    made = worked_out(tree, frame)
    like = frame[frame.columns[0]]
    return with_columns(frame, {into: series_of(made, like).rename(into)})
