"""From an upload to the plain file: gzip, zstd and zip opened with a cap, told apart by content."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake import encodings
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.reading import TEXTUAL, Reading

CHUNK = 1 << 20
CAP = 50 * 1024**3
RATIO = 400  # A real table rarely shrinks by more; a bomb shrinks by thousands.
HEAD = 16 << 20  # As much as a first look unpacks.
FREE = 64 << 20  # So much may come out of any archive, however small.

# What begins like this is no table in text, whatever its name says.
FOREIGN = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF document",
    b"\x7fELF": "a program", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive", b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"SQLite f": "an SQLite database", b"FEA1": "a Feather file of version 1", b"{\\rtf": "an RTF text", b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file", b"<!DOCTYP": "a web page", b"<!doctyp": "a web page", b"<html": "a web page",
    b"<HTML": "a web page", b"<?xml": "an XML document",
}  # fmt: skip
EXPORT = "Export the table as CSV, JSON, JSON Lines, XLSX, ODS, Parquet or Arrow, and upload that."
# How the standard library says that an archive cannot be opened; NotImplementedError is of zip's rarer packings.
NO_ARCHIVE = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
UNREADABLE = (EOFError, zlib.error, RuntimeError, *NO_ARCHIVE)
SEVERAL = "archive.members"  # The code by which others know that a choice is all that is missing.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENDINGS = {".parquet": ("Parquet", "parquet"), ".xlsx": ("Excel", "xlsx"), ".ods": ("OpenDocument", "ods"),
           ".feather": ("Feather", "feather"), ".arrow": ("Arrow", "feather")}  # fmt: skip


def open_up(
    original: Path, name: str, folder: Path, known: Reading | None = None, *, look: bool = False
) -> Plain:
    """Recognise by content, not by name; what `known` says is used where a person said it.

    look: unpack only the beginning of a text. Raises IntakeError for what is not a table."""
    if original.stat().st_size == 0:
        raise IntakeError("file.empty", "The file is empty.", "Choose another file.")
    plain = _unpacked(original, name, folder, known, HEAD if look else None)
    plain.look = look
    head = _head(plain.path)
    if not head:
        raise IntakeError("file.empty", "The archive holds an empty file.", "Choose another file.")
    inner = (plain.member or name.removesuffix(".gz").removesuffix(".zst")).lower()
    plain.format = _binary(plain.path, head, inner)
    if plain.format:
        if plain.partial:  # Such files are read from their end.
            plain = _unpacked(original, name, folder, known, None)
            plain.format = _binary(plain.path, _head(plain.path), inner)
        _agrees(plain.format, known)
        return plain
    if plain.path == original and look and original.stat().st_size > HEAD:
        plain.partial, plain.path = True, _part(original, folder / "head", HEAD)
    plain.path = encodings.as_utf8(plain, folder, known)
    plain.format = _textual(plain.path, inner, known)
    return plain


def _agrees(found: str, known: Reading | None) -> None:
    if known and known.fixed("format") and known.format != found:
        raise IntakeError("file.not_what_it_says", f"The file was to be read as {known.format}, but it is {found}.",
                          f"Choose {found}, or upload another file.")  # fmt: skip


def _binary(path: Path, head: bytes, inner: str) -> str:
    """parquet, feather, xlsx or ods; empty for text. Raises IntakeError for everything else that is no text."""
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:6] == b"ARROW1" or head[:4] == b"\xff\xff\xff\xff":
        return "feather"
    if head[:4] == b"PK\x03\x04" and (book := _workbook(path)):
        return book
    if head == OLE:
        raise _old_office(path)
    for ending, (what, _) in ENDINGS.items():
        if inner.endswith(ending):
            broken = ending in (".xlsx", ".ods") and head[:2] == b"PK"
            code, text = ("xlsx.broken", f"The {what} file is damaged or cut off.") if broken else (
                "file.not_what_it_says", f"The name says {what}, but the content is not {what}.")  # fmt: skip
            raise IntakeError(code, text, "Export it again, or name it as what it is.")
    foreign = next((what for magic, what in FOREIGN.items() if head.startswith(magic)), "")
    if foreign.endswith("archive"):
        raise IntakeError("archive.nested", f"This is {foreign} inside another archive, or one that is not opened.",
                          "Pack the table alone, once, with gzip, zstd or zip.")  # fmt: skip
    if foreign:
        raise IntakeError("file.not_a_table", f"This is {foreign}, not a table.", EXPORT)
    return ""


def _textual(path: Path, inner: str, known: Reading | None) -> str:
    if known and known.fixed("format"):
        if known.format not in TEXTUAL:
            raise IntakeError("file.not_what_it_says", f"The file was to be read as {known.format}, but it is text.",
                              "Choose a text format, or upload another file.")  # fmt: skip
        return known.format
    with path.open("rb") as handle:
        first = handle.read(4096).lstrip()
    if first[:1] == b"[" and (
        first[1:].lstrip()[:1] in (b"{", b"]", b"") or inner.endswith((".json", ".geojson"))
    ):
        return "json"
    if first[:1] == b"{" and first[1:].lstrip()[:1] in (b'"', b"}", b""):
        return "object"  # JSON Lines or one JSON object: told apart by the reader.
    return "csv"


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(8)


def _workbook(path: Path) -> str:
    """xlsx or ods, by the parts that the archive holds; empty for any other archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except NO_ARCHIVE:
        return ""
    if "xl/workbook.xml" in names or ("[Content_Types].xml" in names and "xl/workbook.bin" in names):
        return "xlsx"
    return "ods" if "content.xml" in names and "META-INF/manifest.xml" in names else ""


