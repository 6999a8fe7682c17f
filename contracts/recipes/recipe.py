"""A recipe: ordered steps as data, checked against the columns they will meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.recipes.schema import TYPES, Col, Schema, Shape
from contracts.recipes.steps import STEPS, StepFault
from kernel.canonical import sha256_hex

VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Locked ones come from the contract; `clause` names which."""

    name: str
    params: dict[str, Any]
    locked: bool = False
    clause: str = ""

    def as_dict(self) -> dict[str, Any]:
        found = {"name": self.name, "params": self.params, "locked": self.locked, "clause": self.clause}
        kind = STEPS.get(self.name)
        return {**found, "package": kind.package} if kind and kind.package else found

    @property
    def words(self) -> str:
        kind = STEPS.get(self.name)
        if kind is None:
            return f"{self.name} (a step that is not installed here)"
        text = kind.words(self.params)
        return text[:1].upper() + text[1:]

    @property
    def reads(self) -> dict[str, list[str]]:
        """Parameter → the columns that it names."""
        return STEPS[self.name].reads(self.params)


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
            place = f"Step {index + 1}"
            if not isinstance(name, str) or name not in STEPS:
                text = f"{place}: there is no step {str(name)[:40]!r}."
                problems.append(Problem(index, "name", text, "Choose one."))
                continue
            if not STEPS[name].offered:
                text = f"{place}: {STEPS[name].label.lower()} comes from the contract and is no step of a recipe."
                problems.append(Problem(index, "name", text, "Take it out."))
                continue
            params = item.get("params") or {}
            if not isinstance(params, dict):
                problems.append(
                    Problem(index, "params", f"{place}: its parameters are no object.", "See the reference.")
                )
                continue
            try:
                steps.append(Step(name, STEPS[name].check(dict(params))))
            except StepFault as fault:
                problems.append(Problem(index, fault.field, f"{place}: {fault.text}", fault.remedy))
        return cls(tuple(steps)), problems

    @classmethod
    def read(cls, document: Any) -> tuple[Recipe, list[Problem]]:
        """From a document `{"recipe": 1, "steps": […]}` or a plain list of steps."""
        if isinstance(document, dict):
            version = document.get("recipe", VERSION)
            if version != VERSION or isinstance(version, bool):
                text = (
                    f"This is a recipe of version {str(version)[:20]}; this portal reads version {VERSION}."
                )
                return cls(), [Problem(0, "recipe", text, "Use a newer portal.")]
            document = document.get("steps")
        if not isinstance(document, list):
            text = "A recipe is a list of steps, or an object with “recipe” and “steps”."
            return cls(), [Problem(0, "steps", text, "See the reference.")]
        return cls.from_list(document)

    def document(self) -> dict[str, Any]:
        """The recipe as a JSON document with its version."""
        return {"recipe": VERSION, "steps": [{"name": s.name, "params": s.params} for s in self.steps]}

    def as_list(self) -> list[dict[str, Any]]:
        return [step.as_dict() for step in self.steps]

    @property
    def sentences(self) -> list[str]:
        return [step.words for step in self.steps]

    @property
    def hash(self) -> str:
        return sha256_hex(self.as_list())


def used_columns(step: Step) -> list[str]:
    """The columns that a step names, each once."""
    return list(dict.fromkeys(name for names in step.reads.values() for name in names))


def made_columns(step: Step) -> list[str]:
    """The names that a step gives to columns it makes or renames."""
    found: list[str] = []
    for name in ("into", "flag_column"):
        value = step.params.get(name, [])
        found += value if isinstance(value, list) else [str(value)]
    if step.name == "rename":
        found += step.params["mapping"].values()
    if step.name == "join":
        found += step.params["columns"]
    return found + [m["as"] for m in step.params.get("measures", []) if isinstance(m, dict) and "as" in m]


Known = Mapping[str, Mapping[str, str | Col]]
Visit = Callable[[int, Step, Shape], Step]


def further(inputs: Known | None) -> dict[str, Schema]:
    """The columns of further datasets, each its own origin `alias.column`."""
    return {alias: Shape.of(columns, alias).columns for alias, columns in (inputs or {}).items()}


def check(
    steps: tuple[Step, ...],
    types: Mapping[str, str | Col],
    inputs: Known | None = None,
    visit: Visit | None = None,
) -> tuple[Shape, list[Problem]]:
    """The columns after all steps, and every problem with its step.

    A faulty step is passed over; what only fails because of it is not said again. `visit` sees each step
    with the columns before it and gives the step that is followed.
    """
    shape, others, problems = Shape.of(types), further(inputs), list[Problem]()
    unsure: set[str] = set()
    for index, step in enumerate(steps):
        step = visit(index, step, shape) if visit else step
        missing = [n for n in used_columns(step) if n not in shape.columns]
        try:
            shape = Shape(STEPS[step.name].shape(shape.columns, step.params, others))
        except StepFault as fault:
            if not missing or not set(missing) <= unsure:
                label = STEPS[step.name].label.lower()
                text = f"Step {index + 1} ({label}): {fault.text}"
                problems.append(Problem(index, fault.field, text, fault.remedy))
            unsure |= set(made_columns(step))
            shape = _as_meant(shape, step)
    return shape, problems


def _as_meant(shape: Shape, step: Step) -> Shape:
    """After a faulty change of type the column counts as changed, so that later steps are judged rightly."""
    column, to = step.params.get("column"), step.params.get("to")
    if column in shape.columns and to in TYPES:
        return Shape({**shape.columns, column: shape.columns[column].typed(to)})
    return shape


def with_lock(step: Step, clause: str) -> Step:
    return replace(step, locked=True, clause=clause)
