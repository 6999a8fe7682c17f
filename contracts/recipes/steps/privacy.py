"""Steps that make values or groups less telling (terms as in ISO/IEC 20889)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

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
    names_in,
    need,
    need_type,
)
from contracts.recipes.steps.faults import StepFault


def _mask(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    col = schema[p["column"]]
    return {**schema, p["column"]: Col("text", col.origins, col.token)}


def _tokens(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["columns"])
    return {**schema, **{n: Col("text", schema[n].origins, True) for n in p["columns"]}}


def _generalise(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    name, how = p["column"], p["how"]
    if how in ("band", "topcode"):
        need_type(schema, name, NUMBERS, "has no bands" if how == "band" else "has no largest value")
    if how == "date":
        need_type(schema, name, TIMES, "is no date")
    if how == "topcode":
        if schema[name].type == "integer" and Decimal(p["at"]) != Decimal(p["at"]).to_integral_value():
            raise StepFault("at", f"{name} holds whole numbers; {p['at']} is none.", "Use a whole number.")
        return dict(schema)
    return {**schema, name: schema[name].typed("text")}


def _generalise_needs(p: dict[str, Any]) -> None:
    wanted = {"band": "width", "date": "unit", "prefix": "length", "topcode": "at", "hierarchy": "table"}[
        p["how"]
    ]
    defaults = {"width": "10", "unit": "month", "length": 1}
    if wanted not in p:
        if wanted not in defaults:
            raise StepFault(wanted, f"Generalise: {wanted} is missing for {p['how']}.", "Fill it in.")
        p[wanted] = defaults[wanted]
    if p["how"] == "band" and Decimal(p["width"]) <= 0:
        raise StepFault("width", f"A band cannot be {p['width']} wide.", "Use a number above 0.")
    if p["how"] == "prefix" and p["length"] < 0:
        raise StepFault("length", "A prefix cannot be shorter than nothing.", "Use a number from 0 up.")


def _say_generalise(p: dict[str, Any]) -> str:
    how = {
        "band": f"bands of {p.get('width', '10')}", "date": f"the {p.get('unit', 'month')}", "prefix": f"the first {p.get('length', 1)} characters",
        "topcode": f"at most {p.get('at')}", "hierarchy": f"coarser values by a table of {len(p.get('table', {}))}",
    }[p["how"]]  # fmt: skip
    return f"make {p['column']} coarser: {how}"


def _perturb(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, [p["column"]], "column")
    need_type(schema, p["column"], NUMBERS, "cannot be blurred")
    return dict(schema)


def _scale(p: dict[str, Any]) -> None:
    if Decimal(p["scale"]) <= 0:
        raise StepFault(
            "scale", f"The scale {p['scale']} blurs nothing.", "Use a number above 0, in the column's unit."
        )


def _groups(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    key = "by" if "by" in p else "columns"
    need(schema, p[key], key)
    if "sensitive" in p:
        need(schema, [p["sensitive"]], "sensitive")
        if p["sensitive"] in p[key]:
            raise StepFault(
                "sensitive",
                f"{p['sensitive']} is one of the columns that make the groups.",
                "Take it out of them.",
            )
    if p.get("on_fail") == "generalise":
        return {**schema, **{n: schema[n].typed("text") for n in p["columns"]}}
    return dict(schema)


def _cells(schema: Schema, p: dict[str, Any], _: Around) -> Schema:
    need(schema, p["by"], "by")
    need(schema, [p["count"]], "count")
    need(schema, p.get("values", ()), "values")
    need_type(schema, p["count"], ("integer",), "is no count", "count")
    if set(p["by"]) & {p["count"], *p.get("values", ())}:
        raise StepFault(
            "by", "a column cannot make the cells and be blanked in them.", "Take it out of one of the two."
        )
    return dict(schema)


def at_least(name: str, least: int) -> Any:
    def verify(p: dict[str, Any]) -> None:
        if p[name] < least:
            raise StepFault(name, f"{p[name]} protects nobody.", f"Use a number from {least} up.")

    return verify


def _closeness(p: dict[str, Any]) -> None:
    if not 0 <= Decimal(p["t"]) <= 1:
        raise StepFault("t", f"{p['t']} is not between 0 and 1.", "Write it like 0.2.")


def _on_fail(*choices: str) -> Param:
    return Param(
        "on_fail",
        "Groups that are too small or too alike",
        "choice",
        required=False,
        choices=choices,
        help=f"{choices[0]} if left out",
    )


_DO = {
    "suppress": "remove the rows of other groups",
    "generalise": "make the columns coarser until it is so",
    "stop": "stop if it is not so",
}


def _do(p: dict[str, Any]) -> str:
    return _DO[p.get("on_fail", "suppress")]


K = Param("k", "Smallest group", "integer")
SENSITIVE = Param("sensitive", "Sensitive column", "column")
QUASI = Param("columns", "Columns that together may identify someone", "columns")

ALL = (
    StepKind("mask", "Mask", "Replace the middle of text by asterisks.",
             (COLUMN, Param("keep_start", "Keep at start", "integer", required=False), Param("keep_end", "Keep at end", "integer", required=False)),
             lambda p: f"mask {p['column']}, keeping {p.get('keep_start', 0)} characters at the start and {p.get('keep_end', 0)} at the end", "privacy", shape=_mask),
    StepKind("pseudonymise", "Pseudonymise", "Replace values by tokens under the contract's key.", (COLUMNS,),
             lambda p: f"replace {names_in(p)} by pseudonyms", "privacy", shape=_tokens),
    StepKind("tokenise", "Tokenise with a vault", "Replace values by tokens that only the provider can turn back, from a sealed list that never leaves the portal.", (COLUMNS,),
             lambda p: f"replace {names_in(p)} by tokens that only the provider can turn back", "privacy", shape=_tokens),
    StepKind("generalise", "Generalise", "Make values coarser: bands, dates, prefixes, a top code, or a table of broader values.",
             (COLUMN, Param("how", "How", "choice", choices=("band", "date", "prefix", "topcode", "hierarchy")),
              Param("width", "Band width", "number", required=False), Param("unit", "Date unit", "choice", required=False, choices=("day", "month", "year")),
              Param("length", "Prefix length", "integer", required=False), Param("at", "Top code", "number", required=False),
              Param("table", "Value and broader value", "mapping", required=False, help="value=broader, separated by commas, for hierarchy"),
              Param("otherwise", "Values not in the table", "text", required=False, help="missing if left out")),
             _say_generalise, "privacy", shape=_generalise, verify=_generalise_needs),
    StepKind("perturb", "Blur numbers", "Add random noise of a stated size, the same for the same seed.",
             (COLUMN, Param("scale", "Scale", "number", help="in the column's unit"), Param("noise", "Noise", "choice", required=False, choices=("laplace", "gaussian", "uniform"), help="laplace if left out", default="laplace"),
              Param("seed", "Seed", "integer")),
             lambda p: f"blur {p['column']} with {p.get('noise', 'laplace')} noise of scale {p['scale']} (seed {p['seed']})", "privacy", shape=_perturb, verify=_scale),
    StepKind("suppress_small_groups", "Suppress small groups", "Remove rows whose group is smaller than k.", (Param("by", "Group by", "columns"), K),
             lambda p: f"remove groups of fewer than {p['k']} rows by {names_in(p, 'by')}", "privacy", WHOLE, _groups),
    StepKind("k_anonymity", "k-anonymity", "See to it that every combination of these columns stands for at least k rows.", (QUASI, K, _on_fail("suppress", "generalise", "stop")),
             lambda p: f"see to it that each combination of {names_in(p)} has at least {p['k']} rows: {_do(p)}", "privacy", WHOLE, _groups, at_least("k", 2)),
    StepKind("l_diversity", "l-diversity", "See to it that every combination of these columns has at least l different sensitive values.",
             (QUASI, SENSITIVE, Param("l", "Different values", "integer"), _on_fail("suppress", "stop")),
             lambda p: f"see to it that each combination of {names_in(p)} has at least {p['l']} values of {p['sensitive']}: {_do(p)}", "privacy", WHOLE, _groups, at_least("l", 2)),
    StepKind("t_closeness", "t-closeness", "See to it that the sensitive values of every combination are spread nearly as in the whole table (earth mover's distance at most t).",
             (QUASI, SENSITIVE, Param("t", "Largest distance", "number", help="0 to 1"), _on_fail("suppress", "stop")),
             lambda p: f"see to it that {p['sensitive']} is spread within each combination of {names_in(p)} as in the whole, within {p['t']}: {_do(p)}", "privacy", WHOLE, _groups, _closeness),
    StepKind("suppress_cells", "Suppress small cells", "In a table of counts, blank cells below k, and others too where a blank could be worked out from the totals.",
             (Param("by", "Columns that make the cells", "columns"), Param("count", "Column with the count", "column"),
              Param("values", "Blanked together with it", "columns", required=False), K),
             lambda p: f"blank cells by {names_in(p, 'by')} where {p['count']} is below {p['k']}, and others from which they could be worked out", "privacy", WHOLE, _cells, at_least("k", 2)),
)  # fmt: skip
