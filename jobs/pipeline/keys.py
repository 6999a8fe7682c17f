"""A 128-bit key for each row over some columns, from Arrow's buffers, without a Python object per row.

Two independent 64-bit hashes; two different rows share both with a chance of about n²/2^129 among n rows.
Missing differs from every value, and each column is mixed in with its place.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

KEY = np.dtype([("a", "u8"), ("b", "u8")])
_SEEDS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0xFF51AFD7ED558CCD))
_TEXT_KEYS = ("0123456789123456", "6543219876543210")
_MISSING = np.uint64(0x7F4A7C159E3779B9)


def mixed(values: np.ndarray, which: int = 0) -> np.ndarray:
    """Spread 64-bit integers over all bits (the finaliser of SplitMix64 / MurmurHash3)."""
    found = values ^ (values >> np.uint64(31))
    found *= _MIX[which]
    found ^= found >> np.uint64(29)
    return found


def row_keys(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """One key (a, b) per row; equal rows have equal keys whatever the batch or the encoding of text."""
    keys = np.zeros(len(frame), dtype=KEY)
    a, b = np.full(len(frame), _SEEDS[0]), np.full(len(frame), _SEEDS[1])
    with np.errstate(over="ignore"):
        for name in columns:
            for which, total in ((0, a), (1, b)):
                total *= _MIX[1 - which]
                total ^= _column(pa.array(frame[name]), which)
                total ^= total >> np.uint64(32)
        # Never 0: that marks an empty place where keys are remembered.
        keys["a"], keys["b"] = np.maximum(mixed(a, 0), np.uint64(1)), mixed(b, 1)
    return keys


def _column(array: pa.Array | pa.ChunkedArray, which: int) -> np.ndarray:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    gaps = array.null_count
    found = mixed(_plain(array, which) + _SEEDS[which], which)
    if gaps:
        found[np.asarray(pc.is_null(array))] = _MISSING
    return found


def _plain(array: pa.Array, which: int) -> np.ndarray:
    """64 bits that tell the column's values apart; those of missing ones mean nothing."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        if len(array.dictionary) == 0:
            return np.zeros(len(array), dtype="u8")
        return _texts(array.dictionary, which)[np.asarray(pc.fill_null(array.indices, 0))]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        coded = pc.dictionary_encode(array)
        return _plain(coded, which)
    if pa.types.is_decimal(kind):
        buffer = array.buffers()[1]
        width = kind.bit_width // 64
        words = np.frombuffer(buffer, dtype="u8")[array.offset * width : (array.offset + len(array)) * width]
        words = words.reshape(len(array), width)
        total = np.zeros(len(array), dtype="u8")
        for place in range(width):
            total = mixed(total ^ words[:, place], which) * _SEEDS[which]
        return total
    if pa.types.is_boolean(kind):
        return np.asarray(pc.cast(pc.fill_null(array, False), pa.uint8())).astype("u8")
    if pa.types.is_floating(kind):
        numbers = np.asarray(pc.fill_null(array, 0.0)).astype("f8") + 0.0
        numbers[np.isnan(numbers)] = np.nan
        return numbers.view("u8")
    if pa.types.is_date32(kind):
        return np.asarray(pc.fill_null(array.view(pa.int32()), 0)).astype("i8").view("u8")
    return np.array(pc.fill_null(array.view(pa.int64()) if kind != pa.int64() else array, 0)).view("u8")


def _texts(values: pa.Array, which: int) -> np.ndarray:
    """The hash of each of some texts (SipHash, keyed apart for the two halves)."""
    objects = values.cast(pa.string()).to_numpy(zero_copy_only=False)
    objects = np.where(pd.isna(objects), "", objects) if values.null_count else objects
    return pd.util.hash_array(objects, hash_key=_TEXT_KEYS[which], categorize=False)


def grouped(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equal keys brought together: the order that does it, where each group starts in it, and the distinct keys.

    Sorting by the first half alone is several times faster; the second half is looked at where the first agrees.
    """
    a, b = np.ascontiguousarray(keys["a"]), keys["b"]
    order = np.argsort(a)
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
    return np.minimum.reduceat(order, starts), distinct


def counted(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct sorted keys and how often each stands there."""
    return _reduced(keys, np.ones(len(keys), dtype="i8"))


def sorted_keys(keys: np.ndarray) -> np.ndarray:
    """Distinct keys in order."""
    return grouped(keys)[2] if len(keys) else keys


def contained(run: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Which of the keys stand in a sorted run, in memory or memory-mapped."""
    found = np.zeros(len(keys), dtype=bool)
    if not len(run) or not len(keys):
        return found
    halves = run["a"]
    at = np.searchsorted(halves, keys["a"])
    todo = np.flatnonzero(at < len(run))
    while len(todo):
        place = at[todo]
        same = halves[place] == keys["a"][todo]
        todo, place = todo[same], place[same]
        equal = run["b"][place] == keys["b"][todo]
        found[todo[equal]] = True
        # The first half agrees and the second does not: the next one may be it.
        todo = todo[~equal]
        at[todo] += 1
        todo = todo[at[todo] < len(run)]
    return found


class Tally:
    """How often each key was seen, counted in bounded memory; then, which were seen often enough."""

    def __init__(self, folder: Path, memory: int) -> None:
        self.folder, self.most = folder, max(memory // 4, 1 << 18) // 24
        self.parts: list[tuple[np.ndarray, np.ndarray]] = []
        self.held, self.files = 0, 0
        self.runs: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: np.ndarray, counts: np.ndarray) -> None:
        """Distinct keys with their counts, as `counted` gives them."""
        self.parts.append((keys, counts))
        self.held += len(self.parts[-1][0])
        if self.held > self.most:
            self._merge()

    def _merge(self) -> None:
        if not self.parts:
            return
        keys, counts = _reduced(
            np.concatenate([k for k, _ in self.parts]), np.concatenate([c for _, c in self.parts])
        )
        self.parts, self.held = [(keys, counts)], len(keys)
        if self.held > self.most // 2:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = [self.folder / f"tally-{self.files}-{part}.npy" for part in ("keys", "counts")]
            np.save(names[0], keys)
            np.save(names[1], counts)
            self.runs.append((np.load(names[0], mmap_mode="r"), np.load(names[1], mmap_mode="r")))
            self.files, self.parts, self.held = self.files + 1, [], 0

    def at_least(self, k: int) -> np.ndarray:
        """The sorted keys that were seen k times or more; at most a k-th of all rows."""
        runs = [*self.runs, *([_reduced(*_joined(self.parts))] if self.parts else [])]
        if not runs:
            return np.empty(0, dtype=KEY)
        slices = max(1, sum(len(keys) for keys, _ in runs) // max(self.most, 1) + 1)
        edges = [np.uint64(2**64 * i // slices) for i in range(1, slices)]
        found, starts = [], [np.zeros(len(runs), dtype=int)]
        starts += [np.array([np.searchsorted(keys["a"], edge) for keys, _ in runs]) for edge in edges]
        starts.append(np.array([len(keys) for keys, _ in runs]))
        for low, high in pairwise(starts):
            part = [(k[i:j], c[i:j]) for (k, c), i, j in zip(runs, low, high, strict=True)]
            keys, counts = _reduced(*_joined(part))
            found.append(keys[counts >= k])
        return np.concatenate(found)


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([k for k, _ in parts]), np.concatenate([c for _, c in parts])


def _reduced(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct sorted keys with their counts added up."""
    if not len(keys):
        return keys, counts
    order, starts, distinct = grouped(keys)
    return distinct, np.add.reduceat(counts[order], starts)
