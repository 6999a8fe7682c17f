"""Agreement + request + recipe → Plan. The contract's clauses become steps that nobody can take out.

Order: the contract's rows, the asker's row filter, the contract's columns (with those needed for grouping), the
contract's pseudonyms and coarser values, the asker's recipe, the contract's small groups on what is left, then the
asked columns. The mark of the export comes before all of them (`marking`).
Every column knows the original columns it was made from, and `guard` judges each step of the asker by
those, whatever the columns are called. Where the recipe sums up groups or joins, the small groups are
removed right before, as rows cannot be counted after; small cells are blanked right after summing up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.policies.clauses import CLAUSES, FORMATS, MODES
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from contracts.recipes.guard import Guard, faults, further_columns
from contracts.recipes.marking import with_mark
from contracts.recipes.recipe import Problem, Recipe, Step, check
from contracts.recipes.schema import Shape
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
    inputs: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        found = {
            "steps": [step.as_dict() for step in self.steps],
            "format": self.format,
            "input_sha256": self.input_sha256,
            "policy_hash": self.policy_hash,
            "demands": self.demands,
        }
        return {**found, "inputs": self.inputs} if self.inputs else found

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
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """The frozen plan. Raises Refused, naming clause and step, for what the contract forbids.

    `types`: the dataset version's columns in order with their types. `columns`: the asked ones.
    `row_filter`: parameters of `filter` steps. `inputs`: alias → further dataset that may be joined, as
    `{"sha256", "types", "columns_allowed"}` or just its columns and types.
    """
    group = terms.get("min_group_size") or {}
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    allowed = set(terms.columns_allowed(types))
    coarse = {rule["column"] for rule in (terms.get("generalise") or {}).get("rules", [])}
    _fits_form(terms, recipe, output_format)
    filters = _filters(row_filter, columns, types, allowed, secret, coarse)
    others = further_columns(inputs or {}, secret)
    keep = [n for n in types if n in set(columns) | set(group.get("by", []))]
    locked = "columns" if terms.has("columns") else ""
    first = _own_rows(terms)
    before = [*first, *filters, Step("select", {"columns": keep}, True, locked)]
    early = [n for n in keep if n in secret]
    if early:
        # Pseudonyms before the recipe: no step of the asker ever sees the real values.
        before.append(Step("pseudonymise", {"columns": early}, True, "pseudonymise"))
    # A pseudonym tells nothing finer than its value, so there is nothing left in it to make coarser.
    before += [
        step
        for step in _coarser(terms)
        if step.params["column"] in keep and step.params["column"] not in secret
    ]

    cells = max(group.get("k", 0), (terms.get("aggregate_only") or {}).get("k", 0))
    guard = Guard(len(before), set(keep) - allowed, group, others, cells, terms.has("aggregate_only"))
    shape, problems = check((*before, *recipe.steps), types, others, guard.visit)
    _refuse(guard.reasons)
    _refuse(faults([_placed(p, len(before), len(first)) for p in problems]))
    steps, after = guard.steps(), list[Step]()
    if group and not guard.settled:
        by = guard.group_columns(shape)
        _refuse(guard.reasons)
        after.append(Step("suppress_small_groups", {"by": by, "k": group["k"]}, True, "min_group_size"))
    unasked = {n for n in types if n not in set(columns)}
    final = [now for now, col in shape.columns.items() if not col.origins & unasked]
    if not final:
        _refuse(
            [
                Reason(
                    "request.columns",
                    "The recipe leaves none of the asked columns",
                    "Keep at least one",
                    "",
                    "recipe",
                )
            ]
        )
    if final != list(shape.columns):
        after.append(Step("select", {"columns": final}, True, locked))
    joined = {step.params["with"] for step in steps if step.name == "join"}
    every = (*before, *steps, *after)
    return Plan(
        with_mark(every) if terms.has("watermark") else every, output_format, input_sha256, policy_hash, _demands(shape, final, group, guard),
        {alias: _input(given) for alias, given in (inputs or {}).items() if alias in joined},
    )  # fmt: skip


def _own_rows(terms: Terms) -> list[Step]:
    """The contract's own choice of rows, as locked steps."""
    found = (terms.get("only_rows") or {}).get("conditions", [])
    return [Step("filter", dict(condition), True, "only_rows") for condition in found]


def _coarser(terms: Terms) -> list[Step]:
    """The contract's coarser values, as locked steps."""
    found = (terms.get("generalise") or {}).get("rules", [])
    return [Step("generalise", dict(rule), True, "generalise") for rule in found]


def terms_on_columns(terms: Terms, types: Mapping[str, str]) -> list[Reason]:
    """What does not fit the dataset's columns in the clauses that become steps: one reason for each clause."""
    found: list[Reason] = []
    for code, steps in (("only_rows", _own_rows(terms)), ("generalise", _coarser(terms))):
        _, problems = check(tuple(steps), types, {})
        found += [
            Reason(f"terms.{code}", f"{CLAUSES[code].label}, line {p.step + 1}: {p.text.split(': ', 1)[-1]}", p.remedy,
                   f"clause {code}", code)
            for p in problems
        ]  # fmt: skip
    return found


