"""Steps that read dates and times, and tell them by another clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import CAST, Context, Frame, arrow_of, batch, coded, series_of, with_columns

_PARTS = re.compile(r"(\d{1,4})[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ](\d{1,4})")
_CLOCK = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?\s*(Z|[+-]\d{2}:?\d{2})?\Z")
_MONTHS = {
    m: i
    for i, m in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}


def reader(
    order: str, form: str | None, zone: str | None, to: str
) -> Callable[[str], date | datetime | None]:
    """A function from one text to its date or time, or None where it is neither."""
    where = ZoneInfo(zone) if zone else None

    def read(text: str) -> date | datetime | None:
        try:
            found = datetime.strptime(text.strip(), form) if form else _free(text.strip(), order)
        except (ValueError, OverflowError):
            return None
        if to == "date":
            return found.date()
        if found.tzinfo is not None or where is not None:
            return _moment(found, where)
        return found

    return read


def _moment(found: datetime, where: ZoneInfo | None) -> datetime | None:
    """In UTC. An hour that the clock skipped in spring is none; of one that it showed twice, the first is meant."""
    try:
        if found.tzinfo is not None:
            return found.astimezone(UTC).replace(tzinfo=None)
        moment = found.replace(tzinfo=where).astimezone(UTC)
        return moment.replace(tzinfo=None) if moment.astimezone(where).replace(tzinfo=None) == found else None
    except (OverflowError, ValueError):
        return None


def _free(text: str, order: str) -> datetime:
    if re.fullmatch(r"\d{8}", text):
        cuts = {"ymd": (0, 4, 6), "dmy": (4, 2, 0), "mdy": (4, 0, 2)}[order]
        widths = {"ymd": (4, 2, 2), "dmy": (4, 2, 2), "mdy": (4, 2, 2)}[order]
        year, month, day = (int(text[c : c + w]) for c, w in zip(cuts, widths, strict=True))
        return datetime(year, month, day)
    found = _PARTS.match(text)
    if found is None:
        raise ValueError(text)
    parts = dict(zip(order, found.groups(), strict=True))
    if len(parts["y"]) != 4 or len(parts["d"]) > 2:
        raise ValueError(text)
    month = _MONTHS.get(parts["m"][:3].lower()) if parts["m"].isalpha() else int(parts["m"])
    if month is None:
        raise ValueError(text)
    rest = text[found.end() :]
    if not rest:
        return datetime(int(parts["y"]), month, int(parts["d"]))
    clock = _CLOCK.match(rest)
    if clock is None:
        raise ValueError(text)
    hour, minute, second, part, offset = clock.groups()
    base = datetime(
        int(parts["y"]),
        month,
        int(parts["d"]),
        int(hour),
        int(minute),
        int(second or 0),
        int((part or "0").ljust(6, "0")),
    )
    if offset:
        sign = offset.replace("Z", "+00:00")
        return datetime.fromisoformat(
            f"{base.isoformat()}{sign if ':' in sign else sign[:3] + ':' + sign[3:]}"
        )
    return base


@batch("parse_dates")
def parse_dates(
    frame: Frame,
    *,
    column: str,
    to: str,
    ctx: Context,
    order: str = "ymd",
    on_fail: str = "stop",
    zone: str | None = None,
    **params: Any,
) -> Frame:
    """With a zone, or an offset in the text, the time is kept in UTC. An empty text is missing."""
    found = coded(frame[column])
    read = reader(order, params.get("format"), zone, to)
    texts = found.dictionary.to_pylist()
    values = [None if not t or not t.strip() else read(t) for t in texts]
    wrong = pa.array(
        [bool(t and t.strip()) and v is None for t, v in zip(texts, values, strict=True)], pa.bool_()
    )
    bad = pc.fill_null(pc.take(wrong, found.indices), False)
    if pc.any(bad).as_py():
        if on_fail == "stop":
            position = pc.index(bad, True).as_py()
            raise StepError("dates.does_not_fit", f"{column}: {texts[found.indices[position].as_py()][:60]!r} is no {to} in the order {params.get('format') or order}.",
                            "Name another order or pattern, or set such values missing.", row=int(frame.index[position]) + 1, column=column)  # fmt: skip
        ctx.report(f"{column} set missing: no {to}", pc.sum(bad).as_py() or 0)
    made = pc.take(pa.array(values, CAST[to]), found.indices)
    return with_columns(frame, {column: series_of(made, frame[column])})


@batch("to_zone")
def to_zone(frame: Frame, *, column: str, zone: str, **_: Any) -> Frame:
    """The wall clock of the zone at each moment, as a time without a zone; one without is taken as UTC."""
    array = arrow_of(frame[column])
    moments = pc.cast(pc.cast(array, pa.int64()), pa.timestamp("us", tz=zone))
    return with_columns(frame, {column: series_of(pc.local_timestamp(moments), frame[column])})
