"""A plan's stages: streams of batch and ordered steps, ended by a step that must see the table first.

Row order is kept, so the same plan gives the same bytes whatever the batches and threads. A finished stage is
a file under a name made of the plan so far and its input: run again in the same folder, work goes on after it.
"""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.engine import sink
from jobs.pipeline.engine.batches import frame_of, guarded, needed, runner_columns, table_of
from jobs.pipeline.engine.flow import parallel, watched
from jobs.pipeline.engine.source import ParquetSource, Source, SpilledSource
from jobs.pipeline.faults import Cancelled, Fault
from jobs.pipeline.steps import Context, runner_of
from jobs.pipeline.types import name_of
from kernel.canonical import sha256_hex

BATCH = 250_000
MEMORY = 1 << 30
SPILLED = ".arrows"


@dataclass
class StepCount:
    """What one step saw and left, and why rows went."""

    name: str
    rows_in: int = 0
    rows_out: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


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
    threads: int = 2, side: Path | None = None, into: Sink | None = None,
) -> RunResult:  # fmt: skip
    """The plan's steps over `source`. `progress(step index, rows done, rows total)`.

    `memory`: bytes for what steps must hold; above it they spill into `folder`. `inputs`: alias → typed Parquet
    for joins. `side`: where steps leave files that are kept beside the result. `into`: takes the last stage's
    tables in place of a Parquet file. Raises StepError with step, row and column; Cancelled.
    """
    run_ = _Run(
        plan["steps"], Path(folder), key, progress, cancelled, batch, inputs or {}, memory, threads, side
    )
    first = source if not isinstance(source, (str, Path)) else ParquetSource(Path(source))
    try:
        return run_.go(first, plan.get("input_sha256", ""), into)
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        raise Fault(
            "disk.full", "There is no room on the disk for the work.", "Tell the operator; then try again."
        ) from None


