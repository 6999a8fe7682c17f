"""A trace without a job: for the operator at the shell, in the process that asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from kernel import store


class Hand:
    """Runs pipeline functions here and now, with a folder of its own. `say` is told of each stage."""

    def __init__(self, folder: Path, say: Any = lambda _: None) -> None:
        self.folder, self.say = folder, say

    def do(self, function: str, **args: Any) -> Any:
        from jobs.pipeline import wire
        from jobs.pipeline.child import call

        offers = {"memory": settings.JOB_MEMORY_MB << 20, "threads": settings.JOB_THREADS,
                  "progress": lambda *_, **__: None, "cancelled": lambda: False}  # fmt: skip
        return wire.result(call(function, args, offers))

    def source(self, sha256: str) -> Path:
        return store.local(sha256)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.say(name)
        yield
