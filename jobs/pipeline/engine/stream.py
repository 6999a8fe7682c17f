"""The stream of one stage: batches through steps in threads, in row order, with few of them in memory at once.

A stretch of batch steps and the first half of the step that closes it (its keys) are one task of the pool; the
second half, which must see the batches in order, runs where the stream is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.pipeline.engine import sink
from jobs.pipeline.engine.batches import frame_of, guarded, needed, table_of
from jobs.pipeline.engine.source import Load, Source
from jobs.pipeline.faults import Cancelled
from jobs.pipeline.flow import parallel, watched
from jobs.pipeline.steps import Context, runner_of
from jobs.pipeline.steps.base import Runner, only


@dataclass
class StepCount:
    """What one step saw and left, and why rows went."""

    name: str
    rows_in: int = 0
    rows_out: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass
class Work:
    """The plan's steps, what each needs to run and what each has seen; shared by all stages of a run."""

    steps: Sequence[Mapping[str, Any]]
    contexts: Sequence[Context]
    counts: Sequence[StepCount]
    progress: Callable[[int, int, int], Any]
    cancelled: Callable[[], bool]
    batch: int
    threads: int
    total: int = 0

    def __post_init__(self) -> None:
        self.runners: list[Runner] = [runner_of(step) for step in self.steps]
        self.kinds = [runner.kind for runner in self.runners]

    def guard(self, place: int, work: Callable[[], Any]) -> Any:
        return guarded(place, self.steps[place], work)

    def made(self, place: int) -> Any:
        """An ordered step or a learner, ready to see batches."""
        return self.runners[place].make(self.contexts[place], **self.steps[place]["params"])

    def through(self, frame: pd.DataFrame, places: Sequence[int], learned: Any) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:  # fmt: skip
        """The frame after some batch steps, and (place, rows in, rows out) of each.

        Steps that only choose rows see the columns they name; the rest of the frame is cut once for all of them.
        """
        counts: list[tuple[int, int, int]] = []
        kept: np.ndarray | None = None
        alive = len(frame)
        for place in places:
            if self.cancelled():
                raise Cancelled
            before, runner = alive, self.runners[place]
            params, ctx = self.steps[place]["params"], self.contexts[place]
            if runner.mask is not None:
                hit = self.guard(
                    place, lambda f=frame, k=kept, r=runner, p=params, c=ctx: _chosen(f, k, r, p, c)
                )
                alive = int(np.count_nonzero(hit))
                if alive < before:
                    if kept is None:
                        kept = np.array(hit)
                    else:
                        kept[kept] = hit
            else:
                frame, kept = frame if kept is None else only(frame, kept), None
                make = learned.apply if runner.kind == "learner" else None
                frame = self.guard(place, lambda f=frame, r=runner, p=params, c=ctx, m=make: m(f) if m else r.make(f, ctx=c, **p))  # fmt: skip
                alive = len(frame)
            counts.append((place, before, alive))
        return frame if kept is None else only(frame, kept), counts


def _chosen(frame: pd.DataFrame, kept: np.ndarray | None, runner: Runner, params: Mapping[str, Any], ctx: Context) -> np.ndarray:  # fmt: skip
    """Which of the rows that are left stay, by a step that sees only them, and of them the columns it names."""
    assert runner.mask is not None
    view = frame[list(runner.reads(params))]
    return runner.mask(view if kept is None else only(view, kept), ctx=ctx, **params)


@dataclass(frozen=True, slots=True)
class _Closer:
    """What ends a stretch: a step that sees batches in order, or a learner that learns on the way."""

    place: int
    worker: Any
    learns: bool

    @property
    def keys(self) -> Any:
        return getattr(self.worker, "keys", None)

    def then(self, frame: pd.DataFrame, keys: Any) -> pd.DataFrame:
        if not self.learns:
            return self.worker.apply(frame) if self.keys is None else self.worker.keep(frame, keys)
        if self.keys is None:
            self.worker.learn(frame)
        else:
            self.worker.count(keys)
        return frame


