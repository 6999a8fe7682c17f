"""Which values satisfy several conditions at once, and whether any can. Sound, not complete.

A value is offered only if every condition certainly holds for it; *nothing fits* is said only where that is certain.
What is not understood here (unlike kinds, units, months, values kept elsewhere, an unknown operator) is neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice, pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

from contracts.policies.language.model import Condition, Constraint, Iri, Logical, Value
from contracts.policies.language.vocabulary import NS, ODRL, XSD, short
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, countries_within, purposes_within

Truth = bool | None
TRIED = 3_000  # combinations of values that are tried before giving up
_TIMES = frozenset([ODRL + "dateTime"])
_DURATIONS = frozenset(ODRL + n for n in ("elapsedTime", "delayPeriod", "meteredTime", "timeInterval"))
_NUMBERS = frozenset([
    *(ODRL + n for n in ("count", "payAmount", "percentage", "resolution", "absoluteSize")),
    *(NS + n for n in ("rows", "epsilonSpent", "securityLevel", "minGroupSize")),
])  # fmt: skip
SINGLE = _TIMES | _DURATIONS | _NUMBERS  # left operands that have one value at a time
# Names of which none includes another.
_FLAT = frozenset([ODRL + "fileFormat", NS + "accessMode"])
_NUMERIC = frozenset(
    XSD + n for n in ("integer", "decimal", "double", "float", "int", "long", "nonNegativeInteger")
)
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?"
)
_WITHIN = frozenset(["isA", "isPartOf", "isAnyOf"])
_LIMITS = frozenset(["lt", "lteq", "gt", "gteq"])
OTHER = "urn:example:another"


@dataclass(frozen=True, slots=True)
class Read:
    """A value as one kind: number, time (an instant, or the first and last moment of a day), duration, or name."""

    kind: str
    low: Any
    high: Any


def read_value(constraint: Constraint, value: Value) -> Read | None:
    """The value as its left operand has it; None if it is of no kind that is understood here."""
    if isinstance(value, Iri):
        return _name(value.value)
    kind, datatype = value.datatype, constraint.left
    text = value.value
    try:
        if datatype in _TIMES or kind in (XSD + "dateTime", XSD + "date", XSD + "dateTimeStamp"):
            return _time(text, constraint)
        if datatype in _DURATIONS or kind == XSD + "duration":
            return _duration(text)
        if datatype in _NUMBERS or kind in _NUMERIC:
            number = Decimal(text)
            return Read("number", number, number) if number.is_finite() and abs(number) < 10**15 else None
    except (ValueError, OverflowError, InvalidOperation):
        return None
    return _name(text) if kind in ("", XSD + "anyURI") and not value.language else None


def _name(text: str) -> Read:
    name = short(text)
    return Read("name", name, name)


def _time(text: str, constraint: Constraint) -> Read | None:
    if len(text) > 10:
        moment = datetime.fromisoformat(text)
        return Read("time", moment, moment) if moment.tzinfo else None
    zone: tzinfo = UTC
    for key, said in constraint.extra:
        if key == NS + "zone":
            zone = ZoneInfo(str(json.loads(said)))
    day = date.fromisoformat(text)
    first = datetime.combine(day, time.min, zone)
    last = datetime.combine(day + timedelta(days=1), time.min, zone) - timedelta(microseconds=1)
    return Read("time", first, last)


def _duration(text: str) -> Read | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return Read("duration", length, length)


@lru_cache(maxsize=4096)
def read_rights(constraint: Constraint) -> tuple[Read, ...] | None:
    """The right values, all of one kind; None if one of them is not understood, or there are none."""
    if constraint.unit or constraint.reference or not constraint.right or constraint.data_type:
        return None
    found = [read_value(constraint, value) for value in constraint.right]
    if any(one is None for one in found) or len({one.kind for one in found if one}) != 1:
        return None
    return tuple(one for one in found if one)


@lru_cache(maxsize=4096)
def covered(operand: str, name: str) -> frozenset[str]:
    """The name and what it includes by the taxonomy of purposes and places."""
    if operand == ODRL + "purpose" and name in PURPOSES:
        return purposes_within([name])
    if operand == ODRL + "spatial" and name in GROUPS:
        smaller = {code for code, (_, members) in GROUPS.items() if members <= GROUPS[name][1]}
        return countries_within([name]) | smaller | {name}
    return frozenset([name])


def reach(operand: str, names: Iterable[str]) -> frozenset[str]:
    """All that is within one of these names, groups of countries too that they cover together."""
    found = frozenset().union(*(covered(operand, name) for name in names))
    if operand != ODRL + "spatial":
        return found
    return found | {group for group, (_, members) in GROUPS.items() if members <= found}


# ------------------------------------------------------------------------------------------------ does it hold


def holds(condition: Condition, facts: dict[str, Read]) -> Truth:
    """Whether it holds for these facts, one value for each left operand; None where that is not certain."""
    if isinstance(condition, Logical):
        found = [holds(part, facts) for part in condition.parts]
        if condition.joint in ("and", "andSequence"):
            return False if False in found else None if None in found else True
        if condition.joint == "or":
            return True if True in found else None if None in found else False
        if found.count(True) > 1:
            return False
        return None if None in found else found.count(True) == 1
    rights, fact = read_rights(condition), facts.get(condition.left)
    if (
        rights is None
        or fact is None
        or fact.kind != rights[0].kind
        or not condition.operator.startswith(ODRL)
    ):
        return None
    operator = short(condition.operator)
    if operator in _LIMITS:
        return _limited(operator, fact, rights) if fact.kind != "name" else None
    if fact.kind == "name":
        return _named(condition.left, operator, str(fact.low), frozenset(str(one.low) for one in rights))
    equal = [right.low <= fact.low <= right.high for right in rights]
    if operator in ("eq", *_WITHIN):
        return any(equal)
    return not any(equal) if operator in ("neq", "isNoneOf") else None


def _limited(operator: str, fact: Read, rights: tuple[Read, ...]) -> Truth:
    if len(rights) != 1:
        return None
    right = rights[0]
    if operator == "lt":
        return bool(fact.high < right.low)
    if operator == "lteq":
        return bool(fact.high <= right.high)
    return bool(fact.low > right.high) if operator == "gt" else bool(fact.low >= right.low)


def _named(operand: str, operator: str, name: str, rights: frozenset[str]) -> Truth:
    mine = covered(operand, name)
    theirs = reach(operand, rights)
    if operator in _WITHIN:
        if name in theirs:
            return True
        return None if mine & theirs else False
    if operator == "isNoneOf":
        return False if name in theirs else None if mine & theirs else True
    if operator == "eq":
        return True if name in rights else None if mine & theirs else False
    if operator == "neq":
        return False if name in rights else None if mine & theirs else True
    return None


# ---------------------------------------------------------------------------------------------- values that fit


def constraints_of(conditions: Iterable[Condition]) -> Iterator[Constraint]:
    """Every constraint, those within logical ones too."""
    for one in conditions:
        if isinstance(one, Logical):
            yield from constraints_of(one.parts)
        else:
            yield one


def fitting(conditions: Sequence[Condition]) -> dict[str, Read] | None:
    """One value for each left operand, such that every condition certainly holds; None if none was found."""
    offers: dict[str, list[Read]] = {}
    for constraint in constraints_of(conditions):
        rights = read_rights(constraint)
        if rights is not None:
            offers.setdefault(constraint.left, []).extend(_around(constraint.left, rights))
    operands = {id(one): frozenset(c.left for c in constraints_of([one])) for one in conditions}
    for operand, values in offers.items():
        alone = [one for one in conditions if operands[id(one)] == {operand}]
        values = list(dict.fromkeys(_between(list(dict.fromkeys(values))[:200])))
        offers[operand] = [v for v in values if all(holds(one, {operand: v}) is True for one in alone)][:40]
        if not offers[operand]:
            return None
    tied = [one for one in conditions if len(operands[id(one)]) > 1]
    names = list(offers)
    for values_tried in islice(product(*(offers[name] for name in names)), TRIED):
        facts = dict(zip(names, values_tried, strict=True))
        if all(holds(one, facts) is True for one in tied):
            if all(holds(one, facts) is True for one in conditions):
                return facts
            return None
    return None


def _around(operand: str, rights: tuple[Read, ...]) -> Iterator[Read]:
    """Values worth trying: those named, those just beside them, and some other."""
    kind = rights[0].kind
    for right in rights:
        if kind == "name":
            yield right
            yield from (Read("name", name, name) for name in sorted(covered(operand, str(right.low))))
            continue
        step: Any = Decimal(1) if kind == "number" else timedelta(seconds=1)
        for value in (right.low, right.high, *_moved(right.low, -step), *_moved(right.high, step)):
            yield Read(kind, value, value)
    if kind == "name":
        more = (*sorted(PURPOSES), "CH", "US") if operand in (ODRL + "purpose", ODRL + "spatial") else ()
        yield from (Read("name", name, name) for name in (*more, OTHER))


def _moved(value: Any, step: Any) -> Iterator[Any]:
    try:
        moved = value + step
        if isinstance(moved, datetime):
            moved.astimezone(UTC)  # at the ends of the calendar there may be none
        if not isinstance(moved, timedelta) or moved >= timedelta(0):
            yield moved
    except OverflowError:
        return


def _between(values: list[Read]) -> list[Read]:
    """The values and, for numbers, times and durations, one between each two."""
    if not values or values[0].kind == "name" or len({one.kind for one in values}) != 1:
        return values
    ordered = sorted({one.low for one in values})
    whole = timedelta(seconds=1)  # a request writes durations in seconds
    middles = [
        a + ((b - a) // 2 // whole * whole if isinstance(a, timedelta) else (b - a) / 2)
        for a, b in pairwise(ordered)
    ]
    return [*values, *(Read(values[0].kind, middle, middle) for middle in middles[:40])]


def as_json(one: Read) -> Any:
    """The value as a request writes it: a number, an instant, a duration in seconds, or a name."""
    if one.kind == "time":
        return one.low.isoformat()
    if one.kind == "duration":
        return f"PT{one.low // timedelta(seconds=1)}S"
    if one.kind == "number":
        return int(one.low) if one.low == one.low.to_integral_value() else format(one.low, "f")
    return one.low


# ----------------------------------------------------------------------------------------------- nothing can fit


@dataclass(frozen=True, slots=True)
class Window:
    """The values that limits leave: from `low` to `high`, the ends excluded if open. None: no limit."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return bool(self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)))

    def narrowed(self, operator: str, right: Read) -> Window:
        low, high = (right.low, right.high) if operator == "eq" else (None, None)
        low_open = high_open = False
        if operator in ("lt", "lteq"):
            high, high_open = (right.low, True) if operator == "lt" else (right.high, False)
        if operator in ("gt", "gteq"):
            low, low_open = (right.high, True) if operator == "gt" else (right.low, False)
        kept = self
        if low is not None and (kept.low is None or (low, low_open) > (kept.low, kept.low_open)):
            kept = Window(low, kept.high, low_open, kept.high_open)
        if high is not None and (
            kept.high is None or (high, not high_open) < (kept.high, not kept.high_open)
        ):
            kept = Window(kept.low, high, kept.low_open, high_open)
        return kept


