"""Steps that make another table: joins and groups."""

from __future__ import annotations

from contracts.recipes.steps.base import (
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
    new_name,
    typed,
)


def _alike(left: str, right: str) -> bool:
    return left == right or (left in NUMERIC and right in NUMERIC)


def _joined(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    alias = params["with"]
    if alias not in inputs:
        raise StepFault("with", f"there is no further dataset {alias!r}.",
                        f"There is {listed(inputs)}." if inputs else "The agreement covers no further dataset.")  # fmt: skip
    other = inputs[alias]
    for where, columns in (("on", params["on"].values()), ("columns", params["columns"])):
        missing = [n for n in columns if n not in other]
        if missing:
            raise StepFault(where, f"{alias} has no column {listed(missing)}.",
                            f"Its columns: {', '.join(list(other)[:20])}")  # fmt: skip
    for left, right in params["on"].items():
        if not _alike(schema[left].type, other[right].type):
            raise StepFault("on", f"{left} is {schema[left].type} and {alias}.{right} is {other[right].type}.",
                            "Change the type of one of them before this step.")  # fmt: skip
    for name in params["columns"]:
        new_name(schema, name, "columns")
    return {**schema, **{name: other[name] for name in params["columns"]}}


def _grouped(schema: Schema, params: Params, inputs: Inputs) -> dict[str, Col]:
    found = {name: schema[name] for name in params["by"]}
    for measure in params["measures"]:
        name, how, column = measure["as"], measure["how"], measure.get("column")
        new_name(found, name, "measures")
        if how in ("sum", "mean", "median") and column:
            typed(schema, [column], NUMERIC, "measures")
        if how in ("min", "max") and column:
            typed(schema, [column], (*ORDERED, "text"), "measures")
        kind = {"count": "integer", "distinct": "integer", "mean": "number", "median": "number"}.get(how)
        source = schema[column] if column else Col("integer")
        found[name] = Col(kind or source.type, source.origins)
    return found


def _whole_group(params: Params, name: str) -> bool:
    return all(m["how"] in ("count", "distinct") for m in params["measures"] if m.get("column") == name)


def _judge_join(params: Params) -> None:
    if not all(params["on"].values()):
        raise StepFault("on", "Join: a pair has an empty half.", "Write it like tailnum=tail.")


def measure_words(how: str, column: str) -> str:
    """What a measure says: the number of rows, the mean of dep_delay."""
    return {"count": f"the number of {column or 'rows'}", "distinct": f"the number of different {column}",
            "min": f"the smallest {column}", "max": f"the largest {column}"}.get(how, f"the {how} of {column}")  # fmt: skip


KINDS = (
    StepKind("join", "Join another dataset", "Add columns of another dataset of the same agreement where keys are equal.",
             (Param("with", "Dataset", "input", help="The short name that the contract gives it"), Param("on", "Equal columns", "mapping", of="columns", help="This one=that one, like tailnum=tail"),
              Param("columns", "Columns to add", "list", help="Names in the other dataset, separated by commas"),
              Param("how", "Rows without a partner", "choice", False, ("left", "inner"), default="left",
                    help="Rows here that have none there")),
             lambda p: f"add {listed(p['columns'])} from {p['with']} where "
             + listed(f"{a} is its {b}" for a, b in p["on"].items())
             + (", dropping rows without a partner" if p.get("how") == "inner" else ""),
             "tables", "whole", shaper=_joined, judge=_judge_join, removes=lambda p: p.get("how") == "inner",
             bears=lambda p, n: True),
    StepKind("group", "Group and sum up", "One row for each group, with counts, sums, means and the like.",
             (Param("by", "Group by", "columns"),
              Param("measures", "Measures", "measures", help="Like mean(dep_delay) as mean_delay, count() as rows")),
             lambda p: f"group by {listed(p['by'])} with "
             + listed(f"{measure_words(m['how'], m.get('column', ''))} as {m['as']}" for m in p["measures"]),
             "tables", "whole", shaper=_grouped, removes=lambda p: True, bears=_whole_group),
)  # fmt: skip
