"""Steps that keep, remove, order and check rows."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    NUMBERS,
    TIMES,
    WHOLE,
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
from contracts.recipes.steps.literals import need_literal

COMPARISONS = {
    "eq": "is", "ne": "is not", "lt": "is less than", "lte": "is at most", "gt": "is more than", "gte": "is at least",
    "in": "is one of", "not_in": "is none of", "is_missing": "is missing", "not_missing": "is not missing",
    "contains": "contains",
}  # fmt: skip
_BARE = ("is_missing", "not_missing")


def _filter(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    kind = schema[p["column"]].type
    if p["op"] in ("lt", "lte", "gt", "gte") and kind == "boolean":
        raise StepFault("op", f"{p['column']} is true or false and has no order.", "Use “is” or “is not”.")
    for value in p.get("value", ()):
        if p["op"] != "contains":
            need_literal(value, kind, p["column"], "value")
    return dict(schema)


def _filter_value(p: dict[str, Any]) -> None:
    if p["op"] not in _BARE and not p.get("value"):
        raise StepFault("value", f"The condition on {p['column']} has no value.", "Give a value.")


def _condition(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    from contracts.recipes.expressions import ExpressionFault, columns_of, parse, type_of

    expression = parse(p["expression"])
    need(schema, sorted(columns_of(expression)), "expression")
    try:
        kind = type_of(expression, {n: c.type for n, c in schema.items()})
    except ExpressionFault as fault:
        raise StepFault("expression", fault.text, fault.remedy) from None
    if kind != "boolean":
        raise StepFault(
            "expression", f"it gives a value of type {kind}, not yes or no.", "Compare it with something."
        )
    return dict(schema)


def _say(p: dict[str, Any]) -> str:
    from contracts.recipes.expressions import parse

    return parse(p["expression"]).words


def _missing(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p.get("columns", ()))
    return dict(schema)


def _range(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    need_type(schema, p["column"], NUMBERS, "is not a number")
    return dict(schema)


def _ends(p: dict[str, Any]) -> None:
    if "min" in p and "max" in p and Decimal(p["min"]) > Decimal(p["max"]):
        raise StepFault(
            "max", f"The largest value {p['max']} is below the smallest {p['min']}.", "Exchange them."
        )


def _ordered(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p.get("columns", ()))
    for key in ("by", "order_by"):
        names = [name.removeprefix("-") for name in p.get(key, ())]
        need(schema, names, key)
        if len(set(names)) != len(names):
            raise StepFault(key, "a column stands twice in the order.", "Name each once.")
    return dict(schema)


def _near(schema: Schema, p: dict[str, Any], around: Around) -> Schema:
    _ordered(schema, p, around)
    for name in p["columns"]:
        need_type(schema, name, ("text",), "has no letters to compare", "columns")
    return dict(schema)


def _order_words(p: dict[str, Any], word: str) -> str:
    return listed(
        f"{n.removeprefix('-')}{' descending' if n.startswith('-') else ''}" for n in p.get(word, [])
    )


def _keep_words(p: dict[str, Any]) -> str:
    return (
        f"keep the first, ordered by {_order_words(p, 'order_by')},"
        if p.get("order_by")
        else "keep the first"
    )


def _sample(p: dict[str, Any]) -> None:
    if ("fraction" in p) == ("rows" in p):
        raise StepFault(
            "fraction",
            "Sample: give a fraction or a number of rows, one of them.",
            "Fill in one and empty the other.",
        )
    if "fraction" in p and not 0 < Decimal(p["fraction"]) <= 1:
        raise StepFault(
            "fraction", f"The fraction {p['fraction']} is not between 0 and 1.", "Write it like 0.1."
        )
    if "rows" in p and p["rows"] < 1:
        raise StepFault("rows", "At least one row must stay.", "Use a number from 1 up.")


def _validate(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    for rule in p["rules"]:
        need(schema, [rule["column"]], "rules")
        kind = schema[rule["column"]].type
        if rule["rule"] in ("pattern", "length") and kind != "text":
            raise StepFault(
                "rules",
                f"{rule['column']} is of type {kind}; only text has a {rule['rule']}.",
                "Use a range or a set.",
            )
        if rule["rule"] == "range" and kind not in (*NUMBERS, *TIMES):
            raise StepFault(
                "rules", f"{rule['column']} is of type {kind} and has no range.", "Use a pattern or a set."
            )
        ends = [rule[end] for end in ("min", "max") if end in rule] if rule["rule"] == "range" else []
        for value in [*rule.get("values", ()), *ends]:
            need_literal(value, kind, rule["column"], "rules")
    if p["on_fail"] != "flag":
        return dict(schema)
    fresh(schema, p["flag_column"], "flag_column")
    return {
        **schema,
        p["flag_column"]: Col("text", joined_origins(schema, [r["column"] for r in p["rules"]])),
    }


def _flag(p: dict[str, Any]) -> None:
    if p["on_fail"] == "flag" and "flag_column" not in p:
        raise StepFault("flag_column", "The column for the flag is missing.", "Name a new column.")
    for rule in p["rules"]:
        if rule["rule"] == "range" and {"min", "max"} <= set(rule) and _backwards(rule["min"], rule["max"]):
            raise StepFault(
                "rules", f"{rule['column']}: the largest value is below the smallest.", "Exchange them."
            )


def _backwards(low: str, high: str) -> bool:
    try:
        return Decimal(low) > Decimal(high)
    except InvalidOperation:
        return low > high  # Dates, year first.


def rule_words(rule: dict[str, Any]) -> str:
    """One rule as a phrase: `seats is from 1 to 800`."""
    ends = f"from {rule.get('min', 'any')} to {rule.get('max', 'any')}"
    return f"{rule['column']} " + {
        "not_null": "is not missing", "unique": "is unique", "range": f"is {ends}", "length": f"has a length {ends}",
        "pattern": f"matches {rule.get('pattern', '')!r}", "set": f"is one of {listed(rule.get('values', [])[:8], 'or')}",
    }[rule["rule"]]  # fmt: skip


_VALIDATE = {"stop": "stop if not", "flag": "say in {} what is not so", "drop": "drop the rows where not"}
ORDER = Param(
    "order_by",
    "Which is first",
    "order",
    required=False,
    help="columns separated by commas; - in front for descending; the file's order if left out",
)

ALL = (
    StepKind("filter", "Keep rows where", "Keep the rows that fulfil a condition.",
             (COLUMN, Param("op", "Condition", "choice", choices=tuple(COMPARISONS)),
              Param("value", "Value", "list", required=False, help="Several separated by commas for “is one of”")),
             lambda p: f"keep rows where {p['column']} {COMPARISONS[p['op']]}" + (f" {listed(p['value'], 'or')}" if p.get("value") else ""),
             "rows", shape=_filter, verify=_filter_value),
    StepKind("filter_by", "Keep rows by expression", "Keep the rows for which an expression is true; unknown is not true.",
             (Param("expression", "Expression", "expression", help="for example distance > 100 and origin in ('JFK', 'LGA')"),),
             lambda p: f"keep rows where {_say(p)}", "rows", shape=_condition),
    StepKind("drop_rows", "Drop rows by rule", "Remove the rows for which an expression is true; rows where it is unknown stay.",
             (Param("expression", "Expression", "expression", help="for example arr_delay < -120"),), lambda p: f"drop rows where {_say(p)}", "rows", shape=_condition),
    StepKind("drop_missing", "Drop rows with gaps", "Remove rows where any of these columns is missing.", (COLUMNS,),
             lambda p: f"drop rows without {listed(p['columns'], 'or')}", "rows", shape=_missing),
    StepKind("range_check", "Check range", "Values outside are dropped with their row, or set missing.",
             (COLUMN, Param("min", "Smallest", "number", required=False), Param("max", "Largest", "number", required=False),
              Param("on_fail", "If outside", "choice", choices=("drop", "set_missing"))),
             lambda p: f"check {p['column']} is from {p.get('min', 'any')} to {p.get('max', 'any')}, else "
             + ("drop the row" if p["on_fail"] == "drop" else "set it missing"), "rows", shape=_range, verify=_ends),
    StepKind("deduplicate", "Remove duplicates", "Keep one of the rows that are equal in these columns (none named: in all).",
             (Param("columns", "Columns", "columns", required=False), ORDER),
             lambda p: f"{_keep_words(p)} of rows equal in {names_in(p) or 'all columns'}", "rows", WHOLE, _ordered),
    StepKind("deduplicate_near", "Remove near-duplicates", "Keep one of the rows whose texts are equal but for case, accents, spaces and signs.", (COLUMNS, ORDER),
             lambda p: f"{_keep_words(p)} of rows nearly equal in {names_in(p)}", "rows", WHOLE, _near),
    StepKind("sort", "Sort", "Order the rows; missing values come last.", (Param("by", "By", "order", help="columns separated by commas; - in front for descending"),),
             lambda p: f"sort by {_order_words(p, 'by')}", "rows", WHOLE, _ordered),
    StepKind("sample", "Take a sample", "Keep a part of the rows, the same ones for the same seed.",
             (Param("fraction", "Fraction", "number", required=False, help="for example 0.1"), Param("rows", "Or number of rows", "integer", required=False), Param("seed", "Seed", "integer")),
             lambda p: f"take a sample of {p['rows'] if 'rows' in p else p['fraction']}{' rows' if 'rows' in p else ' of the rows'} (seed {p['seed']})", "rows", WHOLE, verify=_sample),
    StepKind("validate", "Check against rules", "Stop the job, flag the row or drop it where a rule does not hold.",
             (Param("rules", "Rules", "rules", help='[{"column": "seats", "rule": "range", "min": "1"}]; rules: not_null, unique, range, pattern, set, length'),
              Param("on_fail", "Where a rule does not hold", "choice", choices=("stop", "flag", "drop")),
              Param("flag_column", "Column for the flag", "text", required=False, help="for flag")),
             lambda p: f"check that {listed(rule_words(r) for r in p['rules'])}; {_VALIDATE[p['on_fail']].format(p.get('flag_column', ''))}", "rows", WHOLE, _validate, _flag),
)  # fmt: skip
