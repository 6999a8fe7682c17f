"""One attempt at one job: its folder, its child process, its stages, and whether to stop."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from jobs.pipeline import wire
from jobs.pipeline.faults import Cancelled
from jobs.runs import memory, services
from jobs.runs.child import Child
from jobs.runs.folders import Place
from jobs.runs.models import Job
from kernel import store
from kernel.actor import Actor

log = logging.getLogger(__name__)
LOOK = 0.2  # Seconds between two looks at the row: a cancelled job stops within a fraction of this.
LOG_LINES = 200


class Work:
    """What a handler works with. It lives in the worker; the data work itself is done by `do`."""

    def __init__(self, job: Job, actor: Actor, place: Place) -> None:
        self.job, self.actor, self.folder = job, actor, place.path
        self.attempt = job.attempt
        self._child = Child(place.path, (place.lock,))
        self._stage = ""
        self._shown: dict[str, Any] = {"progress": {}, "log": list(job.log), "stages": [], "usage": {}}
        self._lost, self._done = threading.Event(), threading.Event()
        self._wrote = self._looked = 0.0
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name=f"beat-{job.pk}", daemon=True)

    def __enter__(self) -> Work:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.end()
        self._done.set()
        self._thread.join(timeout=10)

    # — what the handler calls

    def do(self, function: str, *, progress: Callable[..., None] | None = None, **args: Any) -> Any:
        """Run "jobs.pipeline.module:name" in a process of its own; its result as JSON (dataclasses are dicts,
        paths text). `progress`, `cancelled`, `memory` (bytes) and `threads` are supplied if the function takes
        them. Inside `stage`, a call that an earlier attempt finished is not made again.

        Raises what the function raised (Fault and its kinds), Cancelled, and Fault for limits and crashes.
        """
        self.look()
        name = memory.digest(function, wire.arguments(args), self.folder) if self._stage else ""
        if name and (kept := memory.recall(self.folder, name)) is not None:
            self._finished(self._stage, {}, again=True)
            return kept["result"]
        show = progress or (lambda *_, **__: None)
        began = time.monotonic()
        if settings.JOB_ISOLATION == "child":
            found, used = self._child.call(function, args, progress=show, look=self.look)
        else:
            found, used = self._here(function, args, show), {"wall": round(time.monotonic() - began, 3)}
        self._count(used)
        if name:
            memory.remember(self.folder, name, found)
            self._finished(self._stage, used)
        return found

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Calls of `do` in here are one named stage; when it is finished, a later attempt goes on after it."""
        before, self._stage = self._stage, name
        try:
            yield
        finally:
            self._stage = before

    def source(self, sha256: str) -> Path:
        """A file of the store, to read as long as the job lasts, wherever the store is."""
        found = store.local(sha256, self.look)
        if not settings.STORE_BUCKET:
            return found
        held = self.folder / "inputs" / sha256
        held.parent.mkdir(exist_ok=True)
        if not held.exists():
            os.link(found, held)
        return held

    def put(self, path: Path | str) -> store.Stored:
        """Keep a file of the folder in the store; it stays in the folder for a later attempt."""
        return store.put_file(Path(path), keep=True, look=self.look)

    def progress(self, step: str, done: int, total: int, **more: Any) -> None:
        """Show where it is; written to the row at most once a second."""
        percent = min(round(100 * done / total), 100) if total else 0
        self._shown["progress"] = {"step": step, "rows": done, "total": total, "percent": percent, **more}
        if time.monotonic() - self._wrote >= 0.7:
            self._write()

    def say(self, text: str) -> None:
        """Add a line to the job's log."""
        self._shown["log"] = [*self._shown["log"], {"at": timezone.now().isoformat(timespec="seconds"), "text": text}][-LOG_LINES:]  # fmt: skip
        self._write()

    def cancelled(self) -> bool:
        """Whether someone stopped the job or another worker has it."""
        return self._lost.is_set()

    def look(self) -> None:
        """Raise Cancelled if the job is no longer this attempt's. Cheap: asks the row a few times a second."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            try:
                if services.held(self.job.pk, self.attempt):
                    self._heard = now
                else:
                    self._lost.set()
            except DatabaseError as problem:
                # The row cannot be asked; when the lease must have run out, the job may be another's.
                log.warning("look at %s: %s", self.job.ref, problem)
                connection.close_if_unusable_or_obsolete()
                if now - self._heard > settings.JOB_LEASE_SECONDS:
                    self._lost.set()
        if self._lost.is_set():
            raise Cancelled

    # — inside

    def _here(self, function: str, args: dict[str, Any], progress: Callable[..., None]) -> Any:
        """Without a process of its own: for tests and for platforms that cannot have one."""
        from jobs.pipeline.child import call

        offers = {"memory": settings.JOB_MEMORY_MB << 20, "threads": settings.JOB_THREADS,
                  "progress": progress, "cancelled": self.cancelled}  # fmt: skip
        given = wire.revived(json.loads(json.dumps(wire.arguments(args))))
        return json.loads(json.dumps(wire.result(call(function, given, offers))))

    def _count(self, used: dict[str, Any]) -> None:
        usage = dict(self._shown["usage"])
        for key in ("wall", "cpu", "read", "written"):
            usage[key] = round(usage.get(key, 0) + used.get(key, 0), 3)
        usage["memory_mb"] = max(usage.get("memory_mb", 0), used.get("memory_mb", 0))
        self._shown["usage"] = usage

    def _finished(self, name: str, used: dict[str, Any], again: bool = False) -> None:
        stages = [s for s in self._shown["stages"] if s["name"] != name]
        line = {"name": name, "again": again, "at": timezone.now().isoformat(timespec="seconds"), **used}
        self._shown["stages"] = [*stages, line]
        if again:
            self.say(f"Went on after “{name}”, which attempt {self.attempt - 1} had finished.")
        else:
            self.say(f"{name}: finished in {used.get('wall', 0):.1f} s.")

    def _write(self) -> None:
        self._wrote = time.monotonic()
        if not services.beat(self.job.pk, self.attempt, **self._shown):
            self._lost.set()

    def _beat(self) -> None:
        """Keeps the lease while the handler is inside one long call."""
        every = max(settings.JOB_LEASE_SECONDS / 4, 0.5)
        while not self._done.wait(every):
            try:
                if not services.beat(self.job.pk, self.attempt, **self._shown):
                    self._lost.set()
                services.report_worker(self.job.worker.partition(":")[0])
            except Exception as problem:
                log.warning("beat of %s: %s", self.job.ref, problem)
        connection.close()
