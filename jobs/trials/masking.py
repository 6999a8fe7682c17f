"""What of a dry run may be seen by those who may not see the data. Pure.

Row counts are rounded to tens and anything below ten is hidden, so that no difference of two numbers tells
of fewer than ten rows; percentages are whole; a failure names step and column, never the value or the row.
An estimate is made of the rounded count: made of the exact one, it would give that away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.runs.said import for_others
from trusts.datasets.masking import SMALL, about, rounded

COUNTS = ("rows_in", "rows_out", "removed", "cells")
PLAIN = ("name", "locked", "whole", "added")


def masked(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with nothing that fewer than ten rows could be told from. Masking it again changes nothing."""
    found: dict[str, Any] = {
        name: about(result[name]) for name in ("sample", "rows_out", "whole_rows") if name in result
    }
    found["steps"] = [_step(step) for step in result.get("steps", [])]
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
    if left < SMALL or not sample:
        # Nothing may be worked out from the size of a few rows either.
        return {"estimated_rows": 0 if left == 0 and result.get("rows_out") == 0 else None,
                "estimated_bytes": None, "estimated_seconds": result.get("estimated_seconds")}  # fmt: skip
    rows = about(round(about(left) / max(_number(about(sample)), SMALL) * _number(about(whole))))
    size = about(int(rounded(_number(result.get("estimated_bytes")), 1)))
    return {"estimated_rows": rows, "estimated_bytes": size if isinstance(size, int) else None, "estimated_seconds": result.get("estimated_seconds")}  # fmt: skip


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: step[name] for name in PLAIN if name in step}
    found |= {name: about(step[name]) for name in COUNTS if name in step}
    found["reasons"] = {reason: about(rows) for reason, rows in step.get("reasons", {}).items()}
    return found
