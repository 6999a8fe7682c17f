"""Steps that put a value where there is none."""

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
    ordered,
    scalar_of,
    series_of,
    with_columns,
)

BINNED = 200_000


@batch("fill_missing", when=lambda p: p["with"] == "constant")
def fill_constant(frame: Frame, *, columns: list[str], value: str = "", **_: Any) -> Frame:
    made = {}
    for name in columns:
        array = arrow_of(frame[name])
        if array.null_count:
            made[name] = series_of(
                pc.fill_null(array, pc.cast(scalar_of(value, array.type, name), array.type)), frame[name]
            )
    return with_columns(frame, made)


@ordered("fill_missing", when=lambda p: p["with"] == "previous")
class FillPrevious:
    """The last value above; gaps at the very top stay."""

    def __init__(self, ctx: Context, *, columns: list[str], **_: Any) -> None:
        self.last: dict[str, pa.Scalar | None] = dict.fromkeys(columns)

    def apply(self, frame: Frame) -> Frame:
        made = {}
        for name, last in self.last.items():
            array = arrow_of(frame[name])
            if not len(array):
                continue
            filled = pc.fill_null_forward(array)
            if last is not None and filled.null_count:
                filled = pc.fill_null(filled, last)
            if filled[-1].is_valid:
                self.last[name] = filled[-1]
            made[name] = series_of(filled, frame[name])
        return with_columns(frame, made)


@learner("fill_missing")
class Fill:
    """The median (exact: the lower middle value) or the most frequent value (the smallest on a tie).

    Counts distinct values; a column with very many of them spills its values to disk and is sorted there.
    """

    def __init__(self, ctx: Context, *, columns: list[str], **params: Any) -> None:
        self.ctx, self.columns, self.how = ctx, columns, params["with"]
        self.counts: dict[str, pa.Table | None] = dict.fromkeys(columns)
        self.chosen: dict[str, Any] = {}
        self.pending: dict[str, list[pa.Table]] = {name: [] for name in columns}

    def learn(self, frame: Frame) -> None:
        for name in self.columns:
            found = pc.value_counts(pc.drop_null(arrow_of(frame[name])))
            if len(found):
                self.pending[name].append(pa.table({"v": found.field("values"), "n": found.field("counts")}))
            if sum(t.num_rows for t in self.pending[name]) > BINNED:
                self._merge(name)

    def _merge(self, name: str) -> None:
        parts = [t for t in (self.counts[name], *self.pending[name]) if t is not None]
        self.pending[name] = []
        if not parts:
            return
        merged = pa.concat_tables(parts).group_by("v").aggregate([("n", "sum")]).rename_columns(["v", "n"])
        self.counts[name] = merged

    def ready(self) -> None:
        for name in self.columns:
            self._merge(name)
            held = self.counts[name]
            if held is None:
                raise StepError(
                    "fill.nothing", f"{name} has no value to learn from.", "Use a constant.", column=name
                )
            held = held.sort_by("v")
            if self.how == "mode":
                top = pc.max(held["n"])
                self.chosen[name] = held["v"][pc.index(pc.equal(held["n"], top), True).as_py()]
            else:
                middle = (pc.sum(held["n"]).as_py() + 1) // 2
                place = pc.index(pc.greater_equal(pc.cumulative_sum(held["n"]), middle), True).as_py()
                self.chosen[name] = held["v"][place]
            self.counts[name] = None

    def apply(self, frame: Frame) -> Frame:
        made = {}
        for name in self.columns:
            array = arrow_of(frame[name])
            if array.null_count:
                made[name] = series_of(pc.fill_null(array, self.chosen[name]), frame[name])
        return with_columns(frame, made)
