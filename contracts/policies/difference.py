"""Two terms compared by meaning, clause by clause, seen from the partner's freedom.

*Wider* lets the partner do more, *narrower* less. If nothing is wider or changed, every request that the new terms
permit was permitted by the old ones: a test holds the verdicts to that with generated terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.policies.clauses import CLAUSES
from contracts.policies.terms import Terms
from contracts.policies.words import clause_words

SAYS = {
    "same": "unchanged",
    "wider": "wider: the partner may do more",
    "narrower": "narrower: the partner may do less",
    "changed": "changed: neither wider nor narrower",
    "added": "new term",
    "removed": "term taken out",
}
_OPPOSITE = {"wider": "narrower", "narrower": "wider"}


@dataclass(frozen=True, slots=True)
class Change:
    """How one clause differs. `verdict`: same, wider, narrower, changed, added or removed.

    `direction`: what it does to the partner's freedom, also when added or removed: same, wider, narrower, changed.
    `care`: why it needs a second look, empty if it does not.
    """

    code: str
    label: str
    verdict: str
    old_text: str
    new_text: str
    direction: str = "same"
    care: str = ""

    @property
    def says(self) -> str:
        said = SAYS[self.verdict]
        if self.verdict in ("added", "removed") and self.direction in _OPPOSITE:
            said += f": the partner may do {'more' if self.direction == 'wider' else 'less'}"
        return said

    @property
    def differs(self) -> bool:
        return self.verdict != "same"

    @property
    def needs_care(self) -> bool:
        return bool(self.care)


def direction_of(code: str, old: Terms, new: Terms) -> tuple[str, str]:
    """(verdict, direction) of one clause between two terms that need not be complete."""
    kind = CLAUSES[code]
    before, after = old.get(code), new.get(code)
    if before is None and after is None:
        return "same", "same"
    if before is None:
        return "added", kind.added
    if after is None:
        return "removed", _OPPOSITE.get(kind.added, kind.added)
    if before == after:
        return "same", "same"
    verdict = kind.compare(before, after)
    verdict = "changed" if verdict == "same" else verdict
    return verdict, verdict


def compare(old: Terms, new: Terms) -> list[Change]:
    """Every clause of either, in the library's order."""
    found = []
    for code, kind in CLAUSES.items():
        if not old.has(code) and not new.has(code):
            continue
        verdict, direction = direction_of(code, old, new)
        risky = direction in ("wider", "changed") if code != "unexplained" else new.has(code)
        care = kind.care.en if risky and (verdict != "same" or code == "unexplained") else ""
        found.append(
            Change(
                code, kind.label, verdict, clause_words(code, old), clause_words(code, new), direction, care
            )
        )
    return found


def distance(old: Terms, new: Terms) -> int:
    """How many terms apart."""
    return sum(change.differs for change in compare(old, new))


def not_wider(changes: Iterable[Change]) -> bool:
    """Whether whatever the new terms permit, the old ones permit too."""
    return all(change.direction in ("same", "narrower") for change in changes)
