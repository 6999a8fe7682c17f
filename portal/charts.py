"""Charts as geometry: numbers in, small shapes out. Templates draw them as SVG; no browser needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT, PAD = 480, 120, 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the chart's coordinates, with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float


def number(value: Any) -> str:
    """Short and exact enough for an axis: 12, 3.5, 1,400."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{int(value):,}" if isinstance(value, (int, float)) else str(value)


def histogram(edges: Sequence[float], counts: Sequence[float]) -> list[Bar]:
    """Bars side by side, the tallest filling the height. An empty list for no data."""
    if not counts or len(edges) != len(counts) + 1:
        return []
    top = max(counts) or 1
    width = WIDTH / len(counts)
    bars = []
    for i, count in enumerate(counts):
        height = round((HEIGHT - PAD) * count / top, 2)
        label = f"{number(edges[i])} to {number(edges[i + 1])}"
        bars.append(Bar(round(i * width, 2), round(HEIGHT - PAD - height, 2), round(width - 1, 2), height, label, count))
    return bars


def rows(items: Sequence[tuple[str, float]], most: int = 12) -> list[Bar]:
    """Horizontal bars, longest first as given; widths against the largest."""
    shown = list(items)[:most]
    top = max((value for _, value in shown), default=0) or 1
    return [Bar(150, i * 22 + 4, round(250 * value / top, 2), 15, label, value) for i, (label, value) in enumerate(shown)]
