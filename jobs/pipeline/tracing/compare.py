"""One found file against all exports that were made by the same plan from the same data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.draws import withheld
from jobs.pipeline.tracing import leak as found_file
from jobs.pipeline.tracing.cells import CHUNK
from jobs.pipeline.tracing.chance import log10_chance, share_from
from jobs.pipeline.tracing.columns import match
from jobs.pipeline.tracing.evidence import Evidence, gather
from jobs.pipeline.tracing.replay import replay

KNOWN = 0.05  # Share of the file's rows that must be found again before it counts as this data.


def compare(
    leak: Mapping[str, Any], plan: Mapping[str, Any], source: Path, folder: Path, pool: bytes, share: str,
    marks: Sequence[Mapping[str, Any]], *, key: bytes = b"", inputs: Mapping[str, Path] | None = None,
    memory: int = 1 << 30, cancelled: Callable[[], bool] = lambda: False, progress: Callable[..., Any] = lambda *_: None,
) -> dict[str, Any]:  # fmt: skip
    """What speaks for and against each of `marks`, all of which share plan, source and key.

    A mark: `{"id", "own": secret, "rows", "left_out"}`; the last two, as its export had them, tell whether the secrets
    are still those of then. Those that are not come back in "unsure" and are not judged.

    `{"found": share of the file's rows that are rows of this data, "columns": [name in the file], "pool", "told",
    "controls", "controls_present", "rows": of the delivered table, "marks": [{"id", "present", "present_left_out",
    "absent", "absent_left_out", "log10_chance", "share": [estimate, low, high]}]}`. The folder is emptied at the end.
    Raises Fault where the plan cannot be followed any more, Cancelled.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = found_file.opened(dict(leak))
    try:
        whole = replay(plan, Path(source), folder, key=key, inputs=inputs or {}, memory=memory,
                       cancelled=cancelled, progress=progress)  # fmt: skip
        fits = match(file, whole)
        names = [file.names[at] for at in fits.leak]
        good = [mark for mark in marks if _as_then(mark, pool, share)]
        said: dict[str, Any] = {"found": fits.found, "columns": names, "rows": whole.rows, "marks": [],
                                "unsure": [mark["id"] for mark in marks if mark not in good]}  # fmt: skip
        if fits.found < KNOWN:
            return {**said, "pool": 0, "told": 0, "controls": 0, "controls_present": 0}
        evidence = gather(file, whole, fits, pool, share)
        return {**said, "pool": evidence.pool, "told": len(evidence.numbers), "controls": evidence.controls,
                "controls_present": evidence.controls_present, "marks": [_one(evidence, m) for m in good]}  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_then(mark: Mapping[str, Any], pool: bytes, share: str) -> bool:
    if "left_out" not in mark:
        return True
    left = 0
    for start in range(0, mark["rows"], CHUNK):
        left += int(
            withheld(np.arange(start, min(start + CHUNK, mark["rows"])), pool, mark["own"], share).sum()
        )
    return bool(left == mark["left_out"])


def _one(evidence: Evidence, mark: Mapping[str, Any]) -> dict[str, Any]:
    seen = evidence.seen(mark["own"])
    return {
        "id": mark["id"], "present": seen.present, "present_left_out": seen.present_left_out, "absent": seen.absent,
        "absent_left_out": seen.absent_left_out, "log10_chance": log10_chance(seen, evidence.rate),
        "share": list(share_from(seen)),
    }  # fmt: skip
