"""`python -m jobs.pipeline.child <pid of the parent>`: does what its worker asks, and can be killed at any line.

One JSON request a line on stdin: {"function": "module:name", "args": {…}, "offers": {…}}; `offers` are given
if the function takes them. On stdout, one JSON object a line: {"progress": [args, kwargs]} many times, then one
of {"result": …}, {"fault": {…}}, {"cancelled": true}, {"error": {…}}, each with "usage". Knows no Django, no
database and no secret but those in its arguments. It ends when stdin ends, and dies with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import inspect
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from jobs.pipeline import wire
from jobs.pipeline.faults import Cancelled, Fault

HOME = "jobs.pipeline."
EVERY = 0.1  # Seconds between two progress lines of the same step.


def function_of(name: str) -> Callable[..., Any]:
    """The function behind "jobs.pipeline.module:name"; ValueError for any other place."""
    module, _, attribute = name.partition(":")
    if not module.startswith(HOME) or not attribute.isidentifier() or attribute.startswith("_"):
        raise ValueError(f"{name!r} is not a function of the pipeline")
    found = getattr(import_module(module), attribute)
    if not callable(found):
        raise ValueError(f"{name!r} is not a function of the pipeline")
    return found  # type: ignore[no-any-return]


def call(name: str, args: dict[str, Any], offers: dict[str, Any]) -> Any:
    """Call a pipeline function with `args`, and with those of `offers` that it takes and was not given."""
    function = function_of(name)
    taken = inspect.signature(function).parameters
    return function(**{k: v for k, v in offers.items() if k in taken and k not in args}, **args)


def answer(request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Do one request; the closing line without its usage."""
    last: list[Any] = [0.0, None]

    def progress(*args: Any, **more: Any) -> None:
        now, step = time.monotonic(), args[:1]
        if step != last[1] or now - last[0] >= EVERY:
            last[:] = [now, step]
            send({"progress": [args, more]})

    try:
        offers = {**wire.revived(request["offers"]), "progress": progress, "cancelled": lambda: False}
        found = call(request["function"], wire.revived(request["args"]), offers)
        return {"result": wire.result(found)}
    except Cancelled:
        return {"cancelled": True}
    except Fault as fault:
        return {"fault": fault.as_dict(), "kind": type(fault).__name__}
    except Exception as problem:
        return {"error": {"type": type(problem).__name__, "text": str(problem)[:2000],
                          "errno": problem.errno if isinstance(problem, OSError) else None,
                          "memory": isinstance(problem, MemoryError) or "OutOfMemory" in type(problem).__name__,
                          "trace": traceback.format_exc()[-6000:]}}  # fmt: skip


def _used() -> dict[str, float]:
    """Seconds of CPU and bytes read and written by this process so far, caches included."""
    times = os.times()
    used = {"cpu": times.user + times.system + times.children_user + times.children_system}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/io").read_text().splitlines():
            word, _, value = line.partition(": ")
            if word in ("rchar", "wchar"):
                used[{"rchar": "read", "wchar": "written"}[word]] = int(value)
    return used


def _die_with(parent: int) -> None:
    """Linux: be killed when the parent ends, however it ends, and be the first to go when memory is short."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")
    if os.getppid() != parent:
        os._exit(3)


def _listen(source: BinaryIO, requests: queue.Queue[bytes]) -> None:
    for line in source:
        requests.put(line)
    # The worker closed its end or is gone: nobody wants the result. Whatever was started goes too.
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    _die_with(int(sys.argv[1]))
    faulthandler.enable()
    # Whatever a library prints goes to the log; the answers have a pipe of their own.
    pipe = os.dup(1)
    os.dup2(2, 1)

    def send(line: dict[str, Any]) -> None:
        data = json.dumps(line).encode() + b"\n"
        while data:
            data = data[os.write(pipe, data) :]

    requests: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        began, before = time.monotonic(), _used()
        line = answer(request, send)
        used = {k: round(v - before.get(k, 0), 3) for k, v in _used().items()}
        send({**line, "usage": {**used, "wall": round(time.monotonic() - began, 3)}})


if __name__ == "__main__":
    main()