class Stream:
    """Tables after the steps from `start` to before `end`, of which the first may be a learner that has learned.

    `only`: the columns to read, where not all. `teach`: the learner at `end`, taught on the way. `schema` holds
    from the start; `rows`, read so far, is whole once all tables were taken.
    """

    def __init__(
        self, work: Work, source: Source, start: int, end: int, learned: Any = None, only: list[str] | None = None, teach: Any = None
    ) -> None:  # fmt: skip
        self.work, self.source, self.start, self.end, self.learned = work, source, start, end, learned
        self.columns = only or (needed(work.steps[start:end], source.schema.names) if start == 0 else None)
        self.rows = 0
        self.pool = ThreadPoolExecutor(work.threads, thread_name_prefix="steps")
        self._tables = (table_of(frame) for frame in self._frames(teach))
        try:
            self._first = next(self._tables, None)
        except BaseException:
            self._close()
            raise
        self.schema = self._empty() if self._first is None else sink.plain(self._first).schema

    def __iter__(self) -> Iterator[pa.Table]:
        try:
            if self._first is not None:
                yield self._first
                self._first = None
            for table in self._tables:
                self.work.progress(max(self.end - 1, 0), self.rows, self.work.total or self.rows)
                yield table
        finally:
            self._close()

    def _close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _frames(self, teach: Any) -> Iterator[pd.DataFrame]:
        flow: Iterator[Any] = self._loaded()
        for places, closer in self._stretches(teach):
            flow = self._stretch(flow, places, closer)
        return flow

    def _stretches(self, teach: Any) -> Iterable[tuple[list[int], _Closer | None]]:
        """Batch steps, and the step in order that ends each run of them."""
        found: list[tuple[list[int], _Closer | None]] = []
        places: list[int] = []
        for place in range(self.start, self.end):
            if self.work.kinds[place] == "ordered":
                found.append((places, _Closer(place, self.work.made(place), False)))
                places = []
            else:
                places.append(place)
        last = None if teach is None else _Closer(self.end, teach, True)
        if places or last or not found:
            found.append((places, last))
        return found

    def _loaded(self) -> Iterator[Callable[[], pd.DataFrame]]:
        """What makes each batch's frame: reading is left to the pool where the rows' numbers are known before."""
        loads = watched(self.source.loads(self.columns, self.work.batch), self.work.cancelled)
        first = next(loads, None)
        if first is None:
            return
        if first.at is not None:
            yield lambda: frame_of(first.read(), first.at)
            for load in loads:
                yield lambda one=load: frame_of(one.read(), one.at)  # type: ignore[misc]
            return

        def every() -> Iterator[Load]:
            yield first
            yield from loads

        at = 0
        for table in parallel(every(), lambda load: load.read(), self.pool, self.work.threads):
            yield lambda t=table, n=at: frame_of(t, n)  # type: ignore[misc]
            at += table.num_rows

    def _stretch(
        self, flow: Iterator[Any], places: list[int], closer: _Closer | None
    ) -> Iterator[pd.DataFrame]:
        """The frames after some batch steps and their closer."""
        work = self.work
        keys_of = closer.keys if closer else None

        def task(item: Any) -> tuple[pd.DataFrame, int, list[tuple[int, int, int]], Any]:
            frame = item() if callable(item) else item
            read = len(frame)
            frame, counts = work.through(frame, places, self.learned)
            keys = None
            if closer is not None and keys_of is not None:
                keys = work.guard(closer.place, lambda: keys_of(frame))
            return frame, read if callable(item) else 0, counts, keys

        for frame, read, counts, keys in parallel(flow, task, self.pool, work.threads):
            self.rows += read
            for place, before, after in counts:
                work.counts[place].rows_in += before
                work.counts[place].rows_out += after
            if closer is not None:
                before = len(frame)
                frame = work.guard(closer.place, lambda f=frame, k=keys: closer.then(f, k))
                if not closer.learns:
                    work.counts[closer.place].rows_in += before
                    work.counts[closer.place].rows_out += len(frame)
            yield frame

    def _empty(self) -> pa.Schema:
        """The schema after the steps where there is not one row."""
        schema = self.source.schema
        if self.columns is not None:
            schema = pa.schema([schema.field(schema.names.index(n)) for n in self.columns])
        batches = [i for i in range(self.start, self.end) if self.work.kinds[i] in ("batch", "learner")]
        frame, _ = self.work.through(frame_of(schema.empty_table(), 0), batches, self.learned)
        return sink.plain(table_of(frame)).schema
