"""What a reviewer is warned of: columns that together may single somebody out and would leave together.

Which columns those are, and how small the groups are that share their values, was measured when the version was read
(its profile's `identifying`). The plan says which of them are left as they are. The asker reads no counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.negotiations.companions import inputs_of
from contracts.policies.taxonomy import listed
from contracts.recipes.recipe import Step, check
from contracts.recipes.schema import Shape
from contracts.sharing.models import Request
from trusts.datasets.masking import SMALL

# Steps that leave of a value only something coarser, or nothing that others know.
COARSER = frozenset({"mask", "pseudonymise", "tokenise", "generalise", "perturb"})
# Steps after which every group that shares these columns' values is large enough, and the parameter that names them.
GROUPED = {
    "k_anonymity": "columns",
    "l_diversity": "columns",
    "t_closeness": "columns",
    "suppress_small_groups": "by",
}
# Steps after which a row is not one person or thing any more.
SUMMED = frozenset({"group"})


@dataclass(frozen=True, slots=True)
class Warned:
    """`text` for those who review, with what was counted; `masked` for everybody; `columns` by their names in the data."""

    code: str
    text: str
    masked: str
    columns: tuple[str, ...]


def kept_together(plan: Mapping[str, Any], types: Mapping[str, str], inputs: Any, of: list[str]) -> list[str]:
    """Which of these columns leave as they are, in one row, with nothing that makes their groups larger. Pure."""
    steps = tuple(Step(one["name"], one["params"]) for one in plan.get("steps", ()))
    coarse: set[str] = set()
    grouped: list[set[str]] = []

    def visit(index: int, step: Step, shape: Shape) -> Step:
        named = step.params.get("columns") or step.params.get("column") or []
        origins = lambda names: {o for n in names if n in shape.columns for o in shape.columns[n].origins}  # noqa: E731
        if step.name in COARSER:
            coarse.update(origins([named] if isinstance(named, str) else named))
        elif step.name in GROUPED and int(step.params.get("k", step.params.get("l", 2))) > 1:
            grouped.append(origins(step.params[GROUPED[step.name]]))
        return step

    shape, _ = check(steps, types, inputs, visit)
    if any(step.name in SUMMED for step in steps):
        return []
    left = {origin for col in shape.columns.values() for origin in col.origins}
    kept = [name for name in of if name in left and name not in coarse]
    return [] if len(kept) < 2 or any(set(kept) <= one for one in grouped) else kept


def warnings_on(request: Request, plan: Mapping[str, Any] | None = None) -> list[Warned]:
    """What to warn of in a request, by its frozen plan or the one given: of its data, and of each dataset that is joined
    to it. Two queries at most."""
    version, plan = request.version_of_data, plan or request.plan
    if not plan:
        return []
    joined = inputs_of(request.agreement)
    inputs = {alias: one.column_types() for alias, one in joined.items()}
    found = []
    for alias, one in {"": version, **joined}.items():
        measured = (one.profile or {}).get("identifying")
        if not measured or measured["smallest"] >= SMALL:
            continue
        names = [f"{alias}.{c['name']}" if alias else c["name"] for c in measured["columns"]]
        kept = kept_together(plan, version.column_types(), inputs, names)
        if kept:
            found.append(_warned(measured, kept, names))
    return found


def _warned(measured: Mapping[str, Any], kept: list[str], names: list[str]) -> Warned:
    others = [name for name in names if name not in kept]
    says = f"{listed(kept)} stay together as they are: who knows them of a person or thing may find its row"
    counted = (
        f"The smallest group that shares their values{f' and those of {listed(others)}' if others else ''} "
        f"has {measured['smallest']} row{'' if measured['smallest'] == 1 else 's'}; {measured['alone']} rows stand alone"
    )
    remedy = "Ask for coarser values, for fewer of these columns, or for a smallest group"
    return Warned(
        "request.reidentification", f"{says}. {counted}. {remedy}.",
        f"{says}. Some groups that share them are small. {remedy}.", tuple(kept),
    )  # fmt: skip


def record(found: list[Warned]) -> list[dict[str, Any]]:
    """As kept with the advice, which both sides read: no counts."""
    return [{"code": one.code, "text": one.masked, "columns": list(one.columns)} for one in found]
