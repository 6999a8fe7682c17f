"""When two organisations may become one. Facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class MergerFacts:
    """`gone`: names among the two that have merged into another already. `alone`: trusts that only the leaving one runs.
    `between`: what ties the two to each other and must end first. `open`: another merger of the leaving one waits or is done.
    """

    same: bool = False
    gone: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    open: bool = False
    author: UUID | None = None
    person: UUID | None = None


def two_that_exist(facts: MergerFacts) -> Decision:
    if facts.same:
        return deny(
            "merger.same",
            "An organisation cannot merge into itself",
            remedy="Choose the other one",
            field="into",
        )
    if facts.gone:
        return deny(
            "merger.gone",
            f"{' and '.join(facts.gone)} has merged into another already",
            remedy="Choose the one it has become",
            field="into",
        )
    return ALLOW


def one_at_a_time(facts: MergerFacts) -> Decision:
    if facts.open:
        return deny(
            "merger.open",
            "A merger of this organisation waits for its answer already",
            remedy="Withdraw that one first",
        )
    return ALLOW


def another_person(facts: MergerFacts) -> Decision:
    """The same person cannot speak for both sides."""
    if facts.author is not None and facts.author == facts.person:
        return deny(
            "merger.same_person", "You proposed it for the other side", remedy="Another owner has to agree"
        )
    return ALLOW


def trusts_stay_run(facts: MergerFacts) -> Decision:
    if facts.alone:
        return deny(
            "merger.alone", f"Only the organisation that leaves runs {', '.join(facts.alone)}",
            remedy="Have another member made trustee there first, or wind the trust up",
        )  # fmt: skip
    return ALLOW


def nothing_between(facts: MergerFacts) -> Decision:
    if facts.between:
        return deny(
            "merger.between", f"The two have with each other: {', '.join(facts.between)}",
            remedy="End these first: nobody can be both sides of a contract",
        )  # fmt: skip
    return ALLOW
