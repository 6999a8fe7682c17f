"""What a trace may say: an export is named only below a stated chance of error, whatever else speaks for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

# The most that the chance of naming any innocent export may be, after correction for how many were looked at.
THRESHOLD = 1e-6
NAMED, SOURCE, ANOTHER, UNSURE, OTHER_DATA, NOTHING = (
    "named", "source", "another_export", "cannot_tell", "other_data", "nothing_to_compare",
)  # fmt: skip
ENOUGH = math.log(100)  # How much better one origin must explain the pool's rows than every other.
KNOWN = 0.05


def verdict(compared: Sequence[Mapping[str, Any]], rows: int, share: str = "0.01") -> dict[str, Any]:
    """Of what `compare` said for each plan and of the rows in the file: `{"verdict", "text", "remedy", "named":
    [{"id", "log10_chance", "share"}], "looked_at", "found", "columns", "rows", "threshold"}`.

    `log10_chance` is corrected for all exports that were looked at (Bonferroni).
    """
    marks = [mark for one in compared for mark in one["marks"]]
    near = max(compared, key=lambda one: one["found"], default=None)
    found = {"named": [], "looked_at": len(marks), "rows": rows, "threshold": THRESHOLD,
             "found": near["found"] if near else 0.0, "columns": near["columns"] if near else []}  # fmt: skip
    if near is None:
        return {**found, "verdict": NOTHING, "text": "There is no marked export to compare the file with.",
                "remedy": "Only exports under a contract with the clause “Tracing mark” can be traced."}  # fmt: skip
    if near["found"] < KNOWN:
        return {**found, "verdict": OTHER_DATA,
                "text": "The file is not this data: hardly any of its rows are rows of a marked export.",
                "remedy": "If it was changed in most columns or summed up, it cannot be traced."}  # fmt: skip
    counted = math.log10(max(len(marks), 1))
    named = [
        {"id": mark["id"], "log10_chance": round(min(mark["log10_chance"] + counted, 0.0), 2),
         "share": [round(part, 3) for part in mark["share"]]}
        for mark in marks if mark["log10_chance"] + counted <= math.log10(THRESHOLD)
    ]  # fmt: skip
    if named:
        named.sort(key=lambda one: one["log10_chance"])
        many = len(named) > 1
        text = (f"The file was put together from {len(named)} exports." if many
                else "The file comes from one export.")  # fmt: skip
        return {**found, "verdict": NAMED, "named": named, "text": text,
                "remedy": "The mark names an export, and who could fetch it; not which of them passed it on."}  # fmt: skip
    return {**found, **_unnamed(near, rows, counted, share)}


def _unnamed(near: Mapping[str, Any], rows: int, counted: float, share: str) -> dict[str, Any]:
    present = max((mark["present"] for mark in near["marks"]), default=0)
    needed = math.ceil((counted - math.log10(THRESHOLD)) / math.log10(2))
    told = near["told"] / near["pool"] if near["pool"] else 0.0
    if told < 0.2:
        return {"verdict": UNSURE, "text": "The columns that are left do not tell the rows apart.",
                "remedy": "A copy with more columns may tell."}  # fmt: skip
    origin = _origin(near)
    if origin == 1.0:
        return {"verdict": SOURCE, "text": "The file comes from none of the marked exports alone: it holds the rows that they leave out.",
                "remedy": "It comes from the source itself, from an export without a mark, or from many exports put together."}  # fmt: skip
    if origin is not None and present >= 2 * needed:
        return {"verdict": ANOTHER, "remedy": "Compare it with the exports of all versions and contracts.",
                "text": "The file comes from marked exports, but from none of those that were looked at."}  # fmt: skip
    more = max(round((needed - present) / (float(share) * told * max(near["found"], KNOWN))), 0)
    if more:
        return {"verdict": UNSURE, "text": f"The file is too small to say: {rows:,} rows.",
                "remedy": f"About {_about(more):,} more rows of the same copy are needed."}  # fmt: skip
    return {"verdict": UNSURE, "text": "The rows do not say clearly enough where the file comes from.",
            "remedy": "A larger part of the same copy may tell."}  # fmt: skip


def _about(rows: int) -> int:
    digits: int = 10 ** max(len(str(rows)) - 2, 0)
    return int(-(-rows // digits) * digits)


def _origin(near: Mapping[str, Any]) -> float | None:
    """How often rows of the pool are in the file for each control that is: 1 in data without a mark, 1/2 in a marked
    export, 3/4 in two of them put together. None where the rows do not say."""
    a, c, pool, controls = (
        near["controls_present"] and _present(near), near["controls_present"], near["told"], near["controls"]
    )  # fmt: skip
    if not pool or not controls or not c:
        return None
    likely = {}
    for origin in (1.0, 0.75, 0.5):
        part = pool * origin / (pool * origin + controls)
        likely[origin] = a * math.log(part) + c * math.log(1 - part)
    best = max(likely, key=lambda origin: likely[origin])
    clear = all(likely[best] - other >= ENOUGH for origin, other in likely.items() if origin != best)
    return best if clear else None


def _present(near: Mapping[str, Any]) -> int:
    return int(near["marks"][0]["present"]) if near["marks"] else 0
