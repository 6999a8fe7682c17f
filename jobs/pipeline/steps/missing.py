"""Steps that put a value where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    learner,
    ordered,
    series_of,
    with_columns,
)
from jobs.pipeline.steps.comparing import comparable, scalar_of


@batch("fill_missing", when=lambda p: p["with"] == "constant")
def fill_constant(frame: Frame, *, columns: list[str], value: str = "", **_: Any) -> Frame:
    made = {}
    for name in columns:
        array = arrow_of(frame[name])
        if array.null_count:
            made[name] = series_of(pc.fill_null(array, scalar_of(value, array.type, name)), frame[name])
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

    Counts distinct values; of a column with very many, the counts go to disk and are put together there.
    """

    def __init__(self, ctx: Context, *, columns: list[str], **params: Any) -> None:
        self.ctx, self.columns, self.how = ctx, columns, params["with"]
        self.most = max(ctx.memory // 256 // max(len(columns), 1), 1_000)
        self.held: dict[str, list[pa.Table]] = {name: [] for name in columns}
        self.files: dict[str, list[Path]] = {name: [] for name in columns}
        self.chosen: dict[str, Any] = {}

    def learn(self, frame: Frame) -> None:
        for name in self.columns:
            found = pc.value_counts(comparable(pc.drop_null(arrow_of(frame[name]))))
            if len(found):
                self.held[name].append(pa.table({"v": found.field("values"), "n": found.field("counts")}))
            if sum(t.num_rows for t in self.held[name]) > self.most:
                self._spill(name)

    def _merged(self, name: str) -> pa.Table | None:
        if not self.held[name]:
            return None
        found = pa.concat_tables(self.held[name]).group_by("v").aggregate([("n", "sum")])
        return found.rename_columns(["v", "n"])

    def _spill(self, name: str) -> None:
        merged = self._merged(name)
        self.held[name] = [merged]
        if merged is not None and merged.num_rows > self.most // 2:
            self.ctx.folder.mkdir(parents=True, exist_ok=True)
            path = self.ctx.folder / f"counts-{self.columns.index(name)}-{len(self.files[name])}.parquet"
            pq.write_table(merged, path, compression="zstd")
            self.files[name].append(path)
            self.held[name] = []

    def ready(self) -> None:
        for name in self.columns:
            held = self._merged(name)
            if self.files[name]:
                self.chosen[name] = self._from_files(name, held)
            elif held is not None:
                held = held.sort_by("v")
                self.chosen[name] = self._from(held)
            self.held[name] = []

    def _from(self, held: pa.Table) -> pa.Scalar:
        if self.how == "mode":
            return held["v"][pc.index(pc.equal(held["n"], pc.max(held["n"])), True).as_py()]
        middle = (pc.sum(held["n"]).as_py() + 1) // 2
        return held["v"][pc.index(pc.greater_equal(pc.cumulative_sum(held["n"]), middle), True).as_py()]

    def _from_files(self, name: str, last: pa.Table | None) -> pa.Scalar:
        if last is not None:
            path = self.ctx.folder / f"counts-{self.columns.index(name)}-last.parquet"
            pq.write_table(last, path)
            self.files[name].append(path)
        kind = pq.read_schema(self.files[name][0]).field("v").type
        files = ", ".join(duck.quoted(path) for path in self.files[name])
        whole = f"SELECT v, CAST(sum(n) AS BIGINT) AS n FROM read_parquet([{files}]) GROUP BY v"
        with duck.opened(self.ctx) as base:
            if self.how == "mode":
                found = base.sql(f"{whole} ORDER BY n DESC, v LIMIT 1").to_arrow_table().column("v")
                return found.cast(kind)[0]
            middle = (base.sql(f"SELECT CAST(sum(n) AS BIGINT) FROM ({whole})").fetchall()[0][0] + 1) // 2
            for part in base.sql(f"{whole} ORDER BY v").to_arrow_reader(duck.BATCH):
                sums = pc.cumulative_sum(part.column("n"))
                if sums[-1].as_py() >= middle:
                    return part.column("v").cast(kind)[pc.index(pc.greater_equal(sums, middle), True).as_py()]
                middle -= sums[-1].as_py()
        raise AssertionError("no middle in what was counted")

    def apply(self, frame: Frame) -> Frame:
        made = {}
        for name in self.columns:
            array = arrow_of(frame[name])
            if not array.null_count:
                continue
            if name not in self.chosen:
                raise StepError("fill.nothing", f"{name} has no value to learn from.", "Use a constant.",
                                row=int(frame.index[pc.index(pc.is_null(array), True).as_py()]) + 1, column=name)  # fmt: skip
            made[name] = series_of(pc.fill_null(array, self.chosen[name]), frame[name])
        return with_columns(frame, made)
