"""JSON and JSON Lines: objects as rows, numbers with every digit as written, one object in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.intake.spool import Spool
from jobs.pipeline.intake.table import MAX_COLUMNS, Odd, Table, clean_names
from jobs.pipeline.reading import words

BATCH = 10_000
LIMIT = 8 << 20  # Characters of one object.
CHUNK = 1 << 20
AS_LINES = "Write an array of objects, or one object per line (JSON Lines)."


class Number(str):
    """A number as it is written in the file."""


class _Twice(Exception):
    pass


def _pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(found)
    if len(made) != len(found):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in found if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return made


DECODER = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_pairs
)


def text_of(value: Any) -> str | None:
    """A JSON value as text: numbers and strings as written, nested values as JSON."""
    if value is None or isinstance(value, str):
        return value
    return _json(value)


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_json(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_json(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def is_lines(path: Path) -> bool:
    """Of a text that begins with an object: JSON Lines, rather than one object that holds the rows."""
    with path.open(encoding="utf-8") as handle:
        first = ""
        while not first.strip():
            first = handle.readline(LIMIT)
        following = handle.readline(LIMIT).strip()
    try:
        whole = DECODER.decode(first)
    except (ValueError, RecursionError, _Twice):
        return following[:1] == "{" or (not following and _holds_no_array(first))
    if following or not isinstance(whole, dict):
        return True
    return not any(isinstance(v, list) and v and isinstance(v[0], dict) for v in whole.values())


def _holds_no_array(text: str) -> bool:
    return "[" not in text


class Feed:
    """JSON values one after the other from a text, with only what is being read in memory."""

    def __init__(self, handle: TextIO) -> None:
        self.handle, self.buffer, self.at, self.ended, self.line = handle, "", 0, False, 1

    def _more(self) -> None:
        chunk = self.handle.read(CHUNK)
        self.line += self.buffer.count("\n", 0, self.at)
        self.buffer, self.at, self.ended = self.buffer[self.at :] + chunk, 0, not chunk

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self.at < len(self.buffer):
                if self.buffer[self.at] not in " \t\r\n":
                    return self.buffer[self.at]
                self.at += 1
            if self.ended:
                return ""
            self._more()

    def take(self, wanted: str) -> bool:
        """Step over this character if it comes next."""
        if self.peek() != wanted:
            return False
        self.at += 1
        return True

    def value(self) -> Any:
        """The next value. Raises IntakeError naming the line."""
        self.peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as problem:
                if self.ended:
                    raise self.fault(problem.msg, problem.pos) from None
                if len(self.buffer) - self.at > LIMIT:
                    raise self.fault(
                        f"no value ends within {LIMIT >> 20} MB: {problem.msg}", problem.pos
                    ) from None
            except RecursionError:
                raise self.fault("nested too deeply", self.at) from None
            except _Twice as twice:
                raise self.fault(f"the key {str(twice)[:80]!r} stands twice in one object", self.at) from None
            else:
                if end < len(self.buffer) or self.ended or isinstance(found, (dict, list)):
                    self.at = end
                    return found
            self._more()

    def fault(self, why: str, at: int | None = None) -> IntakeError:
        line = self.line + self.buffer.count("\n", 0, self.at if at is None else at)
        return IntakeError("json.broken", f"Line {line:,} is not JSON as expected: {why}.", "Correct it, or write it again.", row=line)  # fmt: skip


def _items(feed: Feed) -> Iterator[dict[str, Any]]:
    """The objects of the array that comes next."""
    feed.take("[")
    number = 0
    while not feed.take("]"):
        if number and not feed.take(","):
            raise feed.fault("a comma or the end of the array is missing")
        number += 1
        found = feed.value()
        if not isinstance(found, dict):
            raise IntakeError(
                "json.object", f"Element {number:,} of the array is not an object.", AS_LINES, row=number
            )
        yield found


def _document(path: Path, notes: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of one JSON document: an array of objects, or an object with one such array inside."""
    with path.open(encoding="utf-8") as handle:
        feed = Feed(handle)
        if feed.peek() == "[":
            yield from _items(feed)
        elif feed.take("{"):
            yield from _inside(feed, notes)
        else:
            raise IntakeError("json.object", "This is neither an array nor an object.", AS_LINES)
        if feed.peek():
            raise feed.fault("something follows after the end")


