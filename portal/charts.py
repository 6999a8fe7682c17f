"""Charts as geometry: numbers in, small shapes out. Templates draw them as SVG; no browser needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

WIDTH, HEIGHT, PAD = 480, 120, 18
ROW, LABEL, LONG = 22, 150, 250
NODE_WIDTH, NODE_HEIGHT, GAP_X, GAP_Y = 150, 46, 60, 18
MOST_NODES = 60
Told = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the chart's coordinates, with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float
    tone: str = ""

    @property
    def middle(self) -> float:
        """Where a text beside a horizontal bar has its baseline."""
        return round(self.y + 12, 2)

    @property
    def end(self) -> float:
        return round(self.x + self.width + 6, 2)


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One rule's value before and after, joined by a line."""

    label: str
    y: float
    before_x: float
    after_x: float
    before: float
    after: float
    worse: bool
    threshold_x: float | None

    @property
    def text_y(self) -> float:
        return self.y + 4


@dataclass(frozen=True, slots=True)
class GapRow:
    """Where one column's values are missing, from the first row to the last."""

    label: str
    text_y: float
    bars: tuple[Bar, ...]
    touched: int
    worst: float

    @property
    def track_y(self) -> float:
        return self.text_y - 12


@dataclass(frozen=True, slots=True)
class Spark:
    """A line without axes: the points of a polyline and of the area below it."""

    points: str
    area: str
    last_x: float
    last_y: float


@dataclass(frozen=True, slots=True)
class Node:
    """A box in the provenance graph. `parents` are the names of what it was made from."""

    key: str
    title: str
    kind: str
    url: str
    current: bool
    x: float
    y: float
    depth: int
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A layered graph from left to right. `folded` counts the nodes left out past the limit."""

    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    width: float
    height: float
    folded: int


def number(value: Any) -> str:
    """Short and exact enough for an axis: 12, 3.5, 1,400."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{int(value):,}" if isinstance(value, (int, float)) else str(value)


