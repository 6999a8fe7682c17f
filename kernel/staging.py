"""Files that arrive in pieces: one sparse file each below the store, until the store takes it or it is dropped.

A piece is first written beside the file and copied into place only after it was checked, so that a wrong or cut
piece never touches bytes that were right. The copy is on the disk when `place` returns.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from kernel.store import CHUNK, StoreFull, root


@dataclass(frozen=True, slots=True)
class Piece:
    """A received piece: where it waits, its size in bytes (at most one more than was allowed), its SHA-256 in hex."""

    path: Path
    size: int
    sha256: str


def folder() -> Path:
    found = root() / "uploads"
    found.mkdir(exist_ok=True)
    return found


def path_of(id: UUID) -> Path:
    return folder() / id.hex


def open_file(id: UUID, size: int) -> None:
    """An empty sparse file of `size` bytes. Raises StoreFull."""
    try:
        with path_of(id).open("wb") as handle:
            handle.truncate(size)
    except OSError as problem:
        path_of(id).unlink(missing_ok=True)
        raise StoreFull(f"The file could not be kept: {problem.strerror}") from problem


@contextmanager
def piece(id: UUID, read: Callable[[int], bytes], limit: int) -> Iterator[Piece]:
    """Read a piece to the disk, 1 MB at a time and at most one byte over `limit`; it is gone after the block.

    What `read` raises passes through. Raises StoreFull if there is no room.
    """
    descriptor, name = tempfile.mkstemp(prefix=f"{id.hex}.", dir=folder())
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as handle:
            while size <= limit and (data := read(min(CHUNK, limit + 1 - size))):
                digest.update(data)
                size += len(data)
                try:
                    handle.write(data)
                    handle.flush()
                except OSError as problem:
                    raise StoreFull(f"The piece could not be kept: {problem.strerror}") from problem
        yield Piece(Path(name), size, digest.hexdigest())
    finally:
        Path(name).unlink(missing_ok=True)


def place(id: UUID, found: Piece, offset: int) -> None:
    """Copy a checked piece to its offset, safe on the disk. Raises StoreFull; FileNotFoundError if it was dropped."""
    try:
        with found.path.open("rb") as source, path_of(id).open("r+b") as target:
            target.seek(offset)
            shutil.copyfileobj(source, target, CHUNK)
            target.flush()
            os.fdatasync(target.fileno())
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise StoreFull(f"The piece could not be kept: {problem.strerror}") from problem


def sha256_of(id: UUID) -> str:
    """Hash of the whole file, in hex. FileNotFoundError if it was dropped."""
    with path_of(id).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def drop(id: UUID) -> None:
    path_of(id).unlink(missing_ok=True)


def sweep(live: Collection[str], older_than: float = 24 * 3600) -> int:
    """Remove what belongs to no upload in `live` (ids in hex) and pieces a killed process left; seconds."""
    limit, gone = time.time() - older_than, 0
    for left in folder().glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if left.name not in live and left.stat().st_mtime < limit:
                left.unlink()
                gone += 1
    return gone
