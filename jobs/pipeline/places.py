"""Data that stays where it is: a folder of Parquet files, objects on S3, a PostgreSQL table, read into one typed Parquet.

A place is plain data: {"kind": "folder", "path"}, {"kind": "s3", "url", "endpoint"?, "region"?, "key"?, "secret"?, "token"?},
{"kind": "postgres", "dsn", "table"? , "query"?}. Secrets are arguments: nothing here stores or shows them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.faults import Cancelled, IntakeError
from jobs.pipeline.intake import to_parquet
from jobs.pipeline.intake.columnar import as_kept, joined
from jobs.pipeline.intake.faulty import readable
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.types import name_of

CHUNK = 1 << 20
PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class Snapshot:
    """rows and columns ({name, type}) of the Parquet made; what it was made of, as evidence that it is the same later.

    source: what was read, without secrets; fingerprint: SHA-256 over it and over each file's name, size and tag;
    taken: when, in UTC. notes and reading as of an upload."""

    rows: int
    columns: list[dict[str, Any]]
    source: dict[str, Any]
    fingerprint: str
    taken: str
    notes: list[str] = field(default_factory=list)
    reading: dict[str, Any] = field(default_factory=dict)
    misfits: dict[str, dict[str, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def snapshot(
    place: Mapping[str, Any],
    target: Path,
    *,
    roots: Sequence[str | Path] = (),
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    seconds: int = 3600,
    hosts: Sequence[str] | None = None,
    secrets: bytes = b"",
    reading: Mapping[str, Any] | None = None,
    misfits: Path | None = None,
    writers: bool = False,
) -> Snapshot:
    """Read the place into one canonical Parquet at `target`, in bounded memory.

    roots: folders that the operator allows; a folder elsewhere, or a link that leads elsewhere, is refused.
    hosts: S3 endpoints and database hosts that the operator allows; None allows any but sockets of this machine.
    seconds: how long one database query may run. secrets: more parts of the place, as JSON, that are kept apart from it.
    reading, misfits: as of an upload, for an object that is read as one. writers: a database account that may also write
    is accepted. Raises IntakeError with what to do, Fault for a full disk, Cancelled;
    then there is no target."""
    target, place = Path(target), {**place, **(json.loads(secrets) if secrets else {})}
    as_upload: dict[str, Any] = {"reading": reading, "misfits": misfits}
    kinds: dict[str, Callable[[], Snapshot]] = {
        "folder": lambda: _folder(place, target, roots, progress, cancelled),
        "s3": lambda: _s3(place, target, hosts, progress, cancelled, as_upload),
        "postgres": lambda: _postgres(place, target, hosts, progress, cancelled, seconds, writers),
    }
    kind = str(place.get("kind", ""))
    if kind not in kinds:
        raise IntakeError(
            "place.kind", f"{kind[:40]!r} is no kind of place.", "Choose a folder, S3 or PostgreSQL."
        )
    with readable(target):
        return kinds[kind]()


def _made(
    rows: int, schema: pa.Schema, source: dict[str, Any], files: list[dict[str, Any]], notes: list[str]
) -> Snapshot:
    told = {**source, "files": files} if files else source
    mark = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
    columns = [{"name": f.name, "type": name_of(f.type)} for f in schema]
    return Snapshot(rows, columns, told, mark, datetime.now(UTC).isoformat(timespec="seconds"), notes, {"format": source["kind"], "notes": notes})  # fmt: skip


# --- A folder ---------------------------------------------------------------------------------------------------------


def allowed(path: str | Path, roots: Sequence[str | Path]) -> Path:
    """The real path, if it lies in one of the roots. Raises IntakeError; does not tell whether other paths exist."""
    real = Path(path).resolve()
    if not Path(path).is_absolute() or not any(real.is_relative_to(Path(root).resolve()) for root in roots):
        raise IntakeError("place.not_allowed", "This folder is not among those that the operator allows.",
                          "Choose a folder below an allowed one, or ask your operator to allow it.")  # fmt: skip
    return real


def _folder(
    place: Mapping[str, Any], target: Path, roots: Sequence[str | Path], progress: Any, cancelled: Any
) -> Snapshot:
    folder = allowed(str(place.get("path", "")), roots)
    if not folder.is_dir():
        raise IntakeError("place.missing", "There is no such folder.", "Check the path with your operator.")
    paths = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in PARQUET and not _hidden(p.relative_to(folder).as_posix())
    )
    for path in paths:
        if not path.resolve().is_relative_to(folder):
            raise IntakeError(
                "place.link",
                f"{path.relative_to(folder)} is a link that leads out of the folder.",
                "Remove the link.",
            )
    files = [
        {"name": str(p.relative_to(folder)), "bytes": p.stat().st_size, "sha256": _sha256(p, cancelled)}
        for p in paths
    ]
    sources = [(str(f["name"]), partial(pq.ParquetFile, p)) for f, p in zip(files, paths, strict=True)]
    rows, schema, notes = _parquets(sources, target, progress, cancelled)
    changed = [f["name"] for f, p in zip(files, paths, strict=True) if p.stat().st_size != f["bytes"]]
    if changed:
        raise IntakeError(
            "place.changed",
            f"{changed[0]} changed while it was read.",
            "Read it again when nothing writes to it.",
        )
    return _made(rows, schema, {"kind": "folder", "path": str(folder)}, files, notes)


def _hidden(relative: str) -> bool:
    """Files that writers leave beside the data, such as _metadata and .crc."""
    return any(part.startswith((".", "_")) for part in relative.split("/"))


def _sha256(path: Path, cancelled: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
            if cancelled():
                raise Cancelled
    return digest.hexdigest()


def _parquets(
    sources: Sequence[tuple[str, Callable[[], pq.ParquetFile]]], target: Path, progress: Any, cancelled: Any
) -> tuple[int, pa.Schema, list[str]]:
    """All files one after the other, by name; their columns must agree in name, and in a type that holds all of them."""
    if not sources:
        raise IntakeError(
            "place.empty", "There is no Parquet file.", "Put the data there, or choose another place."
        )
    schemas, total = [], 0
    for name, open_file in sources:
        try:
            file = open_file()
            schemas.append(file.schema_arrow)
            total += file.metadata.num_rows
        except (pa.ArrowException, OSError) as problem:
            raise IntakeError(
                "parquet.broken", f"{name} cannot be read: {str(problem)[:200]}", "Write it again."
            ) from None
    schema, notes = joined(schemas, [name for name, _ in sources])
    if not total:
        raise IntakeError("file.no_rows", "The files have columns but no row.", "Put files with data there.")

    def batches() -> Iterator[pa.RecordBatch]:
        for name, open_file in sources:
            try:
                for batch in open_file().iter_batches(batch_size=64_000):
                    if cancelled():
                        raise Cancelled
                    columns = [as_kept(batch.column(f.name), f.type) for f in schema]
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)
            except (pa.ArrowException, OSError) as problem:
                if "lose data" in str(problem):
                    raise IntakeError("place.types", f"{name} holds values that would lose digits: {str(problem)[:200]}",
                                      "Write times in microseconds.") from None  # fmt: skip
                raise IntakeError(
                    "parquet.broken", f"{name} cannot be read: {str(problem)[:200]}", "Write it again."
                ) from None

    rows = write_parquet(batches(), schema, target, lambda done: progress("Read", done, total))
    return rows, schema, notes


# --- S3 ---------------------------------------------------------------------------------------------------------------


def filesystem(place: Mapping[str, Any]) -> Any:
    """Arrow's S3 client: with keys if there are any, else anonymous; short timeouts, so that a wrong address is soon told."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    endpoint = str(place.get("endpoint") or "")
    scheme, _, host = endpoint.rpartition("://")
    more: dict[str, Any] = {"endpoint_override": host, "scheme": scheme or "https"} if host else {}
    if place.get("key"):
        more |= {
            "access_key": place["key"],
            "secret_key": place.get("secret", ""),
            "session_token": place.get("token") or None,
        }
    else:
        more["anonymous"] = True
    if place.get("region") or host:
        more["region"] = place.get("region") or "us-east-1"
    return S3FileSystem(
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
        **more,
    )


