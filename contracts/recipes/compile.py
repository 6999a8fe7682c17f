"""Agreement + request + recipe → Plan. The contract's clauses become steps that nobody can take out.

Order: the asker's row filter, the contract's columns (with those needed for grouping), the asker's
recipe, then the contract's pseudonyms and small groups on what is left, then the asked columns.
Nothing the asker writes comes after a locked protection except the final, narrowing selection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from contracts.recipes.recipe import Problem, Recipe, Shape, Step, check
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
    inputs: Mapping[str, Mapping[str, str]] | None = None,
) -> Plan:
    """The frozen plan. Raises Refused, naming clause and step, for what the contract forbids.

    `types`: the dataset version's columns in order with their types. `columns`: the asked ones.
    `row_filter`: parameters of `filter` steps.
    """
    allowed = terms.columns_allowed(types)
    group = terms.get("min_group_size") or {}
    hidden = [n for n in group.get("by", []) if n not in allowed]
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    unknown = [name for name in columns if name not in types]
    reasons = (
        [
            Reason(
                "request.columns",
                f"The dataset has no column {listed(unknown)}",
                "Choose from its columns",
                "",
                "columns",
            )
        ]
        if unknown
        else []
    )
    reasons += _forbidden([n for n in columns if n in types], set(allowed), "Columns")
    if not columns:
        reasons.append(Reason("request.columns", "No column is chosen", "Choose at least one", "", "columns"))
    filters, problems = Recipe.from_list([{"name": "filter", "params": item} for item in row_filter])
    reasons += _faults(problems)
    for step in filters.steps:
        reasons += _forbidden([step.params["column"]], set(allowed), "Row filter")
        if step.params["column"] in secret:
            # A filter on the real value would tell whether a pseudonym is that person.
            reasons.append(Reason("terms.pseudonymise", f"Rows cannot be chosen by {step.params['column']}: the contract "
                                  "gives it as pseudonyms only", "Filter by another column", "clause pseudonymise", "row_filter"))  # fmt: skip
    for index, step in enumerate(recipe.steps):
        reasons += _touches(step, index, secret)
    _refuse(reasons)

    before: list[Step] = list(filters.steps)
    keep = [n for n in types if n in set(columns) | set(group.get("by", []))]
    before.append(Step("select", {"columns": keep}, True, "columns" if terms.has("columns") else ""))
    middle = recipe.steps
    after: list[Step] = []
    early = [n for n in keep if n in secret]
    if early:
        # Pseudonyms before the recipe: no step of the asker ever sees the real values.
        before.append(Step("pseudonymise", {"columns": early}, True, "pseudonymise"))
    reasons = _faults(_misuse(middle, set(hidden), before, types))
    _refuse(reasons)
    shape, problems = check((*before, *middle), types)
    _refuse(
        _faults(
            [Problem(p.step - len(before), p.field, _renumber(p, len(before)), p.remedy) for p in problems]
        )
    )
    if group:
        by, lost = _group_columns(shape, group["by"])
        if lost:
            _refuse([Reason("terms.min_group_size", f"The recipe removes {listed(lost)}, which the contract groups by",
                            "Keep it in the recipe; it is taken out at the end", "clause min_group_size", "recipe")])  # fmt: skip
        after.append(Step("suppress_small_groups", {"by": by, "k": group["k"]}, True, "min_group_size"))
    final = [now for now, (was, _) in shape.columns.items() if was in set(columns)]
    if final != list(shape.columns):
        after.append(Step("select", {"columns": final}, True, "columns" if terms.has("columns") else ""))
    return Plan(
        (*before, *middle, *after),
        output_format,
        input_sha256,
        policy_hash,
        _demands(terms, shape, final, group),
    )


def _renumber(problem: Problem, offset: int) -> str:
    return problem.text.replace(f"Step {problem.step + 1}", f"Step {max(problem.step - offset, 0) + 1}", 1)


def _touches(step: Step, index: int, secret: set[str]) -> list[Reason]:
    """Steps that would blunt a pseudonym: casting or generalising the token is pointless or harmful."""
    column = step.params.get("column")
    if column in secret and step.name in ("cast", "range_check", "generalise"):
        return [Reason("terms.pseudonymise", f"Step {index + 1}: {column} leaves as a pseudonym only and cannot be changed "
                       "that way", "Take the step out", "clause pseudonymise", f"recipe.{index}.column")]  # fmt: skip
    return []


def _misuse(
    middle: tuple[Step, ...], hidden: set[str], before: list[Step], types: Mapping[str, str]
) -> list[Problem]:
    """A column kept only for grouping may not be copied into sight by rename or filter."""
    found: list[Problem] = []
    for index, step in enumerate(middle):
        names = (
            set(step.params.get("mapping", {}))
            | {step.params.get("column", "")}
            | set(step.params.get("columns", []))
        )
        if names & hidden:
            found.append(Problem(index, "columns", f"Step {index + 1}: {listed(sorted(names & hidden))} is not in the contract.",
                                 "It is used for grouping only."))  # fmt: skip
    return found


def _group_columns(shape: Shape, by: list[str]) -> tuple[list[str], list[str]]:
    now = [(name, shape.named(name)) for name in by]
    return [present for _, present in now if present], [name for name, present in now if not present]


def _demands(terms: Terms, shape: Shape, final: list[str], group: dict[str, Any]) -> dict[str, Any]:
    """What the gate checks on the result, independently of the steps that made it."""
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    by = [shape.named(n) for n in group.get("by", [])]
    return {
        "columns": final,
        "pseudonyms": [now for now in final if shape.columns[now][0] in secret],
        "min_group": {"k": group["k"], "by": [n for n in by if n in final]} if group else {},
    }
