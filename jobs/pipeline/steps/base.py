"""How a step is written: a plain function of a pandas frame with exact Arrow types, or a plan of its own.

Five kinds, told apart by their decorator; `when` names the parameters for which another way holds:

`@batch(name)`     function `(frame, *, ctx, **params) -> frame`. Knows one batch, keeps nothing; the engine
                   calls it in any order and in several threads.
`@chooses(name)`   a batch step that only chooses rows: function `(frame, *, ctx, **params) -> boolean array`, True for
                   rows that stay. It may be given the columns alone that `reads` names.
`@ordered(name)`   class `(ctx, **params)` with `apply(frame) -> frame`. Sees the batches one by one, in row order.
`@learner(name)`   class `(ctx, **params)` with `learn(frame)`, `ready()`, `apply(frame)`. All batches are learned
                   from first; `apply` then keeps nothing and may run in threads.
`@table(name)`     function `(source, target, *, ctx, **params)`. Typed Parquet to typed Parquet in one go, in
                   `ctx.memory`, spilling into `ctx.folder`.

A frame's index is the row's number (from 0) in the stage's input, so that an error can name the row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError

Frame = pd.DataFrame
When = Callable[[Mapping[str, Any]], bool]
CAST = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.decimal128(38, 9), "number": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip


@dataclass
class Context:
    """What a step may use beside its parameters.

    key: the contract's secret, for pseudonyms. mark: the two secrets that mark one export (`watermark`), empty
    where nothing is marked. folder: scratch of this step alone. memory: bytes it may
    hold before it spills. inputs: alias → typed Parquet of another dataset, for joins. side: folder for
    files that are kept beside the result (a token vault). about: the rows to expect, roughly; 0 where nothing
    is known. reasons: why rows went, with counts.
    """

    key: bytes = b""
    mark: Mapping[str, bytes] = field(default_factory=dict)
    folder: Path = Path()
    memory: int = 256 * 1024**2
    threads: int = 2
    inputs: Mapping[str, Path] = field(default_factory=dict)
    side: Path | None = None
    about: int = 0
    cancelled: Callable[[], bool] = lambda: False
    reasons: dict[str, int] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def report(self, reason: str, count: int) -> None:
        """Say that `count` rows were removed or flagged for this reason."""
        if not count:
            return
        with self._lock:
            self.reasons[reason] = self.reasons.get(reason, 0) + count


@dataclass(frozen=True, slots=True)
class Runner:
    """How a step runs: its kind (batch, ordered, learner, table) and the function or class.

    mask, reads: of a batch step that only chooses rows, which rows stay, and the columns it must see.
    """

    kind: str
    make: Callable[..., Any]
    mask: Callable[..., np.ndarray] | None = None
    reads: Callable[[Mapping[str, Any]], Sequence[str]] = lambda params: ()


RUNNERS: dict[str, Runner] = {}
_VARIANTS: dict[str, list[tuple[When, Runner]]] = {}


def runner_of(step: Mapping[str, Any]) -> Runner:
    """How this step of a plan runs; its parameters may ask for another way than the usual one."""
    for when, runner in _VARIANTS.get(step["name"], ()):
        if when(step["params"]):
            return runner
    return RUNNERS[step["name"]]


def _remember(kind: str, name: str, when: When | None) -> Callable[[Any], Any]:
    def keep(made: Any) -> Any:
        _put(name, Runner(kind, made), when)
        return made

    return keep


def _put(name: str, runner: Runner, when: When | None) -> None:
    if when is None:
        RUNNERS[name] = runner
    else:
        _VARIANTS.setdefault(name, []).append((when, runner))


def chooses(
    name: str, reads: Callable[[Mapping[str, Any]], Sequence[str]], when: When | None = None
) -> Callable[[Any], Any]:
    def keep(mask: Any) -> Any:
        def make(frame: Frame, **given: Any) -> Frame:
            return only(frame, mask(frame, **given))

        _put(name, Runner("batch", make, mask, reads), when)
        return mask

    return keep


def batch(name: str, when: When | None = None) -> Callable[[Any], Any]:
    return _remember("batch", name, when)


def ordered(name: str, when: When | None = None) -> Callable[[Any], Any]:
    return _remember("ordered", name, when)


def learner(name: str, when: When | None = None) -> Callable[[Any], Any]:
    return _remember("learner", name, when)


def table(name: str, when: When | None = None) -> Callable[[Any], Any]:
    return _remember("table", name, when)


def arrow_of(series: pd.Series) -> pa.Array:
    """The column as one plain Arrow array; dictionary-encoded text is decoded."""
    found = pa.array(series)
    if isinstance(found, pa.ChunkedArray):
        found = (
            found.chunk(0)
            if found.num_chunks == 1
            else pa.concat_arrays(found.chunks)
            if found.num_chunks
            else pa.array([], found.type)
        )
    return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found


def coded(series: pd.Series) -> pa.DictionaryArray:
    """The column as distinct values and indices."""
    found = pa.array(series)
    if isinstance(found, pa.ChunkedArray):
        found = found.unify_dictionaries() if pa.types.is_dictionary(found.type) else found
        found = found.chunk(0) if found.num_chunks == 1 else found.combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        found = found.chunk(0)
    return found if pa.types.is_dictionary(found.type) else pc.dictionary_encode(found)


def series_of(array: pa.Array, like: pd.Series) -> pd.Series:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([array])), index=like.index, name=like.name
    )


def kernel_on_distinct(series: pd.Series, kernel: Callable[[pa.Array], pa.Array]) -> pd.Series:
    """Apply an Arrow kernel to the distinct values; the result is dictionary-encoded where it is text."""
    found = coded(series)
    mapped = kernel(found.dictionary)
    if not pa.types.is_string(mapped.type):
        return series_of(pc.take(mapped, found.indices), series)
    again = pc.dictionary_encode(mapped)
    indices = pc.take(again.indices, found.indices)
    return series_of(pa.DictionaryArray.from_arrays(indices, again.dictionary), series)


def on_distinct(series: pd.Series, function: Callable[[Any], Any], kind: pa.DataType) -> pd.Series:
    """Apply to each distinct value once; missing stays missing."""
    return kernel_on_distinct(
        series, lambda d: pa.array([None if v is None else function(v) for v in d.to_pylist()], kind)
    )


def nulls_like(array: pa.Array) -> pa.Scalar:
    return pa.scalar(None, array.type)


def with_columns(frame: Frame, changed: Mapping[str, pd.Series]) -> Frame:
    """The frame with some columns replaced or added, whatever their names."""
    found = frame.copy(deep=False)
    for name, series in changed.items():
        found[name] = series
    return found


def only(frame: Frame, mask: np.ndarray) -> Frame:
    """The rows for which the mask is true; cutting all columns as one Arrow table is faster than one by one."""
    if mask.all():
        return frame
    if not len(frame.columns) or not all(isinstance(kind, pd.ArrowDtype) for kind in frame.dtypes):
        return frame[mask]
    names = [str(place) for place in range(frame.shape[1])]
    table = pa.table([pa.array(frame[name]) for name in frame.columns], names=names).filter(pa.array(mask))
    found = table.to_pandas(types_mapper=pd.ArrowDtype, split_blocks=True)
    found.columns, found.index = frame.columns, frame.index[mask]
    return found


def true(hit: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """An Arrow condition as a mask: missing is not true."""
    return np.array(pc.fill_null(hit, False), dtype=bool)


def with_row(frame: Frame, work: Callable[[Frame], Any]) -> Any:
    """`work` on the frame; an error that names no row is looked for by halves, so that it names the first."""
    try:
        return work(frame)
    except (StepError, pa.ArrowInvalid) as problem:
        if getattr(problem, "row", None) is not None or not len(frame):
            raise
        fault = problem
    low, high = 0, len(frame)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            work(frame.iloc[low:middle])
        except (StepError, pa.ArrowInvalid) as problem:
            high, fault = middle, problem
        else:
            low = middle
    if isinstance(fault, StepError):
        fault.row = int(frame.index[low]) + 1
        raise fault
    raise Located(fault, int(frame.index[low]) + 1)


class Located(ValueError):
    """What Arrow said, and the first row (from 1) that it holds for."""

    def __init__(self, problem: Exception, row: int) -> None:
        super().__init__(str(problem))
        self.row = row
