"""Chance by row number: noise, and samples. The same seed gives the same, whatever the batches and threads.

A counter-based generator (the finaliser of SplitMix64 over row number and seed) knows each row's number at
once, so no state is handed from batch to batch.
"""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.faults import StepError
from jobs.pipeline.keys import mixed
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    Located,
    arrow_of,
    batch,
    chooses,
    series_of,
    table,
    with_columns,
    with_row,
)

CHUNK = 250_000


def drawn(rows: np.ndarray, seed: int, stream: int = 0) -> np.ndarray:
    """64 random bits for each row number."""
    with np.errstate(over="ignore"):
        start = np.uint64((seed * 2 + 1) & (2**64 - 1)) * np.uint64(0x9E3779B97F4A7C15)
        start += np.uint64(stream) * np.uint64(0xC2B2AE3D27D4EB4F)
        return mixed(mixed(rows.astype("u8") * np.uint64(0xBF58476D1CE4E5B9) + start, 0), 1)


def uniform(rows: np.ndarray, seed: int, stream: int = 0) -> np.ndarray:
    """One number strictly between 0 and 1 for each row number."""
    return ((drawn(rows, seed, stream) >> np.uint64(11)).astype("f8") + 0.5) / 2**53


def secret_seed(key: bytes, column: str, seed: int) -> int:
    """The recipient reads the seed in the recipe; without the contract's key it gives no noise away.

    Columns get noise of their own, so that a difference of two columns keeps it.
    """
    return int.from_bytes(hmac.digest(key, f"perturb\0{column}\0{seed}".encode(), hashlib.sha256)[:8], "big")


@batch("perturb")
def perturb(frame: Frame, *, column: str, scale: str, seed: int, ctx: Context, noise: str = "laplace", **_: Any) -> Frame:  # fmt: skip
    """Noise by key, seed and row number: laplace (scale b), gaussian (standard deviation), uniform (half width).

    Whole numbers stay whole, decimals keep their scale. It blurs; it is no proof of differential privacy,
    which would also need bounds on what one person adds. Raises StepError with the row that leaves its type.
    """
    size, secret = float(Decimal(scale)), secret_seed(ctx.key, column, seed)

    def shifted(part: Frame) -> pa.Array:
        rows = np.asarray(part.index)
        u = uniform(rows, secret)
        if noise == "laplace":
            shift = -size * np.sign(u - 0.5) * np.log1p(-2 * np.abs(u - 0.5))
        elif noise == "gaussian":
            shift = size * np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * uniform(rows, secret, 1))
        else:
            shift = (2 * u - 1) * size
        return _shifted(arrow_of(part[column]), shift)

    try:
        return with_columns(frame, {column: series_of(with_row(frame, shifted), frame[column])})
    except Located as problem:
        raise StepError("perturb.overflow", f"{column} has a value so large that the noise leads out of its type.",
                        "Clip the column first, or use a smaller scale.", row=problem.row, column=column) from None  # fmt: skip


def _shifted(array: pa.Array, shift: np.ndarray) -> pa.Array:
    kind = array.type
    if pa.types.is_floating(kind):
        return pc.add(array, pa.array(shift))
    steps = np.rint(shift * 10.0 ** (kind.scale if pa.types.is_decimal(kind) else 0))
    if (np.abs(steps) >= 2.0**63).any():
        raise pa.ArrowInvalid("the noise is larger than the type")
    if pa.types.is_integer(kind):
        return pc.add_checked(array, pa.array(steps.astype("i8")))
    return _added(array, steps.astype("i8"))


def _added(array: pa.Array, steps: np.ndarray) -> pa.Array:
    """128-bit addition of units to decimals. Raises ArrowInvalid where more than the precision is needed."""
    words = np.frombuffer(array.buffers()[1], dtype="u8").reshape(-1, 2)[
        array.offset : array.offset + len(array)
    ]
    low = words[:, 0] + steps.astype("u8")
    high = words[:, 1] + (steps >> 63).astype("u8") + (low < words[:, 0]).astype("u8")
    found = np.ascontiguousarray(np.column_stack([low, high]))
    valid = pa.array(np.asarray(pc.is_valid(array)))
    made = pa.Array.from_buffers(array.type, len(array), [None, pa.py_buffer(found)])
    made = pc.if_else(valid, made, pa.scalar(None, array.type))
    made.validate(full=True)
    return made


@chooses("sample", reads=lambda p: ())
def sample(frame: Frame, *, fraction: str, seed: int, ctx: Context, **_: Any) -> np.ndarray:
    """Each row by its number and the seed. About the fraction stays, not just so many."""
    hit = uniform(np.asarray(frame.index), seed, 2) < float(Decimal(fraction))
    ctx.report("not in the sample", len(hit) - int(np.count_nonzero(hit)))
    return hit


@table("sample", when=lambda p: "rows" in p)
def sample_rows(source: Path, target: Path, *, ctx: Context, rows: int, seed: int, **_: Any) -> None:
    """Just so many rows (all, if there are no more): those with the smallest draws, in the file's order."""
    file = pq.ParquetFile(source)
    total = file.metadata.num_rows
    limit, ties = _smallest(total, rows, seed)
    schema = file.schema_arrow.remove_metadata()

    def batches() -> Any:
        done, open_ties = 0, ties
        for part in file.iter_batches(batch_size=CHUNK):
            draws = drawn(np.arange(done, done + part.num_rows), seed, 2)
            done += part.num_rows
            hit, equal = draws < limit, np.flatnonzero(draws == limit)[: max(open_ties, 0)]
            hit[equal] = True
            open_ties -= len(equal)
            if hit.any():
                yield pa.RecordBatch.from_arrays(part.filter(pa.array(hit)).columns, schema=schema)

    left = write_parquet(batches(), schema, target, lambda _: None)
    ctx.report("not in the sample", total - left)


def _smallest(total: int, rows: int, seed: int) -> tuple[np.uint64, int]:
    """The draw below which all rows stay, and how many of those with just that draw; in constant memory."""
    if rows >= total:
        return np.uint64(2**64 - 1), total

    def chunks() -> Any:
        for start in range(0, total, CHUNK):
            yield drawn(np.arange(start, min(start + CHUNK, total)), seed, 2)

    low, width, below = 0, 64, 0
    # Sixteen bits at a time: count by their value, go on inside the one in which the limit lies.
    while width:
        width -= 16
        counts = np.zeros(1 << 16, dtype="i8")
        for draws in chunks():
            inside = draws[(draws >> np.uint64(width + 16)) == np.uint64(low)] if width < 48 else draws
            counts += np.bincount(
                ((inside >> np.uint64(width)) & np.uint64(0xFFFF)).astype("i8"), minlength=1 << 16
            )
        reached = below + np.cumsum(counts)
        digit = int(np.searchsorted(reached, rows))
        below = int(reached[digit] - counts[digit])
        low = (low << 16) | digit
    return np.uint64(low), rows - below
