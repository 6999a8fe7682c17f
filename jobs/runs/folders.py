"""Where a job works: one folder an attempt, handed on by renaming, held by a lock while someone writes.

What a killed attempt finished is found again by the next one on the same disk. The lock is inherited by the
child process, so it is free only when nobody of the earlier attempt can write any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

LOCK = ".lock"


def root() -> Path:
    folder = Path(settings.COMMONHOLD_VAR) / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Place:
    """A locked folder. `inherited`: an earlier attempt of the same job left its files in it."""

    path: Path
    lock: int
    inherited: bool = False

    def leave(self, *, keep: bool = False) -> None:
        """Let go; the files go too, unless another try may use them."""
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self.lock)


def take(job_id: UUID, attempt: int) -> Place:
    """The folder of this attempt: the newest one that nobody holds, renamed, or a new one."""
    target = root() / f"{job_id}-{attempt}"
    place = None
    for left in sorted(root().glob(f"{job_id}-*"), key=_number, reverse=True):
        lock = _lock(left)
        if lock is None:
            continue  # Someone still writes there; `sweep` removes it when that is over.
        if place is not None:
            Place(left, lock).leave()
            continue
        left.rename(target)
        place = Place(target, lock, inherited=True)
    if place is not None:
        shutil.rmtree(target / "tmp", ignore_errors=True)
        return place
    if target.exists():
        target = root() / f"{job_id}-{attempt}.{time.monotonic_ns()}"
    target.mkdir()
    lock = _lock(target)
    assert lock is not None
    return Place(target, lock)


def forget(job_id: UUID) -> None:
    """Remove what a job left, except where someone is still at it."""
    for left in root().glob(f"{job_id}-*"):
        lock = _lock(left)
        if lock is not None:
            Place(left, lock).leave()


def job_ids() -> dict[UUID, float]:
    """Jobs that have a folder here, with the time in seconds when it was last written to."""
    found: dict[UUID, float] = {}
    for left in root().iterdir():
        with contextlib.suppress(ValueError, FileNotFoundError):
            found[UUID(left.name[:36])] = left.stat().st_mtime
    return found


def _number(folder: Path) -> float:
    with contextlib.suppress(ValueError):
        return float(folder.name[37:].partition(".")[0])
    return -1


def _lock(folder: Path) -> int | None:
    """An exclusive lock on the folder, or None if another process has it or the folder is gone."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