def _s3(
    place: Mapping[str, Any],
    target: Path,
    hosts: Sequence[str] | None,
    progress: Any,
    cancelled: Any,
    as_upload: dict[str, Any],
) -> Snapshot:
    from pyarrow.fs import FileSelector, FileType

    url = str(place.get("url", ""))
    path = url.removeprefix("s3://").strip("/")
    if not url.startswith("s3://") or not path:
        raise IntakeError(
            "place.url", "An address on S3 begins with s3:// and names a bucket.", "Write s3://bucket/path."
        )
    host = str(place.get("endpoint") or "").rpartition("://")[2]
    if hosts is not None and host and host not in hosts:
        raise IntakeError("place.not_allowed", "This S3 endpoint is not among those that the operator allows.",
                          "Ask your operator to allow it.")  # fmt: skip
    try:
        store = filesystem(place)
        found = store.get_file_info(path)
        if found.type == FileType.NotFound:
            raise IntakeError(
                "place.missing",
                "There is no such object, or the key may not see it.",
                "Check address and key.",
            )
        if found.type == FileType.Directory:
            every = [
                i for i in store.get_file_info(FileSelector(path, recursive=True)) if i.type == FileType.File
            ]
            infos = sorted((i for i in every if i.path.lower().endswith(PARQUET) and not _hidden(i.path.removeprefix(path).strip("/"))), key=lambda i: i.path)  # fmt: skip
        else:
            infos = [found]
        files = [
            {
                "name": i.path,
                "bytes": i.size,
                "changed": i.mtime.isoformat() if i.mtime else "",
                **_tag(store, i.path),
            }
            for i in infos
        ]
        source = {"kind": "s3", "url": url, "endpoint": str(place.get("endpoint") or "")}
        if found.type == FileType.File and not path.lower().endswith(PARQUET):
            return _one_object(store, files[0], target, source, progress, cancelled, as_upload)
        sources = [(i.path, partial(_remote, store, i.path)) for i in infos]
        rows, schema, notes = _parquets(sources, target, progress, cancelled)
        _unchanged(store, files)
        return _made(rows, schema, source, files, notes)
    except (OSError, pa.ArrowException) as problem:
        if isinstance(problem, OSError) and "No space left" in str(problem):
            raise
        raise IntakeError("place.s3", f"S3 refused or could not be reached: {_bare(str(problem), place)}",
                          "Check address, region and key, and that the key may list and read.") from None  # fmt: skip


