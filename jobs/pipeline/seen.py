"""Which keys were seen before: an open hash table in numpy, and on disk what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jobs.pipeline.keys import KEY, firsts, sorted_keys
from jobs.pipeline.lookup import Filter, Run

FULL = 0.65
PART = 200_000


class Seen:
    """Keys (a, b) of 16 bytes, a never 0, in a table with linear probing, grown by doubling.

    Above `ctx.memory` the table is written out as a sorted run (`lookup`), and later keys are looked for in the
    runs too: slower, and still exact.
    """

    def __init__(self, ctx: Any) -> None:
        self.ctx = ctx
        self.most = max(int(ctx.memory), 1 << 20)
        self.room = self.most
        self.runs: list[Run] = []
        self.filter: Filter | None = None
        # As many places as the rows will need, so that nothing must be moved later; untouched memory costs nothing.
        wanted = max(int(ctx.about / FULL), 1 << 16)
        self._clear(min(1 << (wanted - 1).bit_length(), self._slots()))

    def _slots(self) -> int:
        """The most places there is room for: a power of two."""
        return 1 << (self.room // KEY.itemsize).bit_length() - 1

    def _clear(self, slots: int) -> None:
        self.last, self.shift = slots - 1, np.uint64(64 - slots.bit_length() + 1)
        self.a, self.b = np.zeros(slots, dtype="u8"), np.zeros(slots, dtype="u8")
        self.held = 0

    def fresh(self, places: np.ndarray, unique: np.ndarray, length: int) -> np.ndarray:
        """Which of `length` rows are new, given what `firsts` says of their keys; they are remembered."""
        found = np.zeros(length, dtype=bool)
        if not len(unique):
            return found
        # Room first: what is spilled for it must be among the runs that are looked into.
        self._make_room(len(unique))
        new = self._new_in_runs(unique)
        new[new] = self._insert(unique[new])
        found[places[new]] = True
        return found

    def of(self, keys: np.ndarray) -> np.ndarray:
        """`fresh` for keys as they come."""
        return self.fresh(*firsts(keys), len(keys))

    def _new_in_runs(self, keys: np.ndarray) -> np.ndarray:
        new = np.ones(len(keys), dtype=bool)
        if self.filter is None:
            return new
        places = np.flatnonzero(self.filter.maybe(keys))
        for run in self.runs:
            there = run.has(keys[places])
            new[places[there]] = False
            places = places[~there]
        return new

    def _insert(self, keys: np.ndarray) -> np.ndarray:
        """Put distinct keys in, for which there is room; which of them were not there."""
        new = np.zeros(len(keys), dtype=bool)
        a, b = np.ascontiguousarray(keys["a"]), np.ascontiguousarray(keys["b"])
        todo = np.arange(len(keys))
        # By the high bits: sorted keys then walk through the table, which memory likes.
        slot = (a >> self.shift).astype("i8")
        while len(todo):
            empty = self.a[slot] == 0
            # Several keys may want the same empty slot: the last one written wins both halves. Who it was is read
            # back; the others see the slot taken and go on to the next.
            want = np.flatnonzero(empty)
            at = slot[want]
            self.a[at], self.b[at] = a[want], b[want]
            there = (self.a[slot] == a) & (self.b[slot] == b)
            won = there & empty
            new[todo[won]] = True
            self.held += int(np.count_nonzero(won))
            left = np.flatnonzero(~there)
            todo, a, b = todo[left], a[left], b[left]
            slot = (slot[left] + 1) & self.last
        return new

    def _make_room(self, more: int) -> None:
        slots = len(self.a)
        while self.held + more > slots * FULL:
            slots *= 2
        if slots == len(self.a):
            return
        if slots * KEY.itemsize > self.room and self.held:
            self._spill()
            # What is left must take the whole batch, or looking for an empty slot would never end.
            slots = len(self.a)
            while more > slots * FULL:
                slots *= 2
            if slots != len(self.a):
                self._clear(slots)
            return
        old = self._keys()
        self._clear(slots)
        # In parts: what an insertion needs beside the table is several times the keys.
        for start in range(0, len(old), PART):
            self._insert(old[start : start + PART])

    def _keys(self) -> np.ndarray:
        used = self.a != 0
        keys = np.empty(int(used.sum()), dtype=KEY)
        keys["a"], keys["b"] = self.a[used], self.b[used]
        return keys

    def _spill(self) -> None:
        """The table goes to disk; a filter, for which a part of the room is kept from now on, says what is not there."""
        self.ctx.folder.mkdir(parents=True, exist_ok=True)
        if self.filter is None:
            self.filter = Filter(self.most * 3 // 8)
            self.room = self.most - self.most * 3 // 8
        self.runs.append(Run(self.ctx.folder / f"seen-{len(self.runs)}", self._sorted(self.filter)))
        self._clear(self._slots())

    def _sorted(self, filter: Filter) -> Iterator[np.ndarray]:
        """The table's keys in order, a sixteenth of their range at a time; each also goes into the filter."""
        for number in range(16):
            here = self.a >= np.uint64(max(number << 60, 1))
            if number < 15:
                here &= self.a < np.uint64(number + 1 << 60)
            keys = np.empty(int(np.count_nonzero(here)), dtype=KEY)
            keys["a"], keys["b"] = self.a[here], self.b[here]
            keys = sorted_keys(keys)
            filter.add(keys)
            yield keys
