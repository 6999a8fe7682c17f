"""From an upload to plain bytes: gzip and zip opened with a cap, text brought to UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from jobs.pipeline.faults import IntakeError

CHUNK = 1 << 20
CAP = 50 * 1024**3
RATIO = 400  # A real table rarely shrinks by more; a bomb shrinks by thousands.


# What begins like this is no table in text, whatever its name says.
FOREIGN = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF document",
    b"\x7fELF": "a program", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive", b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\xd0\xcf\x11\xe0": "an old Office document", b"SQLite f": "an SQLite database", b"ARROW1": "an Arrow file", b"{\\rtf": "an RTF text",
    b"<!DOCTYP": "a web page", b"<!doctyp": "a web page", b"<html": "a web page", b"<HTML": "a web page", b"<?xml": "an XML document",
}  # fmt: skip


@dataclass
class Plain:
    """The opened file: where it is, what it is (csv, jsonl, xlsx, parquet), how it was packed."""

    path: Path
    format: str
    compression: str = ""
    encoding: str = ""
    notes: list[str] = field(default_factory=list)


def open_up(original: Path, name: str, folder: Path) -> Plain:
    """Recognise by content, not by name. Raises IntakeError for what is not a table."""
    path, compression, inner = original, "", name
    if original.stat().st_size == 0:
        raise IntakeError("file.empty", "The file is empty.", "Choose another file.")
    head = _head(path)
    if head[:2] == b"\x1f\x8b":
        path, compression = _gunzip(path, folder), "gzip"
        inner = name.removesuffix(".gz")
    elif head[:4] == b"PK\x03\x04" and not _is_xlsx(path):
        path, inner = _unzip(path, folder)
        compression = "zip"
    head = _head(path)
    if not head:
        raise IntakeError("file.empty", "The archive holds an empty file.", "Choose another file.")
    if head[:4] == b"PAR1":
        return Plain(path, "parquet", compression)
    if head[:4] == b"PK\x03\x04" and _is_xlsx(path):
        return Plain(path, "xlsx", compression)
    for ending, what in ((".parquet", "Parquet"), (".xlsx", "Excel")):
        if inner.lower().endswith(ending):
            raise IntakeError("file.not_what_it_says", f"The name says {what}, but the content is not {what}.",
                              "Export it again, or name it as what it is.")  # fmt: skip
    foreign = next((what for magic, what in FOREIGN.items() if head.startswith(magic)), "")
    if foreign:
        raise IntakeError("file.not_a_table", f"This is {foreign}, not a table.",
                          "Export the table as CSV, JSON Lines, Excel or Parquet, and upload that.")  # fmt: skip
    path, encoding = _as_utf8(path, head, folder)
    first = path.open("rb").read(4096).lstrip()
    if first[:1] == b"{":
        return Plain(path, "jsonl", compression, encoding)
    if first[:1] == b"[":
        raise IntakeError(
            "json.array", "This is one JSON array, not JSON Lines.", "Write one object per line (JSON Lines)."
        )
    return Plain(path, "csv", compression, encoding)


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(8)


def _is_xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _copy(source, target: Path, packed: int, what: str) -> None:  # type: ignore[no-untyped-def]
    limit, done = min(CAP, max(packed * RATIO, 64 * CHUNK)), 0
    try:
        with target.open("wb") as out:
            while chunk := source.read(CHUNK):
                done += len(chunk)
                if done > limit:
                    raise IntakeError(
                        "archive.bomb",
                        f"The {what} unpacks to far more than such a file should.",
                        "Upload the file unpacked.",
                    )
                out.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as problem:
        raise IntakeError(
            "archive.damaged",
            f"The {what} is damaged or cut off: {problem}.",
            "Pack it again and upload it again.",
        ) from None


def _gunzip(path: Path, folder: Path) -> Path:
    target = folder / "unpacked"
    with gzip.open(path, "rb") as source:
        _copy(source, target, path.stat().st_size, "gzip file")
    return target


def _unzip(path: Path, folder: Path) -> tuple[Path, str]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        raise IntakeError(
            "archive.damaged", "The zip file is damaged or cut off.", "Pack it again."
        ) from None
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
        if len(members) != 1:
            raise IntakeError(
                "archive.members",
                f"The zip holds {len(members)} files; one table is expected.",
                "Pack one file alone.",
            )
        if members[0].flag_bits & 1:
            raise IntakeError(
                "archive.password", "The zip is protected by a password.", "Pack it without one."
            )
        target = folder / "unpacked"
        try:
            with archive.open(members[0]) as source:
                _copy(source, target, path.stat().st_size, "zip file")
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
            raise IntakeError(
                "archive.damaged", f"The zip file cannot be opened: {problem}.", "Pack it again."
            ) from None
        return target, members[0].filename


def _as_utf8(path: Path, head: bytes, folder: Path) -> tuple[Path, str]:
    """The path of the same text in UTF-8 without a byte order mark, and its encoding."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return _transcode(path, folder, encoding), encoding
    decoder, zero = codecs.getincrementaldecoder("utf-8")(), False
    with path.open("rb") as handle:
        try:
            while chunk := handle.read(CHUNK):
                zero = zero or b"\x00" in chunk
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "cp1252"
            handle.seek(0)
            zero = b"\x00" in handle.read(CHUNK)
    if zero:
        raise IntakeError("file.not_a_table", "The content is not text and no table format this portal knows.",
                          "Upload CSV, TSV, JSON Lines, Excel (XLSX) or Parquet.")  # fmt: skip
    return (path, encoding) if encoding == "utf-8" else (_transcode(path, folder, encoding), encoding)


def _transcode(path: Path, folder: Path, encoding: str) -> Path:
    target = folder / "utf8"
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            while text := source.read(CHUNK):
                out.write(text)
    except UnicodeError as problem:
        raise IntakeError(
            "file.encoding",
            f"The text is neither UTF-8 nor {encoding}: {problem.reason}.",
            "Save it as UTF-8.",
        ) from None  # type: ignore[attr-defined]
    return target
