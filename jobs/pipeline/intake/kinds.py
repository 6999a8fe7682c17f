"""Text to a type, exactly: each value either becomes the type without changing, or is named with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.reading import Reading
from jobs.pipeline.types import ARROW

ORDER = ("integer", "boolean", "date", "timestamp", "timestamp_utc", "number", "decimal")
WIDEST = 38  # digits of a decimal
EXACT_DIGITS = 15  # digits that a 64-bit float keeps, whatever they are
INTEGER = r"^(0|-?[1-9][0-9]{0,18})$"
NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
BOOLEAN = r"^(?i:true|false)$"
CLOCK = r"[T ]([0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)"
UTC = r"(Z|\+00:?00)"
ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})"
DATES = {
    "ymd": r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})",
    "dmy": r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})",
}
DATES["mdy"] = DATES["dmy"]
PARTS = {"ymd": r"\1-\2-\3", "dmy": r"\3-\2-\1", "mdy": r"\3-\1-\2"}
ERROR_NAMES = (
    r"^(#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA|FIELD!|ERROR)|Err:[0-9]{3})$"
)
SPACES = "[ \u00a0\u202f]"


@dataclass(frozen=True)
class Kind:
    """A type with the digits after the point, for decimals."""

    name: str
    scale: int = 0

    @property
    def arrow(self) -> pa.DataType:
        return pa.decimal128(WIDEST, self.scale) if self.name == "decimal" else ARROW[self.name]


@dataclass(frozen=True)
class Fit:
    """values: the typed column, missing where a value does not fit; bad: where; why: the reason there (None elsewhere)."""

    values: pa.Array
    bad: pa.Array | None = None
    why: pa.Array | None = None


@dataclass(frozen=True)
class Marks:
    """The marks of a reading, as patterns made once."""

    decimal: str = "."
    thousands: str = ""
    date_order: str = "ymd"
    null_words: tuple[str, ...] = ()

    @classmethod
    def of(cls, reading: Reading) -> Marks:
        return cls(reading.decimal, reading.thousands, reading.date_order, reading.null_words)

    @cached_property
    def missing(self) -> pa.Array:
        return pa.array(["", *self.null_words], pa.string())

    @cached_property
    def grouped(self) -> tuple[str, str]:
        """(pattern of a number with thousands marks, pattern of one mark)."""
        mark = SPACES if self.thousands == " " else re.escape(self.thousands)
        return rf"^-?[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+({re.escape(self.decimal)}[0-9]+)?$", mark

    def plain(self, values: pa.Array) -> pa.Array:
        """Numbers as a computer writes them: no thousands mark, a point for the decimal mark."""
        if self.thousands:
            pattern, mark = self.grouped
            hit = pc.match_substring_regex(values, pattern)
            if pc.any(hit).as_py():
                values = pc.if_else(hit, pc.replace_substring_regex(values, mark, ""), values)
        if self.decimal == ",":
            # A point is no decimal mark here: what has one must not pass for a number.
            values = pc.replace_substring(values, ".", "\x01")
            values = pc.replace_substring(values, ",", ".")
        return values

    def blanked(self, column: pa.Array) -> pa.Array:
        """Words that mean missing become missing; for columns that are not text."""
        found = pc.is_in(column, value_set=self.missing)
        if not pc.any(found).as_py():
            return column
        return pc.if_else(found, pa.scalar(None, pa.string()), column)


def convert(column: pa.Array, kind: Kind, marks: Marks) -> Fit:
    """A text column (words for missing already missing) as the type."""
    if kind.name == "text":
        return Fit(column)
    text, fits = _prepared(column, kind, marks)
    if text is not None and pc.all(fits, min_count=0).as_py():
        try:
            values = _cast(text, kind)
            if not _lost(values, text, kind):
                return Fit(values)
        except pa.ArrowInvalid:
            pass
    if text is None:
        text, fits = column, pa.array([False] * len(column), pa.bool_())
    good = pc.if_else(pc.fill_null(fits, False), text, pa.scalar(None, pa.string()))
    values = _cast_each(good, kind)
    bad = pc.and_(pc.is_valid(column), pc.is_null(values))
    if not pc.any(bad).as_py():
        return Fit(values)
    return Fit(values, bad, _reasons(column, bad, kind, marks))


def _prepared(column: pa.Array, kind: Kind, marks: Marks) -> tuple[pa.Array, pa.Array]:
    """Canonical text, and which of it looks like the type."""
    name = kind.name
    if name == "boolean":
        return pc.utf8_lower(column), pc.match_substring_regex(column, BOOLEAN)
    if name == "date" or name.startswith("timestamp"):
        return _moments(column, name, marks.date_order)
    text = marks.plain(column)
    if name == "integer":
        return text, pc.match_substring_regex(text, INTEGER)
    if name == "decimal":
        fits = pc.match_substring_regex(text, DECIMAL)
        whole, part = digits(text)
        fits = pc.and_(
            fits, pc.and_(pc.less_equal(part, kind.scale), pc.less_equal(whole, WIDEST - kind.scale))
        )
        return text, fits
    fits = pc.match_substring_regex(text, NUMBER)
    return text, pc.and_(fits, pc.less_equal(significant(text), EXACT_DIGITS))


def significant(text: pa.Array) -> pa.Array:
    """How many digits count, leading zeros left out."""
    bare = pc.replace_substring_regex(text, r"([eE].*$)|[^0-9]", "")
    return pc.utf8_length(pc.utf8_ltrim(bare, "0"))


def digits(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(digits before the point, digits after it)."""
    whole = pc.utf8_length(pc.replace_substring_regex(text, r"\..*$|-", ""))
    return whole, pc.utf8_length(pc.replace_substring_regex(text, r"^[^.]*\.?", ""))


