"""The worker's side of its child process: start it, listen, and end it at once when it must stop."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.pipeline import faults, wire
from jobs.runs.limits import TICK, Limits, Meter, disk_full, memory_short

log = logging.getLogger(__name__)
# Nothing that opens a door is handed on: no database, broker, mail or store, no key.
KEPT = {"PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TESTING"}
KEPT_LIKE = ("LC_", "PYTHON", "OMP_", "ARROW_", "STEP")
# Measured on 5 million rows: a quarter less memory than the defaults, at the same speed. Returning every
# piece to the system at once (a low mmap threshold) took less still, and twice the time.
THRIFTY = {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc", "MALLOC_ARENA_MAX": "2"}
CHUNK = 1 << 16


class ChildError(Exception):
    """The function raised what is no Fault: an error of the portal's own. Carries the traceback."""


class Child:
    """One process for one attempt at a job; serves one call after the other. Not for two threads."""

    def __init__(self, folder: Path, held: tuple[int, ...] = ()) -> None:
        """`folder`: the attempt's; `held`: descriptors that must stay open as long as the child lives."""
        self.folder, self.held = folder, held
        self.limits = Limits.of_settings()
        self.began = time.monotonic()
        self.process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def _start(self) -> subprocess.Popen[bytes]:
        spill = self.folder / "tmp"
        spill.mkdir(exist_ok=True)
        env = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_LIKE)}
        self._rest = b""
        return subprocess.Popen(
            [sys.executable, "-m", "jobs.pipeline.child", str(os.getpid())], cwd=settings.BASE_DIR,
            env={**THRIFTY, **env, "TMPDIR": str(spill)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=self.held,
            start_new_session=True, bufsize=0,
        )  # fmt: skip

    def call(
        self, function: str, args: dict[str, Any], *, progress: Callable[..., None], look: Callable[[], None]
    ) -> tuple[Any, dict[str, Any]]:
        """Result and usage. `look` is called many times a second; what it raises ends the child first.

        Raises Fault (also for limits and crashes), Cancelled, OSError, ChildError.
        """
        if self.process is None:
            self.process = self._start()
        meter = Meter(self.process.pid, self.folder, self.limits, self.began)
        offers = {"memory": self.limits.memory << 20, "threads": settings.JOB_THREADS}
        request = {"function": function, "args": wire.arguments(args), "offers": offers}
        try:
            self._ask(json.dumps(request).encode() + b"\n")
            while (line := self._line()) is not None:
                if "progress" in line:
                    progress(*line["progress"][0], **line["progress"][1])
                elif line:
                    meter.sample()
                    return _outcome(line), {**line["usage"], "memory_mb": meter.peak}
                look()
                meter.look()
        except (ChildError, faults.Fault, faults.Cancelled, OSError):
            self.end()
            raise
        except BaseException:
            self.end()
            raise
        raise self._crashed()

    def _ask(self, data: bytes) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # It died already: `_line` finds the end and says why.
            while data:
                data = data[self.process.stdin.write(data) or 0 :]

    def _line(self) -> dict[str, Any] | None:
        """The next line, {} if none came within a tick, None at the end."""
        assert self.process is not None
        assert self.process.stdout is not None
        if b"\n" not in self._rest:
            if not select.select([self.process.stdout], [], [], TICK)[0]:
                return {}
            chunk = os.read(self.process.stdout.fileno(), CHUNK)
            if not chunk:
                return None
            self._rest += chunk
            if b"\n" not in self._rest:
                return {}
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)  # type: ignore[no-any-return]

    def _crashed(self) -> faults.Fault:
        process = self.process
        assert process is not None
        code = process.wait(timeout=10)
        self.end()
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        log.error("child %s ended %s", process.pid, how)
        if code == -signal.SIGKILL:
            return memory_short("the machine ended it. Its memory may have been short.")
        return faults.Fault("job.crashed", f"The process that did the work ended {how}.",
                            "Try again; if it happens again, tell the operator: a library may have an error.")  # fmt: skip

    def end(self) -> None:
        """Kill the child and all that it started; returns when it is gone."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


def _outcome(line: dict[str, Any]) -> Any:
    if "result" in line:
        return line["result"]
    if "fault" in line:
        raise getattr(faults, line["kind"], faults.Fault)(**line["fault"])
    if "cancelled" in line:
        raise faults.Cancelled
    raise error_of(line["error"])


def error_of(error: dict[str, Any]) -> Exception:
    """What to raise for an exception of the child that is no Fault."""
    import errno

    if error["memory"]:
        return memory_short(error["text"])
    if error["errno"] == errno.ENOSPC or "No space left" in error["text"]:
        return disk_full()
    if error["errno"] is not None:
        return OSError(error["errno"], error["text"])
    return ChildError(f"{error['type']}: {error['text']}\n{error['trace']}")