def day(value: Any) -> str:
    """Seconds since 1970 as the day they fall on, in UTC; a number where no calendar goes that far."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value))).date().isoformat()
    except (OverflowError, ValueError):
        return number(value)


def histogram(
    edges: Sequence[float], counts: Sequence[float], top: float = 0, tone: str = "", told: Told = number
) -> list[Bar]:
    """Bars side by side, the tallest filling the height. An empty list for no data.

    `top` sets the value that fills the height, so that two histograms share one scale.
    """
    if not counts or len(edges) != len(counts) + 1:
        return []
    top = top or max(counts) or 1
    width = WIDTH / len(counts)
    bars = []
    for i, count in enumerate(counts):
        height = round((HEIGHT - PAD) * count / top, 2)
        label = f"{told(edges[i])} to {told(edges[i + 1])}"
        y = round(HEIGHT - PAD - height, 2)
        bars.append(Bar(round(i * width, 2), y, round(width - 1, 2), height, label, count, tone))
    return bars


def before_after(before: Mapping[str, Any], after: Mapping[str, Any], told: Told = number) -> list[Bar]:
    """Two histograms on one axis and one scale: before behind, after in front and narrower."""
    edges = [list(data.get("edges") or []) for data in (before, after)]
    counts = [list(data.get("counts") or []) for data in (before, after)]
    if not all(counts) or any(len(e) != len(c) + 1 for e, c in zip(edges, counts, strict=True)):
        return []
    low, high = min(edges[0][0], edges[1][0]), max(edges[0][-1], edges[1][-1])
    span, top = (high - low) or 1, max(max(counts[0]), max(counts[1])) or 1
    bars = []
    for tone, edge, count, inset in (
        ("before", edges[0], counts[0], 0.0),
        ("after", edges[1], counts[1], 0.2),
    ):
        for i, value in enumerate(count):
            # One value alone fills the axis, as it does in a single histogram.
            left, right = (
                (WIDTH * (e - low) / span for e in (edge[i], edge[i + 1])) if high > low else (0, WIDTH)
            )
            width = max(right - left, 2) - 1
            height = round((HEIGHT - PAD) * value / top, 2)
            label = f"{tone}, {told(edge[i])} to {told(edge[i + 1])}"
            x, y = round(left + width * inset, 2), round(HEIGHT - PAD - height, 2)
            bars.append(Bar(x, y, round(width * (1 - 2 * inset), 2), height, label, value, tone))
    return bars


def rows(items: Sequence[tuple[str, float]], most: int = 12, top: float = 0, tone: str = "") -> list[Bar]:
    """Horizontal bars in the order given; widths against the largest, or against `top`."""
    shown = list(items)[:most]
    top = top or max((value for _, value in shown), default=0) or 1
    return [
        Bar(LABEL, i * ROW + 4, round(LONG * min(value / top, 1), 2), 15, label, value, tone)
        for i, (label, value) in enumerate(shown)
    ]


def missing(columns: Iterable[tuple[str, int]], total: int) -> list[Bar]:
    """One bar per column with the share of empty cells in percent, on a scale to 100."""
    shares = [(name, round(100 * empty / total, 1) if total else 0.0) for name, empty in columns]
    return rows(shares, most=200, top=100, tone="gap")


def bands(shares: Sequence[float]) -> list[Bar]:
    """A strip of row bands, each as high as its share of empty cells (0 to 1)."""
    if not shares:
        return []
    width, pairs = WIDTH / len(shares), enumerate(shares)
    return [
        Bar(
            round(i * width, 2),
            round(24 - 24 * s, 2),
            round(width, 2),
            round(24 * s, 2),
            f"band {i + 1}",
            s,
            "gap",
        )
        for i, s in pairs
        if s > 0
    ]


def gap_map(columns: Iterable[tuple[str, Sequence[float]]]) -> list[GapRow]:
    """One line per column; where values are missing, runs of bands in four strengths.

    `columns` are pairs of name and shares of missing values (0 to 1) per band of rows.
    """
    found = []
    for i, (name, shares) in enumerate(columns):
        width = (WIDTH - LABEL) / max(len(shares), 1)
        strengths = [min(4, int(share * 4) + 1) if share > 0 else 0 for share in shares]
        bars, start = [], 0
        for place in range(1, len(strengths) + 1):
            if place < len(strengths) and strengths[place] == strengths[start]:
                continue
            if strengths[start]:
                x, run = round(LABEL + start * width, 2), round((place - start) * width, 2)
                bars.append(Bar(x, i * ROW + 4, run, 15, name, strengths[start], f"g{strengths[start]}"))
            start = place
        found.append(
            GapRow(name, i * ROW + 16, tuple(bars), sum(s > 0 for s in shares), max(shares, default=0.0))
        )
    return found


def weeks(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """One bar per week, oldest first; a week without events keeps its empty place."""
    shown = list(counts)[-53:]
    top = max((count for _, count in shown), default=0) or 1
    width = WIDTH / max(len(shown), 1)
    tall = 44
    return [
        Bar(
            round(i * width, 2),
            round(tall - tall * n / top, 2),
            round(width - 1.5, 2),
            round(tall * n / top, 2),
            w,
            n,
        )
        for i, (w, n) in enumerate(shown)
    ]


def dumbbell_scale(rules: Iterable[tuple[str, float, float]], threshold: float | None = None) -> int:
    """Where the scale to 100 starts: a round number below all values, so that small steps show."""
    values = [value for _, before, after in rules for value in (before, after)]
    least = min([*values, 100 if threshold is None else threshold])
    return max(0, int(least // 10) * 10 - (10 if least % 10 < 2 else 0))


def dumbbell(
    rules: Iterable[tuple[str, float, float]], threshold: float | None = None, low: float = 0
) -> list[Dumbbell]:
    """Quality in percent before and after per rule, on one scale from `low` to 100; more is better."""
    span = (100 - low) or 1

    def place(value: float) -> float:
        return round(LABEL + LONG * (min(max(value, low), 100) - low) / span, 2)

    tick = None if threshold is None else place(threshold)
    return [
        Dumbbell(label, i * ROW + 14, place(before), place(after), before, after, after < before, tick)
        for i, (label, before, after) in enumerate(rules)
    ]


def sparkline(values: Sequence[float], width: float = 120, height: float = 28) -> Spark | None:
    """At most the last 60 values as a line; None for fewer than two."""
    shown = list(values)[-60:]
    if len(shown) < 2:
        return None
    low, span = min(shown), (max(shown) - min(shown)) or 1
    step, inner = (width - 6) / (len(shown) - 1), height - 6
    points = [
        (round(3 + i * step, 2), round(3 + inner * (1 - (v - low) / span), 2)) for i, v in enumerate(shown)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"3,{height} {line} {points[-1][0]},{height}"
    return Spark(line, area, *points[-1])


def _depths(keys: Sequence[str], parents: Mapping[str, list[str]]) -> dict[str, int]:
    """Longest path from a source to each node. A circle is cut where it closes."""
    depth: dict[str, int] = {}

    def visit(key: str, trail: frozenset[str]) -> int:
        if key in trail:
            return -1
        if key not in depth:
            above = (visit(parent, trail | {key}) for parent in parents[key])
            depth[key] = 1 + max(above, default=-1)
        return depth[key]

    for key in keys:
        visit(key, frozenset())
    return depth


def graph(nodes: Sequence[Mapping[str, Any]], edges: Iterable[tuple[str, str]]) -> Graph:
    """Layers from left to right by longest path, ordered by two sweeps over the neighbours' middle.

    Nodes are mappings with key, title, kind and optionally url and current; edges are pairs of
    keys, from what was there to what came of it. Past 60 nodes the rest is left out and counted.
    """
    shown = {str(node["key"]): node for node in list(nodes)[:MOST_NODES]}
    parents: dict[str, list[str]] = {key: [] for key in shown}
    children: dict[str, list[str]] = {key: [] for key in shown}
    for start, end in edges:
        if start in shown and end in shown and start != end and start not in parents[end]:
            parents[end].append(start)
            children[start].append(end)
    depth = _depths(list(shown), parents)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in shown:
        layers[depth[key]].append(key)
    for neighbours, order in ((parents, layers), (children, layers[::-1])):
        for layer in order:
            place = {key: i for other in layers for i, key in enumerate(other)}
            middle = {
                key: sum(place[n] for n in neighbours[key]) / len(neighbours[key])
                if neighbours[key]
                else place[key]
                for key in layer
            }
            layer.sort(key=middle.__getitem__)
    tallest = max((len(layer) for layer in layers), default=0)
    height = max(tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y, 0)
    drawn: dict[str, Node] = {}
    for d, layer in enumerate(layers):
        top = (height - (len(layer) * (NODE_HEIGHT + GAP_Y) - GAP_Y)) / 2
        for i, key in enumerate(layer):
            node = shown[key]
            x, y = d * (NODE_WIDTH + GAP_X), round(top + i * (NODE_HEIGHT + GAP_Y), 2)
            drawn[key] = Node(
                key, str(node["title"]), str(node.get("kind", "")), str(node.get("url", "")),
                bool(node.get("current")), x, y, d, tuple(str(shown[p]["title"]) for p in parents[key]),
            )  # fmt: skip
    curves = [_curve(drawn[start], drawn[end]) for end in drawn for start in parents[end]]
    width = max(len(layers) * (NODE_WIDTH + GAP_X) - GAP_X, 0)
    return Graph(tuple(drawn.values()), tuple(curves), width, height, max(len(nodes) - len(shown), 0))


def _curve(start: Node, end: Node) -> str:
    x1, y1 = start.x + NODE_WIDTH, start.y + NODE_HEIGHT / 2
    x2, y2 = end.x, end.y + NODE_HEIGHT / 2
    half = (x1 + x2) / 2
    return f"M{x1} {y1}C{half} {y1} {half} {y2} {x2} {y2}"
