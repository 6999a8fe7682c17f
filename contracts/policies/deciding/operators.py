"""ODRL's operators in three-valued logic: True, False, or None for what is not known.

Comparing unlike things is unknown, never false by accident. ODRL Vocabulary 2.2 §3.13.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.policies.deciding.values import Atom, as_kind

Truth = bool | None


def and3(found: Iterable[Truth]) -> Truth:
    """False if one is False, else unknown if one is unknown."""
    answer: Truth = True
    for one in found:
        if one is False:
            return False
        if one is None:
            answer = None
    return answer


def or3(found: Iterable[Truth]) -> Truth:
    """True if one is True, else unknown if one is unknown."""
    answer: Truth = False
    for one in found:
        if one is True:
            return True
        if one is None:
            answer = None
    return answer


def not3(one: Truth) -> Truth:
    return None if one is None else not one


def xone3(found: Iterable[Truth]) -> Truth:
    """True if exactly one is True; unknown while that can still turn out so."""
    parts = list(found)
    true = parts.count(True)
    if true > 1:
        return False
    return None if None in parts else true == 1


def alike(left: Atom, right: Atom) -> tuple[Atom, Atom] | None:
    """Both as one kind, or None if they cannot be compared."""
    if left.kind != right.kind:
        left, right = as_kind(left, right.kind), as_kind(right, left.kind)
    if left.kind != right.kind or left.kind == "bad":
        return None
    if left.unit and right.unit and left.unit != right.unit:
        return None
    return left, right


def eq(left: Atom, right: Atom) -> Truth:
    """The same number, name, length of time, instant; or an instant within the day."""
    pair = alike(left, right)
    if pair is None:
        return None
    a, b = pair[0].value, pair[1].value
    if pair[0].kind == "time":
        if b[0] <= a[0] and a[1] <= b[1]:
            return True
        return False if a[1] < b[0] or a[0] > b[1] else None
    if pair[0].kind == "duration":
        if a == b:
            return True
        every = {x < y for x, y in zip(a, b, strict=True)}
        return None if len(every) > 1 or any(x == y for x, y in zip(a, b, strict=True)) else False
    return bool(a == b)


def _ordered(left: Atom, right: Atom, below: bool, equal: bool) -> Truth:
    """left < right (`below`) or left > right, `equal` allowed or not."""
    pair = alike(left, right)
    if pair is None or pair[0].kind in ("name", "truth"):
        return None
    a, b = pair[0].value, pair[1].value
    if pair[0].kind == "number":
        return bool((a < b if below else a > b) or (equal and a == b))
    if pair[0].kind == "duration":
        ends = [(x < y if below else x > y) or (equal and x == y) for x, y in zip(a, b, strict=True)]
    elif below:
        limit = b[1] if equal else b[0]
        ends = [(x <= limit) if equal else (x < limit) for x in a]
    else:
        limit = b[0] if equal else b[1]
        ends = [(x >= limit) if equal else (x > limit) for x in a]
    return ends[0] if all(one == ends[0] for one in ends) else None


def lt(left: Atom, right: Atom) -> Truth:
    return _ordered(left, right, True, False)


def lteq(left: Atom, right: Atom) -> Truth:
    return _ordered(left, right, True, True)


def gt(left: Atom, right: Atom) -> Truth:
    return _ordered(left, right, False, False)


def gteq(left: Atom, right: Atom) -> Truth:
    return _ordered(left, right, False, True)


ORDER = {"lt": lt, "lteq": lteq, "gt": gt, "gteq": gteq}