def _inside(feed: Feed, notes: list[str]) -> Iterator[dict[str, Any]]:
    tables: list[str] = []
    beside: list[str] = []
    first = True
    while not feed.take("}"):
        if not first and not feed.take(","):
            raise feed.fault("a comma or the end of the object is missing")
        first = False
        key = feed.value()
        if not isinstance(key, str) or isinstance(key, Number) or not feed.take(":"):
            raise feed.fault("a key and a colon are missing")
        if feed.peek() == "[" and _array_of_objects(feed):
            tables.append(key)
            if len(tables) > 1:
                raise IntakeError("json.arrays", f"The object holds several tables: {words(t[:60] for t in tables)}.",
                                  "Upload one array of objects.")  # fmt: skip
            yield from _items(feed)
        else:
            feed.value()
            beside.append(key[:60])
    if not tables:
        raise IntakeError(
            "json.no_array", "The object holds no array of objects, so there are no rows.", AS_LINES
        )
    if beside:
        notes.append(
            f"The rows are those of {tables[0][:60]!r}; beside it stands {words(beside[:10])}, which is not kept."
        )


def _array_of_objects(feed: Feed) -> bool:
    """Whether the array that comes next begins with an object; the feed does not move."""
    while True:
        rest = feed.buffer[feed.at + 1 :].lstrip()
        if rest or feed.ended:
            return rest[:1] == "{"
        feed._more()


def _lines(path: Path, partial: bool) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as handle:
        number = 0
        while line := handle.readline(LIMIT):
            number += 1
            if len(line) >= LIMIT and line[-1] != "\n":
                raise IntakeError(
                    "jsonl.line", f"Line {number:,} is longer than {LIMIT >> 20} MB.", AS_LINES, row=number
                )
            if not line.strip():
                continue
            if partial and line[-1] != "\n":
                return
            try:
                found = DECODER.decode(line)
            except (json.JSONDecodeError, RecursionError, _Twice) as problem:
                text = getattr(problem, "msg", "") or "nested too deeply"
                if isinstance(problem, _Twice):
                    text = f"the key {str(problem)[:80]!r} stands twice"
                raise IntakeError(
                    "jsonl.line", f"Line {number:,} is not JSON: {text}.", "Correct the line.", row=number
                ) from None
            if not isinstance(found, dict):
                raise IntakeError(
                    "jsonl.object",
                    f"Line {number:,} is not an object.",
                    "Write {…} on each line.",
                    row=number,
                )
            yield found


def table_of(plain: Plain, folder: Path, most: int | None = None) -> Table:
    """Read once, keep as text on disk, hand out as often as wanted; `most` rows if given. Raises IntakeError."""
    notes: list[str] = []
    rows = _lines(plain.path, plain.partial) if plain.format == "jsonl" else _document(plain.path, notes)
    if most is not None:
        rows = islice(rows, most)
    keys: dict[str, int] = {}
    strings: set[str] = set()
    spool = Spool(folder)
    while chunk := _chunk(rows, plain.partial):
        for row in chunk:
            for key, value in row.items():
                keys.setdefault(key, len(keys))
                if not isinstance(value, Number) and isinstance(value, (str, dict, list)):
                    strings.add(key)
        if len(keys) > MAX_COLUMNS:
            clean_names(list(keys), notes)
        try:
            columns = [pa.array([text_of(row.get(key)) for row in chunk], pa.string()) for key in keys]
        except UnicodeEncodeError:
            raise IntakeError("json.text", f"Near row {spool.rows + 1:,} a text holds half a character (a lone surrogate).",
                              "Write it again as UTF-8.", row=spool.rows + 1) from None  # fmt: skip
        except RecursionError:
            raise IntakeError(
                "json.broken", f"Near row {spool.rows + 1:,} a value is nested too deeply.", "Flatten it."
            ) from None
        spool.add(list(keys), columns)
    spool.close()
    if not spool.rows or not keys:
        raise IntakeError("file.no_rows", "There is no row.", "Upload a file with data.")
    names = clean_names(list(keys), notes)

    def batches(_odd: Odd, _dictionaries: set[str]) -> Iterator[pa.RecordBatch]:
        return spool.batches(names)

    dated = {name for key, name in zip(keys, names, strict=True) if key in strings}
    return Table(names, batches, dates_only=dated, notes=notes, total=spool.rows)


def _chunk(rows: Iterator[dict[str, Any]], partial: bool) -> list[dict[str, Any]]:
    """The next rows; the cut-off end of a first look is no fault. Few at a time when there are many columns."""
    found: list[dict[str, Any]] = []
    cells = 0
    try:
        for row in rows:
            found.append(row)
            cells += len(row)
            if len(found) >= BATCH or cells > 500_000:
                break
    except IntakeError:
        if not partial or not found:
            raise
    return found
