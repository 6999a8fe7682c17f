"""The library of clauses: code, form, sentence, and who enforces it. The one list everything reads.

A clause's value is canonical JSON. `check` normalises it or raises ClauseError; `words` says it.
Badge: *enforced* by the portal, *watched* (a duty with a date), *promised* (legal only).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.policies.taxonomy import (
    COUNTRIES,
    GROUPS,
    PURPOSES,
    listed,
    place_label,
    purpose_label,
)

Value = dict[str, Any]


class ClauseError(Exception):
    """A clause's value is not acceptable: which clause, which field, what is wrong, what to do."""

    def __init__(self, clause: str, field: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.clause, self.field, self.text, self.remedy = clause, field, text, remedy


@dataclass(frozen=True, slots=True)
class ClauseKind:
    """One kind of clause. `mood` is may, may_not or must: permission, prohibition, duty."""

    code: str
    label: str
    mood: str
    badge: str
    help: str
    enforced_by: str
    check: Callable[[Value], Value]
    words: Callable[[Value], str]
    required: bool = False


def _codes(clause: str, field: str, given: Any, known: Any, what: str) -> list[str]:
    if not isinstance(given, (list, tuple)) or not given:
        raise ClauseError(clause, field, f"Choose at least one {what}.", "Or leave the clause out.")
    unknown = sorted({str(code) for code in given if code not in known})
    if unknown:
        raise ClauseError(
            clause, field, f"{', '.join(unknown)} is not a known {what}.", f"Choose a {what} from the list."
        )
    return sorted(set(given))


def _whole(clause: str, field: str, given: Any, low: int, high: int) -> int:
    try:
        number = int(str(given))
    except ValueError:
        number = low - 1
    if isinstance(given, bool) or not low <= number <= high:
        raise ClauseError(
            clause, field, f"{given!r} is not a whole number from {low} to {high}.", "Correct the number."
        )
    return number


def _names(clause: str, field: str, given: Any) -> list[str]:
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(n, str) and n for n in given):
        raise ClauseError(
            clause, field, "Name at least one column.", "Tick the columns, or leave the clause out."
        )
    return sorted(set(given))


def _day(field: str, given: Any) -> str:
    if isinstance(given, date):
        return given.isoformat()
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise ClauseError("period", field, f"{given!r} is not a day.", "Write it as 2027-06-30.") from None


def _purpose(value: Value) -> Value:
    return {"any_of": _codes("purpose", "any_of", value.get("any_of"), PURPOSES, "purpose")}


def _recipient(value: Value) -> Value:
    who = value.get("who")
    if who not in ("organisation", "named_people"):
        raise ClauseError(
            "recipient", "who", "Choose who may receive the data.", "The organisation, or named people."
        )
    return {"who": who}


def _place(value: Value) -> Value:
    return {"any_of": _codes("place", "any_of", value.get("any_of"), {**GROUPS, **COUNTRIES}, "place")}


def _period(value: Value) -> Value:
    start, end = _day("from", value.get("from")), _day("until", value.get("until"))
    zone = str(value.get("zone") or "UTC")
    if not re.fullmatch(r"[A-Za-z0-9_+\-/]{1,60}", zone):
        raise ClauseError("period", "zone", f"{zone!r} is not a time zone.", "For example Europe/Berlin.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ClauseError(
            "period", "zone", f"{zone!r} is not a time zone.", "For example Europe/Berlin."
        ) from None
    if end < start:
        raise ClauseError(
            "period", "until", f"The last day {end} is before the first day {start}.", "Correct one."
        )
    return {"from": start, "until": end, "zone": zone}


def _columns(value: Value) -> Value:
    return {"only": _names("columns", "only", value.get("only"))}


def _exports(value: Value) -> Value:
    return {"at_most": _whole("exports", "at_most", value.get("at_most"), 1, 100_000)}


def _group(value: Value) -> Value:
    return {
        "k": _whole("min_group_size", "k", value.get("k"), 2, 1_000_000),
        "by": _names("min_group_size", "by", value.get("by")),
    }


def _pseudonymise(value: Value) -> Value:
    return {"columns": _names("pseudonymise", "columns", value.get("columns"))}


def _flag(value: Value) -> Value:
    return {}


def _delete(value: Value) -> Value:
    return {"days": _whole("delete_within", "days", value.get("days"), 1, 3_650)}


