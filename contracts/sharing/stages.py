"""How a request is reviewed: given the stages and the answers, which stage is open, who may answer, what came of it.

Pure. A stage is the dict of a charter's governance (`trusts.membership.governance`) with what was added to it while
it ran: `extra`, further people asked for; `against`, that somebody refuses against the engine's advice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.roles import OWNER, REVIEWER, STEWARD, side

APPROVE, RETURN, REFUSE = "approve", "return", "refuse"
# Whoever may do more may do less: an owner and a steward may always review.
MAY_ANSWER: Mapping[str, frozenset[str]] = {
    "reviewer": side("provider", OWNER, STEWARD, REVIEWER),
    "steward": side("provider", OWNER, STEWARD),
    "owner": side("provider", OWNER),
    "trustee": side("trustee", OWNER, STEWARD, REVIEWER),
}
WHO = {
    "reviewer": "a reviewer of the provider",
    "steward": "a steward of the provider",
    "owner": "an owner of the provider",
    "trustee": "a trustee of the trust",
}
MOST_EXTRA = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that counts: in which stage (from 0), what it says, who gave it, for which organisation."""

    stage: int
    verdict: str
    person: Any = None
    organisation: Any = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a review stands. `open` is the stage's index, one past the last when all are through; `result` is empty
    as long as somebody still has to answer. `given` and `needed` are of the open stage, or of the one that ended it."""

    open: int
    given: int
    needed: int
    result: str = ""


def needed(stage: Mapping[str, Any], verdicts: Sequence[str]) -> int:
    """How many answers this stage takes: one more where they differ and a third person is to decide."""
    asked = int(stage["count"]) + int(stage.get("extra", 0))
    return asked + (len(verdicts) >= asked and len(set(verdicts[:asked])) > 1 and _third(stage))


def _third(stage: Mapping[str, Any]) -> bool:
    # Who was asked because somebody refuses against the advice would be asked in vain if a difference meant no.
    return stage["disagree"] == "third" or bool(stage.get("against"))


def outcome(stage: Mapping[str, Any], verdicts: Sequence[str]) -> str:
    """What came of one stage; empty until all are in."""
    if len(verdicts) < needed(stage, verdicts):
        return ""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    if _third(stage):
        return verdicts[-1]
    return RETURN if stage["disagree"] == "return" else REFUSE


def standing(stages: Sequence[Mapping[str, Any]], answers: Collection[Answer]) -> Standing:
    """Where a review stands, from its stages in order and the answers in the order they were given."""
    last = Standing(0, 0, 0)
    for index, stage in enumerate(stages):
        verdicts = [answer.verdict for answer in answers if answer.stage == index]
        result = outcome(stage, verdicts)
        last = Standing(index, len(verdicts), needed(stage, verdicts), result)
        if result != APPROVE:
            return last
    return Standing(len(stages), last.given, last.needed, APPROVE)


def may_answer(stage: Mapping[str, Any], roles: Collection[str]) -> bool:
    """Whether someone in these relative roles is asked in this stage."""
    return bool(MAY_ANSWER[stage["who"]].intersection(roles))


def _places(stage: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Who answers in somebody's place, and in whose: ids as text. What was said last counts."""
    named: set[str] = set()
    passed: set[str] = set()
    for one in stage.get("instead", ()):
        named = (named | {one["person"]}) - {one["absent"]}
        passed = (passed | {one["absent"]}) - {one["person"]}
    return named, passed


def substitutes(stage: Mapping[str, Any]) -> set[str]:
    """Who was put in somebody's place in this stage."""
    return _places(stage)[0]


def passed_over(stage: Mapping[str, Any]) -> set[str]:
    """In whose place somebody else was put."""
    return _places(stage)[1]


def same_organisation(stage: Mapping[str, Any], index: int, answers: Collection[Answer], mine: Any) -> bool:
    """Whether the stage wants different organisations, and this one has answered."""
    return stage["organisations"] == "different" and any(
        answer.stage == index and answer.organisation == mine for answer in answers
    )
