"""A plan's stages: streams of batch and ordered steps, ended by a step that must see the table first.

Row order is kept, so the same plan gives the same bytes whatever the batches and threads. Finished stages are
kept (`kept.Kept`): run again in the same folder, work goes on after them.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.engine import sink
from jobs.pipeline.engine.batches import frame_of, runner_columns
from jobs.pipeline.engine.kept import SPILLED, Kept, drop, identity_of
from jobs.pipeline.engine.source import ParquetSource, Source, SpilledSource
from jobs.pipeline.engine.stream import StepCount, Stream, Work
from jobs.pipeline.faults import Fault
from jobs.pipeline.plugins import check_packages
from jobs.pipeline.steps import Context, runner_of
from jobs.pipeline.types import name_of

BATCH = 250_000
MEMORY = 1 << 30


@dataclass
class RunResult:
    """`written` is what a sink of the caller's returned, where one was given in place of Parquet."""

    path: Path
    rows_in: int
    rows_out: int
    steps: list[StepCount]
    columns: list[dict[str, str]] = field(default_factory=list)
    written: Any = None


Sink = Callable[[Iterator[pa.Table], pa.Schema], tuple[int, Any]]


def run(
    plan: Mapping[str, Any], source: Path | Source, folder: Path, *, key: bytes = b"", progress: Callable[[int, int, int], Any] = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False, batch: int = BATCH, inputs: Mapping[str, Path] | None = None, memory: int = MEMORY,
    threads: int = 2, side: Path | None = None, into: Sink | None = None, mark: Mapping[str, bytes] | None = None,
) -> RunResult:  # fmt: skip
    """The plan's steps over `source`. `progress(step index, rows done, rows total)`.

    `memory`: bytes for what steps must hold; above it they spill into `folder`. `inputs`: alias → typed Parquet
    for joins. `side`: where steps leave files that are kept beside the result. `into`: takes the last stage's
    tables in place of a Parquet file. `mark`: the secrets of this export's watermark; without them none is made. Raises StepError with step, row and column, also for a step of a package
    that is not the one agreed; Cancelled.
    """
    steps, folder = list(plan["steps"]), Path(folder)
    check_packages(steps)
    first = source if not isinstance(source, (str, Path)) else ParquetSource(Path(source))
    counts = [StepCount(step["name"]) for step in steps]
    threads = max(threads, 1)
    shares = _shares(steps, memory)
    contexts = [
        Context(key=key, mark=mark or {}, folder=folder / f"step-{i}", memory=shares[i], threads=threads, inputs=inputs or {},
                side=side, about=first.about, cancelled=cancelled, reasons=count.reasons)
        for i, count in enumerate(counts)
    ]  # fmt: skip
    work = Work(steps, contexts, counts, progress, cancelled, max(batch, 1), threads, first.rows)
    kept = Kept(folder, steps, counts, plan.get("input_sha256", "") or identity_of(first))
    try:
        return _Run(work, folder, first, kept).go(into)
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        raise Fault(
            "disk.full", "There is no room on the disk for the work.", "Tell the operator; then try again."
        ) from None