def _moments(column: pa.Array, name: str, order: str) -> tuple[pa.Array, pa.Array]:
    rest = {"date": "", "timestamp": CLOCK, "timestamp_utc": CLOCK + UTC, "timestamp_any": CLOCK + ZONE}[name]
    # Text that is canonical already is by far the most common and the cheapest to see.
    iso = (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        + rest.replace("{1,2}:", "{2}:").replace(ZONE, "Z").replace(UTC, "Z")
        + "$"
    )
    fits = pc.match_substring_regex(column, iso)
    if not pc.all(fits, min_count=0).as_py():
        shape = f"^{DATES[order]}{rest}$"
        fits = (
            pc.or_(fits, pc.match_substring_regex(column, shape))
            if order == "ymd"
            else pc.match_substring_regex(column, shape)
        )
        other = pc.and_(fits, pc.invert(pc.match_substring_regex(column, iso)))
        if pc.any(other).as_py():
            tail = "" if name == "date" else r"T\4" + ("" if name == "timestamp" else r"\7")
            changed = pc.replace_substring_regex(column, shape, PARTS[order] + tail)
            changed = pc.replace_substring_regex(changed, r"-([0-9])(-|T|$)", r"-0\1\2")
            changed = pc.replace_substring_regex(changed, r"-([0-9])(T|$)", r"-0\1\2")
            changed = pc.replace_substring_regex(changed, r"T([0-9]:)", r"T0\1")
            column = pc.if_else(other, changed, column)
    return column, pc.and_(fits, pc.invert(pc.starts_with(column, "0000")))


def _cast(text: pa.Array, kind: Kind) -> pa.Array:
    if kind.name not in ("timestamp_utc", "timestamp_any"):
        return pc.cast(text, kind.arrow)
    if pc.all(pc.ends_with(text, "Z"), min_count=0).as_py():
        return pc.cast(pc.cast(pc.utf8_rtrim(text, "Z"), pa.timestamp("us")), kind.arrow)
    return pc.cast(pc.replace_substring_regex(text, r"([+-][0-9]{2}):?([0-9]{2})$", r"\1:\2"), kind.arrow)


def _lost(values: pa.Array, text: pa.Array, kind: Kind) -> bool:
    """A float became infinite, or so small that digits were lost."""
    if kind.name != "number" or not len(values):
        return False
    lost = pc.or_(pc.invert(pc.is_finite(values)), _tiny(values, text))
    return bool(pc.any(lost).as_py())


