"""What the steps do to the columns, step by step, whether or not every step is right already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.recipes.recipe import Problem, Recipe, Step, check, used_columns
from contracts.recipes.steps import STEPS

Schema = Mapping[str, str]
Inputs = Mapping[str, Mapping[str, str]]


@dataclass
class Row:
    """One step: the columns before and after it, and what is wrong with it.

    `parents`: column after the step → the columns before it that its values come from.
    """

    step: dict[str, Any]
    before: dict[str, str]
    after: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    read: Step | None = None
    parents: dict[str, list[str]] = field(default_factory=dict)


def follow(steps: list[dict[str, Any]], types: Schema | None, inputs: Inputs | None = None) -> list[Row]:
    """Each step with its columns and problems. A step that is wrong leaves the columns as they were.

    Without `types` only the parameters are judged.
    """
    schema, rows = dict(types or {}), []
    for index, given in enumerate(steps):
        row = Row(given, dict(schema), dict(schema), parents={name: [name] for name in schema})
        recipe, row.problems = Recipe.from_list([given])
        if recipe.steps:
            row.read = recipe.steps[0]
        if row.read is not None and types is not None:
            shape, row.problems = check((row.read,), schema, inputs or {})
            if not row.problems:
                schema = dict(shape.types())
                row.after, row.parents = dict(schema), {n: _parents(col) for n, col in shape.columns.items()}
        row.problems = [_at(problem, index) for problem in row.problems]
        rows.append(row)
    return rows


def _parents(column: Any) -> list[str]:
    """The columns before the step that a column's values come from; `alias.name` for one of another dataset."""
    return sorted(column.origins)


PLACE = re.compile(r"^Step \d+(?: \([^)]*\))?[:,]? ?")


def _at(problem: Problem, index: int) -> Problem:
    """The problem at its place among all steps, said without the place: the page shows it there."""
    text = PLACE.sub("", problem.text)
    return Problem(index, problem.field, text[:1].upper() + text[1:], problem.remedy)


def changes(before: Schema, after: Schema) -> list[str]:
    """What a step did to the columns: added, taken out, another type, another order."""
    found = [f"+ {n} ({t})" for n, t in after.items() if n not in before]
    found += [f"− {n}" for n in before if n not in after]
    found += [f"{n}: {before[n]} → {t}" for n, t in after.items() if n in before and before[n] != t]
    if not found and list(before) != list(after):
        found = ["another order"]
    return found if len(found) <= 12 else [*found[:12], f"and {len(found) - 12} more"]


def needed_columns(steps: list[dict[str, Any]]) -> list[str]:
    """The names that a recipe takes for given: read by a step and made by none before it."""
    made: set[str] = set()
    found: dict[str, None] = {}
    for given in steps:
        recipe, problems = Recipe.from_list([given])
        if problems:
            continue
        step = recipe.steps[0]
        found.update(dict.fromkeys(name for name in used_columns(step) if name not in made))
        made |= _made(step)
    return list(found)


def _made(step: Step) -> set[str]:
    params = step.params
    names: set[str] = set()
    if step.name == "rename":
        names |= set(params["mapping"].values())
    if step.name == "join":
        names |= set(params.get("columns") or ())
    for key in ("into", "flag_column"):
        value = params.get(key)
        names |= set(value) if isinstance(value, list) else {value} if value else set()
    for measure in params.get("measures") or ():
        names |= {measure["as"]} if isinstance(measure, dict) and measure.get("as") else set()
    return names


def label_of(given: Mapping[str, Any]) -> str:
    kind = STEPS.get(str(given.get("name")))
    return kind.label if kind else str(given.get("name"))