def joined(conditions: Iterable[Condition]) -> Iterator[Constraint]:
    """The constraints that must all hold at the same moment: those at the top and those within `and`."""
    for one in conditions:
        if isinstance(one, Constraint):
            yield one
        elif one.joint == "and":
            yield from joined(one.parts)


def window(conditions: Iterable[Condition], operand: str) -> Window:
    """What the constraints on this left operand leave, as far as they are understood."""
    found = Window()
    for one in joined(conditions):
        rights = read_rights(one) if one.left == operand else None
        if (
            rights
            and len(rights) == 1
            and rights[0].kind != "name"
            and short(one.operator) in (*_LIMITS, "eq")
        ):
            found = found.narrowed(short(one.operator), rights[0])
    return found


def impossible(conditions: Sequence[Condition], every: bool = True) -> tuple[Constraint, ...]:
    """Constraints of one left operand that no value satisfies together; empty if there may be one.

    `every`: all values of a fact must fit, as under a permission; otherwise only left operands with one value count.
    """
    by_operand: dict[str, list[Constraint]] = {}
    for one in joined(conditions):
        if read_rights(one) is not None and one.operator.startswith(ODRL):
            by_operand.setdefault(one.left, []).append(one)
    for operand, several in by_operand.items():
        if operand not in SINGLE and not every:
            continue
        kinds = {rights[0].kind for one in several if (rights := read_rights(one))}
        if len(several) > 1 and kinds == {"name"} and _names_clash(operand, several):
            return tuple(several)
        if len(several) > 1 and len(kinds) == 1 and "name" not in kinds and _values_clash(operand, several):
            return tuple(several)
    return ()


