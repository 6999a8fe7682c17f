"""A recipe: ordered steps as data, checked against the columns they will meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.recipes.steps import STEPS, StepFault
from kernel.canonical import sha256_hex


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Locked ones come from the contract; `clause` names which."""

    name: str
    params: dict[str, Any]
    locked: bool = False
    clause: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "params": self.params, "locked": self.locked, "clause": self.clause}

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
            if name not in STEPS:
                problems.append(
                    Problem(index, "name", f"Step {index + 1}: there is no step {name!r}.", "Choose one.")
                )
                continue
            try:
                steps.append(Step(str(name), STEPS[str(name)].check(dict(item.get("params") or {}))))
            except StepFault as fault:
                problems.append(Problem(index, fault.field, f"Step {index + 1}: {fault.text}", fault.remedy))
        return cls(tuple(steps)), problems

    def as_list(self) -> list[dict[str, Any]]:
        return [step.as_dict() for step in self.steps]

    @property
    def hash(self) -> str:
        return sha256_hex(self.as_list())


@dataclass(slots=True)
class Shape:
    """Columns as they are after some steps: present name → (original name, type)."""

    columns: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, types: Mapping[str, str]) -> Shape:
        return cls({name: (name, kind) for name, kind in types.items()})

    def types(self) -> dict[str, str]:
        """Present name → type, in order."""
        return {n: t for n, (_, t) in self.columns.items()}

    def named(self, original: str) -> str | None:
        """What the original column is called now; None if it is gone."""
        return next((now for now, (was, _) in self.columns.items() if was == original), None)

    def apply(self, step: Step) -> None:
        params = step.params
        if step.name == "select":
            self.columns = {n: self.columns[n] for n in params["columns"]}
        elif step.name == "rename":
            mapping = params["mapping"]
            self.columns = {mapping.get(n, n): v for n, v in self.columns.items()}
        elif step.name == "cast":
            was, _ = self.columns[params["column"]]
            self.columns[params["column"]] = (was, params["to"])
        elif step.name in ("pseudonymise", "mask"):
            for name in params.get("columns") or [params["column"]]:
                self.columns[name] = (self.columns[name][0], "text")
        elif step.name == "generalise" and params["how"] in ("band", "prefix", "date"):
            self.columns[params["column"]] = (self.columns[params["column"]][0], "text")


def used_columns(step: Step) -> list[str]:
    """The columns a step reads."""
    params = step.params
    if step.name == "rename":
        return list(params["mapping"])
    if "column" in params:
        return [params["column"]]
    return list(params.get("columns") or params.get("by") or [])


def check(
    steps: tuple[Step, ...], types: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[Shape, list[Problem]]:
    """Follow names through the steps; each missing or doubled column is a problem with its step."""
    shape, problems = Shape.of(types), []
    for index, step in enumerate(steps):
        missing = [n for n in used_columns(step) if n not in shape.columns]
        if missing:
            there = ", ".join(list(shape.columns)[:20])
            problems.append(
                Problem(index, "columns", f"Step {index + 1} ({STEPS[step.name].label.lower()}): there is no column "
                        f"{', '.join(missing)} at this point.", f"Columns here: {there}")
            )  # fmt: skip
            continue
        if step.name == "rename":
            after = [step.params["mapping"].get(n, n) for n in shape.columns]
            if len(set(after)) != len(after):
                problems.append(
                    Problem(
                        index,
                        "mapping",
                        f"Step {index + 1}: two columns would have the same name.",
                        "Choose another name.",
                    )
                )
                continue
        if step.name == "fill_missing" and step.params["with"] == "median":
            text = [
                n
                for n in step.params["columns"]
                if shape.columns[n][1] not in ("integer", "decimal", "number")
            ]
            if text:
                problems.append(
                    Problem(
                        index,
                        "with",
                        f"Step {index + 1}: {', '.join(text)} is not a number and has no median.",
                        "Use mode or a constant.",
                    )
                )
                continue
        shape.apply(step)
    return shape, problems


def with_lock(step: Step, clause: str) -> Step:
    return replace(step, locked=True, clause=clause)
