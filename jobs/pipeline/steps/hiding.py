"""Which cells of a table of counts to hide, so that totals do not give a hidden one away.

Hundepool et al., Statistical Disclosure Control (2012), chapter 4. The totals that someone may know are those
over any of the columns: with columns a, b, c the totals by a, b; by a; …; and of the whole table.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

PRIME = 2_147_483_629
MOST_SOLVED = 700


def hidden(counts: np.ndarray, lines: list[np.ndarray], k: int) -> np.ndarray:
    """True for each cell to hide: those below k, and others until none can be worked out.

    lines: for each total that is known, the number of the line in which each cell stands. A line with one cell
    protects nothing: its total is the cell. Of a line's open cells the smallest is taken, the first on a tie.
    """
    blank = counts < k
    lines = [line for line in lines if len(line)]
    order = np.lexsort((np.arange(len(counts)), counts))
    while True:
        _no_blank_alone(blank, counts, lines, order)
        given_away = _worked_out(blank, lines)
        if not len(given_away):
            return blank
        before = int(blank.sum())
        for cell in given_away:
            _hide_one_more(blank, lines, order, int(cell))
        if int(blank.sum()) == before:
            return blank


def _no_blank_alone(
    blank: np.ndarray, counts: np.ndarray, lines: list[np.ndarray], order: np.ndarray
) -> None:
    """In each line of several cells none or at least two are hidden, and not only cells of count zero:
    a total that leaves nothing for them says so."""
    while True:
        before = int(blank.sum())
        for line in lines:
            width = int(line.max()) + 1
            blanks = np.bincount(line, weights=blank, minlength=width)
            within = np.bincount(line, weights=np.where(blank, np.maximum(counts, 0), 0), minlength=width)
            several = np.bincount(line, minlength=width) > 1
            weak = several & ((blanks == 1) | ((blanks > 1) & (within == 0)))
            open_cells = order[~blank[order] & weak[line[order]]]
            _, first = np.unique(line[open_cells], return_index=True)
            blank[open_cells[first]] = True
        if int(blank.sum()) == before:
            return


def _hide_one_more(blank: np.ndarray, lines: list[np.ndarray], order: np.ndarray, cell: int) -> None:
    """The smallest open cell that shares a line with this one; of the shortest lines first."""
    for line in sorted(lines, key=lambda line: int((line == line[cell]).sum())):
        there = order[(line[order] == line[cell]) & ~blank[order]]
        if len(there):
            blank[there[0]] = True
            return


def _worked_out(blank: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
    """Hidden cells that adding and subtracting totals gives away.

    Cells hang together through lines; each such part of at most 700 hidden cells is solved. Larger ones,
    which are denser and have many ways round, keep the rule about lines alone.
    """
    cells = np.flatnonzero(blank)
    useful = []
    for line in lines:
        several = np.bincount(line) > 1
        if several.any():
            useful.append((line, several))
    if not len(cells) or not useful:
        return np.empty(0, dtype="i8")
    equations = _equations(cells, useful)
    found = [_solved(part, rows) for part, rows in _parts(len(cells), equations)]
    return cells[np.sort(np.concatenate(found))] if found else np.empty(0, dtype="i8")


def _equations(cells: np.ndarray, useful: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """For each line with hidden cells, which of them (by place among the hidden) it adds up."""
    found = []
    for line, several in useful:
        numbers = line[cells]
        order = np.argsort(numbers, kind="stable")
        order = order[several[numbers[order]]]
        edges = np.flatnonzero(np.diff(numbers[order])) + 1
        found += [part for part in np.split(order, edges) if len(part)]
    return found


def _parts(size: int, equations: list[np.ndarray]) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """Hidden cells that hang together, with their equations; those of lines that hold fewer than all."""
    above = np.arange(size)

    def top(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = int(above[place])
        return place

    for members in equations:
        for one, other in pairwise(members.tolist()):
            above[top(other)] = top(one)
    tops = np.array([top(i) for i in range(size)], dtype="i8")
    rows: dict[int, list[np.ndarray]] = {}
    for members in equations:
        rows.setdefault(int(tops[members[0]]), []).append(members)
    return [
        (np.flatnonzero(tops == t), found) for t, found in rows.items() if (tops == t).sum() <= MOST_SOLVED
    ]


def _solved(part: np.ndarray, equations: list[np.ndarray]) -> np.ndarray:
    """The cells of the part that the equations fix: elimination modulo a prime, which loses no digits."""
    place = {int(cell): i for i, cell in enumerate(part)}
    matrix = np.zeros((len(equations), len(part)), dtype="i8")
    for row, members in enumerate(equations):
        matrix[row, [place[int(m)] for m in members]] = 1
    rank, pivots = 0, []
    for column in range(len(part)):
        rows = np.flatnonzero(matrix[rank:, column])
        if not len(rows):
            continue
        matrix[[rank, rank + rows[0]]] = matrix[[rank + rows[0], rank]]
        matrix[rank] = matrix[rank] * pow(int(matrix[rank, column]), PRIME - 2, PRIME) % PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != rank]
        matrix[others] = (matrix[others] - matrix[others, column][:, None] * matrix[rank]) % PRIME
        pivots.append(column)
        rank += 1
        if rank == len(equations):
            break
    alone = (matrix[:rank] != 0).sum(axis=1) == 1
    return part[np.array(pivots, dtype="i8")[alone]]
