"""A year of the trail, day by day, as months that a page draws."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kernel.actor import Actor
from kernel.audit import trail
from portal.trail.asked import Asked, midnight, query

LEVELS = 4


@dataclass(frozen=True, slots=True)
class Day:
    """One day: how many entries, how that is shown (0 none … 4 most), and the filters that lead to them."""

    day: date
    count: int
    level: int
    query: str


@dataclass(frozen=True, slots=True)
class Month:
    """`blank`: the empty places before its first day, in a week that begins on Monday."""

    first: date
    days: tuple[Day, ...]
    blank: range
    total: int


def year(actor: Actor, asked: Asked, number: int) -> list[Month]:
    """Twelve months of what the reader may see under the filters. One query. A typed text is not looked at."""
    start = date(number, 1, 1)
    days = [
        start + timedelta(days=i)
        for i in range(366 if date(number, 12, 31).timetuple().tm_yday == 366 else 365)
    ]
    wanted = replace(asked.wanted, name="", title="")
    counts = trail.by_day(actor, wanted, [(midnight(d), midnight(d + timedelta(days=1))) for d in days])
    top = max(counts)
    shown = {
        day: Day(day, n, _level(n, top), query(asked.fields, **{"from": str(day), "until": str(day)}))
        for day, n in zip(days, counts, strict=True)
    }
    months = []
    for month in range(1, 13):
        first = date(number, month, 1)
        found = tuple(shown[date(number, month, d)] for d in range(1, monthrange(number, month)[1] + 1))
        months.append(Month(first, found, range(first.weekday()), sum(d.count for d in found)))
    return months


def _level(count: int, top: int) -> int:
    """The busiest quarter is darkest; a day with a single entry is never blank."""
    return 0 if not count else min(LEVELS, 1 + LEVELS * (count - 1) // max(top, 1))
