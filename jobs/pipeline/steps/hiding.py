"""Which cells of a table of counts to hide, so that totals do not give a hidden one away.

Hundepool et al., Statistical Disclosure Control (2012), chapter 4. The totals that someone may know are those
over any of the columns: with columns a, b, c the totals by a, b; by a; …; and of the whole table.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

PRIME = 2_147_483_629
MOST_SOLVED = 700


def hidden(counts: np.ndarray, lines: list[np.ndarray], k: int, finest: int | None = None) -> np.ndarray:
    """True for each cell to hide: those below k, and others until none can be worked out.

    lines: for each total that is known, the number of the line in which each cell stands; the first `finest`
    of them (all, if not said) are over one column only. A line with one cell
    protects nothing: its total is the cell. Of a line's open cells the smallest is taken, the first on a tie.
    Where all cells are hidden and totals still tell one, only keeping those totals in would help.
    """
    blank = counts < k
    if not len(counts):
        return blank
    order = np.lexsort((np.arange(len(counts)), counts))
    while True:
        _no_blank_alone(blank, counts, lines, order)
        given_away = _worked_out(blank, lines, len(lines) if finest is None else finest)
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


def _worked_out(blank: np.ndarray, lines: list[np.ndarray], finest: int) -> np.ndarray:
    """Hidden cells that adding and subtracting totals gives away.

    Up to 700 hidden cells are solved together. Of more, those that hang together through the finest lines are,
    where they are at most 700; larger parts have many ways round, and keep the rule about lines alone.
    """
    cells = np.flatnonzero(blank)
    fine = _equations(cells, lines[:finest])
    coarse = _equations(cells, lines[finest:])
    if len(cells) <= MOST_SOLVED:
        parts = [(np.arange(len(cells)), fine + coarse)] if len(cells) else []
    else:
        parts = _parts(len(cells), fine, coarse)
    found = [_solved(part, equations) for part, equations in parts if equations]
    return cells[np.sort(np.concatenate(found))] if found else np.empty(0, dtype="i8")


def _equations(cells: np.ndarray, lines: list[np.ndarray]) -> list[np.ndarray]:
    """For each line of several cells with hidden ones, which of them (by place among the hidden) it adds up."""
    found = []
    for line in lines:
        several = np.bincount(line) > 1
        order = np.argsort(line[cells], kind="stable")
        order = order[several[line[cells[order]]]]
        edges = np.flatnonzero(np.diff(line[cells[order]])) + 1
        found += [part for part in np.split(order, edges) if len(part)]
    return found


def _parts(
    size: int, fine: list[np.ndarray], coarse: list[np.ndarray]
) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """Hidden cells that hang together, at most 700, with the equations that lie within them."""
    above = list(range(size))

    def top(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for members in fine:
        for one, other in pairwise(members.tolist()):
            above[top(other)] = top(one)
    tops = np.array([top(i) for i in range(size)])
    order = np.argsort(tops, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(tops[order])) + 1)
    small = {int(tops[group[0]]): group for group in groups if len(group) <= MOST_SOLVED}
    equations: dict[int, list[np.ndarray]] = {}
    for members in [*fine, *coarse]:
        there = tops[members]
        if int(there[0]) in small and (there == there[0]).all():
            equations.setdefault(int(there[0]), []).append(members)
    return [(small[mark], found) for mark, found in equations.items()]


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
