"""What a kind of step says of itself: parameters, words, and the columns it leaves, known without running."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.steps.faults import StepFault
from contracts.recipes.steps.text import read_text, show_text
from contracts.recipes.steps.values import checked

TYPES = ("text", "integer", "decimal", "number", "boolean", "date", "timestamp")
NUMBERS = ("integer", "decimal", "number")
TIMES = ("date", "timestamp")
BATCH, WHOLE = "batch", "whole"


# Which dataset (empty: the contract's main one, else its alias) and which of its columns.
Origin = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Col:
    """A column at some point of a recipe: its type, the original columns its values come from, and
    whether it holds tokens or masks in place of the real values."""

    type: str
    origins: frozenset[Origin]
    token: bool = False

    def typed(self, kind: str) -> Col:
        return Col(kind, self.origins, self.token)


Schema = dict[str, Col]


def schema_of(types: Mapping[str, str], alias: str = "") -> Schema:
    """The schema of a table before any step; `alias` names a further dataset."""
    return {name: Col(kind, frozenset({(alias, name)})) for name, kind in types.items()}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. default: what holds when it is left out. kind: column, columns, text, number, integer, boolean, choice, mapping, list, expression,
    order, rules, measures, input, regex."""

    name: str
    label: str
    kind: str
    required: bool = True
    choices: tuple[str, ...] = ()
    help: str = ""
    default: Any = None

    def read(self, text: str) -> Any:
        """The value that a one-field form text stands for. Raises StepFault."""
        return read_text(self.kind, self.name, self.label, text)

    def show(self, value: Any) -> str:
        """The value as one field's text; `read` gives it back exactly."""
        return show_text(self.kind, value)


@dataclass(slots=True)
class Around:
    """What a step's shape may look at beside the columns: the other datasets of the contract, by alias."""

    inputs: Mapping[str, Schema] = field(default_factory=dict)


ShapeOf = Callable[[Schema, dict[str, Any], Around], Schema]


def same(schema: Schema, params: dict[str, Any], around: Around) -> Schema:
    """The columns stay as they are."""
    return dict(schema)


@dataclass(frozen=True, slots=True)
class StepKind:
    """`shape(schema, params, around)` gives the columns after the step or raises StepFault; `scope` is batch
    where a step looks at one row at a time, whole where it must see the table. `package` names the third
    party whose step it is."""

    name: str
    label: str
    help: str
    params: tuple[Param, ...]
    words: Callable[[dict[str, Any]], str]
    group: str = "values"
    scope: str = BATCH
    shape: ShapeOf = same
    verify: Callable[[dict[str, Any]], None] | None = None
    package: str = ""

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Normalised parameters. Raises StepFault with the field."""
        unknown = sorted(set(given) - {p.name for p in self.params})
        if unknown:
            raise StepFault(unknown[0], f"{self.label} has no parameter {unknown[0]!r}.", "Take it out.")
        found: dict[str, Any] = {}
        for param in self.params:
            value = given.get(param.name)
            if value in (None, "", [], {}) and not isinstance(value, bool):
                if param.required:
                    raise StepFault(
                        param.name, f"{self.label}: {param.label.lower()} is missing.", "Fill it in."
                    )
                continue
            found[param.name] = checked(
                param.kind, param.name, f"{self.label}: {param.label.lower()}", value, param.choices
            )
        if self.verify is not None:
            self.verify(found)
        return found

    def reads(self, params: Mapping[str, Any]) -> list[str]:
        """The columns that the parameters name and that must be there."""
        found: list[str] = []
        for param in self.params:
            value = params.get(param.name)
            if value in (None, "", [], {}):
                continue
            match param.kind:
                case "column":
                    found.append(value)
                case "columns":
                    found += value
                case "order":
                    found += [name.removeprefix("-") for name in value]
                case "rules" | "measures":
                    found += [item["column"] for item in value if item.get("column")]
                case "expression":
                    from contracts.recipes.expressions import columns_of, parse

                    found += sorted(columns_of(parse(value)))
                case "mapping" if param.name in ("mapping", "on"):
                    found += list(value)
        return list(dict.fromkeys(found))


def need(schema: Schema, names: Iterable[str], where: str = "columns") -> None:
    """Raises StepFault if a column is not there at this point."""
    missing = [name for name in names if name not in schema]
    if missing:
        there = ", ".join(list(schema)[:20]) or "none"
        raise StepFault(
            where, f"there is no column {listed(missing)} at this point.", f"Columns here: {there}."
        )


def need_type(schema: Schema, name: str, kinds: Iterable[str], why: str, where: str = "column") -> None:
    """Raises StepFault if the column is not of one of the types. `why` completes "x is text and …"."""
    if schema[name].type not in kinds:
        raise StepFault(where, f"{name} is {_a(schema[name].type)} and {why}.",
                        f"Choose a column of another type, or change its type first ({listed(kinds, 'or')}).")  # fmt: skip


def _a(kind: str) -> str:
    return kind if kind == "text" else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def fresh(schema: Schema, name: str, where: str) -> None:
    """Raises StepFault if the name for a new column is taken or not one."""
    if not name.strip() or name != name.strip() or len(name) > 200:
        raise StepFault(
            where, f"{name!r} is no name for a column.", "Use 1 to 200 characters without spaces around them."
        )
    if name in schema:
        raise StepFault(where, f"there is a column {name} already.", "Choose another name.")


def joined_origins(schema: Schema, names: Iterable[str]) -> frozenset[Origin]:
    return frozenset().union(*(schema[n].origins for n in names)) if names else frozenset()


def names_in(params: dict[str, Any], word: str = "columns") -> str:
    return listed(params.get(word, []))


COLUMN = Param("column", "Column", "column")
COLUMNS = Param("columns", "Columns", "columns")
