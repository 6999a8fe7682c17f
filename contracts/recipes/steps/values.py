"""Steps that change values where they stand."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from contracts.recipes.patterns import PatternFault, check_pattern, check_replacement
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    NUMERIC,
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
    typed,
)
from contracts.recipes.steps.columns import ON_FAIL

OTHERWISE = Param("otherwise", "Other values", "choice", False, ("keep", "set_missing", "stop"), default="keep",
                  help="What happens to a value that is not in the table")  # fmt: skip
REDACTED = ("email", "phone", "iban", "card", "ip", "url", "number")
DIRECTIVES = "YmdHMSfjybBpI%"


def _text_only(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(
        schema,
        params.get("columns") or [params["column"]],
        ["text"],
        "columns" if "columns" in params else "column",
    )
    return dict(schema)


def pattern(params: Params, name: str) -> int:
    """The number of groups of a pattern in this parameter. Raises StepFault."""
    try:
        return check_pattern(params[name])
    except PatternFault as fault:
        raise StepFault(name, fault.text, fault.remedy) from fault


def _judge_replace(params: Params) -> None:
    if params.get("regex"):
        groups = pattern(params, "find")
        try:
            check_replacement(params.get("with", ""), groups)
        except PatternFault as fault:
            raise StepFault("with", fault.text, fault.remedy) from fault


def _mapped(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column = params["column"]
    kind = schema[column].type
    seen: dict[str, str] = {}
    for old, new in params["table"].items():
        literal(old, column, kind, "table", stored=True)
        literal(new, column, kind, "table", stored=True)
        one = old if kind == "text" else old.strip().lower()
        if one in seen:
            raise StepFault("table", f"{old!r} and {seen[one]!r} are the same value.", "Keep one of them.")
        seen[one] = old
    return dict(schema)


def zone(params: Params) -> None:
    """Raises StepFault for a time zone that there is not."""
    if "zone" in params and params["zone"] not in available_timezones():
        raise StepFault("zone", f"there is no time zone {params['zone']!r}.", "Write it like Europe/Berlin.")


def _judge_dates(params: Params) -> None:
    zone(params)
    if "zone" in params and params["to"] == "date":
        raise StepFault("zone", "a date has no time zone.", "Take the zone out, or read it as timestamp.")
    if "format" not in params:
        return
    if "order" in params:
        raise StepFault("order", "an order is for dates without a format.", "Take one of them out.")
    used = re.findall(r"%(.?)", params["format"])
    strange = [u for u in used if u not in DIRECTIVES or not u]
    if strange or not used:
        raise StepFault("format", f"the format {params['format']!r} cannot be used.",
                        "Write it like %d.%m.%Y %H:%M; there are " + ", ".join(f"%{d}" for d in DIRECTIVES))  # fmt: skip
    if ("j" not in used and not ({"d"} <= set(used) and set(used) & {"m", "b", "B"})) or not set(used) & {
        "Y",
        "y",
    }:
        raise StepFault("format", "the format does not say year, month and day.", "Write it like %Y-%m-%d.")


def _dated(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(schema, [params["column"]], ["text"], "column")
    return {**schema, params["column"]: schema[params["column"]].typed(params["to"])}


def _zoned(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(schema, [params["column"]], ["timestamp"], "column", "Read it as a timestamp before this step.")
    return dict(schema)


def _rounded(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(schema, params["columns"], NUMERIC, "columns")
    return dict(schema)


def _judge_clip(params: Params) -> None:
    if "min" not in params and "max" not in params:
        raise StepFault("min", "Clip: there is neither a smallest nor a largest.", "Write one of them.")


def _clipped(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column = params["column"]
    typed(schema, [column], ORDERED, "column")
    kind = schema[column].type
    bounds(params, "min", "max", column, kind)
    for name in ("min", "max"):
        if name in params:
            literal(params[name], column, kind, name, stored=True)
    return dict(schema)


def _filled(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    how = params["with"]
    if how == "median":
        typed(schema, params["columns"], NUMERIC, "with", "Use mode or a constant.")
    if how == "constant":
        for name in params["columns"]:
            literal(params.get("value", ""), name, schema[name].type, "value", stored=True)
    return dict(schema)


def _judge_fill(params: Params) -> None:
    if "value" in params and params["with"] != "constant":
        raise StepFault("value", f"Fill missing values: {params['with']} needs no value.", "Take it out.")


def _judge_redact(params: Params) -> None:
    if not params.get("patterns") and "also" not in params:
        raise StepFault("patterns", "Redact: there is nothing to look for.", "Choose what to redact.")
    if "also" in params:
        pattern(params, "also")


def _span(params: dict[str, Any]) -> str:
    low, high = params.get("min"), params.get("max")
    return f"from {low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def _fill_words(p: dict[str, Any]) -> str:
    how = {"constant": repr(p.get("value", "")), "previous": "the value before"}.get(
        p["with"], f"the {p['with']}"
    )
    return f"fill gaps in {listed(p['columns'])} with {how}"


_OTHER = {"keep": "", "set_missing": ", other values set missing", "stop": ", stopping at other values"}
KINDS = (
    StepKind("trim", "Trim spaces", "Remove spaces around text and squeeze those inside.", (COLUMNS,),
             lambda p: f"trim {listed(p['columns'])}", "values", bears=lambda p, n: True),
    StepKind("case", "Change case", "Write text in lower or upper case, or each word with a capital.",
             (COLUMNS, Param("to", "To", "choice", choices=("lower", "upper", "title"))),
             lambda p: f"write {listed(p['columns'])} in {p['to']} case", "values", shaper=_text_only),
    StepKind("normalise", "Normalise Unicode", "Write letters that look the same in the same way.",
             (COLUMNS, Param("form", "Form", "choice", False, ("NFC", "NFKC"), default="NFC",
                             help="NFKC also makes ligatures and full-width letters plain")),
             lambda p: f"normalise the letters of {listed(p['columns'])} ({p.get('form', 'NFC')})", "values", shaper=_text_only),
    StepKind("replace", "Replace text", "Replace a text, or what a pattern finds, wherever it stands.",
             (COLUMNS, Param("find", "Find", "text"), Param("with", "Replace with", "text", False, default="", help="Left empty, what is found is taken out"),
              Param("regex", "It is a pattern", "boolean", False, default=False, help="A regular expression (RE2 syntax); \\1 is what its first group found")),
             lambda p: f"replace {'the pattern ' if p.get('regex') else ''}“{p['find']}” by “{p.get('with', '')}” in {listed(p['columns'])}",
             "values", shaper=_text_only, judge=_judge_replace),
    StepKind("map_values", "Map values by a table", "Replace values by others of the same type, as a table says.",
             (COLUMN, Param("table", "Old and new values", "mapping"), OTHERWISE),
             lambda p: f"in {p['column']} write " + listed(f"{b or '(nothing)'} for {a or '(nothing)'}" for a, b in list(p["table"].items())[:5])
             + (f" and {len(p['table']) - 5} more" if len(p["table"]) > 5 else "") + _OTHER[p.get("otherwise", "keep")],
             "values", shaper=_mapped),
    StepKind("parse_dates", "Read dates", "Read text as dates or times, with a stated order or format.",
             (COLUMN, Param("order", "Order", "choice", False, ("ymd", "dmy", "mdy"), help="Year, month, day unless a format is given"),
              Param("format", "Format", "text", False, help="Like %d.%m.%Y %H:%M"),
              Param("zone", "Time zone of the text", "text", False, help="Like Europe/Berlin; the result is UTC"),
              Param("to", "As", "choice", choices=("date", "timestamp")), ON_FAIL),
             lambda p: f"read {p['column']} as {p['to']} ({p.get('format') or p.get('order', 'ymd')}"
             + (f", {p['zone']})" if "zone" in p else ")"), "values", shaper=_dated, judge=_judge_dates),
    StepKind("to_zone", "Change time zone", "Show a point in time as the clocks of a zone had it.",
             (COLUMN, Param("zone", "Time zone", "text", help="Like Europe/Berlin")),
             lambda p: f"show {p['column']} in the time of {p['zone']}", "values", shaper=_zoned, judge=zone),
    StepKind("round", "Round", "Round numbers; a half goes to the even digit, as in 2.5 to 2 and 3.5 to 4.",
             (COLUMNS, Param("digits", "Digits", "integer", least=-15, most=15, help="Negative for tens, hundreds …")),
             lambda p: f"round {listed(p['columns'])} to {p['digits']} digits", "values", shaper=_rounded),
    StepKind("clip", "Clip", "Set values beyond a bound to the bound.",
             (COLUMN, Param("min", "Smallest", "text", False), Param("max", "Largest", "text", False)),
             lambda p: f"clip {p['column']} to {_span(p)}", "values", shaper=_clipped, judge=_judge_clip),
    StepKind("fill_missing", "Fill missing values", "Put a value where there is none.",
             (COLUMNS, Param("with", "With", "choice", choices=("constant", "median", "mode", "previous")),
              Param("value", "Value", "text", required=False, help="Only for a value of your own")),
             _fill_words, "values", "whole", shaper=_filled, judge=_judge_fill,
             bears=lambda p, n: p["with"] in ("mode", "previous")),
    StepKind("redact", "Redact inside text", "Black out addresses, numbers and the like inside free text.",
             (COLUMNS, Param("patterns", "What", "list", False, REDACTED, help=", ".join(REDACTED)),
              Param("also", "Also this pattern", "text", False, help="A regular expression (RE2 syntax)"),
              Param("with", "Put there", "text", False, help="Else the kind in brackets, like [email]")),
             lambda p: f"redact {listed([*p.get('patterns', []), *(['a pattern'] if 'also' in p else [])])} in {listed(p['columns'])}",
             "values", shaper=_text_only, judge=_judge_redact),
)  # fmt: skip
