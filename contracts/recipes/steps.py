"""The kinds of steps: names, parameters, words. Data only; `jobs.pipeline` runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.one_line import read_list, read_pairs, show_list, show_pairs

TYPES = ("text", "integer", "decimal", "number", "boolean", "date", "timestamp")
COMPARISONS = {
    "eq": "is", "ne": "is not", "lt": "is less than", "lte": "is at most", "gt": "is more than", "gte": "is at least",
    "in": "is one of", "not_in": "is none of", "is_missing": "is missing", "not_missing": "is not missing",
    "contains": "contains",
}  # fmt: skip


class StepFault(Exception):
    """A parameter is not acceptable: which, and what to do."""

    def __init__(self, field: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.field, self.text, self.remedy = field, text, remedy


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. default: what holds when it is left out. kind: column, columns, text, number, integer, choice, mapping, list."""

    name: str
    label: str
    kind: str
    required: bool = True
    choices: tuple[str, ...] = ()
    help: str = ""
    default: Any = None

    def read(self, text: str) -> Any:
        """The value that a line of text says. Raises StepFault."""
        try:
            if self.kind in ("columns", "list"):
                return read_list(text)
            return read_pairs(text) if self.kind == "mapping" else text.strip()
        except ValueError as problem:
            raise StepFault(
                self.name, f"{self.label}: {problem}.", "Put text with commas in double quotes."
            ) from None

    def show(self, value: Any) -> str:
        """The value as a line of text; `read` gives it back."""
        if self.kind in ("columns", "list"):
            return show_list(value)
        return show_pairs(value) if self.kind == "mapping" else str(value)


@dataclass(frozen=True, slots=True)
class StepKind:
    name: str
    label: str
    help: str
    params: tuple[Param, ...]
    words: Callable[[dict[str, Any]], str]
    group: str = "values"

    def check(self, given: dict[str, Any]) -> dict[str, Any]:
        """Normalised parameters. Raises StepFault with the field."""
        unknown = sorted(set(given) - {p.name for p in self.params})
        if unknown:
            raise StepFault(unknown[0], f"{self.label} has no parameter {unknown[0]!r}.", "Take it out.")
        found: dict[str, Any] = {}
        for param in self.params:
            value = given.get(param.name)
            if value in (None, "", [], {}):
                if param.required:
                    raise StepFault(
                        param.name, f"{self.label}: {param.label.lower()} is missing.", "Fill it in."
                    )
                continue
            found[param.name] = _checked(self, param, value)
        return found


def _checked(kind: StepKind, param: Param, value: Any) -> Any:
    where = f"{kind.label}: {param.label.lower()}"
    match param.kind:
        case "columns":
            names = value if isinstance(value, list) else [v.strip() for v in str(value).split(",")]
            if not all(isinstance(n, str) and n for n in names):
                raise StepFault(param.name, f"{where} must be column names.", "Separate them by commas.")
            return list(dict.fromkeys(names))
        case "integer":
            try:
                return int(str(value))
            except ValueError:
                raise StepFault(
                    param.name, f"{where}: {value!r} is not a whole number.", "Correct it."
                ) from None
        case "number":
            try:
                number = Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if not number.is_finite():
                raise StepFault(param.name, f"{where}: {value!r} is not a number.", "Write it like 12.5.")
            return str(value).strip()
        case "choice":
            if value not in param.choices:
                raise StepFault(param.name, f"{where}: choose one of {', '.join(param.choices)}.", "")
            return value
        case "mapping":
            if not isinstance(value, dict) or not all(
                isinstance(k, str) and isinstance(v, str) and v for k, v in value.items()
            ):
                raise StepFault(param.name, f"{where} must pair old and new names.", "For example old=new.")
            return dict(sorted(value.items()))
        case "list":
            items = value if isinstance(value, list) else [v.strip() for v in str(value).split(",")]
            return [str(item) for item in items]
        case _:
            return str(value)


def _columns(params: dict[str, Any], word: str = "columns") -> str:
    return listed(params.get(word, []))


