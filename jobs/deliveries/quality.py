"""Quality before and after, as the receiver may see it: in the package and on the page of the export.

"After" is of the data they hold. "Before" is of the provider's whole version: of it they learn what masking shows
any other organisation, and only for columns that arrive as they were. The distribution of a column that is
personal, or that left covered, coarser, noisy or not at all, is nobody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from contracts.library.outline import Row, follow
from contracts.recipes.recipe import made_columns
from contracts.recipes.steps import STEPS
from contracts.sharing.models import Request
from contracts.sharing.services import input_types
from jobs.deliveries.dictionary import touched
from jobs.deliveries.models import Delivery
from kernel.decision import Refused
from trusts.datasets import masking

# Steps after which a column still is what it was before, as far as its distribution goes. Whatever is not named
# here and touches a column, also a step of a third party, ends the comparison.
SAME = {
    "rename", "cast", "trim", "case", "normalise", "parse_dates", "to_zone", "fill_missing", "range_check", "drop_missing",
    "deduplicate", "sort", "filter", "suppress_small_groups", "l_diversity", "t_closeness", "select", "drop", "reorder",
}  # fmt: skip
SHOWN = ("missing", "distinct", "histogram")


def unchanged(request: Request, plan: Mapping[str, Any]) -> dict[str, str]:
    """Columns of the result that are columns of the source, under whatever name, with their values as they were."""
    types = request.version_of_data.column_types()
    steps = [{"name": s["name"], "params": s["params"]} for s in plan["steps"] if s["name"] != "watermark"]
    found = {name: name for name in types}
    for row in follow(steps, types, input_types(request.agreement)):
        found = _after(row, found)
    return found


def _after(row: Row, before: Mapping[str, str]) -> dict[str, str]:
    kind = STEPS.get(row.step["name"])
    if kind is None or kind.package or row.problems or row.read is None:
        return {}
    changed = touched(row) | set(made_columns(row.read)) if kind.name not in SAME else set()
    kept = {name: row.parents.get(name, []) for name in row.after if name not in changed}
    return {
        name: before[parents[0]]
        for name, parents in kept.items()
        if len(parents) == 1 and parents[0] in before
    }


def compared(
    before: Mapping[str, Any], personal: Collection[str], same: Mapping[str, str], after: Mapping[str, Any]
) -> dict[str, Any]:
    """`before`, `after`: profiles; `personal`: columns of the source that may identify someone."""
    earlier = {c["name"]: c for c in before.get("columns", [])}
    rows, columns = int(before.get("rows") or 0), []
    for column in after["columns"]:
        source = same.get(column["name"])
        was = None
        if source in earlier and source not in personal:
            was = masking.column(earlier[source], rows, personal=False)
        columns.append({
            "name": column["name"], "type": column["type"],
            "before": {name: was.get(name) for name in SHOWN} if was else None,
            "after": {name: column.get(name) for name in SHOWN},
        })  # fmt: skip
    complete = before.get("completeness")
    return {"masked": True, "rows_before": before.get("rows"), "rows_after": after["rows"], "columns": columns,
            "complete_before": None if complete is None else int(float(complete)), "complete_after": after["completeness"]}  # fmt: skip


def quality_of(request: Request, plan: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison for an export of this request, as both sides see it."""
    version = request.version_of_data
    personal = {c.name for c in version.columns.all() if c.personal}
    try:
        same = unchanged(request, plan)
    except Refused:  # A dataset that came along is not what was signed; the export itself says so.
        same = {}
    return compared(version.profile or {}, personal, same, after)


def shown(delivery: Delivery) -> dict[str, Any]:
    """The comparison kept with an export; one from before it was masked is made again."""
    kept: dict[str, Any] = delivery.quality
    if kept.get("masked") or "columns" not in kept:
        return kept
    after = {
        "rows": kept.get("rows_after"), "completeness": kept.get("complete_after"),
        "columns": [{"name": c["name"], "type": c["type"], **c["after"]} for c in kept["columns"]],
    }  # fmt: skip
    return quality_of(delivery.request, delivery.job.plan, after)
