"""What of a dry run may be seen by those who may not see the data. Pure.

Row counts are rounded to tens; below ten they are hidden, and none is below ten: whether one row answers to a rule
would be an answer about one row, and a recipe can ask for thousands of them. Percentages are whole; a failure names
step and column, never the value or the row. An estimate is made of the rounded count: made of the exact one, it
would give that away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.recipes.steps import STEPS
from jobs.runs.said import for_others
from trusts.datasets.masking import FEW, SMALL, about, rounded

COUNTS = ("rows_in", "rows_out")
PLAIN = ("name", "locked", "whole", "added")
# Steps of which everybody knows that they change no cell.
CELLS_STAY = {
    "select", "drop", "reorder", "rename", "filter", "filter_by", "drop_rows", "drop_missing", "deduplicate", "deduplicate_near",
    "sort", "sample", "suppress_small_groups",
}  # fmt: skip


def few(value: Any) -> Any:
    """To the nearest ten; all below ten, also none at all, looks the same."""
    return FEW if isinstance(value, int) and value < SMALL else about(value)


def masked(result: Mapping[str, Any], plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The result with nothing that fewer than ten rows could be told from. Masking it again changes nothing."""
    found: dict[str, Any] = {name: about(result[name]) for name in ("sample", "whole_rows") if name in result}
    if "rows_out" in result:
        found["rows_out"] = few(result["rows_out"])
    params = [step["params"] for step in (plan or {}).get("steps", [])]
    found["steps"] = [_step(step, params[at : at + 1]) for at, step in enumerate(result.get("steps", []))]
    for name in ("complete_before", "complete_after"):
        # One percent of the rows must be ten rows at least, on both sides.
        least = min(_number(result.get("sample")), _number(result.get("rows_out")))
        value = result.get(name)
        found[name] = None if least < 100 * SMALL or value is None else str(round(float(value)))
    if "estimated_rows" in result:
        found |= _estimate(result)
    found["stopped"] = for_others(result["stopped"]) if result.get("stopped") else None
    if "columns" in result:
        found["columns"] = list(result["columns"])
    found["masked"] = True
    return found


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _estimate(result: Mapping[str, Any]) -> dict[str, Any]:
    left, sample, whole = (_number(result.get(name)) for name in ("rows_out", "sample", "whole_rows"))
    if min(left, sample) < SMALL:
        # Nothing may be worked out from the size of a few rows either.
        return {"estimated_rows": None, "estimated_bytes": None, "estimated_seconds": result.get("estimated_seconds")}  # fmt: skip
    rows = about(round(about(left) / max(_number(about(sample)), SMALL) * _number(about(whole))))
    size = few(int(rounded(_number(result.get("estimated_bytes")), 1)))
    return {"estimated_rows": rows, "estimated_bytes": size if isinstance(size, int) else None, "estimated_seconds": result.get("estimated_seconds")}  # fmt: skip


def _step(step: Mapping[str, Any], params: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = {name: step[name] for name in PLAIN if name in step}
    found |= {name: few(step[name]) for name in COUNTS if name in step}
    if "removed" in step:
        found["removed"] = (
            0 if step["removed"] == 0 and _keeps_rows(step["name"], params) else few(step["removed"])
        )
    if "cells" in step:
        found["cells"] = 0 if step["cells"] == 0 and step["name"] in CELLS_STAY else few(step["cells"])
    # That a reason is there at all says that a row is.
    reasons = {reason: few(rows) for reason, rows in step.get("reasons", {}).items()}
    found["reasons"] = {reason: rows for reason, rows in reasons.items() if rows != FEW}
    return found


def _keeps_rows(name: str, params: Sequence[Mapping[str, Any]]) -> bool:
    """Whether such a step never takes a row out, whatever the data."""
    kind = STEPS.get(name)
    return bool(
        kind and kind.scope == "batch" and not kind.package and params and not kind.removes(params[0])
    )  # type: ignore[arg-type]
