"""How votes are counted and what they decide: numbers in, outcome out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

FOR, AGAINST, ABSTAIN = "for", "against", "abstain"
# majority → may so many for and so many against be called adopted?
MAJORITIES = {
    "half": lambda yes, no: yes * 2 > yes + no,
    "two_thirds": lambda yes, no: yes * 3 >= (yes + no) * 2,
    "three_quarters": lambda yes, no: yes * 4 >= (yes + no) * 3,
    "all": lambda yes, no: no == 0,
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One member's place in a vote: its votes, what it chose (empty: nothing), and to whom it gave its vote."""

    holder: Hashable
    weight: int
    choice: str = ""
    delegate: Hashable = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes, not members. `entitled`: of all who may vote now."""

    entitled: int
    yes: int
    no: int
    abstained: int

    @property
    def cast(self) -> int:
        return self.yes + self.no + self.abstained

    @property
    def left(self) -> int:
        return self.entitled - self.cast

    @property
    def turnout(self) -> int:
        """Whole percent, rounded down."""
        return self.cast * 100 // self.entitled if self.entitled else 0

    def quorate(self, quorum: int) -> bool:
        return self.entitled > 0 and self.cast * 100 >= quorum * self.entitled

    def passes(self, majority: str) -> bool:
        """Whether those for it suffice, against those against it. Nothing passes without a vote for it."""
        return self.yes > 0 and MAJORITIES[majority](self.yes, self.no)

    def as_dict(self) -> dict[str, Any]:
        return {"entitled": self.entitled, "for": self.yes, "against": self.no, "abstain": self.abstained,
                "turnout": self.turnout}  # fmt: skip


def choices(seats: Iterable[Seat]) -> dict[Hashable, str]:
    """What each seat that counts chose, by itself or through its delegate; the empty text for nothing. No chains."""
    found = {seat.holder: seat for seat in seats if seat.counts}
    said = {}
    for holder, seat in found.items():
        through = found.get(seat.delegate) if seat.delegate is not None and not seat.choice else None
        said[holder] = seat.choice or (through.choice if through else "")
    return said


def count(seats: Iterable[Seat]) -> Tally:
    """The votes of those seats that count."""
    known = [seat for seat in seats if seat.counts]
    said, sums = choices(known), {FOR: 0, AGAINST: 0, ABSTAIN: 0}
    for seat in known:
        if said[seat.holder]:
            sums[said[seat.holder]] += seat.weight
    return Tally(sum(seat.weight for seat in known), sums[FOR], sums[AGAINST], sums[ABSTAIN])


def outcome(tally: Tally, quorum: int, majority: str, *, over: bool) -> str:
    """`adopted`, `rejected` or `lapsed` (too few took part); empty while it is still open.

    Before the deadline it is decided only with the quorum reached and if no vote that is left could turn it.
    """
    if not tally.quorate(quorum):
        return "lapsed" if over else ""
    if over:
        return "adopted" if tally.passes(majority) else "rejected"
    worst = Tally(tally.entitled, tally.yes, tally.no + tally.left, tally.abstained)
    if worst.passes(majority):
        return "adopted"
    best = Tally(tally.entitled, tally.yes + tally.left, tally.no, tally.abstained)
    return "" if best.passes(majority) else "rejected"
