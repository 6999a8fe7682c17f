"""What of a dry run may be seen by those who may not see the data. Pure.

Row counts are rounded to tens and anything below ten is hidden, so that no difference of two numbers tells
of fewer than ten rows; percentages are whole; a failure names step and column, never the value or the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEAST = 10
FEW = f"fewer than {LEAST}"


def count(value: int | None) -> int | str | None:
    """A count as others may see it: 0 and unknown as they are, below ten hidden, else to the nearest ten."""
    if value is None or value == 0:
        return value
    return FEW if value < LEAST else round(value / LEAST) * LEAST


def masked(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without anything that fewer than ten rows could be told from."""
    found = dict(result)
    small = int(result.get("sample", 0)) < 10 * LEAST
    for name in ("sample", "rows_out", "whole_rows", "estimated_rows", "estimated_bytes"):
        if name in found:
            found[name] = count(found[name])
    found["steps"] = [_step(step) for step in result.get("steps", [])]
    for name in ("complete_before", "complete_after"):
        value = result.get(name)
        found[name] = None if small or value is None else str(round(float(value)))
    if result.get("stopped"):
        stopped = result["stopped"]
        place = f" on {stopped['column']}" if stopped.get("column") else ""
        found["stopped"] = {
            "step": stopped.get("step"), "column": stopped.get("column"), "code": stopped.get("code", ""),
            "text": f"A value{place} does not fit this step, and the job would stop there.",
            "remedy": "Change the step, or choose what happens with values that do not fit.",
        }  # fmt: skip
    found["masked"] = True
    return found


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(step)
    for name in ("rows_in", "rows_out", "removed", "cells"):
        if name in found:
            found[name] = count(found[name])
    found["reasons"] = {reason: count(rows) for reason, rows in step.get("reasons", {}).items()}
    return found
