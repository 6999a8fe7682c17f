"""Agreement + request + recipe → Plan. The contract's clauses become steps that nobody can take out.

Order: the asker's row filter, the contract's columns (with those needed for grouping), the asker's
recipe, then the contract's small groups on what is left, then the asked columns. Pseudonyms are made
before the recipe, so none of its steps ever sees the real values. Every column carries the original columns
it was made from: renaming, joining text or calculating does not hide where values come from.

Where the recipe aggregates under a contract with a smallest group, groups too small are removed before the
aggregate and cells of fewer rows are blanked after it: the contract counts rows, not rows of a table of counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from contracts.recipes.recipe import Inputs, Problem, Recipe, Shape, Step, check, used_columns
from contracts.recipes.steps import Col, Origin
from kernel.canonical import sha256_hex
from kernel.decision import Decision, Outcome, Reason, Refused


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the worker will do; what is not in it cannot run."""

    steps: tuple[Step, ...]
    format: str
    input_sha256: str
    policy_hash: str
    demands: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "steps": [step.as_dict() for step in self.steps],
            "format": self.format,
            "input_sha256": self.input_sha256,
            "policy_hash": self.policy_hash,
            "demands": self.demands,
        }

    @property
    def hash(self) -> str:
        return sha256_hex(self.as_dict())


