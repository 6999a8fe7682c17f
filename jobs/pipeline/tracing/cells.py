"""A value as 64 bits, the same in whichever format and type it comes: 1.50 and 1.5, a date and its text.

Tables of such cells lie on disk column by column, so that memory does not grow with their rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.keys import mixed

CHUNK = 500_000
MISSING = np.uint64(0x7F4A7C159E3779B9)
_WHOLE, _PART, _MOMENT = (np.uint64(n) for n in (0x51ED270B0A1F39C1, 0xC2B2AE3D27D4EB4F, 0xA24BAED4963EE407))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MOMENT_LIKE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cells:
    """A table of cells in a folder; `numbers`: for each row, its number in the source, where that is known."""

    folder: Path
    names: tuple[str, ...]
    rows: int

    def column(self, place: int) -> np.ndarray:
        return self._open(f"{place}.u8", "u8")

    @property
    def numbers(self) -> np.ndarray:
        return self._open("numbers.i8", "i8")

    def _open(self, name: str, kind: str) -> np.ndarray:
        return np.memmap(self.folder / name, dtype=kind, mode="r") if self.rows else np.empty(0, dtype=kind)

    def keys(self, places: Sequence[int], rows: np.ndarray | slice) -> np.ndarray:
        """One 64-bit key for each of these rows, over these columns in this order."""
        total: np.ndarray | None = None
        with np.errstate(over="ignore"):
            for order, place in enumerate(places):
                salt = np.uint64((order + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1))
                part = mixed(mixed(self.column(place)[rows] + salt, 0), 1)
                total = part if total is None else mixed(total, 1) + part
        assert total is not None
        return total

    def chunks(self, places: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """First row and keys of one piece of the table after the other."""
        for start in range(0, self.rows, CHUNK):
            yield start, self.keys(places, slice(start, min(start + CHUNK, self.rows)))


def of_parquet(path: Path, folder: Path, numbers: str = "") -> Cells:
    """The cells of a typed Parquet; the column `numbers` is kept as it is, apart."""
    file = pq.ParquetFile(path)
    names = [n for n in file.schema_arrow.names if n != numbers]
    texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    folder.mkdir(parents=True, exist_ok=True)
    outs = [(folder / f"{place}.u8").open("wb") for place in range(len(names))]
    count = (folder / "numbers.i8").open("wb") if numbers else None
    try:
        for batch in file.iter_batches(batch_size=CHUNK):
            for name, out in zip(names, outs, strict=True):
                out.write(of(batch.column(batch.schema.names.index(name))).tobytes())
            if count is not None:
                held = batch.column(batch.schema.names.index(numbers))
                count.write(np.asarray(held).astype("i8").tobytes())
    finally:
        for out in [*outs, *([count] if count else [])]:
            out.close()
    return Cells(folder, tuple(names), file.metadata.num_rows)


def of(array: pa.Array) -> np.ndarray:
    """The cells of one column."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        found = np.append(of(array.dictionary), MISSING)
        return np.asarray(found[np.asarray(pc.fill_null(array.indices, len(array.dictionary)))])
    gone = np.asarray(pc.is_null(array, nan_is_null=True))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        found = _texts(array.to_pylist())
    elif pa.types.is_boolean(kind):
        found = _words(np.where(np.asarray(pc.fill_null(array, False)), "true", "false"))
    elif pa.types.is_temporal(kind):
        moments = pc.cast(pc.cast(array, pa.timestamp("us"), safe=False), pa.int64())
        found = _moments(np.asarray(pc.fill_null(moments, 0)))
    elif pa.types.is_integer(kind):
        found = _wholes(np.asarray(pc.fill_null(array, 0)).astype("i8"))
    else:
        found = _numbers(np.asarray(pc.fill_null(pc.cast(array, pa.float64(), safe=False), 0.0)))
    found[gone] = MISSING
    return found


def _wholes(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return mixed(values.view("u8") + _WHOLE)


def _moments(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return mixed(values.view("u8") + _MOMENT)


def _numbers(values: np.ndarray) -> np.ndarray:
    """Whole ones exactly, others to about eleven digits: spreadsheets and texts keep no more for sure."""
    values = np.nan_to_num(values.astype("f8"))
    whole = (np.rint(values) == values) & (np.abs(values) < 2.0**53)
    mantissa, exponent = np.frexp(values)
    rounded = np.ldexp(np.rint(mantissa * 2.0**36), exponent - 36) + 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        parts = mixed(rounded.view("u8") + _PART)
    found = _wholes(np.where(whole, values, 0).astype("i8"))
    return np.where(whole, found, parts)


def _words(values: np.ndarray) -> np.ndarray:
    return np.asarray(pd.util.hash_array(values.astype(object), categorize=False))


def _texts(values: list[str | None]) -> np.ndarray:
    """Texts that say a number or a moment as that; others without case and outer spaces. Empty is missing."""
    found = np.full(len(values), MISSING, dtype="u8")
    numbers: dict[int, float] = {}
    wholes: dict[int, int] = {}
    moments: dict[int, int] = {}
    words: dict[int, str] = {}
    for place, value in enumerate(values):
        text = (value or "").strip()
        if not text:
            continue
        if len(text) <= 40 and _NUMBER.fullmatch(text):
            if text.lstrip("+-").isdigit() and len(text) <= 18:
                wholes[place] = int(text)
            else:
                numbers[place] = float(text)
        elif (moment := _moment(text)) is not None:
            moments[place] = moment
        else:
            words[place] = text.casefold()
    for some, work, kind in ((numbers, _numbers, "f8"), (wholes, _wholes, "i8"), (moments, _moments, "i8")):
        if some:
            found[list(some)] = work(np.fromiter(some.values(), dtype=kind, count=len(some)))  # type: ignore[attr-defined]
    if words:
        found[list(words)] = _words(np.array(list(words.values()), dtype=object))
    return found


def _moment(text: str) -> int | None:
    """Microseconds since 1970 of a date or time as ISO 8601 writes it."""
    if not _MOMENT_LIKE.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    since = found - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
