"""A recipe: ordered steps as data, checked against the columns they will meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.recipes.steps import STEPS, Around, Col, Schema, StepFault, schema_of
from kernel.canonical import sha256_hex

DOCUMENT = 1
MOST = 40
Inputs = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Locked ones come from the contract; `clause` names which, `package` a third party's step."""

    name: str
    params: dict[str, Any]
    locked: bool = False
    clause: str = ""

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name,
            "params": self.params,
            "locked": self.locked,
            "clause": self.clause,
        }
        package = STEPS[self.name].package if self.name in STEPS else ""
        return found | ({"package": package} if package else {})

    @property
    def words(self) -> str:
        text = STEPS[self.name].words(self.params)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which step: index from 0, field, text, remedy."""

    step: int
    field: str
    text: str
    remedy: str

    def as_dict(self) -> dict[str, Any]:
        return {"step": self.step, "field": self.field, "text": self.text, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Recipe:
    steps: tuple[Step, ...] = ()

    @classmethod
    def from_list(cls, given: list[dict[str, Any]]) -> tuple[Recipe, list[Problem]]:
        """Steps with normalised parameters, and what is wrong with those that were left out."""
        steps: list[Step] = []
        problems: list[Problem] = []
        for index, item in enumerate(given):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str) or name not in STEPS:
                problems.append(
                    Problem(index, "name", f"Step {index + 1}: there is no step {name!r}.", "Choose one.")
                )
                continue
            params = item.get("params") or {}
            if not isinstance(params, dict):
                problems.append(
                    Problem(
                        index, "params", f"Step {index + 1}: the parameters must be an object.", "Correct it."
                    )
                )
                continue
            try:
                steps.append(Step(name, STEPS[name].check(dict(params))))
            except StepFault as fault:
                problems.append(Problem(index, fault.field, f"Step {index + 1}: {fault.text}", fault.remedy))
        return cls(tuple(steps)), problems

    @classmethod
    def from_document(cls, given: Any) -> tuple[Recipe, list[Problem]]:
        """A recipe's JSON document `{"recipe": 1, "steps": […]}`, or the bare list of steps."""
        if isinstance(given, dict):
            if given.get("recipe") != DOCUMENT:
                return cls(), [
                    Problem(
                        0,
                        "recipe",
                        f"This recipe is of version {given.get('recipe')!r}; {DOCUMENT} can be read.",
                        "Export it again.",
                    )
                ]
            given = given.get("steps")
        if not isinstance(given, list):
            return cls(), [
                Problem(0, "steps", "A recipe is a list of steps.", "Write a list in square brackets.")
            ]
        return cls.from_list(given)

    def as_list(self) -> list[dict[str, Any]]:
        return [step.as_dict() for step in self.steps]

    def as_document(self) -> dict[str, Any]:
        """What a person exports: names and parameters, without what a contract adds."""
        return {"recipe": DOCUMENT, "steps": [{"name": s.name, "params": s.params} for s in self.steps]}

    @property
    def sentences(self) -> list[str]:
        return [step.words for step in self.steps]

    @property
    def hash(self) -> str:
        return sha256_hex(self.as_list())


@dataclass(slots=True)
class Shape:
    """The columns as they are after some steps."""

    columns: Schema
    inputs: dict[str, Schema] = field(default_factory=dict)

    @classmethod
    def of(cls, types: Mapping[str, str], inputs: Inputs | None = None, tokens: Iterable[str] = ()) -> Shape:
        """Before any step. `tokens`: names that are pseudonyms in the further datasets."""
        secret = set(tokens)
        found = {alias: schema_of(other, alias) for alias, other in (inputs or {}).items()}
        for other in found.values():
            for name in secret & set(other):
                other[name] = Col(other[name].type, other[name].origins, True)
        return cls(schema_of(types), found)

    def types(self) -> dict[str, str]:
        return {name: col.type for name, col in self.columns.items()}

    def named(self, original: str) -> str | None:
        """What the original column is called now; None if it is gone."""
        return next((now for now, col in self.columns.items() if col.origins == {("", original)}), None)

    def apply(self, step: Step) -> None:
        """Follow one step. Raises StepFault when it does not fit the columns."""
        kind = STEPS[step.name]
        missing = [n for n in kind.reads(step.params) if n not in self.columns]
        if missing:
            there = ", ".join(list(self.columns)[:20]) or "none"
            place = next(
                (
                    p.name
                    for p in kind.params
                    if p.kind in ("column", "columns", "mapping", "expression", "order")
                ),
                "columns",
            )
            raise StepFault(
                place, f"there is no column {', '.join(missing)} at this point.", f"Columns here: {there}."
            )
        self.columns = kind.shape(self.columns, step.params, Around(self.inputs))


def used_columns(step: Step) -> list[str]:
    """The columns a step reads."""
    return STEPS[step.name].reads(step.params)


def check(
    steps: tuple[Step, ...], types: Mapping[str, str] | Shape, inputs: Inputs | None = None, first: int = 0
) -> tuple[Shape, list[Problem]]:
    """Follow the columns through the steps; whatever does not fit is a problem with its step.

    A step that does not fit leaves the columns as they were, so that all problems show at once. `first`
    is the number of the first step, from 0.
    """
    shape = types if isinstance(types, Shape) else Shape.of(types, inputs)
    problems: list[Problem] = []
    for index, step in enumerate(steps, start=first):
        try:
            shape.apply(step)
        except StepFault as fault:
            label = STEPS[step.name].label.lower()
            problems.append(
                Problem(index, fault.field, f"Step {index + 1} ({label}): {fault.text}", fault.remedy)
            )
    return shape, problems
