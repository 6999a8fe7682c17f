"""How likely chance alone looks as guilty as this. Exact, in logarithms, so that nothing runs out of digits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of the pool, as one export's coins divide them: present or absent in the file, left out or not."""

    present: int
    present_left_out: int
    absent: int
    absent_left_out: int


def _log_pmf(n: int) -> np.ndarray:
    """log P(k heads of n fair coins) for k from 0 to n."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    return np.asarray(logs[n] - logs - logs[::-1] - n * math.log(2))


def weight_of_absent(rate: float) -> float:
    """What an absent row that the export left out counts against a present one.

    The likelihood ratio for a file put together from two exports, of which a share `rate` was kept: then rows that
    are absent say much where nearly all rows were kept, and little in a small sample.
    """
    rate = min(max(rate, 0.0), 0.995)
    return math.log((1 - rate / 2) / (1 - rate)) / math.log(2)


def log10_chance(seen: Seen, rate: float) -> float:
    """log10 of the chance that an export which the file did not come from looks at least as guilty.

    For such an export each row of the pool was left out by the toss of a fair coin that has nothing to do with
    the file, so that two binomials are all there is: no row needs to be independent of any other in the file.
    """
    if not seen.present and not seen.absent:
        return 0.0
    weight = weight_of_absent(rate)
    score = weight * seen.absent_left_out - seen.present_left_out
    absent, below = _log_pmf(seen.absent), np.logaddexp.accumulate(_log_pmf(seen.present))
    most = np.floor(weight * np.arange(seen.absent + 1) - score + 1e-9)
    reached = most >= 0
    if not reached.any():
        return 0.0
    places = np.minimum(most[reached], seen.present).astype("i8")
    terms = absent[reached] + below[places]
    top = float(terms.max())
    return min((top + math.log(float(np.exp(terms - top).sum()))) / math.log(10), 0.0)


def share_from(seen: Seen) -> tuple[float, float, float]:
    """The share of the file's rows that can only have come from this export, with a 95 % interval (Wilson).

    Rows that the export left out are present only where they came from elsewhere.
    """
    n, x = seen.present, seen.present_left_out
    if not n:
        return 0.0, 0.0, 1.0
    z = 1.96
    middle, wide = (x + z * z / 2) / (n + z * z), z * math.sqrt(x * (n - x) / n + z * z / 4) / (n + z * z)
    return _part(x / n), _part(middle + wide), _part(max(middle - wide, 0.0))


def _part(left_out: float) -> float:
    """Of the share of present rows that the export left out: the share of all rows that came from it alone."""
    return min(max(1 - left_out / (1 - left_out), 0.0), 1.0) if left_out < 1 else 0.0
