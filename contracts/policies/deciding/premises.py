"""Conditions made ready: each constraint becomes a function from the known facts to a premise.

A fact may have several values, such as columns or purposes. Under a permission every one must fit; under a
prohibition one is enough. What is known about groups counts the same way: "the EU" is each of its countries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from functools import partial
from json import loads

from contracts.policies.deciding.facts import USED_UP, Fact, Known
from contracts.policies.deciding.operators import ORDER, Truth, and3, eq, not3, or3, xone3
from contracts.policies.deciding.report import Premise
from contracts.policies.deciding.trees import groups_covered, inside, parts
from contracts.policies.deciding.values import Atom, as_kind, atom, name_of, zone_named
from contracts.policies.language.model import Condition, Constraint, Logical
from contracts.policies.language.vocabulary import NS, ODRL, short

Check = Callable[[Known], Premise]
Look = Callable[[Known], Fact | None]
_SET = ("isA", "isPartOf", "isAnyOf", "isNoneOf")


class Rights:
    """The right side of a constraint: its atoms, the names with all that they include, and how it is shown."""

    __slots__ = ("atoms", "covered", "known", "loose", "names", "operand", "shown", "unit", "zone")

    def __init__(self, constraint: Constraint) -> None:
        self.operand = constraint.left
        self.zone: tzinfo = _zone_of(constraint)
        self.unit = name_of(constraint.unit)
        found = [atom(value, self.zone, constraint.data_type) for value in constraint.right]
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
        return not rights.names.isdisjoint(map(name_of, known.world.collections_of.get(one.text, ())))
    return found


def _each(known: Known, rights: Rights, fact: Fact, every: bool, negated: bool) -> Truth:
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


def _all_of(known: Known, rights: Rights, fact: Fact) -> Truth:
    """The values together are all of the right values."""
    have: set[str] = set()
    for one in fact.atoms:
        if one.kind == "name":
            have |= inside(rights.operand, one.value)
    return and3(
        True if right.kind == "name" and right.value in have else or3(eq(one, right) for one in fact.atoms)
        for right in rights.atoms
    )


def _has_part(known: Known, rights: Rights, fact: Fact) -> Truth:
    """Each right value is part of a left one."""

    def has(one: Atom, right: Atom) -> Truth:
        if one.kind == "name" and right.kind == "name":
            members = known.world.collections_of.get(right.text, ())
            return right.value in inside(rights.operand, one.value) or one.value in map(name_of, members)
        return eq(one, right)

    return and3(or3(has(one, right) for one in fact.atoms) for right in rights.atoms)


def _decide(operator: str, known: Known, rights: Rights, fact: Fact, every: bool) -> Truth:
    if not rights.atoms or not fact.atoms:
        return None
    if operator in _SET:
        return _each(known, rights, fact, every, operator == "isNoneOf")
    join = and3 if every else or3
    if operator == "eq":
        return join(_equal(rights, one) for one in fact.atoms)
    if operator == "neq":
        return join(not3(_equal(rights, one)) for one in fact.atoms)
    if operator in ORDER:
        if len(rights.atoms) != 1:
            return None
        compare = ORDER[operator]
        return join(compare(one, rights.like(one)[0]) for one in fact.atoms)
    if operator == "isAllOf":
        return _all_of(known, rights, fact)
    if operator == "hasPart":
        return _has_part(known, rights, fact)
    return None


def _counted(known: Known, operand: str, rule: str, adds: bool) -> Fact | None:
    """What is used up: so far, and with this use if the limit is one from above."""
    used, asked = known.used(operand, rule), known.get(operand)
    if used is None:
        return asked  # nobody counts; then what is named is the count itself
    wanted = known.request.facts.get(operand)
    more = wanted.atoms[0] if wanted else Atom("number", Decimal(USED_UP[operand]), str(USED_UP[operand]))
    more, so_far = as_kind(more, "number"), as_kind(used.atoms[0], "number")
    if not adds:
        return used
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
    if look is None:
        if operand in USED_UP:
            adds = operator in ("lt", "lteq")
            look = lambda known: _counted(known, operand, rule, adds)  # noqa: E731
        else:
            look = lambda known: known.get(operand)  # noqa: E731
    quick = (
        rights.covered
        if operator == "isAnyOf" and operand not in (ODRL + "spatial", ODRL + "purpose")
        else None
    )

    def check(known: Known) -> Premise:
        fact = look(known)
        if fact is None:
            return Premise(name, left, None, operator, shown, None, "not given")
        if quick is not None and every and all(a.kind == "name" and a.value in quick for a in fact.atoms):
            return Premise(name, left, fact.shown, operator, shown, True, fact.source)
        holds = _decide(operator, known, rights, fact, every)
        return Premise(name, left, fact.shown, operator, shown, holds, fact.source)

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