def _old_office(path: Path) -> IntakeError:
    """An OLE container: Excel wraps a workbook with a password in one; old .xls files are one."""
    with path.open("rb") as handle:
        begin = handle.read(4 << 20)
    if "EncryptedPackage".encode("utf-16-le") in begin:
        return IntakeError(
            "xlsx.password", "The workbook is protected by a password.", "Save it without one."
        )
    return IntakeError("file.not_a_table", "This is an old Office document (of Excel 2003 or before), not a table.",
                       "Save it as XLSX or CSV, and upload that.")  # fmt: skip


def _unpacked(original: Path, name: str, folder: Path, known: Reading | None, limit: int | None) -> Plain:
    head = _head(original)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(original, "rb") as source:
            path, cut = _copy(source, folder / "unpacked", original.stat().st_size, "gzip file", limit)
        return Plain(path, "", "gzip", partial=cut)
    if head[:4] == b"\x28\xb5\x2f\xfd":
        with _zstd(original) as source:
            path, cut = _copy(source, folder / "unpacked", original.stat().st_size, "Zstandard file", limit)
        return Plain(path, "", "zstd", partial=cut)
    if head[:4] == b"PK\x03\x04" and not _workbook(original) and not name.lower().endswith((".xlsx", ".ods")):
        return _unzip(original, folder, known, limit)
    return Plain(original, "")


def _zstd(path: Path) -> Any:
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def _part(original: Path, target: Path, limit: int) -> Path:
    with original.open("rb") as source, target.open("wb") as out:
        for _ in range(0, limit, CHUNK):
            out.write(source.read(CHUNK))
    return target


def _copy(source: Any, target: Path, packed: int, what: str, limit: int | None = None) -> tuple[Path, bool]:
    """Unpack to `target`, no further than `limit`; (path, whether something is left)."""
    most, done = min(CAP, max(packed * RATIO, FREE)), 0
    with target.open("wb") as out:
        while True:
            try:
                chunk = source.read(CHUNK)
            except UNREADABLE as problem:
                raise IntakeError("archive.damaged", f"The {what} is damaged or cut off: {str(problem)[:120]}.",
                                  "Pack it again and upload it again.") from None  # fmt: skip
            if not chunk:
                return target, False
            done += len(chunk)
            if done > most:
                raise IntakeError("archive.bomb", f"The {what} unpacks to far more than such a file should.",
                                  "Upload the file unpacked.")  # fmt: skip
            out.write(chunk)
            if limit is not None and done >= limit:
                return target, True


def _unzip(path: Path, folder: Path, known: Reading | None, limit: int | None) -> Plain:
    try:
        archive = zipfile.ZipFile(path)
    except NO_ARCHIVE:
        raise IntakeError(
            "archive.damaged", "The zip file is damaged or cut off.", "Pack it again."
        ) from None
    with archive:
        members, names = _named(archive)
        wanted = known.member if known else ""
        if wanted not in names and len(members) != 1:
            listed = ": " + ", ".join(names[:5]) + (" …" if len(names) > 5 else "") if names else ""
            gone = f"There is no file {wanted[:80]!r} in the zip. " if wanted else ""
            raise IntakeError(SEVERAL if names else "archive.empty",
                              f"{gone}The zip holds {len(members):,} files; one table is expected{listed}.",
                              "Choose one of them, or pack one file alone.")  # fmt: skip
        place = names.index(wanted) if wanted in names else 0
        if members[place].flag_bits & 1:
            raise IntakeError(
                "archive.password", "The zip is protected by a password.", "Pack it without one."
            )
        try:
            with archive.open(members[place]) as source:
                target, cut = _copy(source, folder / "unpacked", path.stat().st_size, "zip file", limit)
        except UNREADABLE as problem:
            if isinstance(problem, OSError) and problem.errno:
                raise
            raise IntakeError("archive.damaged", f"The zip file cannot be opened: {str(problem)[:120]}.",
                              "Pack it again.") from None  # fmt: skip
        return Plain(target, "", "zip", names[place], partial=cut, members=_told(members, names))


def members_of(original: Path) -> list[dict[str, Any]]:
    """{name, bytes} of each file in a zip of several; empty for everything else."""
    try:
        with zipfile.ZipFile(original) as archive:
            return [] if _workbook(original) else _told(*_named(archive))
    except NO_ARCHIVE:
        return []


def _named(archive: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], list[str]]:
    """The files that somebody packed, and what each is called here: printable, and no two the same.

    A name is only ever shown and compared, never used as a path: what it points to does not matter."""
    members = [m for m in archive.infolist() if not m.is_dir() and not _beside(m.filename)]
    names: dict[str, None] = {}
    for member in members:
        name = base = "".join(c if c.isprintable() else "?" for c in member.filename)[:200] or "?"
        number = 2
        while name in names:
            name, number = f"{base} ({number})", number + 1
        names[name] = None
    return members, list(names)


def _beside(name: str) -> bool:
    """What systems leave in archives beside the data."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
    )


def _told(members: list[zipfile.ZipInfo], names: list[str]) -> list[dict[str, Any]]:
    if len(names) < 2:
        return []
    return [{"name": name, "bytes": m.file_size} for m, name in zip(members, names, strict=True)]