def _attribution(value: Value) -> Value:
    text = " ".join(str(value.get("text") or "").split())
    if not 3 <= len(text) <= 300:
        raise ClauseError(
            "attribution", "text", "Write the credit line, 3 to 300 characters.", "Or leave the clause out."
        )
    return {"text": text}


def long_day(value: str) -> str:
    """`2027-06-30` → `30 June 2027`."""
    day = date.fromisoformat(value)
    return f"{day.day} {day:%B %Y}"


def columns_in_words(names: list[str]) -> str:
    shown = listed(names) if len(names) <= 12 else f"{', '.join(names[:12])} and {len(names) - 12} more"
    return f"{len(names)} column{'s' if len(names) != 1 else ''}: {shown}"


_ALL = (
    ClauseKind(
        "purpose", "Purpose", "may", "enforced", "What the data may be used for. Anything else is not allowed.",
        "each request must name one of these purposes", _purpose,
        lambda v: f"use the data for {listed((purpose_label(c) for c in v['any_of']), 'or')}", required=True,
    ),
    ClauseKind(
        "recipient", "Who receives it", "may", "enforced", "Whether any person of the partner or only named people fetch exports.",
        "downloads are open to the people named in the request only", _recipient,
        lambda v: "let only people named in each request receive it" if v["who"] == "named_people"
        else "use it within its own organisation",
    ),
    ClauseKind(
        "place", "Place", "may", "enforced", "Where the data may be stored and looked at.",
        "each request must name a place inside these", _place,
        lambda v: f"keep and look at it in {listed((place_label(c) for c in v['any_of']), 'or')} only",
    ),
    ClauseKind(
        "period", "Period", "may", "enforced", "First and last day, both included, in the zone named.",
        "requests, jobs and downloads outside the period are refused", _period,
        lambda v: f"use it from {long_day(v['from'])} until {long_day(v['until'])}, both days included "
        f"({v['zone']} time)", required=True,
    ),
    ClauseKind(
        "columns", "Columns", "may", "enforced", "Which columns may leave. Leave out to allow all.",
        "every other column is dropped by the job", _columns,
        lambda v: f"receive {columns_in_words(v['only'])}",
    ),
    ClauseKind(
        "exports", "Number of exports", "may", "enforced", "How many exports can be made under the contract.",
        "counted under a lock when a request is approved", _exports,
        lambda v: f"receive at most {v['at_most']} export{'s' if v['at_most'] != 1 else ''}",
    ),
    ClauseKind(
        "min_group_size", "Smallest group", "must", "enforced",
        "Rows in groups smaller than this are removed, so that nobody stands out.",
        "the job removes smaller groups and a gate checks the result", _group,
        lambda v: f"receive only groups of at least {v['k']} rows that share {listed(v['by'])}; smaller groups are removed",
    ),
    ClauseKind(
        "pseudonymise", "Pseudonyms", "must", "enforced",
        "Values of these columns are replaced by tokens that are the same within the contract and unlinkable across contracts.",
        "the job replaces them with HMAC-SHA-256 under the contract's own key", _pseudonymise,
        lambda v: f"receive {listed(v['columns'])} only as pseudonyms",
    ),
    ClauseKind(
        "no_onward_transfer", "No onward transfer", "may_not", "promised", "The partner keeps the data to itself.",
        "the contract; exports name their receipt", _flag, lambda v: "pass the data on to anyone else",
    ),
    ClauseKind(
        "no_reidentification", "No re-identification", "may_not", "promised", "No attempt to find out who someone is.",
        "the contract; pseudonyms and group size make it hard", _flag,
        lambda v: "try to identify any person or single out a record",
    ),
    ClauseKind(
        "delete_within", "Delete afterwards", "must", "watched", "Copies are deleted within so many days of the end.",
        "a duty with a date opens when the contract ends", _delete,
        lambda v: f"delete all its copies within {v['days']} days after the contract ends and say so here",
    ),
    ClauseKind(
        "attribution", "Attribution", "must", "promised", "The credit line for publications.",
        "the contract; the line is in each package", _attribution, lambda v: f"credit the source as “{v['text']}”",
    ),
)  # fmt: skip

CLAUSES: dict[str, ClauseKind] = {kind.code: kind for kind in _ALL}
