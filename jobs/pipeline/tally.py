"""How often keys were seen, counted in bounded memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from jobs.pipeline.keys import grouped
from jobs.pipeline.lookup import Run


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

    def at_least(self, k: int) -> Run:
        """The keys that were seen k times or more, to be looked up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Run(self.folder / "often", self._often(k))

    def _often(self, k: int) -> Iterator[np.ndarray]:
        """In order, a range of keys at a time."""
        runs = [*self.runs, *([_reduced(*_joined(self.parts))] if self.parts else [])]
        self.parts = []
        if not runs:
            return
        slices = max(1, sum(len(keys) for keys, _ in runs) // max(self.most, 1) + 1)
        edges = [np.uint64(2**64 * i // slices) for i in range(1, slices)]
        starts = [np.zeros(len(runs), dtype=int)]
        starts += [np.array([np.searchsorted(keys["a"], edge) for keys, _ in runs]) for edge in edges]
        starts.append(np.array([len(keys) for keys, _ in runs]))
        for low, high in pairwise(starts):
            part = [(k[i:j], c[i:j]) for (k, c), i, j in zip(runs, low, high, strict=True)]
            keys, counts = _reduced(*_joined(part))
            yield keys[counts >= k]
            for file in (file for run in self.runs for file in run):
                file._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([k for k, _ in parts]), np.concatenate([c for _, c in parts])


def _reduced(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct sorted keys with their counts added up."""
    if not len(keys):
        return keys, counts
    order, starts, distinct = grouped(keys)
    return distinct, np.add.reduceat(counts[order], starts)
