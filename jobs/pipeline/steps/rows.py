"""Steps that keep or remove rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    ordered,
    scalar_of,
    series_of,
)


@batch("drop_missing")
def drop_missing(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return frame[frame[columns].notna().all(axis=1)]


@batch("range_check")
def range_check(
    frame: Frame, *, column: str, on_fail: str, min: str | None = None, max: str | None = None, **_: Any
) -> Frame:
    array = arrow_of(frame[column])
    good = pa.array([True] * len(array))
    if min is not None:
        good = pc.and_(good, pc.fill_null(pc.greater_equal(array, scalar_of(min, array.type, column)), True))
    if max is not None:
        good = pc.and_(good, pc.fill_null(pc.less_equal(array, scalar_of(max, array.type, column)), True))
    if on_fail == "drop":
        return frame[np.asarray(good)]
    return frame.assign(
        **{column: series_of(pc.if_else(good, array, pa.scalar(None, array.type)), frame[column])}
    )


@batch("filter")
def keep_where(frame: Frame, *, column: str, op: str, value: list[str] | None = None, **_: Any) -> Frame:
    array = arrow_of(frame[column])
    if op == "is_missing":
        return frame[np.asarray(pc.is_null(array))]
    if op == "not_missing":
        return frame[np.asarray(pc.is_valid(array))]
    wanted = [str(item) for item in (value or [])]
    if not wanted:
        raise StepError(
            "filter.value", f"The condition on {column} has no value.", "Give a value.", column=column
        )
    if op == "contains":
        text = pc.cast(array, pa.string())
        hit = pc.match_substring(text, wanted[0])
    elif op in ("in", "not_in"):
        hit = pc.equal(array, scalar_of(wanted[0], array.type, column))
        for item in wanted[1:]:
            hit = pc.or_(hit, pc.equal(array, scalar_of(item, array.type, column)))
        hit = pc.invert(hit) if op == "not_in" else hit
    else:
        compare = {
            "eq": pc.equal,
            "ne": pc.not_equal,
            "lt": pc.less,
            "lte": pc.less_equal,
            "gt": pc.greater,
            "gte": pc.greater_equal,
        }
        hit = compare[op](array, scalar_of(wanted[0], array.type, column))
    return frame[np.asarray(pc.fill_null(hit, False))]


def row_keys(frame: Frame, columns: list[str]) -> np.ndarray:
    """Two independent 64-bit hashes per row over these columns; missing differs from every value."""
    parts: list[pa.Array] = []
    for name in columns:
        text = pc.cast(arrow_of(frame[name]), pa.string())
        size = pc.cast(pc.fill_null(pc.utf8_length(text), -1), pa.string())
        parts += [size, pc.fill_null(text, "")]
    joined = pc.binary_join_element_wise(*parts, "\x1f") if parts else pa.array([""] * len(frame))
    values = np.asarray(joined.to_pylist(), dtype=object)
    keys = np.empty(len(values), dtype=[("a", "u8"), ("b", "u8")])
    keys["a"] = pd.util.hash_array(values, hash_key="0123456789123456", categorize=True)
    keys["b"] = pd.util.hash_array(values, hash_key="6543219876543210", categorize=True)
    return keys


@ordered("deduplicate")
class Deduplicate:
    """Keeps the first of rows that are equal in some columns, or in all."""

    def __init__(self, ctx: Context, *, columns: list[str] | None = None, **_: Any) -> None:
        self.columns = columns
        self.seen: set[bytes] = set()

    def apply(self, frame: Frame) -> Frame:
        keys = row_keys(frame, self.columns or list(frame.columns))
        fresh = []
        for item in keys:
            mark = item.tobytes()
            fresh.append(mark not in self.seen)
            self.seen.add(mark)
        return frame[np.asarray(fresh, dtype=bool)]
