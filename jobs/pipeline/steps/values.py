"""Steps that change values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    learner,
    scalar_of,
    series_of,
)


@batch("trim")
def trim(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    changed = {}
    for name in columns:
        array = arrow_of(frame[name])
        if pa.types.is_string(array.type):
            changed[name] = series_of(
                pc.replace_substring_regex(pc.utf8_trim_whitespace(array), r"\s+", " "), frame[name]
            )
    return frame.assign(**changed)


@learner("fill_missing")
class Fill:
    """Fills with a constant, the median (exact) or the most frequent value (smallest on a tie)."""

    def __init__(self, ctx: Context, *, columns: list[str], value: str | None = None, **params: Any) -> None:
        self.columns, self.how, self.value = columns, params["with"], value
        self.counts: dict[str, dict[Any, int]] = {name: {} for name in columns}

    def learn(self, frame: Frame) -> None:
        if self.how == "constant":
            return
        for name in self.columns:
            for item in pc.value_counts(arrow_of(frame[name])).to_pylist():
                if item["values"] is not None:
                    held = self.counts[name]
                    held[item["values"]] = held.get(item["values"], 0) + item["counts"]

    def _chosen(self, name: str, kind: pa.DataType) -> pa.Scalar:
        if self.how == "constant":
            return pc.cast(scalar_of(self.value or "", kind, name), kind)
        held = self.counts[name]
        if not held:
            raise StepError(
                "fill.nothing", f"{name} has no value to learn from.", "Use a constant.", column=name
            )
        if self.how == "mode":
            top = max(held.values())
            return pa.scalar(min(v for v, c in held.items() if c == top), kind)
        middle, passed = (sum(held.values()) + 1) // 2, 0
        for value in sorted(held):
            passed += held[value]
            if passed >= middle:
                return pa.scalar(value, kind)
        raise AssertionError("unreachable: the counts add up")

    def ready(self) -> None:
        return

    def apply(self, frame: Frame) -> Frame:
        changed = {}
        for name in self.columns:
            array = arrow_of(frame[name])
            changed[name] = series_of(pc.fill_null(array, self._chosen(name, array.type)), frame[name])
        return frame.assign(**changed)
