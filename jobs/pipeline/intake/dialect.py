"""A guess at delimiter, quotes and header, from the first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

COMMON = (",", ";", "\t", "|")
RARE = (":", "^", "~", "\x1f", "\x01")
VALUE = re.compile(
    r"^\s*([-+]?[0-9][0-9.,' \u00a0]*([eE][+-]?[0-9]+)?%?|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ].*)?|(?i:true|false))\s*$"
)
YEAR = re.compile(r"^(1[89]|20)[0-9]{2}$")


@dataclass(frozen=True)
class Dialect:
    """What was found, and how sure that is: certain, likely, unsure."""

    delimiter: str
    quote: str
    sure: str


@dataclass(frozen=True)
class Header:
    """The row (from 0, of those given) on which the table begins; whether it holds names."""

    row: int
    named: bool
    sure: str


def cells(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    """The rows as Python's reader sees them; what it cannot read ends them."""
    csv.field_size_limit(1 << 30)
    quoting: Any = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    found: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, quotechar=quote or None, quoting=quoting):
            found.append(row)
    except csv.Error:
        pass
    return found


def guess(lines: list[str], cut: bool) -> Dialect:
    """Delimiter and quote of these lines; `cut` when the file goes on after them."""
    best, score, agreed = ",", 0.0, 0.0
    for candidate in (*COMMON, *RARE):
        rows = [row for row in cells(lines, candidate, '"') if row]
        rows = rows[:-1] if cut and len(rows) > 2 else rows
        if not rows:
            continue
        counts = Counter(len(row) for row in rows)
        width, many = max(
            ((w, n) for w, n in counts.items() if w > 1), key=lambda f: (f[1], f[0]), default=(1, 0)
        )
        share = many / len(rows)
        first = len(rows[0]) == width
        if width < 2 or (candidate in RARE and not (share >= 0.95 and first)):
            continue
        found = (
            share * share * (2 if first else 1) * (1 + log2(width) / 8) * (0.5 if candidate in RARE else 1)
        )
        if found > score:
            best, score, agreed = candidate, found, share
    quote = _quote(lines, best)
    sure = "certain" if agreed > 0.98 else "likely" if agreed > 0.8 else "unsure"
    return Dialect(best, quote, sure)


def _quote(lines: list[str], delimiter: str) -> str:
    edge = re.escape(delimiter)

    def quoted(mark: str) -> int:
        whole = re.compile(rf"(?:^|{edge}){mark}[^{mark}]*{mark}(?={edge}|\r?\n?$)")
        return sum(len(whole.findall(line)) for line in lines)

    double, single = quoted('"'), quoted("'")
    return "'" if single > 1 and single > 4 * double else '"'


def header(rows: Sequence[Sequence[str | None]]) -> Header:
    """Where the table begins, titles above it left aside, and whether its first row holds names."""
    filled = [sum(bool((c or "").strip()) for c in row) for row in rows]
    counts = Counter(len(r) for r, n in zip(rows, filled, strict=True) if n)
    if not counts:
        return Header(0, True, "unsure")
    width = counts.most_common(1)[0][0]
    start = 0
    if width >= 2 and len(rows) > 2:
        # A title has far fewer cells than the table; a header that lacks one or two cells is no title.
        while start < len(rows) - 1 and _title(rows[start], filled[start], width):
            start += 1
        if filled[start] < 2 or start > 50 or len(rows[start]) != width:
            start = 0
    while start < len(rows) - 1 and not filled[start]:
        start += 1
    named, sure = _named(rows[start], [row for row in rows[start + 1 :] if len(row) == len(rows[start])][:50])
    return Header(start, named, "likely" if start and sure == "certain" else sure)


def _title(row: Sequence[str | None], filled: int, width: int) -> bool:
    if width == 2 and len(row) == 2:
        return filled == 0
    return filled <= max(1, width // 3)


def _named(first: Sequence[str | None], below: Sequence[Sequence[str | None]]) -> tuple[bool, str]:
    """Names are text where the column below is numbers; a first row that is numbers there is data."""
    numeric = [
        place for place in range(len(first))
        if below and sum(bool(VALUE.match(row[place] or "")) for row in below) > 0.7 * sum(bool(row[place]) for row in below) > 0
    ]  # fmt: skip
    texts = [(cell or "").strip() for cell in first]
    if numeric:
        alike = [place for place in numeric if VALUE.match(texts[place])]
        if not alike:
            return True, "certain"
        years = all(YEAR.match(texts[place]) for place in alike) and len({texts[p] for p in alike}) == len(
            alike
        )
        if len(alike) == len(numeric) and not years:
            return False, "likely"
        return True, "unsure"
    return True, "likely" if len(set(texts)) == len(texts) and all(texts) else "unsure"
