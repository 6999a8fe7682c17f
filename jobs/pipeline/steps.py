"""The steps: each a plain function of a pandas frame with exact Arrow types.

`@step(name)` functions see one batch at a time. Those with memory over the whole table
(`@learner`) are given what a first pass over the table learned.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError

Frame = pd.DataFrame
STEPS: dict[str, Callable[..., Frame]] = {}
LEARNERS: dict[str, type] = {}
CAST = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.decimal128(38, 9), "number": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip


def step(name: str) -> Callable[[Callable[..., Frame]], Callable[..., Frame]]:
    def remember(function: Callable[..., Frame]) -> Callable[..., Frame]:
        STEPS[name] = function
        return function

    return remember


def arrow_of(series: pd.Series) -> pa.Array:
    found = pa.array(series)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def series_of(array: pa.Array, like: pd.Series) -> pd.Series:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([array])), index=like.index, name=like.name
    )


def on_distinct(series: pd.Series, function: Callable[[Any], Any], kind: pa.DataType) -> pd.Series:
    """Apply to each distinct value once; missing stays missing."""
    encoded = pc.dictionary_encode(arrow_of(series))
    mapped = pa.array([None if v is None else function(v) for v in encoded.dictionary.to_pylist()], kind)
    return series_of(pc.take(mapped, encoded.indices), series)


@step("select")
def select(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return frame[columns]


@step("rename")
def rename(frame: Frame, *, mapping: dict[str, str], **_: Any) -> Frame:
    return frame.rename(columns=mapping)


@step("cast")
def cast(frame: Frame, *, column: str, to: str, **_: Any) -> Frame:
    """Raises StepError with the first row whose value does not fit, if the change is not exact."""
    source = arrow_of(frame[column])
    try:
        if pa.types.is_string(source.type) and to == "boolean":
            source = pc.utf8_lower(source)
        done = pc.cast(source, CAST[to])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        for position, value in enumerate(source.to_pylist()):
            try:
                pc.cast(pa.array([value], source.type), CAST[to])
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise StepError(
                    "cast.does_not_fit", f"{column} cannot be read as {to}: {str(value)[:60]!r} does not fit.",
                    "Filter or correct such rows before this step.", row=int(frame.index[position]) + 1, column=column,
                ) from None  # fmt: skip
        raise
    return frame.assign(**{column: series_of(done, frame[column])})


@step("trim")
def trim(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    changed = {}
    for name in columns:
        array = arrow_of(frame[name])
        if pa.types.is_string(array.type):
            changed[name] = series_of(
                pc.replace_substring_regex(pc.utf8_trim_whitespace(array), r"\s+", " "), frame[name]
            )
    return frame.assign(**changed)


@step("drop_missing")
def drop_missing(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return frame[frame[columns].notna().all(axis=1)]


def _number_scalar(text: str, kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind):
        return pc.cast(pa.scalar(text), kind)
    if pa.types.is_boolean(kind):
        return pa.scalar(text.lower() == "true")
    number = Decimal(text)
    if pa.types.is_integer(kind) and number == number.to_integral_value() and abs(number) < 2**63:
        return pa.scalar(int(number), kind)
    return pa.scalar(float(number)) if not pa.types.is_decimal(kind) else pa.scalar(number)


def _scalar(text: str, kind: pa.DataType, column: str) -> pa.Scalar:
    try:
        return _number_scalar(str(text), kind)
    except (ArithmeticError, ValueError, pa.ArrowException):
        raise StepError(
            "value.type",
            f"{text!r} cannot be compared with {column}.",
            "Write a value of the column's type.",
            column=column,
        ) from None


@step("range_check")
def range_check(
    frame: Frame, *, column: str, on_fail: str, min: str | None = None, max: str | None = None, **_: Any
) -> Frame:
    array = arrow_of(frame[column])
    good = pa.array([True] * len(array))
    if min is not None:
        good = pc.and_(good, pc.fill_null(pc.greater_equal(array, _scalar(min, array.type, column)), True))
    if max is not None:
        good = pc.and_(good, pc.fill_null(pc.less_equal(array, _scalar(max, array.type, column)), True))
    if on_fail == "drop":
        return frame[np.asarray(good)]
    return frame.assign(
        **{column: series_of(pc.if_else(good, array, pa.scalar(None, array.type)), frame[column])}
    )


@step("filter")
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
        hit = pc.equal(array, _scalar(wanted[0], array.type, column))
        for item in wanted[1:]:
            hit = pc.or_(hit, pc.equal(array, _scalar(item, array.type, column)))
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
        hit = compare[op](array, _scalar(wanted[0], array.type, column))
    return frame[np.asarray(pc.fill_null(hit, False))]


@step("mask")
def mask(frame: Frame, *, column: str, keep_start: int = 0, keep_end: int = 0, **_: Any) -> Frame:
    def hide(value: Any) -> str:
        text = str(value)
        middle = len(text) - keep_start - keep_end
        if middle <= 0:
            return "*" * len(text)
        return text[:keep_start] + "*" * middle + (text[-keep_end:] if keep_end else "")

    return frame.assign(**{column: on_distinct(frame[column], hide, pa.string())})


def pseudonym(key: bytes, column: str, value: Any) -> str:
    """HMAC-SHA-256 over the value's text: same key, same value, same token; other keys unlinkable."""
    return "p_" + hmac.digest(key, str(value).encode(), hashlib.sha256).hex()[:32]


