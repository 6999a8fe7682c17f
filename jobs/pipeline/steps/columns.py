"""Steps that choose, name, type and make columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.recipes.expression_parser import parse
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
    kind = source.type
    if pa.types.is_string(kind):
        return _read(source, to)
    if to == "text":
        return _written(source)
    if pa.types.is_decimal(kind) and to == "decimal":
        return source
    if pa.types.is_floating(kind) and to == "decimal":
        return pc.cast(pc.cast(source, pa.string()), CAST[to])
    if pa.types.is_integer(kind) and to == "boolean":
        _need(pc.is_in(source, value_set=pa.array([0, 1, None], kind)), "neither 0 nor 1")
    if pa.types.is_decimal(kind) and to == "number":
        return _as_number(pc.cast(source, pa.string()))
    if pa.types.is_timestamp(kind) and to == "date":
        found = pc.cast(source, CAST[to])
        _need(pc.equal(pc.cast(found, kind), source), "has a time of day")
        return found
    if pa.types.is_timestamp(kind) and to == "timestamp":
        return source
    return pc.cast(source, CAST[to])


def _need(good: pa.Array, why: str) -> None:
    if pc.all(pc.fill_null(good, True)).as_py() is False:
        raise pa.ArrowInvalid(why)


def _read(source: pa.Array, to: str) -> pa.Array:
    """Text as another type."""
    if to == "text":
        return source
    if to == "boolean":
        return pc.cast(pc.utf8_lower(source), CAST[to])
    if to == "integer":
        # Arrow would also take hexadecimal.
        _need(pc.match_substring_regex(source, r"^-?[0-9]+$"), "no whole number")
    return _as_number(source) if to == "number" else pc.cast(source, CAST[to])


def _as_number(texts: pa.Array) -> pa.Array:
    """Text to floating point where that keeps all digits: 15 always fit, more only if they come back."""
    found = pc.cast(texts, pa.float64())
    _need(pc.is_finite(found), "not a finite number")
    digits = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"[eE].*$", ""), r"[^0-9]", "")
    many = pc.greater(pc.utf8_length(pc.utf8_trim(digits, "0")), 15)
    for text, number in zip(texts.filter(many).to_pylist(), found.filter(many).to_pylist(), strict=True):
        if Decimal(text) != Decimal(repr(number)):
            raise pa.ArrowInvalid("loses digits")
    return found


def _written(source: pa.Array) -> pa.Array:
    """As text, in plain digits."""
    if pa.types.is_decimal(source.type):
        plain = [None if v is None else f"{v:f}" for v in source.to_pylist()]
        return pa.array(plain, pa.string())
    return pc.cast(source, pa.string())


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
    """The parts stand where the text stood, or after it; the last one takes the rest, and parts that are not
    there are missing."""
    series = frame[column]
    parts = pc.split_pattern(arrow_of(series), separator, max_splits=len(into) - 1)
    lengths, flat = pc.list_value_length(parts), pc.list_flatten(parts)
    starts = pc.subtract(pc.cumulative_sum(pc.fill_null(lengths, 0)), pc.fill_null(lengths, 0))
    made = {}
    for place, name in enumerate(into):
        there = pc.fill_null(pc.greater(lengths, place), False)
        at = pc.if_else(there, pc.add(starts, place), pa.scalar(None, starts.type))
        made[name] = series_of(pc.take(flat, at), series).rename(name)
    names: list[str] = []
    for name in frame.columns:
        names += ([] if name == column and not keep_source else [name]) + (into if name == column else [])
    kept = frame if keep_source else frame[[n for n in frame.columns if n != column]]
    return with_columns(kept, made)[names]


@batch("join_text")
def join_text(frame: Frame, *, columns: list[str], into: str, separator: str = "", **_: Any) -> Frame:
    """Missing parts are left out; the result is missing where all of them are."""
    parts = [_written(arrow_of(frame[name])) for name in columns]
    joined = parts[0]
    for part in parts[1:]:
        both = pc.binary_join_element_wise(joined, part, separator)
        joined = pc.coalesce(both, joined, part)
    return with_columns(frame, {into: series_of(joined, frame[columns[0]])})


@batch("calculate")
def calculate(frame: Frame, *, into: str, expression: str, **_: Any) -> Frame:
    """Raises StepError with the row at which a whole number or decimal grows out of its type."""
    tree = parse(expression)
    made = worked_out(tree, frame)
    like = frame[frame.columns[0]]
    return with_columns(frame, {into: series_of(made, like).rename(into)})