def types_as_met(terms: Terms, types: Mapping[str, str]) -> dict[str, str]:
    """The columns as a recipe meets them: pseudonyms and coarser values are text."""
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    coarse = {
        rule["column"]
        for rule in (terms.get("generalise") or {}).get("rules", [])
        if rule["how"] != "topcode"
    }
    return {name: "text" if name in secret | coarse else kind for name, kind in types.items()}


def _fits_form(terms: Terms, recipe: Recipe, output_format: str) -> None:
    """Raises Refused for a format that the contract does not allow, or single rows where only results may leave."""
    formats = (terms.get("formats") or {}).get("any_of", [output_format])
    if output_format not in formats:
        said = listed((FORMATS[f].en for f in formats), "or")
        _refuse([Reason("terms.formats", f"The contract gives exports as {said} only", f"Choose {said}",
                        "clause formats", "format")])  # fmt: skip
    sums_up = any(step.name == "group" for step in recipe.steps)
    modes = (terms.get("access_mode") or {}).get("any_of", list(MODES))
    if terms.has("aggregate_only") and not sums_up:
        _refuse([Reason("terms.aggregate_only", "The contract lets only figures leave that were summed up",
                        "Add a step that sums up: group by columns, with counts or averages", "clause aggregate_only", "recipe")])  # fmt: skip
    if ("clean_room" if sums_up else "export") not in modes:
        said = "rows as files" if not sums_up else "results that were summed up"
        _refuse([Reason("terms.access_mode", f"The contract does not give {said}",
                        "Sum the rows up by a group step" if not sums_up else "Ask for the rows themselves",
                        "clause access_mode", "recipe")])  # fmt: skip


def _filters(
    row_filter: list[dict[str, Any]], columns: list[str], types: Mapping[str, str], allowed: set[str],
    secret: set[str], coarse: set[str],
) -> tuple[Step, ...]:  # fmt: skip
    """The row filter as steps. Raises Refused for it and for the asked columns, with every reason."""
    unknown = [name for name in columns if name not in types]
    reasons = []
    if unknown:
        text = f"The dataset has no column {listed(unknown)}"
        reasons.append(Reason("request.columns", text, "Choose from its columns", "", "columns"))
    reasons += _forbidden([n for n in columns if n in types], allowed, "Columns")
    if not columns:
        reasons.append(Reason("request.columns", "No column is chosen", "Choose at least one", "", "columns"))
    filters, problems = Recipe.from_list([{"name": "filter", "params": item} for item in row_filter])
    reasons += faults(problems)
    for step in filters.steps:
        reasons += _forbidden([step.params["column"]], allowed, "Row filter")
        if step.params["column"] in secret:
            # A filter on the real value would tell whether a pseudonym is that person.
            reasons.append(Reason("terms.pseudonymise", f"Rows cannot be chosen by {step.params['column']}: the contract "
                                  "gives it as pseudonyms only", "Filter by another column", "clause pseudonymise", "row_filter"))  # fmt: skip
        elif step.params["column"] in coarse:
            # The same for values that leave only coarser: a filter would find the exact one.
            reasons.append(Reason("terms.generalise", f"Rows cannot be chosen by {step.params['column']}: the contract "
                                  "gives it only coarser", "Filter in the recipe, where it is coarser already", "clause generalise", "row_filter"))  # fmt: skip
    _refuse(reasons)
    return filters.steps


def _placed(problem: Problem, offset: int, own: int) -> Problem:
    """The problem counted from the asker's first step; those of the row filter stay below 0."""
    at = problem.step - offset
    said = f"Step {at + 1}" if at >= 0 else f"Row filter {problem.step + 1 - own}"
    return Problem(
        at, problem.field, problem.text.replace(f"Step {problem.step + 1}", said, 1), problem.remedy
    )


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the plan says of a dataset that it joins."""
    if isinstance(given.get("types"), Mapping):
        names = ("sha256", "types", "columns_allowed")
        return {name: given[name] for name in names if name in given}
    return {"types": dict(given)}


def _demands(shape: Shape, final: list[str], group: dict[str, Any], guard: Guard) -> dict[str, Any]:
    """What the gate checks on the result, independently of the steps that made it."""
    rows = bool(group) and not guard.counted
    by = guard.by if rows else []
    found: dict[str, Any] = {
        "columns": final,
        "pseudonyms": [
            n for n in final if guard.is_secret(shape.columns[n]) and shape.columns[n].cover == "pseudonym"
        ],
        "min_group": {"k": group["k"], "by": [n for n in by if n in final]} if rows else {},
    }
    if guard.counted and guard.counted in final and not guard.count_touched:
        found["min_count"] = {"column": guard.counted, "k": guard.cells}
    return found
