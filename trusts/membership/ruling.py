"""Who judges the rules of a charter: the station that holds contracts to them registers how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Judge = Callable[[dict[str, Any]], dict[str, Any]]
# rows of a comparison, as components/difference.html reads them
Comparer = Callable[[dict[str, Any], dict[str, Any]], Iterable[Any]]

_judges: list[Judge] = []
_comparers: list[Comparer] = []


def judges(reads: Judge) -> Judge:
    """Decorator: this function checks and normalises a charter's rules. It raises Refused."""
    if reads not in _judges:
        _judges.append(reads)
    return reads


def judge_rules(given: dict[str, Any]) -> dict[str, Any]:
    """The rules as every judge leaves them. Raises Refused."""
    for reads in _judges:
        given = reads(given)
    return given


def compares_rules(does: Comparer) -> Comparer:
    """Decorator: this function compares two charters' rules by what they mean."""
    if does not in _comparers:
        _comparers.append(does)
    return does


def rules_compared(old: dict[str, Any], new: dict[str, Any]) -> list[Any]:
    """A row for each limit for contracts that either has, whether it differs or not."""
    return [row for does in _comparers for row in does(old, new)]
