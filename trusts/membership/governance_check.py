"""Is a charter's governance one that the portal can live by? Every error names its place and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from trusts.membership.governance import usual
from trusts.membership.governance_points import BY_PATH, Part, Point, put_at, value_at

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
COUNTRY = re.compile(r"[A-Z]{2}")
MOST_RECORDS, LONGEST = 50, 4000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place (`path`, with dots), and what would be right."""

    path: str
    text: str
    remedy: str


class GovernanceError(Exception):
    """It cannot be lived by; `faults` say where and why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{f.path}: {f.text}" for f in faults))
        self.faults = faults


def checked(kind: str, given: Any) -> dict[str, Any]:
    """What differs from the usual of this kind, normalised. Raises GovernanceError with every fault."""
    if not isinstance(given, Mapping):
        raise GovernanceError([Fault("", "This is not an object", 'Write an object such as {"votes": {…}}')])
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    base = usual(kind)
    for path, value in _leaves(given, base, "", faults):
        point = BY_PATH.get(path)
        good, problem = _value(point, value) if point else _alike(value, value_at(base, path))
        if problem:
            faults.append(Fault(path, *problem))
        elif good != value_at(base, path):
            put_at(found, path, good)
    if faults:
        raise GovernanceError(faults)
    return found


def _leaves(
    given: Mapping[str, Any], base: Mapping[str, Any], at: str, faults: list[Fault]
) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        path = f"{at}{key}"
        if key not in base:
            names = ", ".join(sorted(base))
            faults.append(Fault(path, f"There is nothing called {key!r} here", f"Use one of: {names}"))
        elif isinstance(base[key], Mapping) and path not in BY_PATH:
            if isinstance(value, Mapping):
                yield from _leaves(value, base[key], f"{path}.", faults)
            else:
                faults.append(Fault(path, "This must be an object", f"Write {{…}} with {', '.join(base[key])}"))  # fmt: skip
        else:
            yield path, value


Found = tuple[Any, tuple[str, str] | None]


def _alike(value: Any, usual_value: Any) -> Found:
    """A value without a point of its own must be of the kind that is usual there."""
    if type(value) is type(usual_value):
        return value, None
    return None, ("This is not the kind of value that is expected", f"For example: {usual_value!r}")


def _value(point: Point, value: Any) -> Found:
    options = point.options or {}
    match point.kind:
        case "text":
            return _text(value, LONGEST)
        case "yes":
            return (value, None) if isinstance(value, bool) else (None, ("This is neither yes nor no", "Use true or false"))  # fmt: skip
        case "number":
            if value is None and point.empty:
                return None, None
            return _number(value, point.low, point.high)
        case "choice":
            return _choice(value, options)
        case "many":
            if isinstance(value, list) and value and all(v in options for v in value):
                return [name for name in options if name in value], None
            return None, ("This names nobody, or somebody unknown", f"Use at least one of: {', '.join(options)}")  # fmt: skip
        case "codes":
            return _codes(value, COUNTRY if point.path.endswith("countries") else CODE)
        case "weights":
            if isinstance(value, Mapping) and all(k in options for k in value) and all(_number(v, 0, point.high)[1] is None for v in value.values()):  # fmt: skip
                return {k: int(value[k]) for k in options if k in value}, None
            return None, ("These are not votes for each role", f"For each of {', '.join(options)} a whole number up to {point.high}")  # fmt: skip
    return _records(point, value)


def _text(value: Any, longest: int) -> Found:
    if isinstance(value, str) and len(value) <= longest and "\x00" not in value:
        return value.strip(), None
    return None, ("This is not a text, or too long", f"Write at most {longest} characters")


def _number(value: Any, low: int, high: int) -> Found:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value, None
    return None, (f"{value!r} is not possible here", f"Use a whole number from {low} to {high}")


def _choice(value: Any, options: Mapping[str, str]) -> Found:
    if isinstance(value, str) and value in options:
        return value, None
    return None, (f"{value!r} is not possible here", f"Use one of: {', '.join(options)}")


def _codes(value: Any, form: re.Pattern[str]) -> Found:
    if isinstance(value, list) and all(isinstance(v, str) and form.fullmatch(v) for v in value):
        return list(dict.fromkeys(value)), None
    example = "DE, FR" if form is COUNTRY else "hospital, university"
    return None, ("These are not codes", f"Write them like {example}")


def _records(point: Point, value: Any) -> Found:
    if not isinstance(value, list) or len(value) > MOST_RECORDS:
        return None, ("This is not a list, or too long", f"Write a list of at most {MOST_RECORDS}")
    if point.path.endswith("stages") and not value:
        return None, ("There is no stage", "Name at least one stage: somebody has to review")
    keys = {part.key for part in point.parts}
    found = []
    for number, record in enumerate(value, 1):
        if not isinstance(record, Mapping) or set(record) - keys:
            return None, (f"Entry {number} is not readable", f"Give it exactly: {', '.join(part.key for part in point.parts)}")  # fmt: skip
        made = {}
        for part in point.parts:
            good, problem = _part(part, record.get(part.key, "" if part.kind == "text" else part.usual))
            if problem:
                return None, (f"Entry {number}, {part.key}: {problem[0]}", problem[1])
            made[part.key] = good
        found.append(made)
    codes = [record["code"] for record in found if "code" in record]
    if len(set(codes)) != len(codes):
        return None, ("A code is there twice", "Give each entry a code of its own")
    return found, None


def _part(part: Part, value: Any) -> Found:
    match part.kind:
        case "code":
            return (value, None) if isinstance(value, str) and CODE.fullmatch(value) else (None, ("this is no code", "Use small letters, digits and dashes"))  # fmt: skip
        case "number":
            return _number(value, 1, 366)
        case "yes":
            return (value, None) if isinstance(value, bool) else (None, ("this is neither yes nor no", "Use yes or no"))  # fmt: skip
        case "choice":
            return _choice(value, part.options or {})
        case "amount":
            try:
                amount = Decimal(str(value))
            except InvalidOperation:
                amount = Decimal(-1)
            return (str(amount), None) if amount.is_finite() and 0 <= amount < 10**12 else (None, ("this is no amount", "Write it like 120.00"))  # fmt: skip
    return _text(value, 500)