def _remote(store: Any, path: str) -> pq.ParquetFile:
    return pq.ParquetFile(store.open_input_file(path), pre_buffer=True)


def _tag(store: Any, path: str) -> dict[str, str]:
    """The ETag, by which S3 tells one content from another."""
    with store.open_input_stream(path, compression=None) as stream:
        about = stream.metadata() or {}
    tag = next(
        (v for k, v in about.items() if (k.decode() if isinstance(k, bytes) else k).lower() == "etag"), ""
    )
    return {"etag": (tag.decode() if isinstance(tag, bytes) else str(tag)).strip('"')}


def _unchanged(store: Any, files: list[dict[str, Any]]) -> None:
    for file in files:
        if _tag(store, file["name"])["etag"] != file["etag"]:
            raise IntakeError(
                "place.changed",
                f"{file['name']} changed while it was read.",
                "Read it again when nothing writes to it.",
            )


def _one_object(
    store: Any,
    file: dict[str, Any],
    target: Path,
    source: dict[str, Any],
    progress: Any,
    cancelled: Any,
    as_upload: dict[str, Any],
) -> Snapshot:
    """An object of any other format: copied beside the target, then read as an upload."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy, done, digest = Path(folder) / "object", 0, hashlib.sha256()
        with store.open_input_stream(file["name"], compression=None) as stream, copy.open("wb") as out:
            while chunk := stream.read(CHUNK):
                if cancelled():
                    raise Cancelled
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress("Open the file", done, file["bytes"])
        name = file["name"].rpartition("/")[2]
        read = to_parquet(copy, name, target, progress=progress, cancelled=cancelled, **as_upload)
    _unchanged(store, [file])
    made = _made(
        read.rows, pq.read_schema(target), source, [{**file, "sha256": digest.hexdigest()}], read.notes
    )
    return Snapshot(**{**made.__dict__, "reading": read.reading(), "misfits": read.misfits})


def _bare(text: str, place: Mapping[str, Any]) -> str:
    """A message without the secrets that it may repeat."""
    for name in ("secret", "token", "key"):
        if place.get(name):
            text = text.replace(str(place[name]), "…")
    return text[:200]


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgres(
    place: Mapping[str, Any],
    target: Path,
    hosts: Sequence[str] | None,
    progress: Any,
    cancelled: Any,
    seconds: int,
    writers: bool,
) -> Snapshot:
    from jobs.pipeline import postgres

    rows, schema, source, notes = postgres.read(place, target, progress, cancelled, seconds, hosts, writers)
    return _made(rows, schema, {"kind": "postgres", **source}, [], notes)
