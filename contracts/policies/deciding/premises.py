"""Conditions made ready: each constraint becomes a function from the known facts to a premise.

A fact may have several values, such as columns or purposes. Under a permission every one must fit; under a
prohibition one is enough. What is known about groups counts the same way: "the EU" is each of its countries.
"""

from __future__ import annotations

import operator as python_operators
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from functools import partial
from json import loads

from contracts.policies.deciding.facts import USED_UP, Fact, Known
from contracts.policies.deciding.operators import ORDER, Truth, and3, eq, not3, or3, xone3
from contracts.policies.deciding.parts import Premise
from contracts.policies.deciding.trees import groups_covered, inside, parts
from contracts.policies.deciding.values import Atom, as_kind, atom, name_of, zone_named
from contracts.policies.language.model import Condition, Constraint, Logical
from contracts.policies.language.vocabulary import NS, ODRL, short

Check = Callable[[Known], Premise]
Look = Callable[[Known], Fact | None]
Judge = Callable[[Known, Fact], Truth]
_SET = ("isA", "isPartOf", "isAnyOf", "isNoneOf")


# The left operands whose values can only be of one kind.
KINDS = {
    **dict.fromkeys(
        (ODRL + n for n in ("elapsedTime", "delayPeriod", "meteredTime", "timeInterval")), "duration"
    ),
    ODRL + "dateTime": "time",
    **dict.fromkeys(
        (ODRL + n for n in ("count", "payAmount", "percentage", "resolution", "absoluteSize")), "number"
    ),
    **dict.fromkeys((NS + n for n in ("rows", "epsilonSpent", "securityLevel", "minGroupSize")), "number"),
}


class Rights:
    """The right side of a constraint: its atoms, the names with all that they include, and how it is shown."""

    __slots__ = ("atoms", "covered", "known", "loose", "names", "operand", "shown", "unit", "zone")

    def __init__(self, constraint: Constraint) -> None:
        self.operand = constraint.left
        self.zone: tzinfo = _zone_of(constraint)
        self.unit = name_of(constraint.unit)
        kind = KINDS.get(constraint.left, "")
        found = [atom(value, self.zone, constraint.data_type) for value in constraint.right]
        if kind:  # written without a type, but there is only one that it can have
            found = [as_kind(one, kind, self.zone) for one in found]
        self.atoms = tuple(a._replace(unit=self.unit) for a in found) if self.unit else tuple(found)
        self.names = frozenset(a.value for a in self.atoms if a.kind == "name")
        covered = frozenset().union(*(inside(self.operand, name) for name in self.names))
        self.covered = groups_covered(self.operand, covered)
        self.loose = any(a.loose for a in self.atoms)
        self.shown = ", ".join(a.text for a in self.atoms)
        self.known: dict[str, tuple[Atom, ...]] = {}

    def like(self, left: Atom) -> tuple[Atom, ...]:
        """The right values as the kind that the left one has, read once."""
        if not self.loose or left.loose:
            return self.atoms
        if left.kind not in self.known:
            self.known[left.kind] = tuple(as_kind(a, left.kind, self.zone) for a in self.atoms)
        return self.known[left.kind]


def _zone_of(constraint: Constraint) -> tzinfo:
    for key, value in constraint.extra:
        if key in (NS + "zone", "zone"):
            said = loads(value)
            if isinstance(said, dict):
                said = said.get("@value")
            return zone_named(str(said)) or UTC
    return UTC


def _within(known: Known, rights: Rights, one: Atom) -> Truth:
    """Whether this value is one of the right values, or within one: by taxonomy, or as a member of a collection."""
    if one.kind == "name" and one.value in rights.covered:
        return True
    found = or3(eq(one, right) for right in rights.like(one))
    if found is False and one.kind == "name":
        return not rights.names.isdisjoint(map(name_of, known.world.collections_of(one.text)))
    return found


def _each(rights: Rights, every: bool, negated: bool, known: Known, fact: Fact) -> Truth:
    """isA, isPartOf, isAnyOf, and negated isNoneOf, for every value or for one of them."""
    answers = []
    for one in fact.atoms:
        pieces = parts(rights.operand, one.value) if one.kind == "name" else ()
        if len(pieces) > 1:
            whole = [_within(known, rights, one._replace(value=piece, text=piece)) for piece in pieces]
        else:
            whole = [_within(known, rights, one)]
        answers += [not3(answer) for answer in whole] if negated else whole
    return and3(answers) if every else or3(answers)


def _equal(rights: Rights, one: Atom) -> Truth:
    """Equal to a right value. A group that contains it may turn out to be it: not known."""
    found = or3(eq(one, right) for right in rights.like(one))
    if found is False and one.kind == "name" and rights.names & parts(rights.operand, one.value):
        return None
    return found


def _all_of(rights: Rights, known: Known, fact: Fact) -> Truth:
    """The values together are all of the right values."""
    have: set[str] = set()
    for one in fact.atoms:
        if one.kind == "name":
            have |= inside(rights.operand, one.value)
    return and3(
        True if right.kind == "name" and right.value in have else or3(eq(one, right) for one in fact.atoms)
        for right in rights.atoms
    )