class _Run:
    def __init__(self, steps: Sequence[Mapping[str, Any]], folder: Path, key: bytes, progress: Any, cancelled: Any, batch: int,
                 inputs: Mapping[str, Path], memory: int, threads: int, side: Path | None) -> None:  # fmt: skip
        self.steps, self.folder, self.batch = list(steps), folder, max(batch, 1)
        self.progress, self.cancelled, self.threads = progress, cancelled, max(threads, 1)
        self.counts = [StepCount(step["name"]) for step in self.steps]
        self.kinds = [runner_of(step).kind for step in self.steps]
        share = max(memory // 3, 1 << 20)
        self.contexts = [
            Context(key=key, folder=folder / f"step-{i}", memory=share, threads=self.threads, inputs=inputs, side=side,
                    cancelled=cancelled, reasons=self.counts[i].reasons)
            for i in range(len(self.steps))
        ]  # fmt: skip
        self.total = 0

    def go(self, source: Source, identity: str, into: Sink | None) -> RunResult:
        self.total = rows_in = source.rows
        identity = identity or _identity(source)
        ends = [i for i, kind in enumerate(self.kinds) if kind in ("learner", "table")]
        current: Source
        learned, written = None, None
        self.folder.mkdir(parents=True, exist_ok=True)
        todo = ends if into is not None else [*ends, len(self.steps)]
        todo, start, current = self._finished(todo, identity, source)
        if into is not None:
            todo = [*todo, len(self.steps)]
        for end in todo:
            last = end == len(self.steps)
            name = self._name(identity, end)
            if last and into is not None:
                rows_in, written = self._into(current, start, end, learned, into)
                return RunResult(self.folder, rows_in, self._rows_out(rows_in), self.counts, [], written)
            if last or self.kinds[end] == "table":
                target = self.folder / f"{name}.parquet"
                if not (
                    last
                    and start == end
                    and isinstance(current, ParquetSource)
                    and current is not source
                    and learned is None
                ):
                    rows = self._kept(
                        target, lambda t, c=current, s=start, e=end, k=learned: self._parquet(c, s, e, k, t)
                    )
                    rows_in = rows_in or rows
                    self._drop(current, source)
                    current, learned = ParquetSource(target), None
                if not last:
                    current = self._table(current, end, source, identity)
                    start = end + 1
                continue
            learned, current = self._learn(current, start, end, learned, name, source)
            rows_in = rows_in or self.total
            start = end
        assert isinstance(current, ParquetSource)
        columns = [{"name": f.name, "type": name_of(f.type)} for f in current.schema]
        # A source that does not know its rows: the first step saw them all, also where work was gone on with.
        rows_in = source.rows or (self.counts[0].rows_in if self.counts else rows_in)
        return RunResult(current.path, rows_in, current.rows, self.counts, columns, written)

    def batch_free(self, end: int) -> list[Any]:
        return [[s["name"], s["params"]] for s in self.steps[: end + 1]] + [end]

    def _rows_out(self, rows_in: int) -> int:
        return self.counts[-1].rows_out if self.counts else rows_in

    # Stages, and what is kept of them

    def _name(self, identity: str, end: int, *of: str) -> str:
        return f"stage-{sha256_hex([identity, self.batch_free(end), *of])[:24]}"

    def _finished(self, ends: list[int], identity: str, source: Source) -> tuple[list[int], int, Source]:
        """The ends still to reach, the step to go on with and its input: files before the last stage are gone."""

        def stands(name: str, form: str = ".parquet") -> bool:
            return all((self.folder / f"{name}{end}").exists() for end in (form, ".json"))

        for place in reversed(range(len(ends))):
            end = ends[place]
            made = self._name(identity, end, "table")
            if end < len(self.steps) and self.kinds[end] == "table" and stands(made):
                target = self.folder / f"{made}.parquet"
                self._kept(target, lambda _: 0)
                return ends[place + 1 :], end + 1, ParquetSource(target)
            spilled = end < len(self.steps) and self.kinds[end] == "learner"
            if stands(self._name(identity, end), SPILLED if spilled else ".parquet"):
                return ends[place:], 0, source
        return ends, 0, source

    def _kept(self, target: Path, make: Callable[[Path], int]) -> int:
        """The stage's file, made unless a run before finished it. Returns the rows read."""
        note = target.with_suffix(".json")
        if target.exists() and note.exists():
            held = json.loads(note.read_text(encoding="utf-8"))
            for count, old in zip(self.counts, held["counts"], strict=True):
                if old["rows_in"]:
                    count.rows_in, count.rows_out = old["rows_in"], old["rows_out"]
                    count.reasons.update(old["reasons"])
            return int(held["rows_in"])
        part = target.with_name(target.name + ".part")
        try:
            rows = make(part)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(target)
        fresh = note.with_suffix(".json.part")
        fresh.write_text(
            json.dumps({"rows_in": rows, "counts": [asdict(c) for c in self.counts]}), encoding="utf-8"
        )
        fresh.replace(note)
        return rows

    def _drop(self, current: Source, source: Source) -> None:
        """The file of the stage before is not needed once this one stands."""
        path = getattr(current, "path", None)
        if current is not source and path is not None:
            Path(path).unlink(missing_ok=True)

    def _parquet(self, current: Source, start: int, end: int, learned: Any, target: Path) -> int:
        tables, schema, seen = self._stream(current, start, end, learned)
        sink.to_parquet(tables, schema, target)
        return seen.rows

    def _into(self, current: Source, start: int, end: int, learned: Any, into: Sink) -> tuple[int, Any]:
        tables, schema, seen = self._stream(current, start, end, learned)
        _, written = into(tables, schema)
        return seen.rows, written

    def _table(self, current: ParquetSource, index: int, source: Source, identity: str) -> ParquetSource:
        """A step from file to file."""
        step, ctx = self.steps[index], self.contexts[index]
        target = self.folder / f"{self._name(identity, index, 'table')}.parquet"
        self.progress(index, 0, current.rows)

        def make(part: Path) -> int:
            ctx.folder.mkdir(parents=True, exist_ok=True)
            self.counts[index].rows_in = current.rows
            guarded(index, step, lambda: runner_of(step).make(current.path, part, ctx=ctx, **step["params"]))
            self.counts[index].rows_out = pq.read_metadata(part).num_rows
            return current.rows

        self._kept(target, make)
        self._drop(current, source)
        return ParquetSource(target)

    def _learn(
        self, current: Source, start: int, end: int, learned: Any, name: str, source: Source
    ) -> tuple[Any, Source]:
        """Run up to the learner, let it learn, and keep what it learned from for the pass that applies it.

        Straight from the plan's source with steps that keep nothing, reading twice beats writing in between.
        """
        step = self.steps[end]
        learner = runner_of(step).make(self.contexts[end], **step["params"])
        again = (
            current is source
            and isinstance(current, ParquetSource)
            and "ordered" not in self.kinds[start:end]
        )
        if again and start == end:
            tables, _, seen = self._stream(current, start, end, learned, runner_columns(step))
            self._teach(learner, tables, end)
            self.total = self.total or seen.rows
            return learner, current
        target, taught = self.folder / f"{name}{SPILLED}", False

        def make(part: Path) -> int:
            nonlocal taught
            taught = True
            tables, schema, seen = self._stream(current, start, end, learned, teach=learner)
            sink.to_spill(tables, schema, part)
            return seen.rows

        rows = self._kept(target, make)
        self.total = self.total or rows
        self._drop(current, source)
        kept = SpilledSource(target)
        if taught:
            guarded(end, step, learner.ready)
        else:
            self._teach(learner, self._stream(kept, end, end, None, runner_columns(step))[0], end)
        return learner, kept

    def _teach(self, learner: Any, tables: Iterator[pa.Table], index: int) -> None:
        for table in tables:
            guarded(index, self.steps[index], lambda t=table: learner.learn(frame_of(t, 0)))
        guarded(index, self.steps[index], learner.ready)

    # The stream of one stage

    def _stream(
        self,
        current: Source,
        start: int,
        end: int,
        learned: Any,
        only: list[str] | None = None,
        teach: Any = None,
    ) -> tuple[Iterator[pa.Table], pa.Schema, _Seen]:
        """Tables after the steps from `start` to before `end`; the first may be a learner that has learned."""
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="steps")
        columns = only or (needed(self.steps[start:end], current.schema.names) if start == 0 else None)
        seen = _Seen()
        loads = watched(current.loads(columns, self.batch), self.cancelled)
        numbered = self._numbered(parallel(loads, lambda load: load(), pool, self.threads), seen)
        ahead = self.threads
        flow: Iterator[Any] = numbered
        for ordered, group in itertools.groupby(range(start, end), key=lambda i: self.kinds[i] == "ordered"):
            places = list(group)
            if ordered:
                for place in places:
                    flow = self._ordered(flow, place, pool, ahead)
            else:
                flow = self._counted(
                    parallel(flow, lambda f, p=places: self._batch(f, p, learned), pool, ahead)
                )
        if teach is not None:
            flow = self._learning(flow, teach, end, pool)
        tables = (table_of(frame) for frame in flow)
        try:
            first = next(tables, None)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        schema = (
            sink.plain(first).schema
            if first is not None
            else _no_rows(current, columns, self, start, end, learned)
        )

        def rest() -> Iterator[pa.Table]:
            try:
                if first is not None:
                    yield first
                for table in tables:
                    self.progress(max(end - 1, 0), seen.rows, self.total or seen.rows)
                    yield table
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

        return rest(), schema, seen

    def _learning(
        self, frames: Iterator[pd.DataFrame], learner: Any, index: int, pool: ThreadPoolExecutor
    ) -> Iterator[pd.DataFrame]:
        """The frames, each learned from on its way; counting within a batch runs in the pool."""
        step = self.steps[index]
        if not hasattr(learner, "keys"):
            for frame in frames:
                guarded(index, step, lambda f=frame: learner.learn(f))
                yield frame
            return
        for frame, keys in parallel(
            frames, lambda f: (f, guarded(index, step, lambda: learner.keys(f))), pool, self.threads
        ):
            learner.count(keys)
            yield frame

    def _numbered(self, tables: Iterator[pa.Table], seen: _Seen) -> Iterator[pd.DataFrame]:
        for table in tables:
            yield frame_of(table, seen.rows)
            seen.rows += table.num_rows

    def _batch(
        self, frame: pd.DataFrame, places: list[int], learned: Any
    ) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:
        counts = []
        for place in places:
            if self.cancelled():
                raise Cancelled
            step, before = self.steps[place], len(frame)
            if self.kinds[place] == "learner":
                frame = guarded(place, step, lambda f=frame: learned.apply(f))
            else:
                frame = guarded(
                    place,
                    step,
                    lambda f=frame, s=step, p=place: runner_of(s).make(
                        f, ctx=self.contexts[p], **s["params"]
                    ),
                )
            counts.append((place, before, len(frame)))
        return frame, counts

    def _counted(
        self, results: Iterator[tuple[pd.DataFrame, list[tuple[int, int, int]]]]
    ) -> Iterator[pd.DataFrame]:
        for frame, counts in results:
            for place, before, after in counts:
                self.counts[place].rows_in += before
                self.counts[place].rows_out += after
            yield frame

    def _ordered(
        self, frames: Iterator[pd.DataFrame], place: int, pool: ThreadPoolExecutor, ahead: int
    ) -> Iterator[pd.DataFrame]:
        """One batch after the other; where a step has a half that needs no order, that runs in the pool."""
        step, count = self.steps[place], self.counts[place]
        worker = runner_of(step).make(self.contexts[place], **step["params"])
        pairs: Iterator[tuple[pd.DataFrame, Any]]
        if hasattr(worker, "keys"):
            pairs = parallel(frames, lambda f: (f, guarded(place, step, lambda: worker.keys(f))), pool, ahead)
        else:
            pairs = ((frame, None) for frame in frames)
        for frame, keys in pairs:
            count.rows_in += len(frame)
            frame = guarded(
                place, step, lambda f=frame, k=keys: worker.apply(f) if k is None else worker.keep(f, k)
            )
            count.rows_out += len(frame)
            yield frame


@dataclass
class _Seen:
    rows: int = 0


def _identity(source: Source) -> str:
    path = getattr(source, "path", None)
    found = Path(path).stat() if path is not None else None
    return f"{path}:{found.st_size}:{found.st_mtime_ns}" if found else ""


def _no_rows(
    current: Source, columns: list[str] | None, run_: _Run, start: int, end: int, learned: Any
) -> pa.Schema:
    """The schema after the steps where there is not one row."""
    schema = (
        current.schema
        if columns is None
        else pa.schema([current.schema.field(current.schema.names.index(n)) for n in columns])
    )
    frame = frame_of(schema.empty_table(), 0)
    batches = [i for i in range(start, end) if run_.kinds[i] == "batch"]
    frame, _ = run_._batch(frame, batches, learned)
    return sink.plain(table_of(frame)).schema
