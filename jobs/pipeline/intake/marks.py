"""A guess at decimal mark, thousands mark, date order and the words for missing, from a sample of text columns."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from jobs.pipeline.reading import NULL_WORDS

SPACE = "[ \u00a0\u202f]"
LIKE_NUMBER = re.compile(r"^-?[0-9]+([.,' \u00a0\u202f][0-9]+)*$")
GROUPED = {
    (".", ","): re.compile(r"^-?[1-9][0-9]{0,2}(,[0-9]{3})+\.[0-9]+$"),
    (",", "."): re.compile(r"^-?[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]+$"),
    (".", "'"): re.compile(r"^-?[1-9][0-9]{0,2}('[0-9]{3})+(\.[0-9]+)?$"),
    (",", "'"): re.compile(r"^-?[1-9][0-9]{0,2}('[0-9]{3})+,[0-9]+$"),
    (".", " "): re.compile(rf"^-?[1-9][0-9]{{0,2}}({SPACE}[0-9]{{3}})+(\.[0-9]+)?$"),
    (",", " "): re.compile(rf"^-?[1-9][0-9]{{0,2}}({SPACE}[0-9]{{3}})+,[0-9]+$"),
}
TWICE = {
    ",": re.compile(r"^-?[1-9][0-9]{0,2}(,[0-9]{3}){2,}$"),
    ".": re.compile(r"^-?[1-9][0-9]{0,2}(\.[0-9]{3}){2,}$"),
}
COMMA = re.compile(r"^-?(0|[1-9][0-9]*),[0-9]+$")
POINT = re.compile(r"^-?(0|[1-9][0-9]*)\.[0-9]+$")
THREE = re.compile(r"^-?[1-9][0-9]{0,2}[,.][0-9]{3}$")
DAY = re.compile(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.][0-9]{4}([T ].*)?$")
PLAIN = re.compile(r"^-?[0-9]+([.,][0-9]+)?$")
MORE_WORDS = (
    "-", "--", "?", ".", "..", "#N/A", "#N/A N/A", "#NA", "N.A.", "n.a.", "NaT", "<NA>", "NAN", "Null", "NONE", "none", "na",
    "missing", "Missing", "unknown", "Unknown", "\\N", "nil", "(null)", "k.A.", "k. A.", "-NaN", "-nan",
)  # fmt: skip


@dataclass
class Found:
    """The marks, how sure each is, and sentences about them."""

    decimal: str = "."
    thousands: str = ""
    date_order: str = "ymd"
    null_words: tuple[str, ...] = NULL_WORDS
    sure: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def guess(columns: dict[str, list[str]]) -> Found:
    """From the distinct non-missing values of each column of a sample."""
    found = Found(
        sure={"decimal": "likely", "thousands": "likely", "date_order": "likely", "null_words": "likely"}
    )
    more = {word for values in columns.values() for word in _words(values)}
    found.null_words = NULL_WORDS + tuple(word for word in MORE_WORDS if word in more)
    if more:
        found.notes.append(f"In columns of numbers or dates, {', '.join(sorted(more))} is taken for missing.")
    missing = set(found.null_words) | {""}
    numbers, unsure = _votes(columns, missing)
    if numbers:
        (found.decimal, found.thousands), votes = numbers.most_common(1)[0]
        sure = "certain" if len(numbers) == 1 or votes > 10 * (sum(numbers.values()) - votes) else "unsure"
        found.sure["decimal"] = found.sure["thousands"] = sure
        if found.decimal == ",":
            found.notes.append("The decimal mark is a comma.")
        if found.thousands:
            found.notes.append(
                f"The thousands mark is {'a space' if found.thousands == ' ' else found.thousands!r}."
            )
    elif unsure:
        found.sure["decimal"] = found.sure["thousands"] = "unsure"
        found.notes.append(
            f"In {', '.join(unsure[:5])} a comma may be a decimal or a thousands mark; the values stay text until you choose."
        )
    _dates(columns, missing, found)
    return found


def _words(values: list[str]) -> list[str]:
    """Words for missing in a column that is otherwise numbers or dates."""
    odd = [v for v in values if v not in NULL_WORDS and v and not LIKE_NUMBER.match(v) and not _moment(v)]
    rest = len(values) - len(odd)
    return odd if odd and rest > 2 * len(odd) and all(v in MORE_WORDS for v in odd) else []


def _moment(value: str) -> bool:
    return bool(DAY.match(value) or re.match(r"^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?$", value))


def _votes(columns: dict[str, list[str]], missing: set[str]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Columns for each pair of (decimal, thousands), and columns that could be either."""
    votes: Counter[tuple[str, str]] = Counter()
    unsure: list[str] = []
    for name, every in columns.items():
        values = [v for v in every if v not in missing]
        if not values or not all(LIKE_NUMBER.match(v) for v in values) or any(DAY.match(v) for v in values):
            continue
        pair = next((pair for pair, shape in GROUPED.items() if any(shape.match(v) for v in values)), None)
        if (
            pair is not None
            and pair[1] in (" ", "'")
            and not any(re.match(r"^-?[0-9]+$", v) or GROUPED[pair].match(v) for v in values)
        ):
            pair = None
        twice = next((mark for mark, shape in TWICE.items() if any(shape.match(v) for v in values)), None)
        if pair:
            votes[pair] += 1
        elif twice:
            votes[(",", ".") if twice == "." else (".", ",")] += 1
        elif any(COMMA.match(v) for v in values):
            if not any(COMMA.match(v) and not THREE.match(v) for v in values):
                unsure.append(name)
            elif not any(POINT.match(v) for v in values):
                votes[(",", "")] += 1
        elif any(POINT.match(v) for v in values) and not all(
            THREE.match(v) or (PLAIN.match(v) and "." not in v) for v in values
        ):
            votes[(".", "")] += 1
    return _merged(votes), unsure


def _merged(votes: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """A column without thousands agrees with any pair that has its decimal mark."""
    for decimal in (".", ","):
        groups = [pair for pair in votes if pair[0] == decimal and pair[1]]
        if groups and (decimal, "") in votes:
            best = max(groups, key=lambda pair: votes[pair])
            votes[best] += votes.pop((decimal, ""))
    return votes


def _dates(columns: dict[str, list[str]], missing: set[str], found: Found) -> None:
    votes: Counter[str] = Counter()
    unsure: list[str] = []
    for name, every in columns.items():
        shaped = [m for v in every if v not in missing and (m := DAY.match(v))]
        if not shaped or len(shaped) < 0.5 * len([v for v in every if v not in missing]):
            continue
        first, second = sum(int(m[1]) > 12 for m in shaped), sum(int(m[2]) > 12 for m in shaped)
        if first or second:
            votes["dmy" if first >= second else "mdy"] += 1
            if first and second:
                found.notes.append(
                    f"{name} mixes dates with the day first and dates with the month first; it stays text."
                )
        else:
            unsure.append(name)
    if votes:
        found.date_order = votes.most_common(1)[0][0]
        found.sure["date_order"] = "certain" if len(votes) == 1 else "unsure"
        first_word = "day" if found.date_order == "dmy" else "month"
        found.notes.append(f"Dates such as 03/04/2013 are read with the {first_word} first.")
    elif unsure:
        found.sure["date_order"] = "unsure"
        found.notes.append(
            f"In {', '.join(unsure[:5])} the day or the month may come first; the values stay text until you choose."
        )
