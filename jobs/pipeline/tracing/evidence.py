"""Which rows of the pool are in a found file for sure, which are not, and what each export's coins make of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.pipeline.draws import CONTROL, NEITHER, POOL, coins, parts
from jobs.pipeline.tracing.cells import CHUNK, Cells
from jobs.pipeline.tracing.chance import Seen
from jobs.pipeline.tracing.columns import Match

MOST_ALIKE = 8  # Rows that are alike in the columns left: beyond, all of them would hardly ever be there.
PRESENT, ABSENT, UNKNOWN = 1, 0, -1


@dataclass(frozen=True, slots=True)
class Evidence:
    """`numbers`: rows of the pool that can be told apart; `present`: whether each is in the file. Controls are rows
    that no export leaves out. `pool`: all rows of the pool, told apart or not."""

    numbers: np.ndarray
    present: np.ndarray
    pool: int
    controls: int
    controls_present: int

    @property
    def rate(self) -> float:
        """The share of the delivered rows that the file kept unchanged."""
        return self.controls_present / self.controls if self.controls else 0.0

    def seen(self, own: bytes) -> Seen:
        """What it says of the export with this secret."""
        out = coins(self.numbers, own)
        here, away = self.present, ~self.present
        return Seen(int(here.sum()), int((here & out).sum()), int(away.sum()), int((away & out).sum()))


def gather(leak: Cells, whole: Cells, match: Match, pool: bytes, share: str) -> Evidence:
    """Holds only the pool's rows and as many controls, two in fifty of all; the tables stay on disk.

    A row counts as present if the file has at least as many rows of its kind (equal in the columns left) as the
    delivered table, as absent if it has none; in between nobody can say which of them are there.
    """
    numbers, role, keys = _chosen(whole, match, pool, share)
    distinct, back = np.unique(keys, return_inverse=True)
    alike = _counted(whole, match.whole, distinct)[back]
    there = _counted(leak, match.leak, distinct)[back]
    alone = alike == 1
    once = there[alone & (role == CONTROL) & (there > 0)]
    # Rows that were copied within the file would pass for their likes.
    most = 1 if len(once) and (once > 1).mean() > 0.02 else MOST_ALIKE
    state = np.where(there >= alike, PRESENT, np.where(there == 0, ABSENT, UNKNOWN))
    state[alike > most] = UNKNOWN
    known = state != UNKNOWN
    in_pool, control = known & (role == POOL), known & (role == CONTROL)
    return Evidence(
        numbers[in_pool], state[in_pool] == PRESENT, int((role == POOL).sum()), int(control.sum()),
        int((state[control] == PRESENT).sum()),
    )  # fmt: skip


def _chosen(whole: Cells, match: Match, pool: bytes, share: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number, role and key of each row of the pool and of the controls; a source row that became several rows of the
    result counts once."""
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start in range(0, whole.rows, CHUNK):
        rows = slice(start, min(start + CHUNK, whole.rows))
        numbers = np.asarray(whole.numbers[rows])
        role = parts(numbers, pool, share)
        at = np.flatnonzero(role != NEITHER)
        found.append((numbers[at], role[at], whole.keys(match.whole, at + start)))
    numbers, role, keys = (np.concatenate(some) for some in zip(*found, strict=True))
    _, first = np.unique(numbers, return_index=True)
    return numbers[first], role[first], keys[first]


def _counted(table: Cells, places: tuple[int, ...], distinct: np.ndarray) -> np.ndarray:
    """How often each of the sorted keys stands in the table."""
    counts = np.zeros(len(distinct), dtype="i8")
    if not len(distinct):
        return counts
    for _, keys in table.chunks(places):
        at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
        counts += np.bincount(at[distinct[at] == keys], minlength=len(distinct))
    return counts
