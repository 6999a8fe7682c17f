"""Files under the name of their content: put once, never changed, found by SHA-256.

They are in a folder, or with STORE_URL=s3://… in a bucket; then the folder is a cache of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings

from kernel import bucket

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """`sha256` in hex and size in bytes of what was kept."""

    sha256: str
    size: int


class StoreFull(Exception):
    """The file could not be kept, because there is no room or the storage does not answer; nothing was."""


def root() -> Path:
    folder = Path(settings.COMMONHOLD_VAR) / "store"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def local(sha256: str, look: Callable[[], None] = lambda: None) -> Path:
    """A local file with this content, to read; fetched first if the store is a bucket.

    With a bucket the file may be swept from the cache an hour later; `jobs.runs.work.Work.source` holds it.
    """
    found = _path(sha256)
    if settings.STORE_BUCKET:
        try:
            os.utime(found)
        except FileNotFoundError:
            bucket.fetch(sha256, found, look)
    return found


path_of = local


def _path(sha256: str) -> Path:
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError("not a SHA-256 in lower-case hex")
    return root() / sha256[:2] / sha256[2:]


def exists(sha256: str) -> bool:
    return size(sha256) is not None


def size(sha256: str) -> int | None:
    """Bytes of the file, or None if the store has none with this hash."""
    if settings.STORE_BUCKET:
        return bucket.size(sha256)
    try:
        return _path(sha256).stat().st_size
    except FileNotFoundError:
        return None


def open_stream(sha256: str) -> BinaryIO:
    """The content to read once, from the beginning, without a local copy. FileNotFoundError if there is none."""
    found = _path(sha256)
    if settings.STORE_BUCKET and not found.exists():
        return cast(BinaryIO, bucket.stream(sha256))
    return found.open("rb")


def remove(sha256: str) -> None:
    """Delete the content for good; harmless if there is none. Whoever calls has made sure that nothing needs it.

    Raises StoreFull if the storage does not answer; then nothing is deleted.
    """
    if settings.STORE_BUCKET:
        try:
            bucket.remove(sha256)
        except bucket.StoreAway as problem:
            raise StoreFull(str(problem)) from problem
    _path(sha256).unlink(missing_ok=True)


def sweep_cache(younger: float = 3600) -> int:
    """With a bucket: remove the files longest unused until the cache is within STORE_CACHE_MB.

    Files used within `younger` seconds stay. Returns how many went.
    """
    if not settings.STORE_BUCKET:
        return 0
    files = []
    for file in root().glob("[0-9a-f][0-9a-f]/*"):
        with contextlib.suppress(FileNotFoundError):
            files.append((file.stat().st_mtime, file.stat().st_size, file))
    over, gone = sum(size for _, size, _ in files) - settings.STORE_CACHE_MB * CHUNK, 0
    for used, length, file in sorted(files):
        if over <= 0 or used > time.time() - younger:
            break
        file.unlink(missing_ok=True)
        over, gone = over - length, gone + 1
    return gone


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
    except bucket.StoreAway as problem:
        Path(name).unlink(missing_ok=True)
        raise StoreFull(str(problem)) from problem
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
    try:
        return Stored(_settle(staged, digest.hexdigest(), look), size)
    except bucket.StoreAway as problem:
        raise StoreFull(str(problem)) from problem
    finally:
        staged.unlink(missing_ok=True)


def bring(source: Path, name: str, look: Callable[[], None] = lambda: None) -> None:
    """With a bucket: send a file there under a name of its own, so that `take` need not. Raises StoreFull."""
    if settings.STORE_BUCKET:
        try:
            bucket.bring(source, name, look)
        except bucket.StoreAway as problem:
            raise StoreFull(str(problem)) from problem


def forget(name: str) -> None:
    """Drop what was brought under the name; what cannot be dropped now is swept later."""
    if settings.STORE_BUCKET:
        with contextlib.suppress(bucket.StoreAway):
            bucket.discard(name)


def sweep_brought(live: Collection[str], older_than: float = 24 * 3600) -> int:
    return bucket.sweep(live, older_than) if settings.STORE_BUCKET else 0


def take(source: Path, sha256: str, name: str = "") -> Stored:
    """Keep a file whose hash is known. It must be on the store's disk, and stays where it is too, as a link.

    `name`: under which it was brought, if it was. Raises StoreFull; FileNotFoundError if it is gone.
    """
    folder = root() / "incoming"
    folder.mkdir(exist_ok=True)
    staged = folder / f"{sha256}-{os.getpid()}-{threading.get_ident()}"
    try:
        staged.unlink(missing_ok=True)
        os.link(source, staged)
        length = staged.stat().st_size
        if name and settings.STORE_BUCKET:
            bucket.settle(name, sha256)
        return Stored(_settle(staged, sha256), length)
    except bucket.StoreAway as problem:
        raise StoreFull(str(problem)) from problem
    finally:
        staged.unlink(missing_ok=True)


def _settle(staged: Path, sha256: str, look: Callable[[], None] = lambda: None) -> str:
    """Move into place atomically; the same content twice is the same file. In the bucket first, if there is one."""
    if settings.STORE_BUCKET:
        bucket.send(staged, sha256, look)
    target = _path(sha256)
    target.parent.mkdir(exist_ok=True)
    staged.chmod(0o440)
    staged.replace(target)
    return sha256
