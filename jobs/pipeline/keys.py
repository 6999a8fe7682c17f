"""A 128-bit key for each row over some columns, from Arrow's buffers, without a Python object per row.

Two independent 64-bit hashes; two different rows share both with a chance of about n²/2^129 among n rows.
Missing differs from every value, and each column is mixed in with multipliers of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

KEY = np.dtype([("a", "u8"), ("b", "u8")])
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0xFF51AFD7ED558CCD))
_GOLDEN = 0x9E3779B97F4A7C15
_TEXT_KEYS = ("0123456789123456", "6543219876543210")
_MISSING = (np.uint64(0x7F4A7C159E3779B9), np.uint64(0xD6E8FEB86659FD93))
_HALF = np.uint64(32)
# Rows mixed at a time: what is worked on then stays in the processor's cache.
BLOCK = 16_384


def mixed(values: np.ndarray, which: int = 0) -> np.ndarray:
    """Spread 64-bit integers over all bits (the finaliser of SplitMix64 / MurmurHash3)."""
    found = values ^ (values >> np.uint64(31))
    found *= _MIX[which]
    found ^= found >> np.uint64(29)
    return found


def row_keys(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """One key (a, b) per row; equal rows have equal keys whatever the batch or the encoding of text."""
    length = len(frame)
    parts = [part for place, name in enumerate(columns) for part in _parts(pa.array(frame[name]), place)]
    keys = np.empty(length, dtype=KEY)
    room = np.empty((4, min(BLOCK, length)), dtype="u8")
    with np.errstate(over="ignore"):
        for start in range(0, length, BLOCK):
            rows = slice(start, min(start + BLOCK, length))
            a, b, one, two = room[:, : rows.stop - start]
            a.fill(_GOLDEN)
            b.fill(_GOLDEN)
            for part in parts:
                for which, total in ((0, a), (1, b)):
                    part.mix(rows, which, one, two)
                    total += one
            # Never 0: that marks an empty place where keys are remembered.
            keys["a"][rows], keys["b"][rows] = np.maximum(mixed(a, 0), np.uint64(1)), mixed(b, 1)
    return keys


@dataclass(frozen=True, slots=True)
class _Words:
    """A column as 64 bits a row, and where it is missing."""

    words: np.ndarray
    missing: np.ndarray | None
    place: int

    def mix(self, rows: slice, which: int, out: np.ndarray, spare: np.ndarray) -> None:
        _spread(self.words[rows], self.place, which, out, spare)
        if self.missing is not None:
            np.copyto(out, _MISSING[which], where=self.missing[rows])


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column as places in a table of what its distinct values are mixed to; the last entry is missing."""

    tables: tuple[np.ndarray, np.ndarray]
    at: np.ndarray

    def mix(self, rows: slice, which: int, out: np.ndarray, spare: np.ndarray) -> None:
        np.take(self.tables[which], self.at[rows], out=out, mode="clip")


@lru_cache(maxsize=4096)
def _factors(place: int, which: int) -> tuple[np.uint64, np.uint64]:
    """Two odd numbers of a column and half of its own: multiples of each other would let sums of columns meet."""
    seeds = np.array([4 * place + 2 * which + 1, 4 * place + 2 * which + 2], dtype="u8")
    with np.errstate(over="ignore"):
        first, second = mixed(mixed(seeds * np.uint64(_GOLDEN)), 1) | np.uint64(1)
    return first, second


def _spread(words: np.ndarray, place: int, which: int, out: np.ndarray, spare: np.ndarray) -> None:
    """One to one in 64 bits, otherwise for each column: a difference in one column alone is never lost."""
    first, second = _factors(place, which)
    np.multiply(words, first, out=out)
    np.right_shift(out, _HALF, out=spare)
    out ^= spare
    out *= second


def _parts(array: pa.Array | pa.ChunkedArray, place: int) -> list[_Words | _Coded]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = pc.dictionary_encode(array)
    if pa.types.is_dictionary(array.type):
        return [_coded(array, place)]
    missing = np.asarray(pc.is_null(array)) if array.null_count else None
    if pa.types.is_decimal(array.type):
        width = array.type.bit_width // 64
        words = _buffer(array, "u8", width).reshape(len(array), width)
        return [_Words(words[:, i], missing, place * 8 + i) for i in range(width)]
    return [_Words(_plain(array), missing, place * 8)]


