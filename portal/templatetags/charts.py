"""Chart tags: each takes numbers and a title and writes SVG with the same numbers as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template

from portal import charts

register = template.Library()


def _told(data: Mapping[str, Any]) -> charts.Told:
    """How a value of the axis is written: instants counted in seconds say nothing to a reader, days do."""
    return charts.day if str(data.get("unit", "")).startswith("seconds") else charts.number


def _ends(edges: Sequence[float], told: charts.Told) -> dict[str, Any]:
    """Texts below the two ends of the axis."""
    return {"low": told(edges[0]) if edges else "", "high": told(edges[-1]) if edges else ""}


@register.inclusion_tag("charts/histogram.html")
def histogram(data: Mapping[str, Any] | None, title: str, text: str = "values") -> dict[str, Any]:
    """{% histogram column.histogram "Distance in km" %}"""
    data = data or {}
    edges, counts = data.get("edges") or [], data.get("counts") or []
    told = _told(data)
    return {"bars": charts.histogram(edges, counts, told=told), "title": title, "text": text, "total": sum(counts),
            **_ends(edges, told)}  # fmt: skip


@register.inclusion_tag("charts/before_after.html")
def before_after(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, title: str, text: str = "Rows"
) -> dict[str, Any]:
    """{% before_after old.histogram new.histogram "Delay in minutes" %}"""
    before, after = before or {}, after or {}
    edges = sorted([*(before.get("edges") or []), *(after.get("edges") or [])])
    return {
        "bars": charts.before_after(before, after, _told(after)),
        "title": title,
        "text": text,
        **_ends(edges, _told(after)),
    }


@register.inclusion_tag("charts/rows.html")
def bar_rows(items: Iterable[Mapping[str, Any]] | None, title: str) -> dict[str, Any]:
    """{% bar_rows column.top "Carriers" %} for a list of value and count."""
    pairs = [(str(item["value"]), float(item["count"])) for item in items or []]
    bars = charts.rows(pairs)
    return {"bars": bars, "title": title, "height": len(bars) * charts.ROW + 8, "unit": ""}


@register.inclusion_tag("charts/rows.html")
def missing_rows(columns: Iterable[tuple[str, int]] | None, total: int, title: str) -> dict[str, Any]:
    """{% missing_rows pairs total "Empty cells" %} for pairs of column and number of empty cells."""
    bars = charts.missing(columns or [], total)
    return {
        "bars": bars,
        "title": title,
        "height": len(bars) * charts.ROW + 8,
        "unit": "%",
        "track": charts.LONG,
    }


@register.inclusion_tag("charts/bands.html")
def row_bands(shares: Sequence[float] | None, title: str) -> dict[str, Any]:
    """{% row_bands shares "Where gaps lie" %} for shares of empty cells (0 to 1) per band of rows."""
    return {"bars": charts.bands(shares or []), "title": title, "count": len(shares or [])}


@register.inclusion_tag("charts/gap_map.html")
def gap_map(columns: Iterable[Mapping[str, Any]] | None, title: str) -> dict[str, Any]:
    """{% gap_map columns "Where values are missing" %} for columns with a name and bands."""
    lines = charts.gap_map((c["name"], c.get("bands") or []) for c in columns or [])
    count = max((len(c.get("bands") or []) for c in columns or []), default=0)
    return {"lines": lines, "title": title, "height": len(lines) * charts.ROW + 8, "left": charts.LABEL,
            "width": charts.WIDTH - charts.LABEL, "count": count}  # fmt: skip


@register.inclusion_tag("charts/weeks.html")
def week_bars(counts: Sequence[tuple[str, int]] | None, title: str) -> dict[str, Any]:
    """{% week_bars weeks "Activity" %} for pairs of week and number, oldest first."""
    bars = charts.weeks(counts or [])
    return {"bars": bars, "title": title, "total": sum(int(bar.value) for bar in bars)}


@register.inclusion_tag("charts/dumbbell.html")
def dumbbell(
    rules: Iterable[tuple[str, float, float]] | None, title: str, threshold: float | None = None
) -> dict[str, Any]:
    """{% dumbbell rules "Quality" 95 %} for triples of rule, percent before, percent after."""
    given = list(rules or [])
    low = charts.dumbbell_scale(given, threshold)
    marks = charts.dumbbell(given, threshold, low)
    height = len(marks) * charts.ROW + 26
    return {"marks": marks, "title": title, "height": height, "threshold": threshold, "low": low}


@register.inclusion_tag("charts/sparkline.html")
def sparkline(values: Sequence[float] | None, title: str) -> dict[str, Any]:
    """{% sparkline values "Quality over 12 weeks" %}, small enough for a table cell."""
    values = list(values or [])
    ends = (charts.number(values[0]), charts.number(values[-1])) if values else ("", "")
    return {"spark": charts.sparkline(values), "title": title, "first": ends[0], "last": ends[1]}


@register.inclusion_tag("charts/lineage.html")
def lineage(
    nodes: Sequence[Mapping[str, Any]], edges: Iterable[tuple[str, str]], title: str, listed: bool = True
) -> dict[str, Any]:
    """{% lineage nodes edges "Where this came from" %}; see portal.charts.graph for the shapes.

    `listed`: with the same as a list; without it the page has one of its own.
    """
    return {"graph": charts.graph(nodes, edges), "title": title, "listed": listed}
