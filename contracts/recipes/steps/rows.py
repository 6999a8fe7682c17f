"""Steps that keep, remove, order or judge rows."""

from __future__ import annotations

from typing import Any

from contracts.recipes.expression_parser import parse
from contracts.recipes.expression_types import MISSING
from contracts.recipes.expressions import IsMissing, Name, walk
from contracts.recipes.patterns import PatternFault, check_pattern
from contracts.recipes.schema import decimal_of
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    COMPARISONS,
    ORDERED,
    Col,
    Inputs,
    Param,
    Params,
    Schema,
    StepFault,
    StepKind,
    bounds,
    listed,
    literal,
    new_name,
    typed,
)
from contracts.recipes.steps.columns import expression_type

ORDER_BY = Param(
    "order_by", "Keep the first by", "order", False, help="A column, or -column for the largest first"
)
EXPRESSION = Param(
    "expression", "Condition", "expression", help="For example dep_delay > 60 and carrier = 'UA'"
)


def _always(params: Params) -> bool:
    return True


def _filtered(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column, op = params["column"], params["op"]
    values = params.get("value", [])
    if op in ("is_missing", "not_missing"):
        return dict(schema)
    if not values:
        raise StepFault("value", f"the condition on {column} has no value.", "Give a value.")
    if len(values) > 1 and op not in ("in", "not_in"):
        raise StepFault(
            "value", f"“{COMPARISONS[op]}” takes one value, not {len(values)}.", "Use “is one of”."
        )
    if op != "contains":
        for value in values:
            literal(value, column, schema[column].type, "value")
    return dict(schema)


def _by_condition(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    kind = expression_type(schema, params["expression"], "expression")
    if kind not in ("boolean", MISSING):
        raise StepFault("expression", f"this is {kind}, not true or false.", "Compare it with something.")
    return dict(schema)


def only_missing(params: Params, name: str) -> bool:
    """Whether an expression asks no more of a column than whether it is missing."""
    nodes = list(walk(parse(params["expression"])))
    asked = [n.item for n in nodes if isinstance(n, IsMissing)]
    names = [n for n in nodes if isinstance(n, Name) and n.name == name]
    return all(any(n is item for item in asked) for n in names)


def _ranged(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column = params["column"]
    if "min" in params or "max" in params:
        typed(schema, [column], ORDERED, "column")
    bounds(params, "min", "max", column, schema[column].type)
    return dict(schema)


def _judge_sample(params: Params) -> None:
    if ("fraction" in params) == ("rows" in params):
        raise StepFault(
            "fraction", "Sample: give either a fraction or a number of rows.", "Fill in one of them."
        )
    fraction = decimal_of(params.get("fraction", "1"))
    if fraction is None or not 0 < fraction <= 1:
        raise StepFault(
            "fraction", "Sample: the fraction must be above 0 and at most 1.", "Write it like 0.1."
        )


def _judge_validate(params: Params) -> None:
    if "flag_column" in params and params["on_fail"] != "flag":
        raise StepFault("flag_column", "Validate: only “flag” makes a column.", "Take it out.")
    for rule in params["rules"]:
        if "pattern" in rule:
            try:
                check_pattern(rule["pattern"])
            except PatternFault as fault:
                raise StepFault("rules", f"{rule['column']}: {fault.text}", fault.remedy) from fault
        if rule["rule"] == "length":
            for name in ("min", "max"):
                if name in rule and not str(rule[name]).isdigit():
                    raise StepFault(
                        "rules", f"{rule['column']}: {rule[name]!r} is no length.", "Write a whole number."
                    )


def _validated(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    for rule in params["rules"]:
        column, kind = rule["column"], schema[rule["column"]].type
        if rule["rule"] == "range":
            typed(schema, [column], ORDERED, "rules")
            bounds(rule, "min", "max", column, kind, "rules")
        elif rule["rule"] in ("pattern", "length"):
            typed(schema, [column], ["text"], "rules")
            bounds(rule, "min", "max", column, "integer", "rules")
        for value in rule.get("values", []):
            literal(value, column, kind, "rules")
    if params["on_fail"] != "flag":
        return dict(schema)
    name = params.get("flag_column", "problems")
    new_name(schema, name, "flag_column")
    origins = frozenset[str]().union(*(schema[rule["column"]].origins for rule in params["rules"]))
    return {**schema, name: Col("text", origins)}


def _blind(params: Params, name: str) -> bool:
    return all(r["rule"] in ("not_null", "unique") for r in params["rules"] if r["column"] == name)


def order_words(items: list[str]) -> str:
    return listed(f"{n[1:]} (largest first)" if n.startswith("-") else n for n in items)


def rule_words(rule: dict[str, Any]) -> str:
    name = rule["column"]
    match rule["rule"]:
        case "not_null":
            return f"{name} is there"
        case "unique":
            return f"{name} is unique"
        case "pattern":
            return f"{name} matches “{rule['pattern']}”"
        case "set":
            return f"{name} is one of {listed(rule['values'], 'or')}"
    what = f"{name} has" if rule["rule"] == "length" else f"{name} is"
    unit = " characters" if rule["rule"] == "length" else ""
    return f"{what} {rule.get('min', 'any')} to {rule.get('max', 'any')}{unit}"


def _first_words(p: dict[str, Any]) -> str:
    return f", by {order_words(p['order_by'])}" if p.get("order_by") else ""


_FAIL = {"stop": "stop the job", "flag": "say so in a column", "drop": "drop the row"}
KINDS = (
    StepKind("filter", "Keep rows where", "Keep the rows that fulfil a condition.",
             (COLUMN, Param("op", "Condition", "choice", choices=tuple(COMPARISONS)),
              Param("value", "Value", "list", required=False, help="Several separated by commas for “is one of”")),
             lambda p: f"keep rows where {p['column']} {COMPARISONS[p['op']]}"
             + (f" {listed(p['value'], 'or')}" if p.get("value") else ""),
             "rows", shaper=_filtered, removes=_always, bears=lambda p, n: p["op"] in ("is_missing", "not_missing")),
    StepKind("filter_by", "Keep rows by expression", "Keep the rows for which an expression is true.", (EXPRESSION,),
             lambda p: f"keep rows where {parse(p['expression']).words}", "rows",
             shaper=_by_condition, removes=_always, bears=only_missing),
    StepKind("drop_rows", "Drop rows by expression", "Remove the rows for which an expression is true.", (EXPRESSION,),
             lambda p: f"drop rows where {parse(p['expression']).words}", "rows",
             shaper=_by_condition, removes=_always, bears=only_missing),
    StepKind("drop_missing", "Drop rows with gaps", "Remove rows where any of these columns is missing.", (COLUMNS,),
             lambda p: f"drop rows without {listed(p['columns'], 'or')}", "rows", removes=_always, bears=lambda p, n: True),
    StepKind("range_check", "Check range", "Values outside are dropped with their row, or set missing.",
             (COLUMN, Param("min", "Smallest", "text", required=False), Param("max", "Largest", "text", required=False),
              Param("on_fail", "If outside", "choice", choices=("drop", "set_missing"))),
             lambda p: f"check {p['column']} is from {p.get('min', 'any')} to {p.get('max', 'any')}, else "
             + ("drop the row" if p["on_fail"] == "drop" else "set it missing"),
             "rows", shaper=_ranged, removes=lambda p: p["on_fail"] == "drop"),
    StepKind("deduplicate", "Remove duplicates", "Keep the first of rows that are equal in these columns (none named: in all).",
             (Param("columns", "Columns", "columns", required=False), ORDER_BY),
             lambda p: f"keep the first of rows equal in {listed(p.get('columns', [])) or 'all columns'}{_first_words(p)}",
             "rows", "whole", removes=_always, bears=lambda p, n: True),
    StepKind("deduplicate_near", "Remove near-duplicates", "Keep the first of rows whose letters and digits are the same, however written.",
             (COLUMNS, ORDER_BY),
             lambda p: f"keep the first of rows with nearly the same {listed(p['columns'])}{_first_words(p)}",
             "rows", "whole", removes=_always, bears=lambda p, n: True),
    StepKind("sort", "Sort", "Order the rows; missing values come last, equal rows stay in order.",
             (Param("by", "By", "order", help="Columns separated by commas; -column for the largest first"),),
             lambda p: f"sort by {order_words(p['by'])}", "rows", "whole", bears=lambda p, n: True),
    StepKind("sample", "Sample", "Keep a random part of the rows; the same seed keeps the same rows.",
             (Param("fraction", "Fraction", "number", False, help="Like 0.1"), Param("rows", "Rows", "integer", False, least=1),
              Param("seed", "Seed", "integer", least=0, help="Any number; the same one keeps the same rows")),
             lambda p: f"keep a sample of {p['rows'] if 'rows' in p else p['fraction']} "
             + ("rows" if "rows" in p else "of the rows") + f" (seed {p['seed']})",
             "rows", "whole", judge=_judge_sample, removes=_always),
    StepKind("validate", "Validate", "Check rows against rules; stop, flag or drop those that fail.",
             (Param("rules", "Rules", "rules", help="Like dep_delay: range min=-60 max=900; carrier: set (UA, AA)"),
              Param("on_fail", "If a rule fails", "choice", choices=("stop", "flag", "drop")),
              Param("flag_column", "Column for the flag", "text", False, help="For flag; else “problems”")),
             lambda p: f"check that {listed(rule_words(r) for r in p['rules'])}, else {_FAIL[p['on_fail']]}",
             "rows", "whole", shaper=_validated, judge=_judge_validate, removes=lambda p: p["on_fail"] == "drop", bears=_blind),
)  # fmt: skip
