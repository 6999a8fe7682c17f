"""Distances between two distributions and how likely chance alone makes them: PSI, KS, chi-square."""

from __future__ import annotations

import math
from collections.abc import Sequence


def psi(before: Sequence[float], after: Sequence[float]) -> float:
    """Population stability index of two sets of counts over the same bins; half a value is added to each bin.

    Up to 0.1 two samples are as good as alike, from 0.25 on they clearly differ (Siddiqi 2006).
    """
    bins = len(before)
    one, two = sum(before) + bins / 2, sum(after) + bins / 2
    found = 0.0
    for was, now in zip(before, after, strict=True):
        p, q = (was + 0.5) / one, (now + 0.5) / two
        found += (q - p) * math.log(q / p)
    return found


def ks_chance(distance: float, before: int, after: int) -> float:
    """How likely two samples of one distribution are this far apart or more (Kolmogorov's limit)."""
    if distance <= 0 or not before or not after:
        return 1.0
    size = math.sqrt(before * after / (before + after))
    x = (size + 0.12 + 0.11 / size) * distance
    if x < 0.2:
        return 1.0
    terms = (2.0 * (1 if k % 2 else -1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101))
    return min(max(sum(terms), 0.0), 1.0)


def chi_square(before: Sequence[float], after: Sequence[float]) -> tuple[float, int]:
    """The statistic of a table with two rows, and its degrees of freedom."""
    one, two = sum(before), sum(after)
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a + b > 0]
    if not one or not two or len(pairs) < 2:
        return 0.0, 0
    found = 0.0
    for was, now in pairs:
        for seen, total in ((was, one), (now, two)):
            expected = (was + now) * total / (one + two)
            found += (seen - expected) ** 2 / expected
    return found, len(pairs) - 1


def chi_chance(statistic: float, freedom: int) -> float:
    """How likely chance alone gives this statistic or more: the upper incomplete gamma function."""
    if statistic <= 0 or freedom < 1:
        return 1.0
    a, x = freedom / 2, statistic / 2
    scale = math.exp(-x + a * math.log(x) - math.lgamma(a)) if x < 1e5 else 0.0
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, 1000):
            term *= x / (a + n)
            total += term
            if term < total * 1e-15:
                break
        return min(max(1 - scale * total, 0.0), 1.0)
    # Lentz's continued fraction, which converges fast on this side.
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for n in range(1, 1000):
        step = -n * (n - a)
        b += 2
        d = 1 / (step * d + b or tiny)
        c = b + step / c or tiny
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return min(max(scale * h, 0.0), 1.0)
