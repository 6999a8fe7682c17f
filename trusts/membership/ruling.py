"""Who judges the rules of a charter: the station that holds contracts to them registers how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Judge = Callable[[dict[str, Any]], dict[str, Any]]

_judges: list[Judge] = []


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