_C = Param("column", "Column", "column")
_CS = Param("columns", "Columns", "columns")
_ALL = (
    StepKind("select", "Keep columns", "Keep only these columns, in this order.", (_CS,), lambda p: f"keep {_columns(p)}"),
    StepKind("rename", "Rename columns", "Give columns other names.", (Param("mapping", "Old and new names", "mapping"),),
             lambda p: "rename " + listed(f"{a} to {b}" for a, b in p["mapping"].items())),
    StepKind("cast", "Change type", "Read a column as another type; a value that does not fit stops the job with its row.",
             (_C, Param("to", "Type", "choice", choices=TYPES)), lambda p: f"read {p['column']} as {p['to']}"),
    StepKind("trim", "Trim spaces", "Remove spaces around text and squeeze those inside.", (_CS,), lambda p: f"trim {_columns(p)}"),
    StepKind("fill_missing", "Fill missing values", "Put a value where there is none.",
             (_CS, Param("with", "With", "choice", choices=("constant", "median", "mode")),
              Param("value", "Value", "text", required=False, help="For constant")),
             lambda p: f"fill gaps in {_columns(p)} with " + (repr(p.get("value", "")) if p["with"] == "constant" else f"the {p['with']}")),
    StepKind("drop_missing", "Drop rows with gaps", "Remove rows where any of these columns is missing.", (_CS,),
             lambda p: f"drop rows without {listed(p['columns'], 'or')}"),
    StepKind("range_check", "Check range", "Values outside are dropped with their row, or set missing.",
             (_C, Param("min", "Smallest", "number", required=False), Param("max", "Largest", "number", required=False),
              Param("on_fail", "If outside", "choice", choices=("drop", "set_missing"))),
             lambda p: f"check {p['column']} is from {p.get('min', 'any')} to {p.get('max', 'any')}, else "
             + ("drop the row" if p["on_fail"] == "drop" else "set it missing")),
    StepKind("deduplicate", "Remove duplicates", "Keep the first of rows that are equal in these columns (none named: in all).",
             (Param("columns", "Columns", "columns", required=False),),
             lambda p: f"keep the first of rows equal in {_columns(p) or 'all columns'}"),
    StepKind("filter", "Keep rows where", "Keep the rows that fulfil a condition.",
             (_C, Param("op", "Condition", "choice", choices=tuple(COMPARISONS)),
              Param("value", "Value", "list", required=False, help="Several separated by commas for “is one of”")),
             lambda p: f"keep rows where {p['column']} {COMPARISONS[p['op']]}"
             + (f" {listed(p['value'], 'or')}" if p.get("value") else "")),
    StepKind("mask", "Mask", "Replace the middle of text by asterisks.",
             (_C, Param("keep_start", "Keep at start", "integer", required=False), Param("keep_end", "Keep at end", "integer", required=False)),
             lambda p: f"mask {p['column']}, keeping {p.get('keep_start', 0)} characters at the start and {p.get('keep_end', 0)} at the end"),
    StepKind("pseudonymise", "Pseudonymise", "Replace values by tokens under the contract's key.", (_CS,),
             lambda p: f"replace {_columns(p)} by pseudonyms"),
    StepKind("generalise", "Generalise", "Make values coarser: bands, months, prefixes, or a top code.",
             (_C, Param("how", "How", "choice", choices=("band", "date", "prefix", "topcode")),
              Param("width", "Band width", "number", required=False), Param("unit", "Date unit", "choice", required=False, choices=("month", "year")),
              Param("length", "Prefix length", "integer", required=False), Param("at", "Top code", "number", required=False)),
             lambda p: f"generalise {p['column']} ({p['how']})"),
    StepKind("suppress_small_groups", "Suppress small groups", "Remove rows whose group is smaller than k.",
             (Param("by", "Group by", "columns"), Param("k", "Smallest group", "integer")),
             lambda p: f"remove groups of fewer than {p['k']} rows by {_columns(p, 'by')}"),
)  # fmt: skip

_GROUP = {
    "select": "columns", "rename": "columns", "cast": "columns", "drop_missing": "rows", "range_check": "rows", "deduplicate": "rows",
    "filter": "rows", "mask": "privacy", "pseudonymise": "privacy", "generalise": "privacy", "suppress_small_groups": "privacy",
}  # fmt: skip
STEPS: dict[str, StepKind] = {
    kind.name: replace(kind, group=_GROUP.get(kind.name, "values")) for kind in _ALL
}
