"""Steps that make other rows of the rows: joining another dataset, grouping."""

from __future__ import annotations

from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.steps.base import (
    NUMBERS,
    TIMES,
    WHOLE,
    Around,
    Col,
    Param,
    Schema,
    StepKind,
    fresh,
    names_in,
    need,
    need_type,
)
from contracts.recipes.steps.faults import StepFault


def _join(schema: Schema, p: dict[str, Any], around: Around) -> Schema:
    other = around.inputs.get(p["with"])
    if other is None:
        known = listed(around.inputs) or "none"
        raise StepFault(
            "with", f"there is no dataset {p['with']} under this contract.", f"Known here: {known}."
        )
    need(schema, p["on"], "on")
    need(other, p["on"].values(), "on")
    need(other, p["columns"], "columns")
    for left, right in p["on"].items():
        if schema[left].type != other[right].type:
            raise StepFault(
                "on",
                f"{left} is of type {schema[left].type}, {right} of type {other[right].type}.",
                "Change the type of one first.",
            )
        if schema[left].token != other[right].token:
            raise StepFault("on", f"one of {left} and {right} is a pseudonym and the other is not, so they never match.",
                            "Join on columns that are pseudonyms on both sides, or on neither.")  # fmt: skip
    after = dict(schema)
    for name in p["columns"]:
        fresh(after, name, "columns")
        after[name] = other[name]
    return after


def _group(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["by"], "by")
    after = {name: schema[name] for name in p["by"]}
    for measure in p["measures"]:
        fresh(after, measure["as"], "measures")
        column, how = measure.get("column"), measure["how"]
        if column is None:
            after[measure["as"]] = Col("integer", frozenset())
            continue
        need(schema, [column], "measures")
        kind = schema[column].type
        if how in ("sum", "mean"):
            need_type(schema, column, NUMBERS, f"has no {how}", "measures")
        if how == "median":
            need_type(schema, column, (*NUMBERS, *TIMES), "has no median", "measures")
        kinds = {
            "count": "integer",
            "distinct": "integer",
            "mean": "number",
            "median": kind if kind in TIMES else "number",
        }
        after[measure["as"]] = Col(
            kinds.get(how, kind), schema[column].origins, schema[column].token and how in ("min", "max")
        )
    return after


def _measure(measure: dict[str, Any]) -> str:
    if "column" not in measure:
        return f"the number of rows as {measure['as']}"
    how = {"count": "number of values", "distinct": "number of different values"}.get(
        measure["how"], measure["how"]
    )
    return f"the {how} of {measure['column']} as {measure['as']}"


ALL = (
    StepKind("join", "Add columns of another dataset", "Look rows up in another dataset of the same contract. All rows that match are taken.",
             (Param("with", "Dataset", "input", help="its short name in the contract"), Param("on", "Equal columns", "mapping", help="here=there, separated by commas"),
              Param("columns", "Columns to add", "list"), Param("how", "Rows without a match", "choice", required=False, choices=("left", "inner"), help="left (they stay) if left out; inner: they go")),
             lambda p: f"add {names_in(p)} of {p['with']} where {listed(f'{a} = {b}' for a, b in p['on'].items())}"
             + (", keeping only rows that match" if p.get("how") == "inner" else ""), "tables", WHOLE, _join),
    StepKind("group", "Group and aggregate", "One row for each group, with counts, sums, means and the like.",
             (Param("by", "Group by", "columns"),
              Param("measures", "Measures", "measures", help='[{"how": "mean", "column": "arr_delay", "as": "mean_delay"}]; how: count, distinct, sum, mean, min, max, median')),
             lambda p: f"make one row for each {names_in(p, 'by')} with {listed(_measure(m) for m in p['measures'])}", "tables", WHOLE, _group),
)  # fmt: skip