def _values_clash(operand: str, several: list[Constraint]) -> bool:
    left = window(several, operand)
    if left.empty:
        return True
    # A fixed set of values, none of which is left by the rest.
    for one in several:
        if short(one.operator) in ("eq", *_WITHIN):
            rights = read_rights(one) or ()
            rest = [other for other in several if other is not one]
            if all(right.low == right.high for right in rights) and all(
                any(holds(other, {operand: right}) is False for other in rest) for right in rights
            ):
                return True
    return False


def _names_clash(operand: str, several: list[Constraint]) -> bool:
    rights = {id(one): frozenset(str(r.low) for r in read_rights(one) or ()) for one in several}
    said = [(short(one.operator), rights[id(one)]) for one in several]
    equals = [names for operator, names in said if operator == "eq"]
    withins = [names for operator, names in said if operator in _WITHIN]
    if equals and not frozenset.intersection(*equals):
        return True
    for operator, names in said:
        if operator in ("neq", "isNoneOf") and any(one <= names for one in equals):
            return True
        if operator == "isNoneOf" and any(one <= names for one in withins):
            return True
    known = {ODRL + "purpose": PURPOSES.keys(), ODRL + "spatial": COUNTRIES.keys() | GROUPS.keys()}
    if operand not in _FLAT and not frozenset().union(*withins, *equals) <= known.get(operand, frozenset()):
        return False  # a name that is not ours may include another
    return bool(withins) and not frozenset.intersection(*(reach(operand, one) for one in withins), *equals)
