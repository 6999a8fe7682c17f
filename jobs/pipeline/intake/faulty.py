"""Faults of the machine rather than of the file, said so that someone can act; nothing half-written stays."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from jobs.pipeline.faults import Fault, IntakeError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def readable(*made: Path | None) -> Iterator[None]:
    """Turn a full disk or too little memory into a Fault; remove the files in `made` when anything goes wrong."""
    try:
        yield
    except BaseException as problem:
        for path in made:
            if path is not None:
                path.unlink(missing_ok=True)
        if isinstance(problem, Fault):
            raise
        if isinstance(problem, OSError) and (problem.errno in FULL or "No space left" in str(problem)):
            raise Fault("disk.full", "The disk became full while the file was read; nothing of it was kept.",
                        "Tell your operator; when there is room, read the file again.") from problem  # fmt: skip
        if isinstance(problem, (MemoryError, pa.ArrowMemoryError)):
            raise IntakeError("file.too_large", "Reading the file takes more memory than a job may have.",
                              "Upload it as CSV or Parquet, in several files if need be.") from problem  # fmt: skip
        if isinstance(problem, (pa.ArrowException, UnicodeDecodeError)):
            # Of a damaged file Arrow may say things that are not even text.
            text = "" if isinstance(problem, UnicodeDecodeError) else f": {str(problem)[:200]}"
            raise IntakeError("file.broken", f"The file contradicts itself and cannot be read{text}.",
                              "Write it again.") from problem  # fmt: skip
        raise
