"""Steps on text: each works on the distinct values of a batch."""

from __future__ import annotations

import unicodedata
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    kernel_on_distinct,
    on_distinct,
    series_of,
    with_columns,
)
from jobs.pipeline.steps.comparing import comparable, held, scalar_of


def _is_text(frame: Frame, name: str) -> bool:
    kind = frame[name].dtype.pyarrow_dtype
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))


def _trimmed(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(values), r"[\s\x0b\p{Z}]+", " ")


@batch("trim")
def trim(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return with_columns(
        frame, {n: kernel_on_distinct(frame[n], _trimmed) for n in columns if _is_text(frame, n)}
    )


@batch("case")
def case(frame: Frame, *, columns: list[str], to: str, **_: Any) -> Frame:
    kernel = {"lower": pc.utf8_lower, "upper": pc.utf8_upper, "title": pc.utf8_title}[to]
    return with_columns(frame, {n: kernel_on_distinct(frame[n], kernel) for n in columns})


@batch("normalise")
def normalise(frame: Frame, *, columns: list[str], form: str = "NFC", **_: Any) -> Frame:
    return with_columns(
        frame,
        {n: on_distinct(frame[n], lambda v: unicodedata.normalize(form, v), pa.string()) for n in columns},
    )


@batch("replace")
def replace(frame: Frame, *, columns: list[str], find: str, regex: bool = False, **params: Any) -> Frame:
    by = params.get("with", "")

    def kernel(values: pa.Array) -> pa.Array:
        if regex:
            return pc.replace_substring_regex(values, find, by)
        return pc.replace_substring(values, find, by)

    try:
        return with_columns(frame, {n: kernel_on_distinct(frame[n], kernel) for n in columns})
    except pa.ArrowInvalid as problem:
        raise StepError("replace.pattern", f"The pattern {find!r} cannot be used: {str(problem)[:120]}",
                        "Correct the pattern; it follows RE2.", column=columns[0]) from None  # fmt: skip


@batch("map_values")
def map_values(
    frame: Frame, *, column: str, table: dict[str, str], ctx: Context, otherwise: str = "keep", **_: Any
) -> Frame:
    """Whole values by a table, compared as values of the column's type; an empty new value is missing.

    An old value that the type cannot hold is met nowhere. Raises StepError for such a new value."""
    return with_columns(frame, {column: _mapped(frame, column, table, otherwise, ctx)})


def _mapped(frame: Frame, name: str, table: dict[str, str], otherwise: str, ctx: Context) -> Any:
    array = arrow_of(frame[name])
    kind = array.type
    pairs = [
        (held(old, kind, name), None if new == "" else scalar_of(new, kind, name).as_py())
        for old, new in table.items()
    ]
    pairs = [(old, new) for old, new in pairs if old is not None]
    old = pa.array([old for old, _ in pairs], kind)
    place = pc.index_in(comparable(array), value_set=old)
    new = pa.array([new for _, new in pairs], kind)
    known = pc.and_(pc.is_valid(place), pc.is_valid(array))
    unknown = pc.and_(pc.invert(known), pc.is_valid(array))
    if otherwise == "stop" and pc.any(unknown).as_py():
        position = pc.index(unknown, True).as_py()
        raise StepError("map.unknown", f"{name}: {str(array[position].as_py())[:60]!r} is not in the table.",
                        "Add it to the table, or keep other values.", row=int(frame.index[position]) + 1, column=name)  # fmt: skip
    if otherwise == "set_missing":
        ctx.report(f"{name} set missing: not in the table", pc.sum(unknown).as_py() or 0)
    rest = array if otherwise == "keep" else pa.scalar(None, kind)
    return series_of(pc.if_else(known, pc.take(new, place), rest), frame[name])
