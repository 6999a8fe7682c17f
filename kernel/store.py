"""Files under the name of their content: put once, never changed, found by SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """`sha256` in hex and size in bytes of what was kept."""

    sha256: str
    size: int


class StoreFull(Exception):
    """The disk has no room for the file; nothing was kept."""


def root() -> Path:
    folder = Path(settings.COMMONHOLD_VAR) / "store"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def path_of(sha256: str) -> Path:
    """Where the file with this hash is, or would be."""
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError("not a SHA-256 in lower-case hex")
    return root() / sha256[:2] / sha256[2:]


def put_stream(chunks: Iterable[bytes]) -> Stored:
    """Keep a stream. An interrupted stream leaves nothing behind."""
    folder = root() / "incoming"
    folder.mkdir(exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as handle:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                handle.write(chunk)
            handle.flush()
            os.fsync(handle.fileno())
        return Stored(_settle(Path(name), digest.hexdigest()), size)
    except OSError as problem:
        Path(name).unlink(missing_ok=True)
        raise StoreFull(f"The file could not be kept: {problem.strerror}") from problem
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sweep_incoming(older_than: float = 24 * 3600) -> int:
    """Remove what an interrupted upload or a killed process left half-written; `older_than` in seconds."""
    limit, gone = time.time() - older_than, 0
    for left in (root() / "incoming").glob("*"):
        try:
            if left.stat().st_mtime < limit:
                left.unlink()
                gone += 1
        except FileNotFoundError:
            continue
    return gone


def put_file(source: Path, *, keep: bool = False, look: Callable[[], None] = lambda: None) -> Stored:
    """Keep a file that a worker made. It is moved if it is on the same disk, or linked if it should stay.

    `look` is called for each chunk read; what it raises ends the work and nothing is kept.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            look()
            digest.update(chunk)
            size += len(chunk)
    folder = root() / "incoming"
    folder.mkdir(exist_ok=True)
    staged = folder / f"{digest.hexdigest()}-{os.getpid()}"
    try:
        if keep:
            staged.unlink(missing_ok=True)
            os.link(source, staged)
        else:
            source.replace(staged)
    except OSError:
        with source.open("rb") as handle:
            return put_stream(iter(lambda: handle.read(CHUNK), b""))
    return Stored(_settle(staged, digest.hexdigest()), size)


def _settle(staged: Path, sha256: str) -> str:
    """Move into place atomically; the same content twice is the same file."""
    target = path_of(sha256)
    target.parent.mkdir(exist_ok=True)
    staged.chmod(0o440)
    staged.replace(target)
    return sha256
