"""Who judges the rules of a charter: the station that holds contracts to them registers how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Judge = Callable[[dict[str, Any]], dict[str, Any]]

Speaker = Callable[[dict[str, Any]], list[str]]

_judges: list[Judge] = []
_speakers: list[Speaker] = []


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


def says_rules(does: Speaker) -> Speaker:
    """Decorator: this function says a charter's rules in sentences."""
    if does not in _speakers:
        _speakers.append(does)
    return does


def rules_in_words(rules: dict[str, Any]) -> list[str]:
    """The limits for contracts, a sentence each."""
    return [sentence for does in _speakers for sentence in does(rules)]