def _has_part(rights: Rights, known: Known, fact: Fact) -> Truth:
    """Each right value is part of a left one."""

    def has(one: Atom, right: Atom) -> Truth:
        if one.kind == "name" and right.kind == "name":
            members = known.world.collections_of(right.text)
            return right.value in inside(rights.operand, one.value) or one.value in map(name_of, members)
        return eq(one, right)

    return and3(or3(has(one, right) for one in fact.atoms) for right in rights.atoms)


def _judge(operator: str, rights: Rights, every: bool) -> Judge:
    """The operator as a function. What most constraints are, names in a set and one limit, is decided at once."""
    join = and3 if every else or3
    if not rights.atoms:
        return lambda known, fact: None
    if operator in _SET:
        slow = partial(_each, rights, every, operator == "isNoneOf")
        if operator == "isNoneOf" or not every:
            return slow
        fitting = frozenset(n for n in rights.covered if parts(rights.operand, n) <= rights.covered)

        def within(known: Known, fact: Fact) -> Truth:
            for one in fact.atoms:
                if one.kind != "name" or one.value not in fitting:
                    return slow(known, fact)
            return True

        return within
    if operator == "eq":
        return lambda known, fact: join([_equal(rights, one) for one in fact.atoms])
    if operator == "neq":
        return lambda known, fact: join([not3(_equal(rights, one)) for one in fact.atoms])
    if operator in ORDER and len(rights.atoms) == 1:
        return _limit(operator, rights, join)
    if operator == "isAllOf":
        return partial(_all_of, rights)
    if operator == "hasPart":
        return partial(_has_part, rights)
    return lambda known, fact: None


def _limit(operator: str, rights: Rights, join: Callable[[Iterable[Truth]], Truth]) -> Judge:
    """lt, lteq, gt, gteq. One number against one number, and one instant against one, are compared straight."""
    compare, plain = (
        ORDER[operator],
        getattr(python_operators, {"lt": "lt", "lteq": "le", "gt": "gt", "gteq": "ge"}[operator]),
    )
    number, moment = (as_kind(rights.atoms[0], kind, rights.zone) for kind in ("number", "time"))
    end = moment.value[operator in ("lteq", "gt")] if moment.kind == "time" else None

    def judge(known: Known, fact: Fact) -> Truth:
        one = fact.atoms[0]
        if len(fact.atoms) == 1 and not one.unit:
            if one.kind == "number" and number.kind == "number":
                return bool(plain(one.value, number.value))
            if one.kind == "time" and end is not None and one.value[0] is one.value[1]:
                return bool(plain(one.value[0], end))
        return join([compare(each, rights.like(each)[0]) for each in fact.atoms])

    return judge


_ADDS = {operand: Atom("number", Decimal(n), str(n)) for operand, n in USED_UP.items()}


def _counted(operand: str, rule: str, adds: bool, known: Known) -> Fact | None:
    """What is used up: so far, and with this use if the limit is one from above."""
    used, asked = known.used(operand, rule), known.get(operand)
    if used is None:
        return asked  # nobody counts; then what is named is the count itself
    if not adds:
        return used
    wanted = known.request.facts.get(operand)
    more = as_kind(wanted.atoms[0], "number") if wanted else _ADDS[operand]
    so_far = as_kind(used.atoms[0], "number")
    if more.kind != "number" or so_far.kind != "number":
        return None
    total = so_far.value + more.value
    return Fact((Atom("number", total, str(total)),), f"{so_far.text} so far + {more.text}", used.source)


def constraint_check(
    constraint: Constraint, every: bool, name: str, rule: str = "", look: Look | None = None
) -> Check:
    """A constraint as a function. `every`: all values must fit; else one is enough. `look` finds the left value."""
    operand, operator = constraint.left, short(constraint.operator)
    if not constraint.operator.startswith((ODRL, "odrl:")) and ":" in constraint.operator:
        operator = constraint.operator
    rights, left = Rights(constraint), short(constraint.left)
    shown = rights.shown or ", ".join(constraint.reference)
    judge = _judge(operator, rights, every)
    if look is None and operand in USED_UP:
        look = partial(_counted, operand, rule, operator in ("lt", "lteq"))

    def check(known: Known) -> Premise:
        fact = known.facts.get(operand) if look is None else look(known)
        if fact is None or not fact.atoms:
            return Premise(name, left, None, operator, shown, None, "not given")
        return Premise(name, left, fact.shown, operator, shown, judge(known, fact), fact.source)

    return check


_JOIN: Mapping[str, Callable[[Iterable[Truth]], Truth]] = {
    "and": and3, "andSequence": and3, "or": or3, "xone": xone3,
}  # fmt: skip


def condition_check(
    condition: Condition, every: bool, name: str, rule: str = "", look: Callable[[str], Look] | None = None
) -> Check:
    """A constraint, or several joined. An order (andSequence) cannot be seen in one moment: all must hold."""
    if isinstance(condition, Constraint):
        special = look(condition.left) if look and condition.left not in USED_UP else None
        return constraint_check(condition, every, name, rule, special)
    checks = [condition_check(part, every, name, rule, look) for part in condition.parts]
    return partial(_joined, condition, checks, name)


def _joined(condition: Logical, checks: list[Check], name: str, known: Known) -> Premise:
    found = tuple(check(known) for check in checks)
    holds = _JOIN[condition.joint](one.holds for one in found) if found else None
    return Premise(name, "", None, condition.joint, "", holds, "parts", found)
