"""How a file is read: what was guessed of it, what a person corrected. Plain data, needs no Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

VERSION = 1
LISTED = 1_000
FORMATS = ("csv", "tsv", "json", "jsonl", "xlsx", "ods", "parquet", "feather")
TEXTUAL = ("csv", "tsv", "json", "jsonl")
COMPRESSIONS = ("", "gzip", "zstd", "zip")
TYPES = ("text", "integer", "decimal", "number", "boolean", "date", "timestamp")
ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252", "latin-1",
)  # fmt: skip
ON_MISFIT = ("keep_text", "set_missing", "stop")
ON_RAGGED = ("stop", "set_missing")
DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", " ", "'")
DATE_ORDERS = ("ymd", "dmy", "mdy")
NULL_WORDS = ("NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "None")
CHOICES: dict[str, tuple[str, ...]] = {
    "format": FORMATS, "compression": COMPRESSIONS, "encoding": ("", *ENCODINGS), "quote": ('"', "'", ""),
    "decimal": DECIMALS, "thousands": THOUSANDS, "date_order": DATE_ORDERS, "on_ragged": ON_RAGGED,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How a file is read. Fields named in `corrected` were set by a person; all others were guessed.

    header_row: the line (from 1) on which the table begins: the header's, or the first row's where there is no header.
    columns: {name: {"type": one of TYPES, "on_misfit": one of ON_MISFIT}}. A name is marked corrected as
    "columns.<name>"; only corrected columns bind `to_parquet`, the others are decided by all values of the file.
    """

    format: str = "csv"
    compression: str = ""
    member: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header_row: int = 1
    has_header: bool = True
    decimal: str = "."
    thousands: str = ""
    date_order: str = "ymd"
    null_words: tuple[str, ...] = NULL_WORDS
    sheet: str = ""
    on_ragged: str = "stop"
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    corrected: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} cannot be {getattr(self, name)!r}")
        if self.format in ("csv", "tsv") and (
            len(self.delimiter) != 1 or self.delimiter in ("\r", "\n", "\0", self.quote)
        ):
            raise ValueError("The delimiter is one character, and not the quote.")
        if not 1 <= self.header_row <= 1000:
            raise ValueError("The table begins on a line from 1 to 1000.")
        if self.thousands == self.decimal:
            raise ValueError("The decimal mark and the thousands mark differ.")
        for name, about in self.columns.items():
            if about.get("type", "text") not in TYPES or about.get("on_misfit", "keep_text") not in ON_MISFIT:
                raise ValueError(f"{name} cannot be read as {dict(about)!r}")

    def choice(self, column: str) -> Mapping[str, str] | None:
        """What a person chose for the column, or None."""
        return self.columns.get(column) if f"columns.{column}" in self.corrected else None

    def fixed(self, name: str) -> bool:
        """A person set this field."""
        return name in self.corrected

    def correct(self, changes: Mapping[str, Any]) -> Reading:
        """With a person's corrections: {field: value}, and {"columns": {name: {"type", "on_misfit"}}}.

        Raises ValueError for a value that no file can have."""
        plain = {name: value for name, value in changes.items() if name != "columns"}
        unknown = set(plain) - {f.name for f in fields(self)} | ({"corrected"} & set(plain))
        if unknown:
            raise ValueError(f"Unknown: {', '.join(sorted(unknown))}")
        if "null_words" in plain:
            plain["null_words"] = tuple(plain["null_words"])
        columns = {k: dict(v) for k, v in self.columns.items()}
        for name, about in changes.get("columns", {}).items():
            columns[name] = {**columns.get(name, {"type": "text", "on_misfit": "keep_text"}), **about}
        marks = {*plain, *(f"columns.{name}" for name in changes.get("columns", {}))}
        return replace(self, **plain, columns=columns, corrected=self.corrected | marks)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is the inverse."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"version": VERSION, **found, "null_words": list(self.null_words),
                "columns": {k: dict(v) for k, v in self.columns.items()}, "corrected": sorted(self.corrected)}  # fmt: skip

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Reading:
        """From stored JSON; keys it does not know (notes, fields of later versions) are left aside. ValueError if bad."""
        known = {f.name: given[f.name] for f in fields(cls) if f.name in given}
        if "null_words" in known:
            known["null_words"] = tuple(str(word) for word in known["null_words"])
        if "corrected" in known:
            known["corrected"] = frozenset(known["corrected"])
        return cls(**known)


def reading_of(given: Reading | Mapping[str, Any] | None) -> Reading | None:
    """A Reading from itself, its JSON, or nothing."""
    if given is None or isinstance(given, Reading):
        return given
    return Reading.from_dict(given)


@dataclass(frozen=True)
class Sniffed:
    """What a first look at a file shows.

    names: columns in order; sample: up to 50 rows as text (None is missing); typed: the same rows as they would be
    kept (numbers and dates as canonical text, None where missing), so that what changes can be seen; misfits:
    [{row, column, value, reason}] among the rows looked at; notes: sentences; confidence: {field: certain|likely|unsure}.
    sheets ({name, hidden}) and members ({name, bytes}): what could be chosen instead, empty where there is no choice.
    looked_at: rows that the guess rests on.
    """

    reading: Reading
    names: list[str]
    sample: list[list[str | None]]
    typed: list[list[str | None]]
    misfits: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    confidence: dict[str, str] = field(default_factory=dict)
    sheets: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    looked_at: int = 0

    def as_dict(self) -> dict[str, Any]:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**found, "reading": self.reading.as_dict()}


@dataclass(frozen=True)
class Intake:
    """rows, columns ({name, type}), how the file was read, notes, and cells that did not fit ({column: {reason: count}}).

    sheets ({name, hidden}) and members ({name, bytes}): what could be chosen instead."""

    rows: int
    columns: list[dict[str, Any]]
    read_as: Reading
    notes: list[str] = field(default_factory=list)
    misfits: dict[str, dict[str, int]] = field(default_factory=dict)
    sheets: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)

    def reading(self) -> dict[str, Any]:
        """The reading as JSON, with its notes and what could be chosen, as a version keeps it."""
        return {**self.read_as.as_dict(), "notes": list(self.notes), **choices(self.sheets, self.members)}

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: rows, columns, reading, notes, misfits; format, encoding, delimiter, compression beside them."""
        same = {
            name: getattr(self.read_as, name) for name in ("format", "encoding", "delimiter", "compression")
        }
        return {"rows": self.rows, "columns": self.columns, "reading": self.reading(), "notes": list(self.notes),
                "misfits": self.misfits, **same}  # fmt: skip


def choices(sheets: list[dict[str, Any]], members: list[dict[str, Any]]) -> dict[str, Any]:
    """What a person may choose from, as a version keeps it: no more than `LISTED` of each, and how many there are."""
    found: dict[str, Any] = {}
    for name, every in (("sheets", sheets), ("members", members)):
        if len(every) > 1:
            found |= {name: every[:LISTED], f"{name}_in_all": len(every)}
    return found


def words(listed: Iterable[str]) -> str:
    """One, two and three."""
    found = list(listed)
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + " and " + found[-1] if found else ""
