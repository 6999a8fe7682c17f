"""The recipe and row filter as form fields, so that the page works without script.

Steps are fields `step-<i>-name` and `step-<i>-<param>`; conditions `where-<i>-column|op|value`. The
button `do` adds, removes or moves a step and shows the page again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.recipes.steps import COMPARISONS, STEPS, Param

MOST = 40
BLANK_CONDITIONS = 3


def read_steps(post: Mapping[str, str]) -> list[dict[str, Any]]:
    """Steps as typed, in order, empty parameters left out."""
    steps = []
    for index in range(MOST):
        name = post.get(f"step-{index}-name")
        if name is None:
            break
        kind = STEPS.get(name)
        params = (
            {p.name: _read(p, post.get(f"step-{index}-{p.name}", "")) for p in kind.params} if kind else {}
        )
        steps.append({"name": name, "params": {k: v for k, v in params.items() if v not in ("", [], {})}})
    return steps


def _read(param: Param, text: str) -> Any:
    text = text.strip()
    if param.kind in ("columns", "list"):
        return [part.strip() for part in text.split(",") if part.strip()]
    if param.kind == "mapping":
        pairs = [part.split("=", 1) for part in text.split(",") if "=" in part]
        return {old.strip(): new.strip() for old, new in pairs}
    return text


def shown(param: Param, value: Any) -> str:
    """A parameter's value as one line of text."""
    if value in (None, "", [], {}):
        return ""
    if param.kind in ("columns", "list"):
        return ", ".join(str(v) for v in value) if isinstance(value, list) else str(value)
    if param.kind == "mapping" and isinstance(value, dict):
        return ", ".join(f"{old}={new}" for old, new in value.items())
    return str(value)


def changed(steps: list[dict[str, Any]], do: str, add: str) -> list[dict[str, Any]]:
    """The steps after one click: `add`, `remove:2`, `up:2`, `down:2`."""
    word, _, place = do.partition(":")
    index = int(place) if place.isdigit() else -1
    steps = list(steps)
    if word == "add" and add in STEPS and len(steps) < MOST:
        steps.append({"name": add, "params": {}})
    elif word == "remove" and 0 <= index < len(steps):
        steps.pop(index)
    elif word == "up" and 0 < index < len(steps):
        steps[index - 1], steps[index] = steps[index], steps[index - 1]
    elif word == "down" and 0 <= index < len(steps) - 1:
        steps[index + 1], steps[index] = steps[index], steps[index + 1]
    return steps


def rows_of_steps(steps: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    """For the page: each step with its fields."""
    rows = []
    for index, step in enumerate(steps):
        kind = STEPS.get(step.get("name", ""))
        if kind is None:
            continue
        fields = [
            {
                "param": p,
                "name": f"step-{index}-{p.name}",
                "value": shown(p, step.get("params", {}).get(p.name)),
                "columns": columns,
            }
            for p in kind.params
        ]
        rows.append(
            {
                "index": index,
                "kind": kind,
                "fields": fields,
                "first": index == 0,
                "last": index == len(steps) - 1,
            }
        )
    return rows


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
