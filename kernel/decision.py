"""A decision is data: an outcome and the reasons for it, never a bare boolean.

Three outcomes, because "we do not know yet" is neither yes nor no. Decisions combine by
*worst of*: deny beats needs information, which beats allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NoReturn


class Outcome(IntEnum):
    """Ordered from best to worst, so that the worst of several is their maximum."""

    ALLOW = 0
    NEEDS_INFORMATION = 1
    DENY = 2

    @property
    def words(self) -> str:
        return {0: "allowed", 1: "we need to know more", 2: "not allowed"}[int(self)]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a stable `code` (for tests and APIs) and in words for people.

    `remedy` says what the reader can do. `source` names where the rule comes from: a clause
    code, a charter article, a paragraph of law. `field` names the input it is about, if any.
    """

    code: str
    text: str
    remedy: str = ""
    source: str = ""
    field: str = ""

    def as_dict(self) -> dict[str, str]:
        pairs = (("code", self.code), ("text", self.text), ("remedy", self.remedy))
        extra = (("source", self.source), ("field", self.field))
        return {key: value for key, value in (*pairs, *extra) if value}


@dataclass(frozen=True, slots=True)
class Decision:
    """May this happen, and why. Ask `.allowed`; its truth value is refused on purpose."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    trace: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOW

    def __bool__(self) -> NoReturn:
        raise TypeError("A Decision has three outcomes; ask .allowed or .outcome")

    def and_(self, *others: Decision) -> Decision:
        """The worst of this and the others, with the reasons of all."""
        return worst_of((self, *others))

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome.name.lower(),
            "reasons": [reason.as_dict() for reason in self.reasons],
        }

    @property
    def sentence(self) -> str:
        """All reasons as one line for logs, tooltips and problem details."""
        return " ".join(
            f"{reason.text}{'' if reason.text.endswith(('.', '?', '!')) else '.'}"
            + (f" {reason.remedy}." if reason.remedy else "")
            for reason in self.reasons
        ).replace("..", ".")


ALLOW = Decision(Outcome.ALLOW)


def deny(code: str, text: str, **more: str) -> Decision:
    """No, for this reason. Keyword arguments: remedy, source, field."""
    return Decision(Outcome.DENY, (Reason(code, text, **more),))


def ask(code: str, text: str, **more: str) -> Decision:
    """Not yet: something must be known or done first. Keyword arguments as for `deny`."""
    return Decision(Outcome.NEEDS_INFORMATION, (Reason(code, text, **more),))


def worst_of(decisions: Iterable[Decision]) -> Decision:
    """Combine decisions; an empty list allows. All reasons are kept in order."""
    kept = list(decisions)
    outcome = max((item.outcome for item in kept), default=Outcome.ALLOW)
    return Decision(outcome, tuple(reason for item in kept for reason in item.reasons))


class Refused(Exception):
    """A verb was refused. Carries the Decision, so every door can say why. Nothing was changed.

    `afterwards`: what the door does once everything is rolled back, such as keeping the decision as evidence.
    """

    def __init__(self, decision: Decision, *, afterwards: Callable[[], object] | None = None) -> None:
        super().__init__(decision.sentence)
        self.decision, self.afterwards = decision, afterwards

    @classmethod
    def because(cls, code: str, text: str, **more: str) -> Refused:
        return cls(deny(code, text, **more))
