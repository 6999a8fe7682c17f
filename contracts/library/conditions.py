"""The row filter as form fields: conditions `where-<i>-column|op|value`, some blank ones below them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.recipes.steps import COMPARISONS

MOST = 40
BLANK_CONDITIONS = 3


def read_conditions(post: Mapping[str, str]) -> list[dict[str, Any]]:
    """Conditions as typed; rows without a column are blank and left out."""
    found = []
    for index in range(MOST):
        column = post.get(f"where-{index}-column")
        if column is None:
            break
        if not column:
            continue
        value = [v.strip() for v in post.get(f"where-{index}-value", "").split(",") if v.strip()]
        item: dict[str, Any] = {"column": column, "op": post.get(f"where-{index}-op", "eq")}
        found.append({**item, "value": value} if value else item)
    return found


def rows_of_conditions(conditions: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    """The conditions and some blank rows below them."""
    blank: list[dict[str, Any]] = [{} for _ in range(BLANK_CONDITIONS)]
    return [
        {
            "index": i,
            "column": c.get("column", ""),
            "op": c.get("op", "eq"),
            "value": ", ".join(c.get("value", [])),
            "columns": columns,
            "ops": COMPARISONS,
        }
        for i, c in enumerate([*conditions, *blank][:MOST])
    ]
