"""Canonical Parquet, written in even row groups whatever the batches."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 250_000
T = TypeVar("T")


def write_parquet(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, target: Path, progress: Callable[[int], None]
) -> int:
    """Canonical Parquet: zstd, even row groups whatever the batches, so that bytes repeat. Returns rows."""
    done, held, waiting = 0, 0, []
    with pq.ParquetWriter(target, schema, compression="zstd", version="2.6") as writer:
        for batch in batches:
            waiting.append(batch)
            held += batch.num_rows
            while held >= ROW_GROUP:
                table = pa.Table.from_batches(waiting, schema)
                writer.write_table(table.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                rest = table.slice(ROW_GROUP)
                waiting, held = rest.to_batches(), rest.num_rows
            done += batch.num_rows
            progress(done)
        if waiting:
            writer.write_table(
                pa.Table.from_batches(waiting, schema).combine_chunks(), row_group_size=ROW_GROUP
            )
    return done


def ahead(items: Iterable[T], size: int = 2) -> Iterator[T]:
    """The same items, made in a thread of their own, `size` of them in advance. Faults come out where they belong."""
    ready: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(size)
    stopping = threading.Event()

    def put(kind: str, item: T | BaseException | None) -> bool:
        while not stopping.is_set():
            try:
                ready.put((kind, item), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put("item", item):
                    break
            put("end", None)
        except BaseException as problem:
            put("fault", problem)
        finally:
            if hasattr(iterator, "close"):
                iterator.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            kind, item = ready.get()
            if kind == "end":
                return
            if kind == "fault":
                raise item  # type: ignore[misc]
            yield item  # type: ignore[misc]
    finally:
        stopping.set()
        thread.join()