def _shares(steps: Sequence[Mapping[str, Any]], memory: int) -> list[int]:
    """What each step may hold: a step from file to file works alone; those in streams may all hold at once. A
    third is left for the batches under way."""
    kinds = [runner_of(step).kind for step in steps]
    together = max(kinds.count("ordered") + kinds.count("learner"), 2)
    return [max(memory // 2 if kind == "table" else memory * 2 // 3 // together, 1 << 20) for kind in kinds]


class _Run:
    def __init__(self, work: Work, folder: Path, source: Source, kept: Kept) -> None:
        self.work, self.folder, self.source, self.kept = work, folder, source, kept

    def go(self, into: Sink | None) -> RunResult:
        work, rows_in, learned, written = self.work, self.source.rows, None, None
        every = len(work.steps)
        ends = [i for i, kind in enumerate(work.kinds) if kind in ("learner", "table")]
        self.folder.mkdir(parents=True, exist_ok=True)
        todo, start, current = self._finished(ends if into is not None else [*ends, every])
        if into is not None:
            todo = [*todo, every]
        for end in todo:
            if end == every and into is not None:
                rows_in, written = self._into(current, start, learned, into)
                left = work.counts[-1].rows_out if work.counts else rows_in
                return RunResult(self.folder, rows_in, left, list(work.counts), [], written)
            if end < every and work.kinds[end] == "learner":
                learned, current = self._learn(current, start, end, learned)
                rows_in = rows_in or work.total
                start = end
                continue
            # Nothing to do after a step that left a file: that file is the result.
            if not (end == every == start and current is not self.source and learned is None):
                rows_in = self._parquet(current, start, end, learned) or rows_in
                drop(current, self.source)
                current, learned = ParquetSource(self.kept.target(end)), None
            if end < every:
                current = self._table(current, end)
                start = end + 1
        assert isinstance(current, ParquetSource)
        columns = [{"name": f.name, "type": name_of(f.type)} for f in current.schema]
        # A source that does not know its rows: the first step saw them all, also where work was gone on with.
        rows_in = self.source.rows or (work.counts[0].rows_in if work.counts else rows_in)
        return RunResult(current.path, rows_in, current.rows, list(work.counts), columns, written)

    def _finished(self, ends: list[int]) -> tuple[list[int], int, Source]:
        """The ends still to reach, the step to go on with and its input: files before the last stage are gone."""
        every = len(self.work.steps)
        for place in reversed(range(len(ends))):
            end = ends[place]
            after = self.kept.target(end, "table")
            if end < every and self.work.kinds[end] == "table" and self.kept.stands(after):
                self.kept.made(after, lambda _: 0)
                return ends[place + 1 :], end + 1, ParquetSource(after)
            spilled = end < every and self.work.kinds[end] == "learner"
            if self.kept.stands(self.kept.target(end, form=SPILLED if spilled else ".parquet")):
                return ends[place:], 0, self.source
        return ends, 0, self.source

    def _parquet(self, current: Source, start: int, end: int, learned: Any) -> int:
        def make(part: Path) -> int:
            stream = Stream(self.work, current, start, end, learned)
            sink.to_parquet(iter(stream), stream.schema, part)
            return stream.rows

        return self.kept.made(self.kept.target(end), make)

    def _into(self, current: Source, start: int, learned: Any, into: Sink) -> tuple[int, Any]:
        stream = Stream(self.work, current, start, len(self.work.steps), learned)
        _, written = into(iter(stream), stream.schema)
        return stream.rows, written

    def _table(self, current: Source, index: int) -> ParquetSource:
        """A step from file to file."""
        assert isinstance(current, ParquetSource)
        work, ctx, target = self.work, self.work.contexts[index], self.kept.target(index, "table")
        work.progress(index, 0, current.rows)

        def make(part: Path) -> int:
            ctx.folder.mkdir(parents=True, exist_ok=True)
            work.counts[index].rows_in = current.rows
            make_file = work.runners[index].make
            work.guard(index, lambda: make_file(current.path, part, ctx=ctx, **work.steps[index]["params"]))
            work.counts[index].rows_out = pq.read_metadata(part).num_rows
            return current.rows

        self.kept.made(target, make)
        drop(current, self.source)
        return ParquetSource(target)

    def _learn(self, current: Source, start: int, end: int, learned: Any) -> tuple[Any, Source]:
        """Run up to the learner, let it learn, and keep what it learned from for the pass that applies it.

        A learner that comes first reads the plan's own file twice: that beats writing a copy in between.
        """
        learner, only = self.work.made(end), runner_columns(self.work.steps[end])
        if start == end and current is self.source and isinstance(current, ParquetSource):
            self._teach(learner, Stream(self.work, current, start, end, learned, only), end)
            return learner, current
        taught = False

        def make(part: Path) -> int:
            nonlocal taught
            taught = True
            stream = Stream(self.work, current, start, end, learned, teach=learner)
            sink.to_spill(iter(stream), stream.schema, part)
            return stream.rows

        target = self.kept.target(end, form=SPILLED)
        rows = self.kept.made(target, make)
        self.work.total = self.work.total or rows
        drop(current, self.source)
        spilled = SpilledSource(target)
        if taught:
            self.work.guard(end, learner.ready)
        else:
            self._teach(learner, Stream(self.work, spilled, end, end, None, only), end)
        return learner, spilled

    def _teach(self, learner: Any, tables: Iterable[pa.Table], index: int) -> None:
        for table in tables:
            self.work.guard(index, lambda t=table: learner.learn(frame_of(t, 0)))
        self.work.guard(index, learner.ready)
