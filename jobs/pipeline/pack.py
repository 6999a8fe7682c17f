"""One zip of a data file and small texts, with equal bytes for equal content."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

# A fixed time, so that the same content gives the same bytes.
STAMP = (2000, 1, 1, 0, 0, 0)
CHUNK = 1 << 20


def pack(
    target: Path, data: Path, data_name: str, texts: dict[str, str], *, progress: Callable[[str, int, int], None]
) -> Path:  # fmt: skip
    """Write `target`: the data first, then each text under its name, in the order given."""
    total, done = data.stat().st_size, 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        with data.open("rb") as source, archive.open(_entry(data_name), "w", force_zip64=True) as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
                done += len(chunk)
                progress("Seal", done, total)
        for name, text in texts.items():
            archive.writestr(_entry(name), text.encode())
    return target


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
