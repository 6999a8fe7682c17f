"""What a kind of step is: names, parameters, words, and the columns it makes of those it meets.

Data only: `jobs.pipeline` runs the steps. `StepKind.check` judges parameters by themselves,
`StepKind.shape` judges them against columns and says which columns come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.policies.clauses.lines import COMPARISONS as LINES_COMPARISONS
from contracts.policies.taxonomy import listed
from contracts.recipes import one_line
from contracts.recipes.schema import (
    NUMERIC,
    ORDERED,
    TYPES,
    Col,
    Inputs,
    Schema,
    comparable,
    example,
    fits,
    ordered_value,
)
from contracts.recipes.steps import fields
from contracts.recipes.steps.param import Param as Param
from contracts.recipes.steps.param import StepFault as StepFault

COMPARISONS = {op: said[0] for op, said in LINES_COMPARISONS.items()}
GROUPS = {
    "columns": "Columns",
    "values": "Values",
    "rows": "Rows",
    "tables": "Tables",
    "privacy": "Privacy",
    "other": "Other",
}
Params = Mapping[str, Any]
Shaper = Callable[[Schema, Params, Inputs], dict[str, Col]]


def _same(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    return dict(schema)


def same_columns(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    """For kinds that change neither names nor types, to say so."""
    return dict(schema)


def _nothing(params: Params) -> None:
    return


def _never(params: Params) -> bool:
    return False


def _whole(params: Params, name: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class StepKind:
    """A kind of step.

    words: the step as a sentence. shaper: the columns after it. scope: "batch" if each row is treated by
    itself, "whole" if other rows matter. judge: raises StepFault for parameters that do not go together.
    removes: whether rows may go. bears: whether a pseudonym in this column stays whole and unread by its
    letters (other steps are refused for pseudonyms). package: "name==version" of a third party's step. offered:
    whether a recipe may hold it; others come from the contract alone.
    """

    name: str
    label: str
    help: str
    params: tuple[Param, ...]
    words: Callable[[dict[str, Any]], str]
    group: str = "other"
    scope: str = "batch"
    shaper: Shaper = _same
    judge: Callable[[Params], None] = _nothing
    removes: Callable[[Params], bool] = _never
    bears: Callable[[Params, str], bool] = _whole
    package: str = ""
    offered: bool = True

    def check(self, given: dict[str, Any]) -> dict[str, Any]:
        """Normalised parameters: defaults left out, numbers and names in one form. Raises StepFault."""
        unknown = sorted(str(name) for name in set(given) - {p.name for p in self.params})
        if unknown:
            raise StepFault(unknown[0], f"{self.label} has no parameter {unknown[0]!r}.", "Take it out.")
        found: dict[str, Any] = {}
        for param in self.params:
            value = given.get(param.name)
            if value is None or (value in ("", [], {}) and not isinstance(value, bool)):
                if param.required:
                    raise StepFault(
                        param.name, f"{self.label} needs “{param.label}”.", "Fill it in or choose it."
                    )
                continue
            checked = fields.checked(param, value, f"{self.label}: {param.label.lower()}")
            if param.default is not None and checked == param.default and not param.required:
                continue
            found[param.name] = checked
        self.judge(found)
        return found

    def reads(self, params: Params) -> dict[str, list[str]]:
        """Parameter → the columns that it names, each once."""
        found = {p.name: fields.names_in(p, params[p.name]) for p in self.params if p.name in params}
        return {name: list(dict.fromkeys(columns)) for name, columns in found.items() if columns}

    def shape(self, schema: Schema, params: Params, inputs: Inputs | None = None) -> dict[str, Col]:
        """The columns after the step, in order. Raises StepFault with field, text and remedy."""
        for name, columns in self.reads(params).items():
            need(schema, columns, name)
        return self.shaper(schema, params, inputs or {})


def undeclared_shape(kind: StepKind) -> bool:
    """Whether nobody said which columns come out."""
    return kind.shaper is _same


def undeclared_removal(kind: StepKind) -> bool:
    """Whether nobody said if rows may go."""
    return kind.removes is _never


def default_of(kind: StepKind, params: Params, name: str) -> Any:
    """A parameter, or what holds when it is left out."""
    return params.get(name, next(p.default for p in kind.params if p.name == name))


def need(schema: Schema, columns: Iterable[str], where: str) -> None:
    """Raises StepFault unless all of these columns are there."""
    missing = [n for n in columns if n not in schema]
    if missing:
        there = ", ".join(list(schema)[:20]) or "none"
        raise StepFault(
            where, f"there is no column {listed(missing)} at this point.", f"Columns here: {there}"
        )


def typed(schema: Schema, columns: Iterable[str], kinds: Iterable[str], where: str, remedy: str = "") -> None:
    """Raises StepFault unless all of these columns have one of these types."""
    allowed = tuple(kinds)
    wrong = [n for n in columns if schema[n].type not in allowed]
    if wrong:
        words = ("a number" if allowed == NUMERIC else "a number or date" if allowed == ORDERED
                 else listed(allowed, "or"))  # fmt: skip
        raise StepFault(
            where,
            f"{listed(wrong)} is {listed(sorted({schema[n].type for n in wrong}))}, not {words}.",
            remedy or "Choose another column, or change the type before this step.",
        )


def new_name(schema: Schema, name: str, where: str) -> None:
    """Raises StepFault if a column of this name is there already."""
    if name in schema:
        raise StepFault(where, f"there is a column {name} already.", "Choose another name.")


def literal(text: Any, column: str, kind: str, where: str, *, stored: bool = False) -> None:
    """Raises StepFault unless the text is a value of the column's type (or may be compared with it)."""
    if not (fits if stored else comparable)(str(text), kind):
        raise StepFault(where, f"{str(text)[:40]!r} is not a value of {column} ({kind}).",
                        f"Write it like {example(kind)}.")  # fmt: skip


def bounds(params: Params, low: str, high: str, column: str, kind: str, where: str = "") -> None:
    """Raises StepFault unless the bounds are values of the type, and in order."""
    for name in (low, high):
        if name in params:
            literal(params[name], column, kind, where or name)
    if low in params and high in params:
        least, most = ordered_value(str(params[low]), kind), ordered_value(str(params[high]), kind)
        if type(least) is type(most) and least > most:  # type: ignore[operator]
            raise StepFault(where or high, f"{params[low]} is more than {params[high]}.", "Swap the two.")


__all__ = [
    "COMPARISONS", "GROUPS", "NUMERIC", "ORDERED", "TYPES", "Col", "Inputs", "Param", "Params", "Schema", "StepFault",
    "StepKind", "bounds", "default_of", "listed", "literal", "need", "new_name", "one_line", "typed",
]  # fmt: skip

COLUMN = Param("column", "Column", "column")
COLUMNS = Param("columns", "Columns", "columns")
