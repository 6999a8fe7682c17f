"""Steps that make values or groups less telling."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.recipes.schema import decimal_of
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
    listed,
    literal,
    typed,
)

QUASI = Param("columns", "Columns that could tell who it is", "columns")
_NEEDS = {
    "band": ("width",),
    "date": ("unit",),
    "prefix": ("length",),
    "topcode": ("at",),
    "hierarchy": ("table", "otherwise"),
}


def _always(params: Params) -> bool:
    return True


def _covered(cover: str) -> Any:
    def shape(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
        names = set(params.get("columns") or [params["column"]])
        return {n: c.covered(cover) if n in names else c for n, c in schema.items()}

    return shape


def _judge_generalise(params: Params) -> None:
    how = params["how"]
    for name in _NEEDS[how]:
        if name not in params:
            raise StepFault(name, f"Generalise: {how} needs {name}.", "Fill it in.")
    allowed = {"column", "how", *_NEEDS[how]}
    extra = [n for n in params if n not in allowed]
    if extra:
        raise StepFault(extra[0], f"Generalise: {how} takes no {extra[0]}.", "Take it out.")
    if how == "band" and (decimal_of(params["width"]) or 0) <= 0:
        raise StepFault("width", "Generalise: the width of a band must be above 0.", "Write it like 10.")


def _generalised(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    column, how = params["column"], params["how"]
    kind = schema[column].type
    if how == "band":
        typed(schema, [column], NUMERIC, "column", "Bands need numbers; use date or prefix for others.")
    elif how == "date":
        typed(schema, [column], ("date", "timestamp"), "column", "Read it as a date before this step.")
    elif how == "topcode":
        typed(schema, [column], ORDERED, "column")
        literal(params["at"], column, kind, "at", stored=True)
        return dict(schema)
    elif how == "hierarchy":
        for old in params["table"]:
            literal(old, column, kind, "table", stored=True)
    return {**schema, column: schema[column].typed("text")}


def _perturbed(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(schema, [params["column"]], NUMERIC, "column")
    return dict(schema)


def _judge_perturb(params: Params) -> None:
    if (decimal_of(params["scale"]) or 0) <= 0:
        raise StepFault("scale", "Perturb: the scale must be above 0.", "Write it like 2.5.")


def _anonymous(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    """Generalised columns become text: bands, months, prefixes."""
    if params.get("on_fail") != "generalise":
        return dict(schema)
    return {n: c.typed("text") if n in params["columns"] else c for n, c in schema.items()}


def _apart(params: Params) -> None:
    if params["sensitive"] in params["columns"]:
        raise StepFault("sensitive", f"{params['sensitive']} is one of the columns that tell who it is.",
                        "The sensitive column must be another.")  # fmt: skip
    if "t" in params and not 0 < (decimal_of(params["t"]) or 0) <= 1:
        raise StepFault("t", "t-closeness: t must be above 0 and at most 1.", "Write it like 0.2.")


def _cells(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    typed(schema, [params["count"]], ["integer"], "count")
    doubled = [n for n in [params["count"], *params.get("values", [])] if n in params["by"]]
    if doubled:
        raise StepFault("by", f"{listed(doubled)} is a value and not a group.", "Take it out of one of them.")
    return dict(schema)


def _judge_watermark(params: Params) -> None:
    if not 0 < (decimal_of(params["share"]) or 0) <= Decimal("0.05"):
        raise StepFault(
            "share", "Tracing mark: the share must be above 0 and at most 0.05.", "Write it like 0.01."
        )


def share_words(share: str) -> str:
    """`0.01` as “about 1 in 100”."""
    return f"about 1 in {round(1 / Decimal(share)):,}"


def generalise_words(p: dict[str, Any]) -> str:
    match p["how"]:
        case "band":
            how = f"in bands of {p['width']}"
        case "date":
            how = f"to the {p['unit']}"
        case "prefix":
            how = f"to its first {p['length']} characters"
        case "topcode":
            how = f"to {p['at']} at most"
        case _:
            how = f"by a table of {len(p['table'])} values"
    return f"generalise {p['column']} {how}"


def _else(p: dict[str, Any]) -> str:
    return {"suppress": "removing rows that fall short", "generalise": "making values coarser until they do",
            "stop": "stopping if they fall short"}[p.get("on_fail", "suppress")]  # fmt: skip


def _on_fail(*choices: str) -> Param:
    return Param("on_fail", "If a group falls short", "choice", False, choices, default="suppress")


_MAY_REMOVE = lambda p: p.get("on_fail", "suppress") != "stop"  # noqa: E731
_BEARS = lambda p, n: p.get("on_fail") != "generalise" or n not in p["columns"]  # noqa: E731
K = Param("k", "Smallest group", "integer", least=2, most=1_000_000)
KINDS = (
    StepKind("mask", "Mask", "Replace the middle of text by asterisks.",
             (COLUMN, Param("keep_start", "Keep at start", "integer", required=False, least=0, most=1000),
              Param("keep_end", "Keep at end", "integer", required=False, least=0, most=1000)),
             lambda p: f"mask {p['column']}, keeping {p.get('keep_start', 0)} characters at the start and {p.get('keep_end', 0)} at the end",
             "privacy", shaper=_covered("mask"), bears=lambda p, n: True),
    StepKind("pseudonymise", "Pseudonymise", "Replace values by tokens under the contract's key.", (COLUMNS,),
             lambda p: f"replace {listed(p['columns'])} by pseudonyms", "privacy", shaper=_covered("pseudonym"),
             bears=lambda p, n: True),
    StepKind("tokenise", "Tokenise", "Replace values by random tokens; only the owner can look them up.", (COLUMNS,),
             lambda p: f"replace {listed(p['columns'])} by random tokens kept in a vault", "privacy", "whole",
             shaper=_covered("token")),
    StepKind("generalise", "Generalise", "Make values coarser: bands, months, prefixes, a top code, or a table.",
             (COLUMN, Param("how", "How", "choice", choices=tuple(_NEEDS)), Param("width", "Band width", "number", required=False, help="For bands"),
              Param("unit", "Date unit", "choice", required=False, choices=("day", "month", "year"), help="For part of a date"),
              Param("length", "Prefix length", "integer", required=False, least=1, most=1000, help="For first characters"),
              Param("at", "One group from", "text", required=False, help="For one group of the highest: all from this value on"),
              Param("table", "Value and coarser value", "mapping", False, help="For a table: pairs like Köln=NRW, separated by commas"),
              Param("otherwise", "Values not in the table", "choice", False, ("keep", "set_missing", "stop"),
                    help="Keep leaves them as fine as they are")),
             generalise_words, "privacy", shaper=_generalised, judge=_judge_generalise),
    StepKind("perturb", "Perturb", "Add random noise to numbers; the same seed adds the same noise.",
             (COLUMN, Param("scale", "Scale", "number", help="How strong: b of Laplace, standard deviation of the normal, half width of the uniform distribution"),
              Param("noise", "Noise", "choice", False, ("laplace", "gaussian", "uniform"), default="laplace"),
              Param("seed", "Seed", "integer", least=0, help="Any number; the same one adds the same noise")),
             lambda p: f"add {p.get('noise', 'laplace')} noise of scale {p['scale']} to {p['column']} (seed {p['seed']})",
             "privacy", shaper=_perturbed, judge=_judge_perturb),
    StepKind("suppress_small_groups", "Suppress small groups", "Remove rows whose group is smaller than k.",
             (Param("by", "Group by", "columns"), Param("k", "Smallest group", "integer", least=1)),
             lambda p: f"remove groups of fewer than {p['k']} rows by {listed(p['by'])}", "privacy", "whole",
             removes=_always, bears=lambda p, n: True),
    StepKind("k_anonymity", "k-anonymity", "Make sure that every combination of these columns occurs at least k times.",
             (QUASI, K, _on_fail("suppress", "generalise", "stop")),
             lambda p: f"make {listed(p['columns'])} {p['k']}-anonymous, {_else(p)}", "privacy", "whole", shaper=_anonymous,
             removes=_MAY_REMOVE, bears=_BEARS),
    StepKind("l_diversity", "l-diversity", "Make sure that every group holds at least l different sensitive values.",
             (QUASI, Param("sensitive", "Sensitive column", "column"), Param("l", "Different values", "integer", least=2, most=10_000),
              _on_fail("suppress", "generalise", "stop")),
             lambda p: f"make sure each group by {listed(p['columns'])} has {p['l']} different {p['sensitive']}, {_else(p)}",
             "privacy", "whole", judge=_apart, shaper=_anonymous, removes=_MAY_REMOVE, bears=_BEARS),
    StepKind("t_closeness", "t-closeness", "Make sure that the sensitive values of every group are spread as in the whole.",
             (QUASI, Param("sensitive", "Sensitive column", "column"), Param("t", "Largest distance", "number", help="0: spread exactly as in the whole; 1: anything"),
              _on_fail("suppress", "generalise", "stop")),
             lambda p: f"make sure {p['sensitive']} in each group by {listed(p['columns'])} is within {p['t']} of the whole, {_else(p)}",
             "privacy", "whole", judge=_apart, shaper=_anonymous, removes=_MAY_REMOVE, bears=_BEARS),
    StepKind("suppress_cells", "Suppress small cells", "Blank small counts of an aggregate, and as many more as keep them from being derived.",
             (Param("by", "Groups", "columns"), Param("count", "Column with the count", "column"),
              Param("values", "Columns blanked with it", "columns", False), K),
             lambda p: f"blank {listed([p['count'], *p.get('values', [])])} where fewer than {p['k']}, and what would give them away",
             "privacy", "whole", shaper=_cells, bears=lambda p, n: n in p["by"]),
    StepKind("watermark", "Tracing mark", "Leave out a few rows, other ones for each export, so that a leaked copy can be traced.",
             (Param("share", "Share of rows left out", "number", help="At most 0.05"),),
             lambda p: f"leave out {share_words(p['share'])} rows, other ones for each export, so that a leaked copy can be traced",
             "privacy", judge=_judge_watermark, removes=_always, bears=lambda p, n: True, offered=False),
)  # fmt: skip
