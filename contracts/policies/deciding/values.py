"""Values of one kind each, so that only like is compared with like.

A literal becomes an `Atom`: a number, a time (an instant, or a day as the interval it is), a duration, a truth or a
name. What cannot be read as the type it claims is *bad*, and every comparison with it is unknown.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.policies.language.model import Iri, Literal, Value
from contracts.policies.language.vocabulary import NS, ODRL, XSD

NUMBERS = frozenset(
    XSD + name
    for name in [
        "integer",
        "decimal",
        "double",
        "float",
        "int",
        "long",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedInt",
        "unsignedLong",
        "unsignedShort",
        "unsignedByte",
    ]
)
_DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?")
# XML Schema compares durations from these four days: a month has 28 to 31 days (XSD 1.0 part 2, §3.2.6.2).
_FROM = tuple(datetime(*day, tzinfo=UTC) for day in ((1696, 9, 1), (1697, 2, 1), (1903, 3, 1), (1903, 7, 1)))
_TICK = timedelta(microseconds=1)


class Atom(NamedTuple):
    """`kind` number, time, duration, truth, name or bad; `loose`: text without a type, read as what it meets."""

    kind: str
    value: Any
    text: str
    loose: bool = False
    unit: str = ""


def name_of(text: str) -> str:
    """A name without ODRL's or the profile's prefix, so that `odrl:use`, its IRI and `use` are one."""
    if text.startswith(ODRL):
        return text[len(ODRL) :]
    if text.startswith(NS):
        return text[len(NS) :]
    return text.removeprefix("odrl:")


def instant(text: str) -> datetime | None:
    """An aware instant; None if it is none or names no zone."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None or len(text) <= 10:
            return None
        found.astimezone(UTC)  # at the ends of the calendar there may be none
    except (ValueError, OverflowError):
        return None
    return found


def _day(text: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        where = datetime.fromisoformat(f"2000-01-01T00:00:00{match[2]}").tzinfo if match[2] else zone
        day = date.fromisoformat(match[1])
        first = datetime.combine(day, time.min, where)
        return first, datetime.combine(day + timedelta(days=1), time.min, where) - _TICK
    except (ValueError, OverflowError):
        return None


def duration(text: str) -> tuple[timedelta, ...] | None:
    """How long it is from each of the four reference days; None if it is no duration."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    try:
        years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[1:7])
        rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(match[8] or 0))
        many = years * 12 + months
        found = []
        for start in _FROM:
            total = start.year * 12 + start.month - 1 + many
            found.append(start.replace(year=total // 12, month=total % 12 + 1) - start + rest)
    except (ValueError, OverflowError):
        return None
    return tuple(-one for one in found) if match[1] else tuple(found)


def later(start: datetime, text: str) -> datetime | None:
    """`start` plus a duration, by the calendar."""
    match = _DURATION.fullmatch(text)
    if match is None or match[1] or duration(text) is None:
        return None
    total = start.year * 12 + start.month - 1 + int(match[2] or 0) * 12 + int(match[3] or 0)
    rest = timedelta(weeks=int(match[4] or 0), days=int(match[5] or 0), hours=int(match[6] or 0),
                     minutes=int(match[7] or 0), seconds=float(match[8] or 0))  # fmt: skip
    try:
        year, month = total // 12, total % 12 + 1
        after = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return start.replace(year=year, month=month, day=min(start.day, after.day)) + rest
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _truth(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())


def _time(text: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    moment = instant(text)
    return (moment, moment) if moment is not None else _day(text, zone)


def read_as(kind: str, text: str, zone: tzinfo = UTC) -> Any:
    """The value of a text as this kind, or None."""
    if kind == "number":
        return _number(text)
    if kind == "time":
        return _time(text, zone)
    if kind == "duration":
        return duration(text)
    if kind == "truth":
        return _truth(text)
    return name_of(text) if kind == "name" else None


_KINDS = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys((XSD + n for n in ("duration", "dayTimeDuration", "yearMonthDuration")), "duration"),
    XSD + "boolean": "truth",
    XSD + "string": "name",
    XSD + "anyURI": "name",
}


def atom(value: Value, zone: tzinfo = UTC, data_type: str = "") -> Atom:
    """One value. `data_type` is what an untyped literal is to be read as; `zone` that of a day without one."""
    if isinstance(value, Iri):
        return Atom("name", name_of(value.value), value.value)
    datatype = value.datatype or data_type
    text = value.value
    if not datatype:
        return Atom("name", name_of(text), text, loose=True)
    found: Any
    if datatype in (XSD + "dateTime", XSD + "dateTimeStamp"):
        moment = instant(text)
        kind, found = "time", None if moment is None else (moment, moment)
    elif datatype == XSD + "date":
        kind, found = "time", _day(text, zone)
    else:
        kind = _KINDS.get(datatype, "name")
        found = read_as(kind, text, zone)
    return Atom("bad", None, text) if found is None else Atom(kind, found, text)


def as_kind(one: Atom, kind: str, zone: tzinfo = UTC) -> Atom:
    """A loose text as this kind if it can be read so; anything else as it is."""
    if one.kind == kind or not one.loose:
        return one
    found = read_as(kind, one.text, zone)
    return one if found is None else Atom(kind, found, one.text, False, one.unit)


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def literal(value: Any) -> Value:
    """A JSON value as a value of the language. Raises ValueError for what is none."""
    if isinstance(value, bool):
        return Literal("true" if value else "false", XSD + "boolean")
    if isinstance(value, int):
        return Literal(str(value), XSD + "integer")
    if isinstance(value, (float, Decimal)):
        number = Decimal(str(value))
        if not number.is_finite():
            raise ValueError("is not a number that can be compared")
        return Literal(format(number, "f"), XSD + "decimal")
    if isinstance(value, str):
        # An address says by itself what it is; any other text is read as what it is compared with.
        return Iri(value) if value.startswith(("http://", "https://", "urn:")) else Literal(value)
    if isinstance(value, dict) and ("@id" in value or "@value" in value):
        inner = value.get("@id", value.get("@value"))
        if "@id" in value and isinstance(inner, str):
            return Iri(inner)
        datatype = str(value.get("@type", ""))
        if isinstance(inner, str):
            return Literal(inner, XSD + datatype[4:] if datatype.startswith("xsd:") else datatype)
        read = literal(inner)
        return Literal(read.value, datatype or read.datatype) if isinstance(read, Literal) else read
    raise ValueError("is neither a text, a number, true or false, nor an object with @id or @value")