def plan_words(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each step of a stored plan as a sentence, with its lock and clause."""
    return [
        {
            "text": Step(s["name"], s["params"]).words,
            "locked": s["locked"],
            "clause": CLAUSES[s["clause"]].label if s["clause"] in CLAUSES else "",
        }
        for s in plan.get("steps", [])
    ]


def _refuse(reasons: list[Reason]) -> None:
    if reasons:
        raise Refused(Decision(Outcome.DENY, tuple(reasons)))


def _forbidden(columns: list[str], allowed: set[str], where: str) -> list[Reason]:
    extra = [name for name in columns if name not in allowed]
    if not extra:
        return []
    return [Reason("terms.columns", f"{where}: the contract does not include {listed(extra)}",
                   "Take the column out or negotiate for it", "clause columns", "columns")]  # fmt: skip


def _faults(problems: list[Problem]) -> list[Reason]:
    return [Reason("recipe.step", p.text, p.remedy, "", f"recipe.{p.step}.{p.field}") for p in problems]


def compile_plan(
    terms: Terms,
    *,
    recipe: Recipe,
    columns: list[str],
    row_filter: list[dict[str, Any]],
    types: Mapping[str, str],
    output_format: str,
    input_sha256: str,
    policy_hash: str,
    inputs: Inputs | None = None,
) -> Plan:
    """The frozen plan. Raises Refused, naming clause and step, for what the contract forbids.

    `types`: the dataset version's columns in order with their types. `columns`: the asked ones.
    `row_filter`: parameters of `filter` steps. `inputs`: alias → columns with types of the contract's
    further datasets, whose pseudonymised columns arrive as pseudonyms.
    """
    allowed = terms.columns_allowed(types)
    group = terms.get("min_group_size") or {}
    hidden = {("", n) for n in group.get("by", []) if n not in allowed}
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    filters = _row_filters(row_filter, allowed, secret, _columns(columns, types, allowed))

    shape = Shape.of(types, inputs, secret)
    before: list[Step] = list(filters)
    keep = [n for n in types if n in set(columns) | set(group.get("by", []))]
    before.append(Step("select", {"columns": keep}, True, "columns" if terms.has("columns") else ""))
    early = [n for n in keep if n in secret]
    if early:
        before.append(Step("pseudonymise", {"columns": early}, True, "pseudonymise"))
    _, problems = check(tuple(before), shape)
    _refuse(_faults(problems))
    middle, counted = _recipe(recipe, shape, hidden, group)

    after: list[Step] = []
    if group and not counted:
        by, lost = _group_columns(shape, group["by"])
        if lost:
            _refuse([Reason("terms.min_group_size", f"The recipe removes {listed(lost)}, which the contract groups by",
                            "Keep it in the recipe; it is taken out at the end", "clause min_group_size", "recipe")])  # fmt: skip
        after.append(Step("suppress_small_groups", {"by": by, "k": group["k"]}, True, "min_group_size"))
    final = [now for now, col in shape.columns.items() if _may_leave(now, col, set(columns))]
    if not final:
        _refuse(
            [
                Reason(
                    "request.columns",
                    "No column would be left",
                    "Keep at least one in the recipe",
                    "",
                    "recipe",
                )
            ]
        )
    if final != list(shape.columns):
        after.append(Step("select", {"columns": final}, True, "columns" if terms.has("columns") else ""))
    return Plan(
        (*before, *middle, *after),
        output_format,
        input_sha256,
        policy_hash,
        _demands(secret, shape, final, group, counted),
    )


def _columns(columns: list[str], types: Mapping[str, str], allowed: list[str]) -> list[Reason]:
    unknown = [name for name in columns if name not in types]
    reasons = []
    if unknown:
        reasons.append(
            Reason(
                "request.columns",
                f"The dataset has no column {listed(unknown)}",
                "Choose from its columns",
                "",
                "columns",
            )
        )
    reasons += _forbidden([n for n in columns if n in types], set(allowed), "Columns")
    if not columns:
        reasons.append(Reason("request.columns", "No column is chosen", "Choose at least one", "", "columns"))
    return reasons


def _row_filters(
    given: list[dict[str, Any]], allowed: list[str], secret: set[str], reasons: list[Reason]
) -> tuple[Step, ...]:
    """The asker's conditions on rows, before anything else. Raises Refused, together with `reasons`."""
    filters, problems = Recipe.from_list([{"name": "filter", "params": item} for item in given])
    reasons += _faults(problems)
    for step in filters.steps:
        reasons += _forbidden([step.params["column"]], set(allowed), "Row filter")
        if step.params["column"] in secret:
            # A filter on the real value would tell whether a pseudonym is that person.
            reasons.append(Reason("terms.pseudonymise", f"Rows cannot be chosen by {step.params['column']}: the contract "
                                  "gives it as pseudonyms only", "Filter by another column", "clause pseudonymise", "row_filter"))  # fmt: skip
    _refuse(reasons)
    return filters.steps


def _recipe(
    recipe: Recipe, shape: Shape, hidden: set[Origin], group: Mapping[str, Any]
) -> tuple[list[Step], str]:
    """The asker's steps with what the contract puts around an aggregate, and the column of its count.

    Follows `shape` on. Raises Refused with every problem found.
    """
    steps: list[Step] = []
    reasons: list[Reason] = []
    counted = ""
    for index, given in enumerate(recipe.steps):
        step = given
        unseen = [n for n, col in shape.columns.items() if col.origins & hidden]
        if step.name == "select" and unseen:
            step = replace(
                step,
                params={
                    "columns": [
                        *step.params["columns"],
                        *(n for n in unseen if n not in step.params["columns"]),
                    ]
                },
            )
        reasons += _misuse(given, index, shape, hidden) + _touches(given, index, shape)
        if step.name == "group" and group:
            guard, step, counted = _guarded(step, shape, group, counted)
            steps += guard
        _, problems = check((step,), shape, first=index)
        reasons += _faults(problems)
        steps.append(step)
        if step.name == "group" and group and not problems:
            values = [m["as"] for m in step.params["measures"] if m["as"] != counted]
            cells = {"by": step.params["by"], "count": counted, "k": group["k"]} | (
                {"values": values} if values else {}
            )
            steps.append(Step("suppress_cells", cells, True, "min_group_size"))
    _refuse(reasons)
    return steps, counted


def _guarded(
    step: Step, shape: Shape, group: Mapping[str, Any], counted: str
) -> tuple[list[Step], Step, str]:
    """Before an aggregate: groups too small go; and the aggregate counts its rows, asked or not."""
    by, lost = _group_columns(shape, group["by"])
    guard = []
    if by and not lost and not counted:
        guard = [Step("suppress_small_groups", {"by": by, "k": group["k"]}, True, "min_group_size")]
    elif lost and not counted:
        _refuse([Reason("terms.min_group_size", f"The recipe removes {listed(lost)}, which the contract groups by",
                        "Keep it until rows are grouped", "clause min_group_size", "recipe")])  # fmt: skip
    measures = list(step.params["measures"])
    count = next((m["as"] for m in measures if m["how"] == "count" and "column" not in m), "")
    if not count:
        taken = {*step.params["by"], *(m["as"] for m in measures)}
        count = next(n for n in (GUARD, *(f"{GUARD}_{i}" for i in range(2, 999))) if n not in taken)
        measures.append({"how": "count", "as": count})
    return guard, replace(step, params={**step.params, "measures": measures}), count


GUARD = "rows_in_cell"


def _may_leave(name: str, col: Col, asked: set[str]) -> bool:
    """Made only of asked columns and of the contract's further datasets; the contract's own count stays."""
    made_of_asked = all(alias or column in asked for alias, column in col.origins)
    return made_of_asked and not name.startswith(GUARD)


_BLUNTS = frozenset(
    [
        "cast",
        "range_check",
        "generalise",
        "clip",
        "round",
        "perturb",
        "parse_dates",
        "to_zone",
        "split",
        "case",
        "normalise",
        "replace",
        "map_values",
        "redact",
        "tokenise",
    ]
)


def _touches(step: Step, index: int, shape: Shape) -> list[Reason]:
    """Steps that would blunt a pseudonym: changing a token is pointless or harmful."""
    tokens = [n for n in used_columns(step) if n in shape.columns and shape.columns[n].token]
    constant = step.name == "fill_missing" and step.params["with"] == "constant"
    coarser = step.name == "k_anonymity" and step.params.get("on_fail") == "generalise"
    if tokens and (step.name in _BLUNTS or constant or coarser):
        return [Reason("terms.pseudonymise", f"Step {index + 1}: {listed(tokens)} leaves as a pseudonym only and cannot be changed "
                       "that way", "Take the step out", "clause pseudonymise", f"recipe.{index}.column")]  # fmt: skip
    return []


def _misuse(step: Step, index: int, shape: Shape, hidden: set[Origin]) -> list[Reason]:
    """A column kept only for grouping is nobody's to read, copy, sort or filter by, under whatever name."""
    names = [n for n in used_columns(step) if n in shape.columns and shape.columns[n].origins & hidden]
    if not names:
        return []
    return [Reason("recipe.step", f"Step {index + 1}: {listed(sorted(names))} is not in the contract.",
                   "It is used for grouping only.", "", f"recipe.{index}.columns")]  # fmt: skip


def _group_columns(shape: Shape, by: list[str]) -> tuple[list[str], list[str]]:
    now = [(name, shape.named(name)) for name in by]
    return [present for _, present in now if present], [name for name, present in now if not present]


def _demands(
    secret: set[str], shape: Shape, final: list[str], group: Mapping[str, Any], counted: str
) -> dict[str, Any]:
    """What the gate checks on the result, independently of the steps that made it."""
    found: dict[str, Any] = {
        "columns": final,
        "pseudonyms": [
            now
            for now in final
            if shape.columns[now].token and {c for _, c in shape.columns[now].origins} & secret
        ],
        "min_group": {},
    }
    if group and not counted:
        by = [shape.named(n) for n in group.get("by", [])]
        found["min_group"] = {"k": group["k"], "by": [n for n in by if n in final]}
    if group and counted in final:
        found["min_cell"] = {"k": group["k"], "count": counted}
    return found
