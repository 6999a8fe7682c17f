"""Work on batches in threads, handed on in their order, with few of them in memory at once.

Arrow and numpy release the interpreter's lock in their kernels, so threads use all cores given.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import Any, TypeVar

from jobs.pipeline.faults import Cancelled

In = TypeVar("In")
Out = TypeVar("Out")
_END = object()


def parallel(
    items: Iterable[In], work: Callable[[In], Out], pool: ThreadPoolExecutor, ahead: int
) -> Iterator[Out]:
    """`work` on each item in the pool; results in the items' order, at most `ahead` begun before their turn."""
    waiting: deque[Future[Out]] = deque()
    source = iter(items)
    try:
        for item in source:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        close = getattr(source, "close", None)
        if close:
            close()


def beside(items: Iterable[In], ahead: int = 1) -> Iterator[In]:
    """The items, made in a thread of their own while the reader is busy with earlier ones."""
    queue: Queue[Any] = Queue(ahead)
    over = threading.Event()

    def put(item: Any) -> bool:
        while not over.is_set():
            try:
                queue.put(item, timeout=0.2)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        source = iter(items)
        try:
            for item in source:
                if not put((item, None)):
                    break
            else:
                put((_END, None))
        except BaseException as problem:
            put((_END, problem))
        finally:
            close = getattr(source, "close", None)
            if close:
                close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, problem = queue.get(timeout=0.5)
            except Empty:
                continue
            if problem is not None:
                raise problem
            if item is _END:
                return
            yield item
    finally:
        over.set()
        thread.join(timeout=30)


def watched(items: Iterable[In], cancelled: Callable[[], bool]) -> Iterator[In]:
    """The items until someone stops the work; then raises Cancelled."""
    for item in items:
        if cancelled():
            raise Cancelled
        yield item
