"""The file that someone found, as cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.pipeline import intake
from jobs.pipeline.tracing import cells


def read(
    file: Path, name: str, folder: Path, *, progress: Callable[..., Any] = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False, memory: int = 1 << 30,
) -> dict[str, Any]:  # fmt: skip
    """`{"rows", "names", "folder"}` of a file in any format that the portal reads. `name` tells the format.

    Raises IntakeError where it cannot be read, with row and remedy.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    typed = folder / "leak.parquet"
    intake.to_parquet(Path(file), name, typed, progress=progress, cancelled=cancelled, memory=memory)
    found = cells.of_parquet(typed, folder / "cells")
    typed.unlink()
    return {"rows": found.rows, "names": list(found.names), "folder": found.folder}


def opened(said: dict[str, Any]) -> cells.Cells:
    """The cells that `read` left."""
    return cells.Cells(Path(said["folder"]), tuple(said["names"]), int(said["rows"]))
