"""Finished stages of a run: files under names made of the plan so far and its input, each with a note beside it.

A stage's file appears whole or not at all; its note, which makes it count, comes after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jobs.pipeline.engine.source import Source
from jobs.pipeline.engine.stream import StepCount
from kernel.canonical import sha256_hex

SPILLED = ".arrows"


class Kept:
    """What of a plan over one input is finished in a folder. `counts` are filled from the notes."""

    def __init__(
        self, folder: Path, steps: Sequence[Mapping[str, Any]], counts: Sequence[StepCount], identity: str
    ) -> None:
        self.folder, self.steps, self.counts, self.identity = folder, steps, counts, identity

    def target(self, end: int, *of: str, form: str = ".parquet") -> Path:
        """The file of the stage that ends before step `end` (or, `of` it, after it)."""
        plan = [[step["name"], step["params"]] for step in self.steps[: end + 1]]
        return self.folder / f"stage-{sha256_hex([self.identity, [*plan, end], *of])[:24]}{form}"

    def stands(self, target: Path) -> bool:
        return target.exists() and _note(target).exists()

    def made(self, target: Path, make: Callable[[Path], int]) -> int:
        """The stage's file, made unless a run before finished it. Returns the rows read."""
        if self.stands(target):
            held = json.loads(_note(target).read_text(encoding="utf-8"))
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
        note = _note(target)
        fresh = note.with_suffix(".json.part")
        counts = [asdict(count) for count in self.counts]
        fresh.write_text(json.dumps({"rows_in": rows, "counts": counts}), encoding="utf-8")
        fresh.replace(note)
        return rows


def _note(target: Path) -> Path:
    return target.with_suffix(".json")


def identity_of(source: Source) -> str:
    """What tells this input from another where the plan does not say it."""
    path = getattr(source, "path", None)
    found = Path(path).stat() if path is not None else None
    return f"{path}:{found.st_size}:{found.st_mtime_ns}" if found else ""


def drop(current: Source, source: Source) -> None:
    """The file of the stage before is not needed once the next one stands."""
    path = getattr(current, "path", None)
    if current is not source and path is not None:
        Path(path).unlink(missing_ok=True)
