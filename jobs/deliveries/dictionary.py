"""What the package says of each column: where it comes from, what it means, what was done to it."""

from __future__ import annotations

from typing import Any

from contracts.library.outline import Row, follow
from contracts.sharing.models import Request
from contracts.sharing.services import input_types

TREATMENTS = {
    "pseudonymise": "pseudonym", "tokenise": "token", "mask": "masked", "redact": "parts redacted", "generalise": "made coarser",
    "perturb": "noise added", "fill_missing": "gaps filled", "clip": "clipped", "round": "rounded", "replace": "text replaced",
    "map_values": "values mapped", "calculate": "calculated", "group": "grouped", "suppress_cells": "small cells hidden",
    "cast": "read as another type", "parse_dates": "read as dates", "to_zone": "in another time zone", "split": "split",
    "join_text": "joined from several", "trim": "spaces trimmed", "case": "case changed", "normalise": "Unicode normalised",
    "range_check": "checked for range", "k_anonymity": "small groups treated", "join": "joined from another dataset",
}  # fmt: skip


def dictionary(request: Request, plan: dict[str, Any], columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`columns` with description, unit, origin and treatment, followed through every step of the plan."""
    version, inputs = request.version_of_data, input_types(request.agreement)
    steps = [{"name": s["name"], "params": s["params"]} for s in plan["steps"] if s["name"] != "watermark"]
    rows = follow(steps, version.column_types(), inputs)
    words = {c.name: c for c in version.columns.all()}
    treated: dict[str, list[str]] = {}
    origins: dict[str, list[str]] = {name: [name] for name in version.column_types()}
    for row in rows:
        origins, treated = _after(row, origins, treated)
    found = []
    for column in columns:
        name = column["name"]
        sources = origins.get(name, [])
        one = words.get(sources[0]) if len(sources) == 1 else None
        found.append({
            **column, "description": one.description if one else "", "unit": one.unit if one else "",
            "origin": ", ".join(sources), "treatment": ", ".join(dict.fromkeys(treated.get(name, []))),
        })  # fmt: skip
    return found


def _after(
    row: Row, origins: dict[str, list[str]], treated: dict[str, list[str]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Where the columns come from after the step, and what was done to each so far."""
    was, done = {}, {}
    changed = touched(row)
    for name in row.after:
        parents = row.parents.get(name, [])
        was[name] = list(dict.fromkeys(o for p in parents for o in origins.get(p, [p])))
        done[name] = [t for p in parents for t in treated.get(p, [])]
        if name in changed and row.step["name"] in TREATMENTS:
            done[name].append(TREATMENTS[row.step["name"]])
    return was, done


def touched(row: Row) -> set[str]:
    """The columns whose values the step makes or changes."""
    params: dict[str, Any] = row.step["params"]
    if row.step["name"] == "group":
        return set(row.after) - set(params.get("by", []))
    if row.step["name"] == "join":
        return set(params.get("columns", []))
    names = set(row.after) - set(row.before)
    for key in ("columns", "values"):
        names |= set(params.get(key) or []) if isinstance(params.get(key), list) else set()
    names |= {params["column"]} if isinstance(params.get("column"), str) else set()
    return names
