"""What the engine does with one batch: frames from tables and back, columns worth reading, faults with their step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from contracts.recipes.steps import STEPS
from jobs.pipeline.faults import Cancelled, Fault, StepError
from jobs.pipeline.steps import Context, runner_of


def frame_of(table: pa.Table, start: int) -> pd.DataFrame:
    frame = table.to_pandas(types_mapper=pd.ArrowDtype, split_blocks=True)
    frame.index = pd.RangeIndex(start, start + table.num_rows)
    return frame


def table_of(frame: pd.DataFrame) -> pa.Table:
    return pa.table([pa.array(frame[name]) for name in frame.columns], names=[str(n) for n in frame.columns])


def needed(steps: Sequence[Mapping[str, Any]], names: list[str]) -> list[str] | None:
    """The columns worth reading: those that the first selection keeps and what the steps before it read."""
    used: set[str] = set()
    for step in steps:
        if step["name"] == "select":
            used.update(step["params"]["columns"])
            return [n for n in names if n in used]
        kind = STEPS.get(step["name"])
        if kind is None or step["name"] not in _PLAIN:
            return None
        used.update(name for names in kind.reads(step["params"]).values() for name in names)
    return None


_PLAIN = frozenset(
    [
        "filter",
        "filter_by",
        "drop_rows",
        "drop_missing",
        "range_check",
        "trim",
        "case",
        "normalise",
        "replace",
        "map_values",
        "redact",
        "round",
        "clip",
        "watermark",
    ]
)


def runner_columns(step: Mapping[str, Any]) -> list[str] | None:
    """What a learner must see to learn."""
    kind = STEPS.get(step["name"])
    if kind is None:
        return None
    return list(dict.fromkeys(n for names in kind.reads(step["params"]).values() for n in names)) or None


def guarded(index: int, step: Mapping[str, Any], work: Callable[[], Any]) -> Any:
    """Whatever goes wrong in a step is said with the step's number."""
    try:
        return work()
    except (Cancelled, MemoryError):
        raise
    except StepError as fault:
        fault.step = index
        raise
    except Fault:
        raise
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError, KeyError, RuntimeError) as problem:
        raise StepError(
            "step.failed", f"Step {index + 1} ({step['name']}) could not be done: {str(problem)[:160]}",
            "Check the step's parameters against the column's type.", step=index, column=step["params"].get("column"),
        ) from problem  # fmt: skip


def one(step: Mapping[str, Any], ctx: Context, frame: pd.DataFrame, index: int) -> pd.DataFrame:
    """One batch step on one batch, its faults said with the step's number: for engines of another kind."""
    return guarded(index, step, lambda: runner_of(step).make(frame, ctx=ctx, **step["params"]))
