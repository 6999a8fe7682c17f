"""Two terms compared by meaning, clause by clause, seen from the consumer's freedom."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.policies.clauses import CLAUSES, Value
from contracts.policies.taxonomy import countries_within, purposes_within
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


@dataclass(frozen=True, slots=True)
class Change:
    """How one clause differs: same, wider, narrower, changed, added or removed."""

    code: str
    label: str
    verdict: str
    old_text: str
    new_text: str

    @property
    def says(self) -> str:
        return SAYS[self.verdict]

    @property
    def differs(self) -> bool:
        return self.verdict != "same"


def _sets(old: frozenset[str] | set[str], new: frozenset[str] | set[str]) -> str:
    if old == new:
        return "same"
    return "wider" if old < new else "narrower" if new < old else "changed"


def _numbers(old: int, new: int, more_is_wider: bool) -> str:
    if old == new:
        return "same"
    return "wider" if (new > old) == more_is_wider else "narrower"


def _verdict(code: str, old: Value, new: Value, a: Terms, b: Terms) -> str:
    match code:
        case "purpose":
            return _sets(purposes_within(old["any_of"]), purposes_within(new["any_of"]))
        case "place":
            return _sets(countries_within(old["any_of"]), countries_within(new["any_of"]))
        case "columns":
            return _sets(set(old["only"]), set(new["only"]))
        case "pseudonymise":
            return _sets(set(new["columns"]), set(old["columns"]))
        case "exports":
            return _numbers(old["at_most"], new["at_most"], True)
        case "delete_within":
            return _numbers(old["days"], new["days"], True)
        case "period":
            inside = b.starts >= a.starts and b.ends <= a.ends
            around = b.starts <= a.starts and b.ends >= a.ends
            return "changed" if inside == around else "narrower" if inside else "wider"
        case "min_group_size" if old["by"] == new["by"]:
            return _numbers(old["k"], new["k"], False)
        case "recipient":
            return "narrower" if new["who"] == "named_people" else "wider"
        case _:
            return "changed"


def compare(old: Terms, new: Terms) -> list[Change]:
    """Every clause of either, in the library's order."""
    found = []
    for code, kind in CLAUSES.items():
        before, after = old.get(code), new.get(code)
        if before is None and after is None:
            continue
        if before is None:
            verdict = "added"
        elif after is None:
            verdict = "removed"
        elif before == after:
            verdict = "same"
        else:
            verdict = _verdict(code, before, after, old, new)
            verdict = "changed" if verdict == "same" else verdict
        found.append(Change(code, kind.label, verdict, clause_words(code, old), clause_words(code, new)))
    return found


def distance(old: Terms, new: Terms) -> int:
    """How many terms apart."""
    return sum(change.differs for change in compare(old, new))
