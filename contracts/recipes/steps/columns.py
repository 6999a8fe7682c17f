"""Steps that choose, name, type and make columns."""

from __future__ import annotations

from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    TYPES,
    Around,
    Col,
    Param,
    Schema,
    StepKind,
    fresh,
    joined_origins,
    names_in,
    need,
    need_type,
)
from contracts.recipes.steps.faults import StepFault

# What a column of one type can be read as without a value changing its meaning.
_CASTS = {
    "text": TYPES, "integer": ("text", "decimal", "number", "boolean"), "decimal": ("text", "integer", "number"),
    "number": ("text", "integer", "decimal"), "boolean": ("text", "integer"), "date": ("text", "timestamp"), "timestamp": ("text", "date"),
}  # fmt: skip


def _select(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    return {name: schema[name] for name in p["columns"]}


def _drop(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    left = {name: col for name, col in schema.items() if name not in set(p["columns"])}
    if not left:
        raise StepFault("columns", "no column would be left.", "Keep at least one.")
    return left


def _rename(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["mapping"], "mapping")
    after = [p["mapping"].get(name, name) for name in schema]
    if len(set(after)) != len(after):
        raise StepFault("mapping", "two columns would have the same name.", "Choose another name.")
    for new in p["mapping"].values():
        fresh({}, new, "mapping")
    return dict(zip(after, schema.values(), strict=True))


def _reorder(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    return {
        name: schema[name] for name in [*p["columns"], *(n for n in schema if n not in set(p["columns"]))]
    }


def _cast(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    col = schema[p["column"]]
    if p["to"] != col.type and p["to"] not in _CASTS[col.type]:
        raise StepFault("to", f"{p['column']} is of type {col.type} and cannot be read as {p['to']}.",
                        f"It can become {listed(_CASTS[col.type], 'or')}.")  # fmt: skip
    return {**schema, p["column"]: col.typed(p["to"])}


def _split(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    need_type(schema, p["column"], ("text",), "cannot be split")
    source, after = schema[p["column"]], dict(schema)
    if not p.get("keep_source"):
        after.pop(p["column"])
    if len(set(p["into"])) != len(p["into"]):
        raise StepFault("into", "two parts have the same name.", "Choose another name.")
    for name in p["into"]:
        fresh(after, name, "into")
    return {**after, **{name: source.typed("text") for name in p["into"]}}


def _join_text(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    fresh(schema, p["into"], "into")
    token = all(schema[n].token for n in p["columns"])
    return {
        **schema,
        p["into"]: Col("text", joined_origins(schema, p["columns"]), token and len(p["columns"]) == 1),
    }


def _calculate(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    from contracts.recipes.expressions import ExpressionFault, columns_of, parse, type_of

    expression = parse(p["expression"])
    names = sorted(columns_of(expression))
    need(schema, names, "expression")
    try:
        kind = type_of(expression, {n: c.type for n, c in schema.items()})
    except ExpressionFault as fault:
        raise StepFault("expression", fault.text, fault.remedy) from None
    if kind == "missing":
        raise StepFault("expression", "it is always missing.", "Write a value.")
    if p["into"] not in schema:
        fresh(schema, p["into"], "into")
    return {**schema, p["into"]: Col(kind, joined_origins(schema, names))}


def _say_calculate(p: dict[str, Any]) -> str:
    from contracts.recipes.expressions import parse

    return f"make {p['into']} from {parse(p['expression']).words}"


ON_FAIL = Param(
    "on_fail",
    "If a value does not fit",
    "choice",
    required=False,
    choices=("stop", "set_missing"),
    help="stop if left out",
    default="stop",
)
_FAIL = {"stop": "stop at a value that does not fit", "set_missing": "set missing what does not fit"}


def fails(p: dict[str, Any]) -> str:
    return _FAIL[p.get("on_fail", "stop")]


ALL = (
    StepKind("select", "Keep columns", "Keep only these columns, in this order.", (COLUMNS,),
             lambda p: f"keep {names_in(p)}", "columns", shape=_select),
    StepKind("drop", "Take columns out", "Remove these columns and keep the rest.", (COLUMNS,),
             lambda p: f"take out {names_in(p)}", "columns", shape=_drop),
    StepKind("rename", "Rename columns", "Give columns other names.", (Param("mapping", "Old and new names", "mapping", help="old=new, separated by commas"),),
             lambda p: "rename " + listed(f"{a} to {b}" for a, b in p["mapping"].items()), "columns", shape=_rename),
    StepKind("reorder", "Reorder columns", "Put these columns first; the rest follows in its order.", (COLUMNS,),
             lambda p: f"put {names_in(p)} first", "columns", shape=_reorder),
    StepKind("cast", "Change type", "Read a column as another type, exactly: a value that would change stops the job with its row, or is set missing.",
             (COLUMN, Param("to", "Type", "choice", choices=TYPES), ON_FAIL),
             lambda p: f"read {p['column']} as {p['to']}" + (", and set missing what does not fit" if p.get("on_fail") == "set_missing" else ""),
             "columns", shape=_cast),
    StepKind("split", "Split text", "Cut a text at a separator into new columns; the last one takes the rest.",
             (COLUMN, Param("separator", "Separator", "text", help="for example a space or a slash"), Param("into", "New columns", "list"),
              Param("keep_source", "Keep the whole text too", "boolean", required=False)),
             lambda p: f"split {p['column']} at {p['separator']!r} into {names_in(p, 'into')}", "columns", shape=_split),
    StepKind("join_text", "Join text", "Put the texts of several columns together in a new one; missing parts are left out.",
             (COLUMNS, Param("separator", "Separator", "text", required=False), Param("into", "New column", "text")),
             lambda p: f"join {names_in(p)} with {p.get('separator', '')!r} into {p['into']}", "columns", shape=_join_text),
    StepKind("calculate", "Calculate a column", "Make a column from others by an expression.",
             (Param("into", "Column", "text", help="a new name, or a column to replace"), Param("expression", "Expression", "expression", help="for example arr_delay - dep_delay")),
             _say_calculate, "columns", shape=_calculate),
)  # fmt: skip
