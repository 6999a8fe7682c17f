"""A profile as other organisations may see it: no value of few rows, no small count, nothing of people.

Everything is built from nothing and only what is known to be harmless is put in, so that a new
statistic stays hidden until someone has decided otherwise here.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

SMALL = 10
FEW_ROWS = 30
FEW = f"fewer than {SMALL}"
Column = dict[str, Any]


def count(value: Any) -> Any:
    """The count itself, or None for one to nine."""
    return value if not isinstance(value, int) or value == 0 or value >= SMALL else None


def tens(value: float) -> int:
    """To the next ten, and nothing below ten: differences say nothing of single rows."""
    return round(value / SMALL) * SMALL if value >= SMALL else 0


def about(value: Any) -> Any:
    """A count as a word or number for others: 0 and unknown as they are, below ten hidden, else to the nearest ten."""
    if not isinstance(value, int) or value == 0:
        return value
    return FEW if value < SMALL else round(value / SMALL) * SMALL


def column(found: Column, rows: int, personal: bool) -> Column:
    """One column's measurements for others."""
    shown: Column = {
        "name": found["name"], "type": found["type"], "missing": count(found.get("missing", 0)), "distinct": found.get("distinct"),
        "distinct_is": found.get("distinct_is", "exact"), "top": [], "personal": _kind(found.get("personal")),
    }  # fmt: skip
    if personal:
        shown["distinct"] = tens(shown["distinct"] or 0)
        shown["hidden"] = "This column may identify a person; its values are hidden from other organisations."
        return shown
    present = rows - int(found.get("missing") or 0)
    _tops(found, shown)
    known = {str(item["value"]) for item in shown["top"]}
    for end in ("min", "max"):
        shown[end] = found.get(end) if str(found.get(end)) in known else None
    shown["patterns"] = [
        {**item, "count": tens(item["count"])}
        for item in found.get("patterns") or []
        if item["count"] >= SMALL
    ]
    if "histogram" in found:
        shown["histogram"] = histogram(found["histogram"])
    if present >= FEW_ROWS and found.get("mean") is not None:
        for name in ("mean", "sd"):
            shown[name] = rounded(found.get(name), 3)
    if "quantiles" in found and present >= SMALL * 20 and found["type"] not in ("date", "timestamp"):
        step = _step(found.get("histogram") or {})
        shown["quantiles"] = (
            {name: _to(value, step) for name, value in found["quantiles"].items()} if step else {}
        )
        shown["quantiles_are"] = "rounded"
    if found.get("bands"):
        size = rows / len(found["bands"])
        shares = [round(share * 20) / 20 if share * size >= SMALL else 0.0 for share in found["bands"]]
        shown["bands"] = shares if any(shares) else []
    return shown


def _kind(personal: Any) -> Any:
    return {"kind": personal["kind"], "why": "the provider's portal found signs of it"} if personal else None


def _tops(found: Column, shown: Column) -> None:
    top = found.get("top") or []
    often = [item for item in top if int(item.get("count") or 0) >= SMALL]
    # A rest of few rows could be counted out from exact numbers, so these become tens.
    exact = len(often) == len(top) == (found.get("distinct") or 0)
    shown["top"] = often if exact else [{**item, "count": tens(item["count"])} for item in often]
    if len(often) < len(top):
        shown["hidden"] = f"Values seen fewer than {SMALL} times are hidden."


def rounded(value: Any, digits: int) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def _step(data: dict[str, Any]) -> float:
    """A power of ten of about the width of a bar: what ends and quantiles are rounded to."""
    edges = data.get("edges") or []
    if len(edges) < 2 or edges[-1] <= edges[0]:
        return 0.0
    return 10.0 ** math.floor(math.log10((edges[-1] - edges[0]) / (len(edges) - 1)))


def _to(value: Any, step: float) -> Any:
    try:
        number = round(float(value) / step) * step
    except (TypeError, ValueError):
        return None
    return float(f"{number:.12g}")


def histogram(data: dict[str, Any]) -> dict[str, Any]:
    """Bars in tens of rows with rounded borders; bars of few rows, and the ends beyond them, are gone."""
    edges, counts = list(data.get("edges") or []), [tens(n) for n in data.get("counts") or []]
    step = _step(data)
    filled = [i for i, n in enumerate(counts) if n]
    if not filled or not step:
        return {"edges": [], "counts": []}
    first, last = filled[0], filled[-1]
    shown = [_to(edge, step) for edge in edges[first : last + 2]]
    return {
        "edges": shown,
        "counts": counts[first : last + 1],
        **({"unit": data["unit"]} if "unit" in data else {}),
    }


def whole(profile: dict[str, Any], personal: Collection[str]) -> dict[str, Any]:
    """What is said of the table: keys, correlation, identifying columns, score, rules, drift."""
    rows = int(profile.get("rows") or 0)
    return {
        "duplicates": count(profile.get("duplicates")),
        "keys": [key for key in profile.get("keys") or [] if not set(key["columns"]) & set(personal)],
        "correlation": _correlation(profile.get("correlation"), rows, personal),
        "identifying": _identifying(profile.get("identifying"), personal),
        "score": _score(profile.get("score")),
        "rules": [
            {"label": r.get("label", ""), "column": r.get("column", ""), "severity": r.get("severity", "warn"), "state": r["state"]}
            for r in profile.get("rules") or []
        ],
        "drift": _drift(profile.get("drift"), personal),
    }  # fmt: skip


def _correlation(found: Any, rows: int, personal: Collection[str]) -> Any:
    if not found or rows < FEW_ROWS:
        return None
    kept = [i for i, name in enumerate(found["columns"]) if name not in personal]
    matrix = [[rounded(found["matrix"][i][j], 1) for j in kept] for i in kept]
    return {"columns": [found["columns"][i] for i in kept], "matrix": matrix} if len(kept) > 1 else None


def _identifying(found: Any, personal: Collection[str]) -> Any:
    if not found or any(c["name"] in personal for c in found["columns"]):
        return None
    names = [{"name": c["name"], "why": ""} for c in found["columns"]]
    return {"columns": names, "smallest": count(found["smallest"]) or None, "few": found["smallest"] < SMALL}


def _score(found: Any) -> Any:
    if not found or found.get("value") is None:
        return None
    parts = [
        {"name": p["name"], "title": p["title"], "weight": p["weight"], "value": int(p["value"])}
        for p in found["parts"]
    ]
    return {"value": found["value"], "parts": parts, "left_out": []}


def _drift(found: Any, personal: Collection[str]) -> Any:
    if not found:
        return None
    columns = [{"name": c["name"], "level": c["level"], "kind": c["kind"], "psi": rounded(c.get("psi"), 1)}
               for c in found.get("columns", []) if c["name"] not in personal]  # fmt: skip
    return {"against": found.get("against"), "columns": columns}
