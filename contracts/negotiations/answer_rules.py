"""What a rule makes of terms that were asked for. Pure: facts in, answer with its reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.policies.difference import compare, not_wider
from contracts.policies.taxonomy import (
    countries_within,
    listed,
    place_label,
    purpose_label,
    purposes_within,
)
from contracts.policies.terms import Terms

ACCEPT, REJECT, PERSON = "accept", "reject", "person"


@dataclass(frozen=True, slots=True)
class Answer:
    """accept, reject or person (a person must answer), and why in sentences."""

    outcome: str
    because: tuple[str, ...]


def _purposes(asked: Terms, allowed: Sequence[str]) -> str:
    wanted = (asked.get("purpose") or {}).get("any_of", [])
    outside = [p for p in wanted if not purposes_within([p]) <= purposes_within(allowed)]
    if not outside:
        return ""
    return f"The purpose {listed(map(purpose_label, outside))} is outside {listed(map(purpose_label, allowed), 'or')}."


def _places(asked: Terms, allowed: Sequence[str]) -> str:
    clause = asked.get("place")
    wanted = clause["any_of"] if clause else []
    where = listed(map(place_label, allowed), "or")
    if not wanted:
        return f"No place is named; it must be in {where}."
    outside = [p for p in wanted if not countries_within([p]) <= countries_within(allowed)]
    return f"{listed(map(place_label, outside))} is outside {where}." if outside else ""


def _days(asked: Terms, most: int) -> str:
    days = (asked.ends - asked.starts).days
    return f"The period has {days} days; the most is {most}." if days > most else ""


def _exports(asked: Terms, most: int) -> str:
    clause = asked.get("exports")
    if clause is None:
        return f"The number of exports is not limited; the most is {most}."
    return (
        f"{clause['at_most']} exports are asked for; the most is {most}." if clause["at_most"] > most else ""
    )


TESTS = {"purposes": _purposes, "places": _places, "days": _days, "exports": _exports}


def judge(
    *, accepts: bool, refuses: Mapping[str, Any], standing: Terms | None, asked: Terms, obstacles: Sequence[str] = ()
) -> Answer:  # fmt: skip
    """The answer of a rule to terms. `standing` is what the provider holds out now; obstacles leave it to a person."""
    if obstacles:
        return Answer(PERSON, tuple(obstacles))
    broken = tuple(
        text for name, test in TESTS.items() if name in refuses and (text := test(asked, refuses[name]))
    )
    if broken:
        return Answer(REJECT, broken)
    if accepts and standing is not None and not_wider(compare(standing, asked)):
        return Answer(ACCEPT, ("The terms are the same as the standing offer or narrower.",))
    if standing is None:
        return Answer(PERSON, ("No offer stands that the terms could be compared with.",))
    return Answer(PERSON, ("The terms are wider than the standing offer in some clause.",) if accepts else ())
