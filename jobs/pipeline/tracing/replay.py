"""A delivered plan once more without its mark, each row of the result with the number it has in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.recipes.recipe import Step, check
from contracts.recipes.schema import Shape
from contracts.recipes.steps import STEPS
from jobs.pipeline import engine
from jobs.pipeline.engine.source import Load, ParquetSource
from jobs.pipeline.faults import Fault
from jobs.pipeline.tracing import cells
from jobs.pipeline.types import name_of

ROW = "number in the source"


class Numbered(ParquetSource):
    """A typed Parquet with one more column: each row's number."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(path)
        self.plain, self.number = self.schema.names, name
        self.schema = self.schema.append(pa.field(name, pa.int64()))

    def loads(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        wanted = self.plain if columns is None else [n for n in columns if n != self.number]
        for load in super().loads(wanted, batch):
            assert load.at is not None
            yield Load(lambda one=load: self._with(one.read(), one.at), load.at)  # type: ignore[misc]

    def _with(self, table: pa.Table, at: int) -> pa.Table:
        return table.append_column(self.number, pa.array(np.arange(at, at + table.num_rows), pa.int64()))


def replay(
    plan: Mapping[str, Any], source: Path, folder: Path, *, key: bytes, inputs: Mapping[str, Path], memory: int,
    cancelled: Callable[[], bool] = lambda: False, progress: Callable[..., Any] = lambda *_: None,
) -> cells.Cells:  # fmt: skip
    """All rows that a delivery of this plan could have had. Raises Fault where the plan cannot be followed."""
    types = {f.name: name_of(f.type) for f in pq.read_schema(source)}
    name = ROW
    while name in types:
        name += "_"
    steps = carrying(plan, types, name)
    made = engine.run({"steps": steps}, Numbered(Path(source), name), folder / "run", key=key, inputs=inputs,
                      memory=memory, cancelled=cancelled, progress=progress)  # fmt: skip
    found = cells.of_parquet(made.path, folder / "cells", numbers=name)
    made.path.unlink()
    return found


def carrying(plan: Mapping[str, Any], types: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    """The plan's steps, without mark and samples, so that the column `name` outlasts them and plays no part."""
    missing = [s["name"] for s in plan["steps"] if s["name"] not in STEPS]
    if missing:
        raise Fault(
            "trace.step", f"The step {missing[0]} is not installed here.", "Install its package as it was."
        )
    steps = [
        Step(s["name"], dict(s["params"]), s.get("locked", False), s.get("clause", ""))
        for s in plan["steps"] if s["name"] not in ("watermark", "sample")
    ]  # fmt: skip
    found: list[Step] = []

    def visit(index: int, step: Step, shape: Shape) -> Step:
        if step.name == "select":
            step = replace(step, params={"columns": [*step.params["columns"], name]})
        elif step.name == "deduplicate" and "columns" not in step.params:
            step = replace(step, params={**step.params, "columns": [n for n in shape.columns if n != name]})
        found.append(step)
        return step

    inputs = {alias: given["types"] for alias, given in plan.get("inputs", {}).items()}
    shape, problems = check(tuple(steps), {**types, name: "integer"}, inputs, visit)
    if problems or name not in shape.columns:
        said = problems[0].text if problems else "The rows of this plan's result are no rows of the source."
        raise Fault("trace.plan", said, "This delivery cannot be traced.")
    return [step.as_dict() for step in found]
