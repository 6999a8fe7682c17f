"""A table with every type, each step of the catalogue as someone may write it, and running one on the other."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.recipes.recipe import Step
from contracts.recipes.steps import STEPS
from jobs.pipeline.engine import run
from jobs.pipeline.faults import StepError
from jobs.pipeline.types import name_of

SCHEMA = pa.schema([
    ("t", pa.string()), ("g", pa.string()), ("n", pa.int64()), ("d", pa.decimal128(38, 2)), ("f", pa.float64()),
    ("b", pa.bool_()), ("day", pa.date32()), ("at", pa.timestamp("us")), ("when", pa.string()),
])  # fmt: skip
TYPES = {f.name: name_of(f.type) for f in SCHEMA}
MARK = {"pool": b"p" * 32, "own": b"o" * 32}
OTHER_TYPES = {"other": {"g": "text", "size": "integer"}}
OTHER = {"g": ["x", "y", "y", None], "size": [1, 2, 3, 4]}
EVERY: list[tuple[str, dict[str, Any]]] = [
    ("select", {"columns": ["n", "t"]}), ("drop", {"columns": ["t"]}), ("rename", {"mapping": {"t": "text"}}), ("reorder", {"columns": ["f", "n"]}),
    ("cast", {"column": "t", "to": "integer", "on_fail": "set_missing"}), ("cast", {"column": "n", "to": "text"}),
    ("split", {"column": "t", "separator": " ", "into": ["one", "two"], "keep_source": True}), ("split", {"column": "t", "separator": "a", "into": ["one"]}),
    ("join_text", {"columns": ["t", "n", "day"], "separator": "/", "into": "all"}),
    ("calculate", {"into": "sum", "expression": "n % 7 + length(t)"}), ("calculate", {"into": "twice", "expression": "if(b, d * 2, -d)"}),
    ("trim", {"columns": ["t", "g"]}), ("case", {"columns": ["t"], "to": "upper"}), ("normalise", {"columns": ["t"]}),
    ("replace", {"columns": ["t"], "find": "[aé]+", "with": "_", "regex": True}), ("replace", {"columns": ["t"], "find": "a", "with": "b"}),
    ("map_values", {"column": "g", "table": {"x": "ex", "y": ""}, "otherwise": "set_missing"}),
    ("parse_dates", {"column": "when", "order": "dmy", "to": "date", "on_fail": "set_missing"}),
    ("parse_dates", {"column": "when", "order": "dmy", "to": "timestamp", "zone": "Europe/Berlin", "on_fail": "set_missing"}),
    ("to_zone", {"column": "at", "zone": "America/New_York"}), ("round", {"columns": ["d", "f"], "digits": 1}), ("round", {"columns": ["n"], "digits": -2}),
    ("clip", {"column": "n", "min": "-5", "max": "5"}), ("fill_missing", {"columns": ["n", "f"], "with": "median"}), ("fill_missing", {"columns": ["t", "day"], "with": "mode"}),
    ("fill_missing", {"columns": ["t", "n"], "with": "previous"}), ("fill_missing", {"columns": ["d"], "with": "constant", "value": "1.5"}),
    ("redact", {"columns": ["t"], "patterns": ["email", "number", "iban", "card", "phone", "ip", "url"]}),
    ("filter", {"column": "n", "op": "gte", "value": ["0"]}), ("filter_by", {"expression": "n > 0 and t is not missing or b"}), ("drop_rows", {"expression": "f < 0"}),
    ("drop_missing", {"columns": ["t", "n"]}), ("range_check", {"column": "f", "min": "-1", "max": "1", "on_fail": "set_missing"}),
    ("deduplicate", {}), ("deduplicate", {"columns": ["g", "b"], "order_by": ["-n", "t"]}), ("deduplicate", {"columns": ["g"]}),
    ("deduplicate_near", {"columns": ["t"]}), ("sort", {"by": ["-n", "t", "day"]}), ("sample", {"fraction": "0.5", "seed": 3}), ("sample", {"rows": 4, "seed": 3}),
    ("validate", {"rules": [{"column": "n", "rule": "range", "min": "0"}, {"column": "t", "rule": "unique"}], "on_fail": "flag", "flag_column": "bad"}),
    ("validate", {"rules": [{"column": "t", "rule": "pattern", "pattern": "a*"}, {"column": "g", "rule": "set", "values": ["x"]}], "on_fail": "drop"}),
    ("join", {"with": "other", "on": {"g": "g"}, "columns": ["size"]}), ("join", {"with": "other", "on": {"g": "g"}, "columns": ["size"], "how": "inner"}),
    ("group", {"by": ["g", "b"], "measures": [{"how": "count", "as": "rows"}, {"how": "mean", "column": "f", "as": "m"}, {"how": "max", "column": "d", "as": "top"},
                                             {"how": "median", "column": "n", "as": "mid"}, {"how": "distinct", "column": "t", "as": "u"}]}),
    ("mask", {"column": "t", "keep_start": 1}), ("pseudonymise", {"columns": ["t", "n"]}), ("tokenise", {"columns": ["g"]}),
    ("generalise", {"column": "d", "how": "band", "width": "10"}), ("generalise", {"column": "day", "how": "date", "unit": "year"}),
    ("generalise", {"column": "t", "how": "prefix", "length": 1}), ("generalise", {"column": "n", "how": "topcode", "at": "3"}),
    ("generalise", {"column": "g", "how": "hierarchy", "table": {"x": "letter"}, "otherwise": "set_missing"}),
    ("perturb", {"column": "f", "scale": "2", "seed": 1}), ("perturb", {"column": "d", "scale": "2", "seed": 1, "noise": "gaussian"}),
    ("suppress_small_groups", {"by": ["g"], "k": 2}), ("k_anonymity", {"columns": ["g", "b"], "k": 2}),
    ("k_anonymity", {"columns": ["n", "day", "t"], "k": 2, "on_fail": "generalise"}),
    ("l_diversity", {"columns": ["g"], "sensitive": "t", "l": 2}), ("t_closeness", {"columns": ["g"], "sensitive": "n", "t": "0.3"}),
    ("l_diversity", {"columns": ["n", "t"], "sensitive": "g", "l": 2, "on_fail": "generalise"}),
    ("t_closeness", {"columns": ["day", "g"], "sensitive": "n", "t": "0.3", "on_fail": "generalise"}),
    ("suppress_cells", {"by": ["g", "b"], "count": "n", "values": ["f"], "k": 5}), ("watermark", {"share": "0.05"}),
]  # fmt: skip


def table_of(given: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*given, strict=True) if given else [()] * len(SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def did(
    table: pa.Table,
    steps: list[tuple[str, dict[str, Any]]],
    batch: int = 100,
    threads: int = 2,
    memory: int = 1 << 28,
) -> tuple[pa.Table, str, Any]:
    plan = [Step(n, STEPS[n].check(p)).as_dict() for n, p in steps]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(table, folder / "in.parquet")
        pq.write_table(pa.table(OTHER), folder / "other.parquet")
        result = run({"steps": plan}, folder / "in.parquet", folder / "work", key=b"k", batch=batch, threads=threads, memory=memory,
                     inputs={"other": folder / "other.parquet"}, side=folder / "side", mark=MARK)  # fmt: skip
        return pq.read_table(result.path), hashlib.sha256(result.path.read_bytes()).hexdigest(), result


STOPS: list[tuple[str, dict[str, Any]]] = [
    ("cast", {"column": "t", "to": "integer"}), ("cast", {"column": "f", "to": "integer"}), ("cast", {"column": "d", "to": "number"}),
    ("cast", {"column": "n", "to": "number"}), ("cast", {"column": "at", "to": "date"}), ("cast", {"column": "d", "to": "integer", "on_fail": "set_missing"}),
    ("parse_dates", {"column": "when", "to": "date"}), ("map_values", {"column": "g", "table": {"x": "ex"}, "otherwise": "stop"}),
    ("map_values", {"column": "n", "table": {"5": "6", "9007199254740993": "7"}}), ("calculate", {"into": "x", "expression": "n * 4"}), ("calculate", {"into": "x", "expression": "d * d"}),
    ("filter_by", {"expression": "n * 3 > 0"}), ("round", {"columns": ["d"], "digits": 0}), ("round", {"columns": ["n"], "digits": -15}),
    ("clip", {"column": "d", "max": "0.005"}), ("filter", {"column": "n", "op": "gt", "value": ["2.5"]}), ("filter", {"column": "d", "op": "lte", "value": ["1e40"]}),
    ("filter", {"column": "f", "op": "not_in", "value": ["0", "0.25"]}), ("filter", {"column": "at", "op": "lt", "value": ["2024-01-01"]}),
    ("range_check", {"column": "n", "min": "-2.5", "max": "1e30", "on_fail": "drop"}), ("perturb", {"column": "n", "scale": "4e18", "seed": 1, "noise": "uniform"}),
    ("perturb", {"column": "d", "scale": "1e15", "seed": 1}), ("fill_missing", {"columns": ["n", "d"], "with": "median"}), ("fill_missing", {"columns": ["d"], "with": "mode"}),
    ("validate", {"rules": [{"column": "n", "rule": "range", "max": "5"}, {"column": "t", "rule": "not_null"}], "on_fail": "stop"}),
    ("validate", {"rules": [{"column": "t", "rule": "length", "max": "3"}, {"column": "g", "rule": "unique"}], "on_fail": "stop"}),
    ("k_anonymity", {"columns": ["g"], "k": 2, "on_fail": "stop"}), ("k_anonymity", {"columns": ["f", "at"], "k": 2, "on_fail": "generalise"}),
    ("l_diversity", {"columns": ["f", "day"], "sensitive": "b", "l": 2, "on_fail": "generalise"}),
    ("l_diversity", {"columns": ["g", "b"], "sensitive": "d", "l": 2, "on_fail": "stop"}), ("t_closeness", {"columns": ["g"], "sensitive": "t", "t": "0.4", "on_fail": "stop"}),
    ("group", {"by": ["f"], "measures": [{"how": "sum", "column": "n", "as": "s"}, {"how": "sum", "column": "d", "as": "e"}, {"how": "mean", "column": "n", "as": "m"}]}),
    ("group", {"by": ["g"], "measures": [{"how": "min", "column": "f", "as": "low"}, {"how": "median", "column": "n", "as": "m"}, {"how": "sum", "column": "f", "as": "s"}]}),
    ("generalise", {"column": "n", "how": "band", "width": "0.5"}), ("generalise", {"column": "d", "how": "hierarchy", "table": {"2.5": "two"}, "otherwise": "stop"}),
    ("generalise", {"column": "d", "how": "topcode", "at": "3"}), ("sort", {"by": ["f", "-d", "at"]}), ("deduplicate", {"columns": ["f"]}),
]  # fmt: skip


def outcome(table: pa.Table, step: tuple[str, dict[str, Any]], batch: int, threads: int) -> Any:
    """The bytes, columns and counts of a step, or its error: all that someone could see of it."""
    try:
        made, once, result = did(table, [step], batch, threads)
    except StepError as fault:
        return fault.as_dict()
    return once, [(f.name, name_of(f.type)) for f in made.schema], [vars(count) for count in result.steps]
