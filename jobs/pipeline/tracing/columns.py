"""Which column of a found file is which of the delivered ones: by name, then by content; columns that were changed
are left out. Nothing here looks at which rows an export left out, so that the choice cannot favour anyone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from jobs.pipeline.tracing.cells import CHUNK, MISSING, Cells

SAMPLE, VOTERS, BOOTH, BUCKETS = 2_000, 100, 400_000, 64
HELD, ALIKE = 0.6, 0.35
FOUND = 0.6  # Share of the sampled rows that must be found before the columns count as right as they are.


@dataclass(frozen=True, slots=True)
class Match:
    """Places of columns in the file and in the delivered table, pair by pair; `found`: the share of the file's rows
    (of a sample) that are rows of the delivered table in these columns."""

    leak: tuple[int, ...] = ()
    whole: tuple[int, ...] = ()
    found: float = 0.0


def match(leak: Cells, whole: Cells, seed: int = 1) -> Match:
    """The pairs of columns that find most rows of the file again."""
    if not leak.rows or not whole.rows:
        return Match()
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(leak.rows, min(SAMPLE, leak.rows), replace=False))
    some = [leak.column(place)[rows] for place in range(len(leak.names))]
    pairs = _telling(_pairs(leak, whole, some), whole)
    best = _tried(leak, whole, rows, pairs)
    if best.found < FOUND and len(pairs) > 1:
        kept = _trusted(whole, pairs, some, rng)
        for choice in (kept, _without_worst(leak, whole, rows, pairs)):
            found = _tried(leak, whole, rows, choice)
            best = found if found.found > best.found else best
    return best


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _pairs(leak: Cells, whole: Cells, some: list[np.ndarray]) -> list[tuple[int, int]]:
    places = {_plain(name): place for place, name in reversed(list(enumerate(whole.names)))}
    named = {at: places[_plain(name)] for at, name in enumerate(leak.names) if _plain(name) in places}
    found = {at: place for at, place in named.items() if list(named.values()).count(place) == 1}
    left = [at for at in range(len(leak.names)) if at not in found]
    free = [place for place in range(len(whole.names)) if place not in found.values()]
    if left and free:
        found |= _by_content(whole, {at: some[at] for at in left}, free)
    return sorted(found.items())


def _by_content(whole: Cells, some: dict[int, np.ndarray], free: list[int]) -> dict[int, int]:
    """Columns whose values are nearly all there, and about as often."""
    costs = []
    for place in free:
        seen = {at: np.zeros(len(values), dtype=bool) for at, values in some.items()}
        counts = np.zeros(BUCKETS)
        for start in range(0, whole.rows, CHUNK):
            part = whole.column(place)[start : start + CHUNK]
            counts += np.bincount((part % np.uint64(BUCKETS)).astype("i8"), minlength=BUCKETS)
            distinct = np.unique(part)
            for at, values in some.items():
                seen[at] |= _in(values, distinct)
        for at, values in some.items():
            mine = np.bincount((values % np.uint64(BUCKETS)).astype("i8"), minlength=BUCKETS)
            apart = float(np.abs(mine / mine.sum() - counts / counts.sum()).sum() / 2)
            held = float(seen[at].mean())
            if held >= HELD and apart <= ALIKE:
                costs.append((apart + 1 - held, at, place))
    found: dict[int, int] = {}
    for _, at, place in sorted(costs):
        if at not in found and place not in found.values():
            found[at] = place
    return found


def _in(values: np.ndarray, distinct: np.ndarray) -> np.ndarray:
    """Which of the values are among the sorted distinct ones."""
    places = np.minimum(np.searchsorted(distinct, values), len(distinct) - 1)
    return np.asarray(distinct[places] == values)


def _telling(pairs: list[tuple[int, int]], whole: Cells) -> list[tuple[int, int]]:
    """Without columns that are the same in every row: they tell nothing, and may have been changed."""
    stride = max(whole.rows // 20_000, 1)
    return [(at, place) for at, place in pairs if len(np.unique(whole.column(place)[::stride])) > 1]


def _tried(leak: Cells, whole: Cells, rows: np.ndarray, pairs: list[tuple[int, int]]) -> Match:
    if not pairs:
        return Match()
    ours, theirs = tuple(at for at, _ in pairs), tuple(place for _, place in pairs)
    keys = leak.keys(ours, rows)
    order = np.sort(keys)
    hit = np.zeros(len(order), dtype=bool)
    for _, some in whole.chunks(theirs):
        places = np.minimum(np.searchsorted(order, some), len(order) - 1)
        hit[places[order[places] == some]] = True
    # Equal keys stand beside each other; the first of them was marked.
    first = np.searchsorted(order, order)
    return Match(ours, theirs, float(hit[first].mean()))


def _without_worst(
    leak: Cells, whole: Cells, rows: np.ndarray, pairs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """One column after the other left out, as long as that finds clearly more rows."""
    best = _tried(leak, whole, rows, pairs).found
    few = rows[:: max(len(rows) // 500, 1)]
    for _ in range(3):
        if len(pairs) < 2:
            break
        tries = [[pair for pair in pairs if pair != out] for out in pairs]
        founds = [_tried(leak, whole, few, one).found for one in tries]
        top = int(np.argmax(founds))
        if founds[top] < best + 0.05:
            break
        pairs, best = tries[top], founds[top]
    return pairs


def _trusted(
    whole: Cells, pairs: list[tuple[int, int]], some: list[np.ndarray], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """For some rows of the file the delivered row that agrees with most columns is looked for; columns in which these
    pairs of rows mostly differ were changed."""
    stride = max(whole.rows // BOOTH, 1)
    booth = [np.asarray(whole.column(place)[::stride]) for _, place in pairs]
    agreed = np.zeros((0, len(pairs)), dtype=bool)
    voters = rng.choice(len(some[0]), min(VOTERS, len(some[0])), replace=False)
    for row in voters:
        votes = np.zeros(len(booth[0]), dtype="u1")
        for (at, _), column in zip(pairs, booth, strict=True):
            votes += (column == some[at][row]) & (some[at][row] != MISSING)
        top = int(np.argmax(votes))
        if votes[top] * 2 >= len(pairs):
            same = [bool(column[top] == some[at][row]) for (at, _), column in zip(pairs, booth, strict=True)]
            agreed = np.vstack([agreed, same])
    if not len(agreed):
        return pairs
    trust = agreed.mean(axis=0)
    return [pair for pair, share in zip(pairs, trust, strict=True) if share >= 0.7]