@step("pseudonymise")
def pseudonymise(frame: Frame, *, columns: list[str], key: bytes, **_: Any) -> Frame:
    return frame.assign(
        **{n: on_distinct(frame[n], lambda v, n=n: pseudonym(key, n, v), pa.string()) for n in columns}
    )


@step("generalise")
def generalise(frame: Frame, *, column: str, how: str, width: str | None = None, unit: str | None = None,
               length: int | None = None, at: str | None = None, **_: Any) -> Frame:  # fmt: skip
    kind = arrow_of(frame[column]).type
    if how == "band":
        size = Decimal(width or "10")
        if size <= 0 or name_is_text(kind):
            raise StepError(
                "generalise.band",
                f"{column} cannot be put into bands of {width}.",
                "Bands need a number column and a positive width.",
                column=column,
            )

        def band(value: Any) -> str:
            low = (Decimal(str(value)) // size) * size
            low = low - size if Decimal(str(value)) < low else low
            return f"{low.normalize():f} to under {(low + size).normalize():f}"

        return frame.assign(**{column: on_distinct(frame[column], band, pa.string())})
    if how == "date":
        cut = 4 if unit == "year" else 7
        return frame.assign(**{column: on_distinct(frame[column], lambda v: str(v)[:cut], pa.string())})
    if how == "prefix":
        keep = max(int(length or 1), 0)
        return frame.assign(**{column: on_distinct(frame[column], lambda v: str(v)[:keep], pa.string())})
    limit = _scalar(at or "0", kind, column)
    array = arrow_of(frame[column])
    return frame.assign(
        **{
            column: series_of(
                pc.if_else(pc.greater(array, limit), pc.cast(limit, kind), array), frame[column]
            )
        }
    )


def name_is_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


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


@step("deduplicate")
def deduplicate(frame: Frame, *, state: dict[str, Any], columns: list[str] | None = None, **_: Any) -> Frame:
    seen: set[bytes] = state.setdefault("seen", set())
    keys = row_keys(frame, columns or list(frame.columns))
    fresh = []
    for item in keys:
        mark = item.tobytes()
        fresh.append(mark not in seen)
        seen.add(mark)
    return frame[np.asarray(fresh, dtype=bool)]


def learner(name: str) -> Callable[[type], type]:
    def remember(kind: type) -> type:
        LEARNERS[name] = kind
        return kind

    return remember


@learner("suppress_small_groups")
class SmallGroups:
    """First pass counts the groups, second keeps those with at least k rows."""

    def __init__(self, *, by: list[str], k: int, **_: Any) -> None:
        self.by, self.k = by, k
        self.counts: dict[bytes, int] = {}

    def learn(self, frame: Frame) -> None:
        found, counts = np.unique(row_keys(frame, self.by), return_counts=True)
        for item, count in zip(found, counts, strict=True):
            mark = item.tobytes()
            self.counts[mark] = self.counts.get(mark, 0) + int(count)

    def apply(self, frame: Frame) -> Frame:
        keys = row_keys(frame, self.by)
        return frame[np.asarray([self.counts[item.tobytes()] >= self.k for item in keys], dtype=bool)]


@learner("fill_missing")
class Fill:
    """Fills with a constant, the median (exact) or the most frequent value (smallest on a tie)."""

    def __init__(self, *, columns: list[str], value: str | None = None, **params: Any) -> None:
        self.columns, self.how, self.value = columns, params["with"], value
        self.counts: dict[str, dict[Any, int]] = {name: {} for name in columns}

    def learn(self, frame: Frame) -> None:
        if self.how == "constant":
            return
        for name in self.columns:
            for item in pc.value_counts(arrow_of(frame[name])).to_pylist():
                if item["values"] is not None:
                    held = self.counts[name]
                    held[item["values"]] = held.get(item["values"], 0) + item["counts"]

    def _chosen(self, name: str, kind: pa.DataType) -> pa.Scalar:
        if self.how == "constant":
            return pc.cast(_scalar(self.value or "", kind, name), kind)
        held = self.counts[name]
        if not held:
            raise StepError(
                "fill.nothing", f"{name} has no value to learn from.", "Use a constant.", column=name
            )
        if self.how == "mode":
            top = max(held.values())
            return pa.scalar(min(v for v, c in held.items() if c == top), kind)
        middle, passed = (sum(held.values()) + 1) // 2, 0
        for value in sorted(held):
            passed += held[value]
            if passed >= middle:
                return pa.scalar(value, kind)
        raise AssertionError("unreachable: the counts add up")

    def apply(self, frame: Frame) -> Frame:
        changed = {}
        for name in self.columns:
            array = arrow_of(frame[name])
            changed[name] = series_of(pc.fill_null(array, self._chosen(name, array.type)), frame[name])
        return frame.assign(**changed)
