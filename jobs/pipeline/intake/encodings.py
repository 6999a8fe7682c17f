"""Text in any of the common encodings, brought to UTF-8; where it is none of them, the line is named."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.reading import Reading

CHUNK = 1 << 20
LONGEST = 16 << 20  # Bytes without a line end after which nobody needs to read on.
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
UNDEFINED = b"\x81\x8d\x8f\x90\x9d"  # cp1252 has no character here; Latin-1 has control characters.
SEVERAL = re.compile(rb"[\xc2-\xd4][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}")
CONTROL = bytes(set(range(1, 32)) - {9, 10, 11, 12, 13, 26, 27})
NOT_TEXT = ("file.not_a_table", "The content is not text and no table format this portal knows.",
            "Upload CSV, TSV, JSON, JSON Lines, XLSX, ODS, Parquet or Arrow.")  # fmt: skip


def as_utf8(plain: Plain, folder: Path, known: Reading | None) -> Path:
    """The path of the same text in UTF-8 without a byte order mark; sets encoding, sureness and notes of `plain`."""
    with plain.path.open("rb") as handle:
        head = handle.read(4096)
    said = known.encoding if known and known.fixed("encoding") else ""
    marked = next((encoding for mark, encoding in BOMS if head.startswith(mark)), "")
    if said and not (marked and said == "utf-8"):
        plain.encoding, plain.sure["encoding"] = said, "certain"
    elif marked:
        plain.encoding, plain.sure["encoding"] = marked, "certain"
    elif wide := _wide(head):
        plain.encoding, plain.sure["encoding"] = wide, "likely"
    else:
        plain.encoding = _narrow(plain)
    if plain.encoding == "utf-8" and not said:
        return plain.path
    return _transcode(plain, folder)


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: nearly every character of a header has the same bytes zero."""
    if len(head) < 8 or b"\x00" not in head:
        return ""
    head = head[: len(head) // 4 * 4]
    zeros = [head[place::4].count(0) / (len(head) // 4) for place in range(4)]
    shapes = {
        "utf-32-le": (0, 1, 1, 1),
        "utf-32-be": (1, 1, 1, 0),
        "utf-16-le": (0, 1, 0, 1),
        "utf-16-be": (1, 0, 1, 0),
    }
    for encoding, shape in shapes.items():
        if all(z > 0.7 if s else z < 0.2 for z, s in zip(zeros, shape, strict=True)):
            return encoding
    return ""


def _narrow(plain: Plain) -> str:
    """utf-8, cp1252 or latin-1, by every byte; counts quotes and refuses zero bytes on the way."""
    decoder, place, line = codecs.getincrementaldecoder("utf-8")(), 0, 1
    broken: tuple[int, int] | None = None
    beyond, undefined, silent = False, False, 0
    with plain.path.open("rb") as handle:
        whole = handle.read(4096).lstrip()[:1] in (b"[", b"{")  # JSON may stand on one line.
        handle.seek(0)
        while chunk := handle.read(CHUNK):
            if b"\x00" in chunk:
                raise _zero(chunk, line)
            for quote in (b'"', b"'"):
                plain.quotes[quote.decode()] = plain.quotes.get(quote.decode(), 0) + chunk.count(quote)
            if broken is None:
                try:
                    beyond = not decoder.decode(chunk).isascii() or beyond
                except UnicodeDecodeError as problem:
                    beyond = beyond or not problem.object[: problem.start].isascii()
                    rest = problem.object[problem.start + 1 :]
                    beyond = beyond or _has_utf8(rest)
                    at = problem.start - (len(problem.object) - len(chunk))
                    broken = (line + chunk[: max(at, 0)].count(b"\n"), place + at)
            else:
                beyond = beyond or _has_utf8(chunk)
            if broken is not None:
                undefined = undefined or any(byte in chunk for byte in UNDEFINED)
            silent = 0 if whole or b"\n" in chunk or b"\r" in chunk else silent + len(chunk)
            if silent > LONGEST:
                raise IntakeError("csv.row_too_long", f"Line {line:,} is longer than {LONGEST >> 20} MB; no row of a table is.",
                                  "Check that the file has line ends, and that it is a table.", row=line)  # fmt: skip
            place += len(chunk)
            line += chunk.count(b"\n")
        if broken is None:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                if not plain.partial:
                    broken = (line, place - 1)
    if broken is None:
        plain.sure["encoding"] = "certain"
        return "utf-8"
    if beyond:
        raise IntakeError("file.encoding_mixed",
                          f"The text is UTF-8 up to line {broken[0]:,}, where byte {broken[1]:,} is not: two encodings are mixed.",
                          "Repair that line, or choose the encoding (cp1252 keeps every byte as some character).",
                          row=broken[0])  # fmt: skip
    plain.sure["encoding"] = "likely"
    encoding = "latin-1" if undefined else "cp1252"
    plain.notes.append(f"The text is not UTF-8 (line {broken[0]:,}) and is read as {encoding}.")
    return encoding


def _has_utf8(rest: bytes) -> bool:
    """Somewhere stands a character of several bytes as UTF-8 writes it, which no other encoding would by chance."""
    return bool(SEVERAL.search(rest))


def _zero(chunk: bytes, line: int) -> IntakeError:
    if line == 1 and (
        chunk[:4096].translate(None, CONTROL + b"\x00") != chunk[:4096].replace(b"\x00", b"")
        or b"\n" not in chunk
    ):
        return IntakeError(*NOT_TEXT)
    at = line + chunk[: chunk.index(b"\x00")].count(b"\n")
    return IntakeError("file.zero_byte", f"Line {at:,} holds a zero byte, which no text has.",
                       "Export the table again; the file may have been cut or overwritten.", row=at)  # fmt: skip


def _transcode(plain: Plain, folder: Path) -> Path:
    target, line = folder / "utf8", 1
    plain.quotes.clear()
    decoder = codecs.getincrementaldecoder(plain.encoding)()
    with plain.path.open("rb") as source, target.open("wb") as out:
        while True:
            chunk = source.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk and not plain.partial)
            except UnicodeError as problem:
                start = getattr(problem, "start", 0)
                at = line + getattr(problem, "object", b"")[:start].decode(plain.encoding, "ignore").count(
                    "\n"
                )
                raise IntakeError("file.encoding", f"Line {at:,} is not {plain.encoding}: {getattr(problem, 'reason', problem)}.",
                                  "Choose another encoding, or save the file as UTF-8.", row=at) from None  # fmt: skip
            if line == 1:
                text = text.removeprefix("\ufeff")
            if "\x00" in text:
                raise _zero(text.encode("utf-8", "replace"), line)
            for quote in ('"', "'"):
                plain.quotes[quote] = plain.quotes.get(quote, 0) + text.count(quote)
            line += text.count("\n")
            try:
                out.write(text.encode("utf-8"))
            except UnicodeEncodeError:
                raise IntakeError("file.encoding", f"The text is not {plain.encoding}: it holds half characters.",
                                  "Choose another encoding, or save the file as UTF-8.", row=line) from None  # fmt: skip
            if not chunk:
                return target