def _tiny(values: pa.Array, text: pa.Array) -> pa.Array:
    small = pc.less(pc.abs(values), 2.3e-308)
    if not pc.any(small).as_py():
        return small
    return pc.and_(small, pc.match_substring_regex(text, r"^[^eE]*[1-9]"))


def _cast_each(text: pa.Array, kind: Kind) -> pa.Array:
    """As `_cast`, with missing for each value that cannot be cast: halves until the culprits stand alone."""
    try:
        values = _cast(text, kind)
    except pa.ArrowInvalid:
        if len(text) == 1:
            return pa.nulls(1, kind.arrow)
        half = len(text) // 2
        return pa.concat_arrays([_cast_each(text.slice(0, half), kind), _cast_each(text.slice(half), kind)])
    if kind.name == "number" and len(values):
        lost = pc.or_(pc.invert(pc.is_finite(values)), _tiny(values, text))
        values = pc.if_else(pc.fill_null(lost, False), pa.scalar(None, kind.arrow), values)
    return values


def _reasons(column: pa.Array, bad: pa.Array, kind: Kind, marks: Marks) -> pa.Array:
    """Why each bad value does not fit; the first of these that is so."""
    text = marks.plain(column) if kind.name in ("integer", "number", "decimal") else column
    tests: list[tuple[str, str]] = []
    if kind.name in ("integer", "number", "decimal"):
        long = "too_long" if kind.name == "number" else "too_large"
        tests = [
            ("leading_zero", r"^-?0[0-9]+(\.[0-9]+)?$"),
            ("not_finite", r"^(?i:[+-]?(nan|inf|infinity))$"),
        ]
        tests += [("not_finite", r"^-?[0-9.]+[eE]\+?[0-9]{3,}$")] if kind.name == "number" else []
        tests.append((long, DECIMAL if kind.name != "integer" else r"^-?[1-9][0-9]{18,}$"))
        tests += [(long, NUMBER)] if kind.name == "number" else []
    elif kind.name == "date" or kind.name.startswith("timestamp"):
        rest = "" if kind.name == "date" else f"{CLOCK}{ZONE}?"
        own = f"^{DATES[marks.date_order]}{rest}$"
        any_order = f"^({DATES['ymd']}|{DATES['dmy']}){rest}$"
        tests = [("own", own), ("other_order", any_order)]
    tests.insert(0, ("error_cell", ERROR_NAMES))
    word = {"decimal": "number"}.get(kind.name, kind.name.partition("_")[0])
    why = pa.scalar(f"not_{word}")
    found = pc.if_else(bad, why, pa.scalar(None, pa.string()))
    for reason, pattern in reversed(tests):
        hit = pc.and_(bad, pc.fill_null(pc.match_substring_regex(text, pattern), False))
        if reason != "own":
            found = pc.if_else(hit, pa.scalar(reason), found)
        elif pc.any(hit).as_py():
            found = pc.if_else(hit, _date_reasons(text, kind.name, marks.date_order), found)
    return found


def _date_reasons(text: pa.Array, name: str, order: str) -> pa.Array:
    """Of values shaped like a date of this order: does the date not exist, is it of another order, of another zone?"""
    zoned = pc.match_substring_regex(text, ZONE + "$")
    swapped = (
        r"^(1[3-9]|2[0-9]|3[01])[-/.]([1-9]|0[1-9]|1[0-2])[-/.]"
        if order == "mdy"
        else r"^([1-9]|0[1-9]|1[0-2])[-/.](1[3-9]|2[0-9]|3[01])[-/.]"
    )
    other = pc.match_substring_regex(text, swapped) if order != "ymd" else pa.array([False] * len(text))
    found = pc.if_else(other, pa.scalar("other_order"), pa.scalar("no_such_date"))
    if name == "date":
        return found
    if name == "timestamp_utc":
        zoned = pc.match_substring_regex(text, UTC + "$")
    wrong = zoned if name == "timestamp" else pc.invert(zoned)
    return pc.if_else(wrong, pa.scalar("other_zone"), found)
