"""Steps that change values where they stand."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from contracts.policies.taxonomy import listed
from contracts.recipes.regex import RegexFault, check_regex
from contracts.recipes.steps.base import (
    COLUMN,
    COLUMNS,
    NUMBERS,
    TIMES,
    WHOLE,
    Around,
    Param,
    Schema,
    StepKind,
    names_in,
    need,
    need_type,
)
from contracts.recipes.steps.columns import ON_FAIL
from contracts.recipes.steps.faults import StepFault
from contracts.recipes.steps.literals import need_literal

PATTERNS = ("email", "phone", "iban", "card", "ip", "url", "number")
_DIRECTIVES = set("YmdHMSfybBjzp%")


def _texts(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    for name in p["columns"]:
        need_type(schema, name, ("text",), "has no letters to change", "columns")
    return dict(schema)


def _trim(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    return dict(schema)


def _map(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    for name in p["columns"]:
        for old, new in p["table"].items():
            need_literal(old, schema[name].type, name, "table")
            if new:
                need_literal(new, schema[name].type, name, "table")
                if schema[name].type == "integer" and Decimal(new) != Decimal(new).to_integral_value():
                    raise StepFault(
                        "table", f"{name} holds whole numbers and cannot become {new}.", "Use a whole number."
                    )
    return dict(schema)


def _parse(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    need_type(schema, p["column"], ("text",), "is read from text only")
    return {**schema, p["column"]: schema[p["column"]].typed(p["to"])}


def _zone(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    need_type(schema, p["column"], ("timestamp",), "has no time of day")
    return dict(schema)


def _numbers(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    names = p.get("columns") or [p["column"]]
    where = "columns" if "columns" in p else "column"
    need(schema, names, where)
    for name in names:
        need_type(schema, name, NUMBERS, "is not a number", where)
    return dict(schema)


def _clip(schema: Schema, p: dict[str, Any], around: Around) -> Schema:
    _numbers(schema, p, around)
    if schema[p["column"]].type == "integer":
        for end in ("min", "max"):
            if end in p and Decimal(p[end]) != Decimal(p[end]).to_integral_value():
                raise StepFault(
                    end,
                    f"{p['column']} holds whole numbers and cannot become {p[end]}.",
                    "Use a whole number.",
                )
    return dict(schema)


def _ends(p: dict[str, Any]) -> None:
    if "min" not in p and "max" not in p:
        raise StepFault("min", "Neither a smallest nor a largest value is given.", "Fill in one of them.")
    if "min" in p and "max" in p and Decimal(p["min"]) > Decimal(p["max"]):
        raise StepFault(
            "max", f"The largest value {p['max']} is below the smallest {p['min']}.", "Exchange them."
        )


def _fill(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    for name in p["columns"]:
        kind = schema[name].type
        if p["with"] == "median" and kind not in (*NUMBERS, *TIMES):
            raise StepFault(
                "with", f"{name} is not a number and has no median.", "Use mode, previous or a constant."
            )
        if p["with"] == "constant":
            need_literal(p["value"], kind, name, "value")
            if kind == "integer" and Decimal(p["value"]) != Decimal(p["value"]).to_integral_value():
                raise StepFault(
                    "value", f"{name} holds whole numbers; {p['value']} is none.", "Use a whole number."
                )
    return dict(schema)


def _fill_value(p: dict[str, Any]) -> None:
    if p["with"] == "constant" and "value" not in p:
        raise StepFault("value", "Fill missing values: the value is missing.", "Say what to put in.")


def _replace(p: dict[str, Any]) -> None:
    if p.get("regex"):
        try:
            check_regex(p["find"])
        except RegexFault as fault:
            raise StepFault(
                "find", f"Replace: {fault}", "Only patterns that never hang are taken (RE2)."
            ) from None
        _rewrite(p["find"], p.get("with", ""))


def _rewrite(pattern: str, rewrite: str) -> None:
    groups = re.compile(pattern).groups
    for found in re.finditer(r"\\(.?)", rewrite):
        if found.group(1) != "\\" and not (found.group(1).isdigit() and int(found.group(1)) <= groups):
            raise StepFault(
                "with",
                f"{found.group(0)!r} names no group of the pattern.",
                "Use \\1 for the first group, \\\\ for a backslash.",
            )


def _format(p: dict[str, Any]) -> None:
    if "format" in p:
        used = re.findall(r"%(.?)", p["format"])
        if not used or any(letter not in _DIRECTIVES for letter in used):
            raise StepFault(
                "format",
                f"{p['format']!r} is no pattern for a date.",
                "Write it like %d.%m.%Y or %Y-%m-%d %H:%M.",
            )
    if "zone" in p:
        _known_zone(p)


def _known_zone(p: dict[str, Any]) -> None:
    if p["zone"] not in available_timezones():
        raise StepFault("zone", f"{p['zone']!r} is no time zone.", "Write it like Europe/Berlin or UTC.")


def _redact(p: dict[str, Any]) -> None:
    if not p.get("patterns") and not p.get("also"):
        raise StepFault(
            "patterns",
            "Redact: nothing is named to look for.",
            f"Choose some of {', '.join(PATTERNS)}, or give a pattern.",
        )


ALL = (
    StepKind("trim", "Trim spaces", "Remove spaces around text and squeeze those inside.", (COLUMNS,), lambda p: f"trim {names_in(p)}", shape=_trim),
    StepKind("case", "Change case", "Write text in lower case, upper case or with capitals.",
             (COLUMNS, Param("to", "Case", "choice", choices=("lower", "upper", "title"))), lambda p: f"write {names_in(p)} in {p['to']} case", shape=_texts),
    StepKind("normalise", "Normalise Unicode", "Bring letters that look the same to the same characters (NFC), or compatible ones too (NFKC).",
             (COLUMNS, Param("form", "Form", "choice", required=False, choices=("NFC", "NFKC"), help="NFC if left out", default="NFC")),
             lambda p: f"bring {names_in(p)} to Unicode form {p.get('form', 'NFC')}", shape=_texts),
    StepKind("replace", "Replace text", "Replace a text, or what a pattern finds, by another.",
             (COLUMNS, Param("find", "Find", "text"), Param("with", "Replace by", "text", required=False),
              Param("regex", "Find is a pattern (RE2)", "boolean", required=False)),
             lambda p: f"replace {'what matches ' if p.get('regex') else ''}{p['find']!r} by {p.get('with', '')!r} in {names_in(p)}", shape=_texts, verify=_replace),
    StepKind("map_values", "Map values", "Replace whole values by a table.",
             (COLUMNS, Param("table", "Old and new values", "mapping", help="old=new, separated by commas; nothing after = makes it missing"),
              Param("otherwise", "Values not in the table", "choice", required=False, choices=("keep", "set_missing", "stop"), help="keep if left out", default="keep")),
             lambda p: f"map {len(p['table'])} values of {names_in(p)} by a table"
             + {"keep": "", "set_missing": ", others become missing", "stop": ", stop at others"}[p.get("otherwise", "keep")], shape=_map),
    StepKind("parse_dates", "Read dates", "Read text as dates or times, with the order of day and month that you name.",
             (COLUMN, Param("order", "Order", "choice", required=False, choices=("ymd", "dmy", "mdy"), help="ymd if left out", default="ymd"),
              Param("format", "Exact pattern", "text", required=False, help="for example %d.%m.%Y %H:%M; then the order is not asked"),
              Param("zone", "Time zone of the text", "text", required=False, help="for times: read in this zone, kept in UTC"),
              Param("to", "Type", "choice", choices=("date", "timestamp")), ON_FAIL),
             lambda p: f"read {p['column']} as {p['to']} ({p.get('format') or p.get('order', 'ymd')}{', ' + p['zone'] if 'zone' in p else ''})"
             + (", and set missing what does not fit" if p.get("on_fail") == "set_missing" else ""), shape=_parse, verify=_format),
    StepKind("to_zone", "Change time zone", "Show times by the clock of another zone. Times without a zone are taken as UTC.", (COLUMN, Param("zone", "Time zone", "text")),
             lambda p: f"show {p['column']} by the clock of {p['zone']}", shape=_zone, verify=_known_zone),
    StepKind("round", "Round", "Round numbers to some digits after the point (negative: tens, hundreds); halves go to the even digit.",
             (COLUMNS, Param("digits", "Digits", "integer")), lambda p: f"round {names_in(p)} to {p['digits']} digits", shape=_numbers,
             verify=lambda p: _digits(p)),
    StepKind("clip", "Clip", "Put values outside a range onto its ends.",
             (COLUMN, Param("min", "Smallest", "number", required=False), Param("max", "Largest", "number", required=False)),
             lambda p: f"clip {p['column']} to {p.get('min', 'any')} to {p.get('max', 'any')}", shape=_clip, verify=_ends),
    StepKind("fill_missing", "Fill missing values", "Put a value where there is none.",
             (COLUMNS, Param("with", "With", "choice", choices=("constant", "median", "mode", "previous")),
              Param("value", "Value", "text", required=False, help="for constant")),
             lambda p: f"fill gaps in {names_in(p)} with " + (repr(p.get("value", "")) if p["with"] == "constant" else f"the {p['with']}" + (" value" if p["with"] == "previous" else "")),
             scope=WHOLE, shape=_fill, verify=_fill_value),
    StepKind("redact", "Redact inside text", "Black out e-mail addresses, phone numbers and the like inside free text.",
             (COLUMNS, Param("patterns", "What", "list", required=False, choices=PATTERNS, help=", ".join(PATTERNS)),
              Param("also", "Also what matches (RE2)", "regex", required=False), Param("with", "Put instead", "text", required=False, help="[e-mail], [phone] and so on if left out")),
             lambda p: "black out " + listed([*p.get("patterns", []), *(["what matches " + repr(p["also"])] if "also" in p else [])]) + f" in {names_in(p)}",
             shape=_texts, verify=_redact),
)  # fmt: skip


def _digits(p: dict[str, Any]) -> None:
    if not -18 <= p["digits"] <= 30:
        raise StepFault("digits", f"{p['digits']} digits are too many.", "Use a number from -18 to 30.")
