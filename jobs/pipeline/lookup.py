"""Sorted keys on disk that are looked up in little memory, and a filter that spares most of the looking.

A run is two columns of 64 bits. Of each block one key stays in memory, so that a look touches one block; the
pages that it touched are given back at once.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

BLOCK = 512
SMALL = 1 << 20  # Keys that may stay in memory.
HASHES = ((np.uint64(32), np.uint64(0)), (np.uint64(0), np.uint64(0xFFFFFFFF)))


class Run:
    """Distinct keys (a, b), sorted, in two files."""

    def __init__(self, path: Path, parts: Iterable[np.ndarray]) -> None:
        """Writes the files. `parts`: structured keys, which put together are sorted by a, then b."""
        self.rows, heads = 0, [np.empty(0, dtype="u8")]
        files = [path.with_suffix(f".{half}") for half in ("a", "b")]
        with files[0].open("wb") as first, files[1].open("wb") as second:
            for keys in parts:
                a = np.ascontiguousarray(keys["a"])
                heads.append(a[-self.rows % BLOCK :: BLOCK])
                first.write(a.data)
                second.write(np.ascontiguousarray(keys["b"]).data)
                self.rows += len(keys)
        self.heads = np.concatenate(heads)
        self.maps = [_mapped(file) for file in files] if self.rows else []
        self.a, self.b = (
            (np.frombuffer(found, dtype="u8") for found in self.maps) if self.rows else (self.heads,) * 2
        )

    def has(self, keys: np.ndarray) -> np.ndarray:
        """Which of the keys stand here."""
        if not self.rows or not len(keys):
            return np.zeros(len(keys), dtype=bool)
        a, b = keys["a"], keys["b"]
        low = np.maximum(np.searchsorted(self.heads, a) - 1, 0) * BLOCK
        # The first place that is not below the key; it is in that block, or the next one's first.
        width, at = BLOCK, low
        while width:
            middle = at + width
            less = (middle <= self.rows) & (self.a[np.minimum(middle, self.rows) - 1] < a)
            at = np.where(less, middle, at)
            width //= 2
        found = np.zeros(len(keys), dtype=bool)
        todo = np.flatnonzero(at < self.rows)
        while len(todo):
            place = at[todo]
            same = self.a[place] == a[todo]
            todo, place = todo[same], place[same]
            equal = self.b[place] == b[todo]
            found[todo[equal]] = True
            # The first half agrees and the second does not: the next one may be it.
            todo = todo[~equal]
            at[todo] += 1
            todo = todo[at[todo] < self.rows]
        if self.rows > SMALL:
            for touched in self.maps:
                touched.madvise(mmap.MADV_DONTNEED)
        return found


def _mapped(file: Path) -> mmap.mmap:
    with file.open("rb") as handle:
        return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


class Filter:
    """A Bloom filter (1970) with two bits a key: "not here" is certain, "here" is to be looked up."""

    def __init__(self, size: int) -> None:
        """`size`: bytes."""
        self.bits, self.many = np.zeros(size, dtype="u1"), np.uint64(min(size * 8, 1 << 32))

    def _places(self, keys: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Byte and bit of each of the two, from the halves of the second hash: the first goes by order."""
        found = []
        for shift, mask in HASHES:
            half = keys["b"] >> shift if shift else keys["b"] & mask
            place = half * self.many >> np.uint64(32)
            found.append(
                ((place >> np.uint64(3)).astype("i8"), np.uint8(1) << (place & np.uint64(7)).astype("u1"))
            )
        return found

    def add(self, keys: np.ndarray) -> None:
        for at, bit in self._places(keys):
            np.bitwise_or.at(self.bits, at, bit)

    def maybe(self, keys: np.ndarray) -> np.ndarray:
        (one, first), (two, second) = self._places(keys)
        return (self.bits[one] & first != 0) & (self.bits[two] & second != 0)
