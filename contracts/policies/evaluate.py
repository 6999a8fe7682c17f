"""May this be done under these terms? A pure function of terms, what is asked, and the world.

Closed world: what is not permitted is refused. A fact that is not known gives *needs information*,
never yes. Reads neither clock nor database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.policies.taxonomy import (
    PURPOSES,
    countries_within,
    listed,
    place_label,
    purpose_label,
    purposes_within,
)
from contracts.policies.terms import Terms
from kernel.decision import Decision, Outcome, Reason, ask, deny, worst_of

ENGINE = "commonhold-terms/1"


@dataclass(frozen=True, slots=True)
class Ask:
    """What someone wants. None means not said yet."""

    purpose: str | None = None
    place: str | None = None
    columns: tuple[str, ...] | None = None
    named_people: int | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What the portal knows and calculates: never declared by the asker."""

    exports_used: int = 0
    in_force: bool | None = True
    member_active: bool | None = True


@dataclass(frozen=True, slots=True)
class Premise:
    """One condition: clause, left value, operator, right value, and whether it holds (None: unknown)."""

    clause: str
    left: str
    operator: str
    right: str
    holds: bool | None
    source: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def _say(clause: str, holds: bool | None, text: str, remedy: str) -> Decision | None:
    if holds:
        return None
    make = ask if holds is None else deny
    return make(f"terms.{clause}", text, remedy=remedy, source=f"clause {clause}", field=clause)


def evaluate(terms: Terms, asked: Ask, world: World, *, as_of: datetime) -> Decision:
    """The decision with a reason for each condition that does not hold and all premises in its trace."""
    premises: list[Premise] = []
    answers: list[Decision | None] = []

    def hold(
        clause: str,
        left: Any,
        operator: str,
        right: str,
        holds: bool | None,
        source: str,
        text: str,
        remedy: str,
    ) -> None:
        shown = "not said yet" if left is None else str(left)
        premises.append(Premise(clause, shown, operator, right, holds, source))
        answers.append(_say(clause, holds, text, remedy))

    v = terms.as_dict()
    hold(
        "party",
        world.member_active,
        "is",
        "an active member",
        world.member_active,
        "membership",
        "The organisation is not an active member of the trust",
        "Ask the trust's administrator",
    )
    hold(
        "state",
        world.in_force,
        "is",
        "in force",
        world.in_force,
        "contract",
        "The contract is not in force",
        "See the contract's page for the reason",
    )
    purposes = listed((purpose_label(c) for c in v["purpose"]["any_of"]), "or")
    fits = None if not asked.purpose else asked.purpose in purposes_within(v["purpose"]["any_of"])
    shown = purpose_label(asked.purpose) if asked.purpose in PURPOSES else asked.purpose
    hold(
        "purpose",
        shown,
        "is one of",
        purposes,
        fits,
        "request",
        "The purpose is not said yet" if fits is None else f"The purpose “{shown}” is outside the contract",
        f"The contract allows {purposes}",
    )
    if "place" in v:
        where = listed((place_label(c) for c in v["place"]["any_of"]), "or")
        inside = (
            None
            if not asked.place
            else countries_within([asked.place]) <= countries_within(v["place"]["any_of"])
        )
        label = place_label(asked.place) if asked.place else None
        hold(
            "place",
            label,
            "is within",
            where,
            inside,
            "request",
            "The place is not said yet"
            if inside is None
            else f"{str(label)[:1].upper()}{str(label)[1:]} is outside the contract",
            f"The contract allows {where}",
        )
    hold(
        "period",
        as_of.isoformat(timespec="minutes"),
        "is between",
        f"{v['period']['from']} and {v['period']['until']} ({v['period']['zone']})",
        terms.starts <= as_of < terms.ends,
        "clock",
        "The contract has not begun" if as_of < terms.starts else "The contract's period is over",
        "Negotiate another period",
    )
    if "columns" in v:
        allowed = set(v["columns"]["only"])
        extra = None if asked.columns is None else [n for n in asked.columns if n not in allowed]
        hold(
            "columns",
            None if asked.columns is None else f"{len(asked.columns)} columns",
            "are within",
            f"{len(allowed)} columns",
            None if extra is None else not extra,
            "request",
            "The columns are not chosen yet"
            if extra is None
            else f"The contract does not include {listed(extra)}",
            "Take the columns out or negotiate",
        )
    if "exports" in v:
        most = v["exports"]["at_most"]
        hold(
            "exports",
            world.exports_used + 1,
            "is at most",
            str(most),
            world.exports_used < most,
            "ledger",
            f"All {most} exports of the contract are used",
            "Negotiate more exports",
        )
    if v.get("recipient", {}).get("who") == "named_people":
        named = None if asked.named_people is None else asked.named_people > 0
        hold(
            "recipient",
            asked.named_people,
            "is at least",
            "1 named person",
            named or None,
            "request",
            "Nobody is named to receive the export",
            "Name at least one person",
        )
    result = worst_of(answer for answer in answers if answer is not None)
    trace = {"engine": ENGINE, "as_of": as_of.isoformat(), "terms": terms.hash,
             "premises": [premise.as_dict() for premise in premises]}  # fmt: skip
    return Decision(result.outcome, result.reasons, trace)


def turning(decision: Decision) -> str:
    """The smallest change that would make it a yes, if one condition alone stands in the way."""
    if decision.outcome is Outcome.ALLOW or len(decision.reasons) != 1:
        return ""
    return decision.reasons[0].remedy


def reasons_of(decisions: Iterable[Decision]) -> list[Reason]:
    return [reason for decision in decisions for reason in decision.reasons]
