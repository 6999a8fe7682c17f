"""Sums over batches of numbers in a fixed order: the same bytes at every run, whatever the threads do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.profile.source import DATED, Field, Source, plain

BINS = 20
MOST_WHOLE = 31
BATCH = 131_072
WIDEST = 30


def spread(values: Any, counts: Any) -> tuple[float, float | None]:
    """Mean and standard deviation (of a sample) of values with their counts. Whole numbers add exactly."""
    total = int(counts.sum())
    whole = values.dtype.kind in "iu"
    if whole and max(abs(int(values[0])), abs(int(values[-1]))) * total >= 2**62:
        mean = sum(int(v) * int(n) for v, n in zip(values, counts, strict=True)) / total
    elif whole:
        mean = int((values.astype(np.int64) * counts).sum()) / total
    else:
        with np.errstate(over="ignore"):
            mean = float((values * (counts / total)).sum())
    with np.errstate(over="ignore", invalid="ignore"):
        apart = values.astype(float) - mean
        squares = float((apart * apart * counts).sum())
    return mean, math.sqrt(squares / (total - 1)) if total > 1 and math.isfinite(squares) else None


def bins_for(low: float, high: float, whole: bool) -> int:
    """Twenty; but one for each of a few whole numbers, because a month must not look as if it were left out."""
    return int(high - low) + 1 if whole and high - low < MOST_WHOLE else BINS


def edges_of(low: float, high: float, bins: int = BINS) -> list[float]:
    """The borders of so many bins of equal width; two borders when all values are one."""
    if high <= low:
        return [low, high]
    # Weighted ends and no step: the difference of two large numbers may be beyond a double.
    return [float(f"{low * (1 - i / bins) + high * (i / bins):.12g}") for i in range(bins)] + [high]


def place(values: Any, low: float, high: float, bins: int = BINS) -> Any:
    """The bin of each value."""
    if high <= low:
        return np.zeros(len(values), dtype=np.int64)
    scaled = (values / bins - low / bins) / (high / bins - low / bins) * bins
    # Whole numbers fall on borders when each has a bin: what rounding lost is given back.
    return np.clip(np.floor(scaled + 1e-9), 0, bins - 1).astype(np.int64)


def histogram_of(values: Any, counts: Any, whole: bool = False) -> dict[str, Any]:
    low, high = float(values[0]), float(values[-1])
    bins = bins_for(low, high, whole)
    edges = edges_of(low, high, bins)
    filled = np.bincount(place(values, low, high, bins), weights=counts, minlength=len(edges) - 1)
    return {"edges": edges, "counts": [int(n) for n in filled]}


class _Moments:
    """Mean, variance and histogram of one column, batch by batch (Chan's update)."""

    def __init__(self, low: float, high: float, whole: bool) -> None:
        self.low, self.high, self.count, self.mean, self.squares = low, high, 0, 0.0, 0.0
        self.bins = bins_for(low, high, whole)
        self.filled = np.zeros(len(edges_of(low, high, self.bins)) - 1, dtype=np.int64)

    def see(self, values: Any) -> None:
        if not len(values):
            return
        size, mean = len(values), float(values.mean())
        squares, apart = float(((values - mean) ** 2).sum()), mean - self.mean
        both = self.count + size
        self.squares += squares + apart * apart * self.count * size / both
        self.mean += apart * size / both
        self.count = both
        self.filled += np.bincount(place(values, self.low, self.high, self.bins), minlength=len(self.filled))

    def put(self, field: Field, column: dict[str, Any]) -> None:
        if not self.count:
            return
        column["histogram"] = {
            "edges": edges_of(self.low, self.high, self.bins),
            "counts": [int(n) for n in self.filled],
        }
        if field.word in DATED:
            column["histogram"]["unit"] = "seconds since 1970"
            return
        column["mean"] = plain(self.mean)
        column["sd"] = plain(math.sqrt(self.squares / (self.count - 1))) if self.count > 1 else None


class _Together:
    """Pearson's correlation of several columns over the rows where both are present."""

    def __init__(self, ends: list[tuple[float, float]]) -> None:
        """`ends`: the least and greatest value of each column, so that no square can overflow, however little
        of them the first batch shows."""
        size = len(ends)
        self.shift: Any = None
        self.scale = np.array([max(high / 2 - low / 2, 1e-300) for low, high in ends])[:, None]
        self.n, self.x, self.xx, self.xy = (np.zeros((size, size)) for _ in range(4))

    def see(self, rows: Any) -> None:
        there = np.isfinite(rows)
        if self.shift is None:
            # Near the mean, so that nothing is lost when squares are subtracted.
            n = np.maximum(there.sum(axis=1), 1)
            self.shift = np.where(there, rows / self.scale, 0).sum(axis=1)[:, None] / n[:, None]
        moved = np.where(there, rows / self.scale - self.shift, 0)
        mask = there.astype(float)
        self.n += mask @ mask.T
        self.x += moved @ mask.T
        self.xx += (moved * moved) @ mask.T
        self.xy += moved @ moved.T

    def matrix(self) -> list[list[float | None]]:
        with np.errstate(all="ignore"):
            covered = self.xy - self.x * self.x.T / self.n
            one, two = self.xx - self.x**2 / self.n, self.xx.T - self.x.T**2 / self.n
            found = np.where(
                (one > 1e-12 * self.n) & (two > 1e-12 * self.n), covered / np.sqrt(one * two), np.nan
            )
        return [[None if math.isnan(v) else round(max(-1.0, min(1.0, float(v))), 4) + 0.0 for v in row] for row in found]  # fmt: skip


def _doubles(column: pa.Array, field: Field) -> Any:
    """The values as doubles, what is missing as NaN; times in seconds since 1970."""
    if field.word == "date":
        column = pc.multiply(pc.cast(pc.cast(column, pa.int32()), pa.float64()), 86_400.0)
    elif field.word == "timestamp":
        column = pc.divide(pc.cast(pc.cast(column, pa.int64()), pa.float64()), 1e6)
    elif field.word == "integer":
        column = pc.cast(column, pa.float64(), safe=False)
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)


def over_batches(
    source: Source,
    measured: dict[str, tuple[Field, float, float]],
    together: list[tuple[Field, float, float]],
    stop: Callable[[int], None],
) -> tuple[dict[str, _Moments], dict[str, Any] | None]:
    """One pass: moments and histograms of `measured` (name → field, low, high); correlation of `together`."""
    moments = {name: _Moments(low, high, f.word == "integer") for name, (f, low, high) in measured.items()}
    pairs = _Together([ends for _, *ends in together]) if len(together) > 1 else None
    fields = {field.name: field for field, *_ in measured.values()} | {
        f.name: f for f, *_ in (together if pairs else [])
    }
    if fields:
        seen = 0
        # Without pre_buffer the reader keeps one group of rows, and not all that it has passed.
        file = pq.ParquetFile(source.parquet, pre_buffer=False)
        for batch in file.iter_batches(BATCH, columns=list(fields)):
            stop(seen)
            seen += batch.num_rows
            arrays = {name: _doubles(batch.column(name), field) for name, field in fields.items()}
            for name, moment in moments.items():
                moment.see(arrays[name][np.isfinite(arrays[name])])
            if pairs is not None:
                pairs.see(np.stack([arrays[f.name] for f, *_ in together]))
        pa.default_memory_pool().release_unused()
    if pairs is None:
        return moments, None
    return moments, {"columns": [f.name for f, *_ in together], "matrix": pairs.matrix()}
