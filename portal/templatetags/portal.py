"""Tags of the portal's pages: state pills, charts, hashes."""

from __future__ import annotations

from typing import Any

from django import template

from kernel import registry
from portal import charts

register = template.Library()


@register.inclusion_tag("components/pill.html")
def state_pill(subject: Any) -> dict[str, Any]:
    """The subject's state in the machine's words."""
    return {"shown": registry.machine_for(subject).state(subject.state)}


@register.simple_tag
def state_of(subject: Any) -> Any:
    return registry.machine_for(subject).state(subject.state)


@register.inclusion_tag("charts/histogram.html")
def histogram(data: dict[str, Any] | None, title: str, text: str = "values") -> dict[str, Any]:
    data = data or {}
    edges = data.get("edges") or []
    bars = charts.histogram(edges, data.get("counts") or [])
    seconds = data.get("unit", "").startswith("seconds")
    return {"bars": bars, "title": title, "text": text, "low": "" if seconds or not edges else charts.number(edges[0]),
            "high": "" if seconds or not edges else charts.number(edges[-1]), "seconds": seconds}  # fmt: skip


@register.inclusion_tag("charts/rows.html")
def bar_rows(items: Any, title: str) -> dict[str, Any]:
    pairs = [(str(item["value"]), float(item["count"])) for item in items or []]
    bars = charts.rows(pairs)
    return {"bars": bars, "title": title, "height": len(bars) * 22 + 8}


@register.filter
def percent_of(part: Any, whole: Any) -> str:
    try:
        return f"{100 * float(part) / float(whole):.1f} %"
    except (TypeError, ValueError, ZeroDivisionError):
        return "–"


@register.filter
def short(value: Any) -> str:
    """First and last digits of a hash."""
    text = str(value)
    return f"{text[:8]}…{text[-4:]}" if len(text) > 14 else text