def _coded(array: pa.DictionaryArray, place: int) -> _Coded:
    tables = []
    for which in (0, 1):
        table = np.full(len(array.dictionary) + 1, _MISSING[which])
        if len(array.dictionary):
            with np.errstate(over="ignore"):
                _spread(
                    _texts(array.dictionary, which), place * 8, which, table[:-1], np.empty_like(table[:-1])
                )
            if array.dictionary.null_count:
                table[:-1][np.asarray(pc.is_null(array.dictionary))] = _MISSING[which]
        tables.append(table)
    return _Coded((tables[0], tables[1]), np.asarray(pc.fill_null(array.indices, len(array.dictionary))))


def _buffer(array: pa.Array, kind: str, width: int = 1) -> np.ndarray:
    """The values as they lie in memory, also those behind missing ones."""
    return np.frombuffer(array.buffers()[1], dtype=kind)[
        array.offset * width : (array.offset + len(array)) * width
    ]


def _plain(array: pa.Array) -> np.ndarray:
    """64 bits that tell the column's values apart; those of missing ones mean nothing."""
    kind = array.type
    if not len(array):
        return np.empty(0, dtype="u8")
    if pa.types.is_null(kind):
        return np.zeros(len(array), dtype="u8")
    if pa.types.is_boolean(kind):
        return np.asarray(pc.cast(pc.fill_null(array, False), pa.uint8())).astype("u8")
    if pa.types.is_floating(kind):
        numbers = np.asarray(pc.fill_null(array, 0.0)).astype("f8") + 0.0
        numbers[np.isnan(numbers)] = np.nan
        # Numbers with few digits differ in their upper bits only; multiplying would lose them.
        return mixed(numbers.view("u8"))
    if kind.bit_width == 64:
        return _buffer(array, "u8")
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return _buffer(array, "i4").astype("i8").view("u8")
    return np.asarray(pc.fill_null(array.cast(pa.int64()), 0)).view("u8")


def _texts(values: pa.Array, which: int) -> np.ndarray:
    """The hash of each of some texts (SipHash, keyed apart for the two halves)."""
    objects = values.cast(pa.string()).to_numpy(zero_copy_only=False)
    objects = np.where(pd.isna(objects), "", objects) if values.null_count else objects
    return pd.util.hash_array(objects, hash_key=_TEXT_KEYS[which], categorize=False)


def _order(a: np.ndarray) -> np.ndarray:
    """The stable order of 64-bit keys: two counting sorts of 16 bits each, and where 32 bits are not enough,
    those few places again. Keys that are spread evenly take a third of the time of a sort by comparison."""
    if not 1_000 < len(a) < 1 << 21:
        return np.argsort(a, kind="stable")
    high = (a >> _HALF).astype("u4")
    order = np.argsort(high.astype("u2"), kind="stable")
    order = order[np.argsort((high >> np.uint32(16)).astype("u2")[order], kind="stable")]
    left = a[order]
    bad = np.flatnonzero(left[1:] < left[:-1])
    if len(bad) > 1_000:
        return np.argsort(a, kind="stable")
    halves = left >> _HALF
    for half in np.unique(halves[bad]):
        run = slice(np.searchsorted(halves, half), np.searchsorted(halves, half, side="right"))
        order[run] = order[run][np.argsort(left[run], kind="stable")]
    return order


def grouped(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equal keys brought together: the order that does it (equal ones as they came), where each group starts
    in it, and the distinct keys.

    Sorting by the first half alone is several times faster; the second half is looked at where the first agrees.
    """
    a, b = np.ascontiguousarray(keys["a"]), np.ascontiguousarray(keys["b"])
    order = _order(a)
    left, right = a[order], b[order]
    new = np.ones(len(keys), dtype=bool)
    np.not_equal(left[1:], left[:-1], out=new[1:])
    if np.any(~new[1:] & (right[1:] != right[:-1])):
        order = np.lexsort((b, a))
        left, right = a[order], b[order]
        new[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    starts = np.flatnonzero(new)
    distinct = np.empty(len(starts), dtype=KEY)
    distinct["a"], distinct["b"] = left[starts], right[starts]
    return order, starts, distinct


def firsts(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The place of the first of each group of equal keys, and the distinct keys, sorted."""
    if not len(keys):
        return np.empty(0, dtype="i8"), keys
    order, starts, distinct = grouped(keys)
    return order[starts], distinct


def counted(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct sorted keys and how often each stands there."""
    if not len(keys):
        return keys, np.empty(0, dtype="i8")
    _, starts, distinct = grouped(keys)
    return distinct, np.diff(starts, append=len(keys))


def sorted_keys(keys: np.ndarray) -> np.ndarray:
    """Distinct keys in order."""
    return grouped(keys)[2] if len(keys) else keys
