"""A stored profile made ready for a page. Other organisations see no small counts and no personal values."""

from __future__ import annotations

from typing import Any

from trusts.datasets.models import DatasetVersion

SMALL = 10


def quality_of(version: DatasetVersion, *, masked: bool) -> dict[str, Any]:
    """The profile with totals; `masked` hides values seen fewer than ten times and those of
    columns that may identify a person, because a profile must leak nothing itself."""
    profile = version.profile or {}
    personal = {c.name for c in version.columns.all() if c.personal} if masked else set()
    columns = [
        _masked(column, column["name"] in personal) if masked else column
        for column in profile.get("columns", [])
    ]
    rows = profile.get("rows") or version.rows or 0
    cells = rows * max(len(columns), 1)
    missing = sum(int(column.get("missing") or 0) for column in columns)
    return {
        "rows": rows,
        "columns": columns,
        "missing_cells": missing,
        "complete_percent": round(100 * (1 - missing / cells), 1) if cells else 100.0,
        "duplicates": profile.get("duplicates"),
        "personal": [column for column in columns if column.get("personal")],
        "masked": masked,
        "gaps": [
            {"value": c["name"], "count": int(c.get("missing") or 0)} for c in columns if c.get("missing")
        ],
    }


def _masked(column: dict[str, Any], personal: bool) -> dict[str, Any]:
    shown = dict(column)
    top = column.get("top") or []
    if personal:
        for key in ("min", "max", "quantiles", "histogram"):
            shown.pop(key, None)
        shown["top"] = []
        shown["hidden"] = "This column may identify a person; its values are hidden from other organisations."
        return shown
    shown["top"] = [item for item in top if int(item.get("count") or 0) >= SMALL]
    if len(shown["top"]) < len(top):
        shown["hidden"] = f"Values seen fewer than {SMALL} times are hidden."
    return shown
