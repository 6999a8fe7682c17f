"""Steps that choose, name, type and make columns."""

from __future__ import annotations

from contracts.recipes.expression_parser import parse
from contracts.recipes.expression_types import MISSING, type_of
from contracts.recipes.expressions import ExpressionFault, columns_of
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    TYPES,
    Col,
    Inputs,
    Param,
    Params,
    Schema,
    StepFault,
    StepKind,
    listed,
    new_name,
    typed,
)

# What can be read as what without guessing: everything as text and text as everything.
CASTS = {
    "text": set(TYPES),
    "integer": {"text", "decimal", "number"},
    "decimal": {"text", "integer", "number"},
    "number": {"text", "integer", "decimal"},
    "boolean": {"text", "integer"},
    "date": {"text", "timestamp"},
    "timestamp": {"text", "date"},
}
ON_FAIL = Param("on_fail", "If a value does not fit", "choice", False, ("stop", "set_missing"), default="stop",
                help="Stop the job with the row, or set the value missing and count it")  # fmt: skip


def expression_type(schema: Schema, text: str, where: str) -> str:
    """The type of an expression on these columns. Raises StepFault with the place."""
    try:
        return type_of(parse(text), {name: col.type for name, col in schema.items()})
    except ExpressionFault as fault:
        raise StepFault(where, f"{fault.text}.", fault.remedy) from fault


def _only(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    return {name: schema[name] for name in params["columns"]}


def _without(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    gone = set(params["columns"])
    if gone >= set(schema):
        raise StepFault("columns", "no column would be left.", "Keep at least one.")
    return {name: col for name, col in schema.items() if name not in gone}


def _renamed(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    mapping = params["mapping"]
    after = [mapping.get(name, name) for name in schema]
    if len(set(after)) != len(after):
        twice = sorted({n for n in after if after.count(n) > 1})
        raise StepFault(
            "mapping", f"two columns would have the name {listed(twice)}.", "Choose another name."
        )
    return dict(zip(after, schema.values(), strict=True))


def _reordered(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    first = params["columns"]
    return {name: schema[name] for name in [*first, *(n for n in schema if n not in set(first))]}


def _cast(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column, to = params["column"], params["to"]
    kind = schema[column].type
    if to != kind and to not in CASTS[kind]:
        raise StepFault("to", f"{column} is {kind} and cannot be read as {to}.",
                        f"It can be read as {listed(sorted(CASTS[kind]), 'or')}.")  # fmt: skip
    return {**schema, column: schema[column].typed(to)}


def _split(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column, into = params["column"], params["into"]
    typed(schema, [column], ["text"], "column")
    if not all(into) or len(set(into)) != len(into):
        raise StepFault("into", "a new name is empty or stands twice.", "Give each part a name of its own.")
    kept = params.get("keep_source", False)
    rest = {n: c for n, c in schema.items() if kept or n != column}
    found: dict[str, Col] = {}
    for name in into:
        new_name(rest, name, "into")
    for name, col in schema.items():
        if name != column or kept:
            found[name] = col
        if name == column:
            found |= {new: Col("text", col.origins) for new in into}
    return found


def _made(schema: Schema, name: str, kind: str, columns: list[str]) -> dict[str, Col]:
    new_name(schema, name, "into")
    origins = frozenset[str]().union(*(schema[n].origins for n in columns))
    return {**schema, name: Col(kind, origins)}


def _joined(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    return _made(schema, params["into"], "text", params["columns"])


def _calculated(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    kind = expression_type(schema, params["expression"], "expression")
    if kind == MISSING:
        raise StepFault("expression", "this is always missing.", "Use a column in it.")
    return _made(schema, params["into"], kind, columns_of(parse(params["expression"])))


KINDS = (
    StepKind("select", "Keep columns", "Keep only these columns, in this order.", (COLUMNS,),
             lambda p: f"keep {listed(p['columns'])}", "columns", shaper=_only, bears=lambda p, n: True),
    StepKind("drop", "Drop columns", "Take these columns out and keep the others.", (COLUMNS,),
             lambda p: f"drop {listed(p['columns'])}", "columns", shaper=_without, bears=lambda p, n: True),
    StepKind("rename", "Rename columns", "Give columns other names.",
             (Param("mapping", "Old and new names", "mapping", of="columns"),),
             lambda p: "rename " + listed(f"{a} to {b}" for a, b in p["mapping"].items()),
             "columns", shaper=_renamed, bears=lambda p, n: True),
    StepKind("reorder", "Reorder columns", "Put these columns first; the others follow in their order.", (COLUMNS,),
             lambda p: f"put {listed(p['columns'])} first", "columns", shaper=_reordered, bears=lambda p, n: True),
    StepKind("cast", "Change type", "Read a column as another type; only exact changes are made.",
             (COLUMN, Param("to", "Type", "choice", choices=TYPES), ON_FAIL),
             lambda p: f"read {p['column']} as {p['to']}"
             + (", setting missing what does not fit" if p.get("on_fail") == "set_missing" else ""), "columns", shaper=_cast),
    StepKind("split", "Split text", "Cut text at a separator into new columns; the last takes what remains.",
             (COLUMN, Param("separator", "Separator", "text"), Param("into", "New columns", "list"),
              Param("keep_source", "Keep the column itself", "boolean", False, default=False)),
             lambda p: f"split {p['column']} at “{p['separator']}” into {listed(p['into'])}", "columns", shaper=_split),
    StepKind("join_text", "Join text", "Put the text of several columns into a new one, missing values left out.",
             (COLUMNS, Param("separator", "Separator", "text", False, default="",
                             help="Nothing puts them right beside each other"),
              Param("into", "New column", "text")),
             lambda p: f"join {listed(p['columns'])} into {p['into']}"
             + (f" with “{p['separator']}” between" if p.get("separator") else ""), "columns", shaper=_joined),
    StepKind("calculate", "Calculate a column", "Make a new column from an expression.",
             (Param("into", "New column", "text"), Param("expression", "Expression", "expression", help="For example dep_delay / 60")),
             lambda p: f"make {p['into']}: {parse(p['expression']).words}", "columns", shaper=_calculated),
)  # fmt: skip
