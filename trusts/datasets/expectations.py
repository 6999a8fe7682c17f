"""The steward's quality rules: which kinds there are, what each needs, and each as a sentence. Pure data."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_RULES = 200
MOST_VALUES = 500
SEVERITIES = {"warn": "Warn", "must": "Must hold"}
ORDERED = frozenset({"integer", "number", "decimal", "date", "timestamp"})
# What RE2 cannot do and other engines can: look-around, back references, atomic groups, conditions.
NOT_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!]|P=)|\\[1-9]|[*+?}]\+")
Rule = dict[str, Any]
Types = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule: its label, what it asks for besides the column, and what it says."""

    label: str
    help: str
    asks: tuple[str, ...]
    says: Callable[[Rule], str]
    column: str = "one"
    """one, many (several together), maybe or none"""


class RuleFault(Exception):
    """The rule cannot be kept: which field is wrong and what to do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


def _between(rule: Rule) -> str:
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None:
        return f"between {low} and {high}"
    return f"at least {low}" if low is not None else f"at most {high}"


def _days(rule: Rule) -> str:
    what = f"The newest date in {rule['column']}" if rule.get("column") else "The newest version"
    return f"{what} is at most {rule['days']} day{'' if rule['days'] == 1 else 's'} old"


KINDS: dict[str, Kind] = {
    "not_null": Kind("Is never empty", "Every row has a value.", (), lambda r: f"{r['column']} is never empty"),
    "unique": Kind("Has no value twice", "One column, or several that together tell rows apart.", (),
                   lambda r: f"No two rows have the same {' and '.join(r['columns'])}", "many"),
    "range": Kind("Lies within limits", "Numbers, dates or instants; one limit is enough.", ("min", "max"),
                  lambda r: f"{r['column']} is {_between(r)}"),
    "pattern": Kind("Looks like", "A pattern that the whole value matches, such as N[0-9]{1,5}[A-Z]{0,2} for an N, digits and at most two letters.", ("pattern",),
                    lambda r: f"{r['column']} looks like {r['pattern']}"),
    "set": Kind("Is one of", "The values that may occur, one per line.", ("values",),
                lambda r: f"{r['column']} is one of {', '.join(map(str, r['values'][:8]))}{' …' if len(r['values']) > 8 else ''}"),
    "reference": Kind("Occurs in another dataset", "Every value is found in a column of the newest version of another dataset of yours.",
                      ("dataset", "their_column"),
                      lambda r: f"{r['column']} occurs in {r['their_column']} of {r.get('dataset_title') or 'another dataset'}"),
    "freshness": Kind("Is recent", "The newest date in the column, or without a column the newest version, is at most so many days old.",
                      ("days",), _days, "maybe"),
    "row_count": Kind("Has enough rows", "How many rows a version has.", ("min", "max"),
                      lambda r: f"The number of rows is {_between(r)}", "none"),
}  # fmt: skip


def sentence(rule: Rule) -> str:
    """What the rule says, in words."""
    return KINDS[rule["rule"]].says(rule)


def _clean_columns(rule: Rule, kind: Kind, types: Types | None) -> dict[str, Any]:
    given = rule.get("columns") or ([rule["column"]] if rule.get("column") else [])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise RuleFault("column", "Name the columns as text.")
    if kind.column == "none":
        return {}
    if not given and kind.column != "maybe":
        raise RuleFault("column", "Choose a column.")
    if len(given) > 1 and kind.column != "many":
        raise RuleFault("column", f"“{kind.label}” is about one column; add a rule for each.")
    unknown = [name for name in given if types is not None and name not in types]
    if unknown:
        raise RuleFault("column", f"There is no column {', '.join(unknown)} in the newest version.")
    if kind.column == "many":
        return {"columns": list(dict.fromkeys(given))}
    return {"column": given[0]} if given else {}


def _limit(value: Any, word: str | None, field: str) -> Any:
    text = str(value).strip()
    try:
        if word == "date":
            return date.fromisoformat(text).isoformat()
        if word == "timestamp":
            return datetime.fromisoformat(text).isoformat(sep=" ")
        if Decimal(text).is_finite():
            return f"{Decimal(text):f}"
    except (ValueError, InvalidOperation):
        if word is None:
            return text[:60]
    example = {"date": "a date such as 2026-01-31", "timestamp": "a time such as 2026-01-31 12:00"}.get(
        word or "", "a number"
    )
    raise RuleFault(field, f"{text[:60]} is not {example}.")


def _clean_limits(rule: Rule, word: str | None) -> dict[str, Any]:
    found = {end: _limit(rule[end], word, end) for end in ("min", "max") if rule.get(end) not in (None, "")}
    if not found:
        raise RuleFault("min", "Give the least or the greatest value, or both.")
    if len(found) == 2:
        low, high = found["min"], found["max"]
        ordered = low <= high if word in ("date", "timestamp", None) else Decimal(low) <= Decimal(high)
        if not ordered and word is not None:
            raise RuleFault("max", "The greatest value is below the least.")
    return found


def check_pattern(text: Any) -> str:
    """The pattern if RE2 will take it. Raises RuleFault."""
    if not isinstance(text, str) or not text:
        raise RuleFault("pattern", "Give a pattern.")
    if len(text) > 500:
        raise RuleFault("pattern", "A pattern has at most 500 characters.")
    if NOT_RE2.search(text):
        raise RuleFault("pattern", "Look-around, back references and possessive repeats are not possible in RE2; write it without them.")  # fmt: skip
    try:
        re.compile(text)
    except re.error as problem:
        raise RuleFault("pattern", f"The pattern is not complete: {problem}.") from None
    return text


def _clean_values(rule: Rule) -> list[str]:
    given = rule.get("values")
    if isinstance(given, str):
        given = given.splitlines()
    if not isinstance(given, list):
        raise RuleFault("values", "Give the values as a list.")
    values = list(dict.fromkeys(str(value).strip() for value in given if str(value).strip()))
    if not values:
        raise RuleFault("values", "Give at least one value.")
    if len(values) > MOST_VALUES:
        raise RuleFault(
            "values", f"A list has at most {MOST_VALUES} values; refer to a dataset that holds them."
        )
    return values


def _whole(rule: Rule, field: str, least: int) -> int:
    text = str(rule.get(field, "")).strip()
    if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or int(text) < least:
        raise RuleFault(field, f"Give a whole number from {least} on.")
    return int(text)


def cleaned(rule: Any, types: Types | None = None) -> Rule:
    """The rule as it is kept: only what its kind knows, values in one form. Raises RuleFault.

    `types` are the newest version's columns and types; without a version nothing is known of them.
    """
    if not isinstance(rule, Mapping) or rule.get("rule") not in KINDS:
        raise RuleFault("rule", f"A rule is one of {', '.join(KINDS)}.")
    name, given = rule["rule"], dict(rule)
    kind = KINDS[name]
    severity = given.get("severity") or "warn"
    if severity not in SEVERITIES:
        raise RuleFault("severity", "Severity is warn or must.")
    identity = str(given.get("id") or "")
    found: Rule = {"id": identity if re.fullmatch(r"[0-9a-f]{8}", identity, re.ASCII) else uuid.uuid4().hex[:8], "rule": name, "severity": severity,
                   **_clean_columns(given, kind, types)}  # fmt: skip
    word = types.get(found.get("column", "")) if types is not None else None
    if name == "range":
        if word is not None and word not in ORDERED:
            raise RuleFault(
                "column", f"{found['column']} holds {word}; limits are for numbers, dates and instants."
            )
        found |= _clean_limits(given, word)
    elif name == "row_count":
        found |= {end: _whole(given, end, 0) for end in ("min", "max") if given.get(end) not in (None, "")}
        if not {"min", "max"} & set(found):
            raise RuleFault("min", "Give the least or the greatest number of rows, or both.")
        if found.get("min", 0) > found.get("max", 10**12):
            raise RuleFault("max", "The greatest number is below the least.")
    elif name == "pattern":
        found["pattern"] = check_pattern(given.get("pattern"))
    elif name == "set":
        found["values"] = _clean_values(given)
    elif name == "freshness":
        found["days"] = _whole(given, "days", 0)
        if word is not None and word not in ("date", "timestamp"):
            raise RuleFault("column", f"{found['column']} holds {word}; freshness needs dates or instants.")
    elif name == "reference":
        if not given.get("dataset") or not given.get("their_column"):
            raise RuleFault("dataset", "Choose the other dataset and name its column.")
        found |= {"dataset": str(given["dataset"]), "their_column": str(given["their_column"])[:200],
                  "dataset_title": str(given.get("dataset_title") or "")[:160]}  # fmt: skip
    if note := str(given.get("note") or "").strip():
        found["note"] = note[:300]
    return found


def same(one: Rule, other: Rule) -> bool:
    """Whether two rules say the same, whatever their ids, notes and severities."""
    leave = ("id", "note", "severity", "dataset_title")
    return {k: v for k, v in one.items() if k not in leave} == {
        k: v for k, v in other.items() if k not in leave
    }
