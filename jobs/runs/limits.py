"""What a job may use, and how it is measured: time, memory of its processes, disk of its folder."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from jobs.pipeline.faults import Fault

MB = 1 << 20
TICK = 0.05  # Memory can grow by gigabytes in a second.


@dataclass(frozen=True, slots=True)
class Limits:
    """seconds of wall time; MB of memory the engine plans with, MB at which it is killed; MB of disk."""

    seconds: int
    memory: int
    ceiling: int
    disk: int
    free: int

    @classmethod
    def of_settings(cls) -> Limits:
        memory = settings.JOB_MEMORY_MB
        # Libraries alone take about 250 MB, and a plan for memory is not a promise to the byte.
        return cls(settings.JOB_MAX_SECONDS, memory, memory + memory // 4 + 256, settings.JOB_DISK_MB,
                   settings.JOB_DISK_FREE_MB)  # fmt: skip


@dataclass
class Meter:
    """Watches one child. `look` raises a Fault at the first limit that is passed."""

    pid: int
    folder: Path
    limits: Limits
    began: float
    peak: int = 0
    _group: list[int] = field(default_factory=list)
    _slow: float = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if now - self._slow >= 1:
            self._slow, self._group = now, _group(self.pid)
            self._disk()
        used = self.sample()
        if used > self.limits.ceiling:
            raise Fault("limit.memory", f"The job needed more than {self.limits.ceiling} MB of memory and was stopped.",
                        "Choose fewer columns or rows, or ask the operator for more memory for each job (JOB_MEMORY_MB).")  # fmt: skip
        if now - self.began > self.limits.seconds:
            raise Fault("limit.time", f"The job needed more than {_minutes(self.limits.seconds)} and was stopped.",
                        "Choose fewer columns or rows, or ask the operator for more time for each job (JOB_MAX_SECONDS).")  # fmt: skip

    def sample(self) -> int:
        """MB that the group has now; also for a call that was over before the first look."""
        used = sum(_memory(pid) for pid in {self.pid, *self._group}) // MB
        self.peak = max(self.peak, used)
        return used

    def _disk(self) -> None:
        used = size_of(self.folder) // MB
        if used > self.limits.disk:
            raise Fault("limit.disk", f"The job needed more than {self.limits.disk} MB of disk for its work and was stopped.",
                        "Choose fewer columns or rows, or ask the operator for more disk for each job (JOB_DISK_MB).")  # fmt: skip
        free = shutil.disk_usage(self.folder).free // MB
        if free < self.limits.free:
            raise disk_full(
                f"Only {free} MB are free on the portal's disk; the job was stopped before it filled it."
            )


def disk_full(text: str = "The portal's disk is full; the job was stopped.") -> Fault:
    return Fault("disk.full", text, "Tell the operator; when there is room again, try again.")


def memory_short(text: str) -> Fault:
    return Fault("limit.memory", f"The job needed more memory than it may use: {text}"[:300],
                 "Choose fewer columns or rows, or ask the operator for more memory for each job (JOB_MEMORY_MB).")  # fmt: skip


def _minutes(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"


def size_of(folder: Path) -> int:
    """Bytes on disk below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _memory(pid: int) -> int:
    """Bytes that only this process can give back: file pages in its address space do not count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


def _group(leader: int) -> list[int]:
    """Processes of the group that `leader` began."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[2]) == leader:
            found.append(int(entry.name))
    return found
