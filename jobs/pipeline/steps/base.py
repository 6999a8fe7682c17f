"""How a step is written: a plain function of a pandas frame with exact Arrow types, or a plan of its own.

Four kinds, told apart by their decorator:

`@batch(name)`     function `(frame, *, ctx, **params) -> frame`. Knows one batch, keeps nothing; the engine
                   calls it in any order and in several threads.
`@ordered(name)`   class `(ctx, **params)` with `apply(frame) -> frame`. Sees the batches one by one, in row order.
`@learner(name)`   class `(ctx, **params)` with `learn(frame)`, `ready()`, `apply(frame)`. All batches are learned
                   from first; `apply` then keeps nothing and may run in threads.
`@table(name)`     function `(source, target, *, ctx, **params)`. Typed Parquet to typed Parquet in one go, in
                   `ctx.memory`, spilling into `ctx.folder`.

A frame's index is the row's number (from 0) in the stage's input, so that an error can name the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError

Frame = pd.DataFrame
CAST = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.decimal128(38, 9), "number": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip


@dataclass
class Context:
    """What a step may use beside its parameters.

    key: the contract's secret, for pseudonyms. folder: scratch of this step alone. memory: bytes it may
    hold before it spills. inputs: alias → typed Parquet of another dataset, for joins. side: folder for
    files that are kept beside the result (a token vault). reasons: why rows went, with counts.
    """

    key: bytes = b""
    folder: Path = Path()
    memory: int = 256 * 1024**2
    threads: int = 2
    inputs: Mapping[str, Path] = field(default_factory=dict)
    side: Path | None = None
    cancelled: Callable[[], bool] = lambda: False
    reasons: dict[str, int] = field(default_factory=dict)

    def report(self, reason: str, count: int) -> None:
        """Say that `count` rows were removed or flagged for this reason."""
        if count:
            self.reasons[reason] = self.reasons.get(reason, 0) + count


@dataclass(frozen=True, slots=True)
class Runner:
    """How a step runs: its kind (batch, ordered, learner, table) and the function or class."""

    kind: str
    make: Callable[..., Any]


RUNNERS: dict[str, Runner] = {}


def _remember(kind: str, name: str) -> Callable[[Any], Any]:
    def keep(made: Any) -> Any:
        RUNNERS[name] = Runner(kind, made)
        return made

    return keep


def batch(name: str) -> Callable[[Any], Any]:
    return _remember("batch", name)


def ordered(name: str) -> Callable[[Any], Any]:
    return _remember("ordered", name)


def learner(name: str) -> Callable[[Any], Any]:
    return _remember("learner", name)


def table(name: str) -> Callable[[Any], Any]:
    return _remember("table", name)


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


def number_scalar(text: str, kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind):
        return pc.cast(pa.scalar(text), kind)
    if pa.types.is_boolean(kind):
        return pa.scalar(text.lower() == "true")
    number = Decimal(text)
    if pa.types.is_integer(kind) and number == number.to_integral_value() and abs(number) < 2**63:
        return pa.scalar(int(number), kind)
    return pa.scalar(float(number)) if not pa.types.is_decimal(kind) else pa.scalar(number)


def scalar_of(text: str, kind: pa.DataType, column: str) -> pa.Scalar:
    try:
        return number_scalar(str(text), kind)
    except (ArithmeticError, ValueError, pa.ArrowException):
        raise StepError(
            "value.type",
            f"{text!r} cannot be compared with {column}.",
            "Write a value of the column's type.",
            column=column,
        ) from None
