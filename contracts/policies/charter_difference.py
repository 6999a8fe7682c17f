"""Two versions of a charter's limits compared by meaning: what members may agree on more, or less, than before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.policies.charter import NEEDS, USUAL_NEED, Rules, sentences_of
from contracts.policies.clauses import CLAUSES
from contracts.policies.difference import direction_of
from contracts.policies.terms import Terms

SAYS = {
    "same": "unchanged",
    "wider": "wider: members may agree on more",
    "narrower": "narrower: members may agree on less",
    "changed": "changed: neither wider nor narrower",
    "added": "new limit: members may agree on less",
    "removed": "limit taken out: members may agree on more",
    "needs": "the same limit; what it takes to go beyond it changed",
    "new_clause": "new clause of the trust",
    "no_clause": "clause of the trust taken out",
    "new_offer": "new template",
    "no_offer": "template taken out",
}
# What holds besides the clauses: clause under which it is shown, and whether more of it lets members agree on more.
MEASURED = {"period": ("longest_days", True), "min_group_size": ("smallest_group", False)}


@dataclass(frozen=True, slots=True)
class Row:
    """One limit before and after, as components/difference.html reads it."""

    label: str
    code: str
    verdict: str
    old_text: str
    new_text: str

    @property
    def says(self) -> str:
        return SAYS[self.code]

    @property
    def differs(self) -> bool:
        return self.code != "same"


def compare_rules(old: Rules, new: Rules) -> list[Row]:
    """Every limit of either, in the library's order; then the trust's own clauses and templates that came or went."""
    before, after = dict(sentences_of(old)), dict(sentences_of(new))
    rows = []
    for clause in [*CLAUSES]:
        if clause not in before and clause not in after:
            continue
        code = _meaning(clause, old, new, before, after)
        verdict = {"added": "narrower", "removed": "wider", "needs": "changed"}.get(code, code)
        rows.append(Row(CLAUSES[clause].label, code, verdict, *(
            f"{said[clause]} To go beyond: {NEEDS[_need(rules, clause)].en}." if clause in said else ""
            for rules, said in ((old, before), (new, after))
        )))  # fmt: skip
    return rows + _listed(old, new)


def _need(rules: Rules, clause: str) -> str:
    found: str = (rules.get("needs") or {}).get(clause, USUAL_NEED)
    return found


def _meaning(clause: str, old: Rules, new: Rules, before: dict[str, str], after: dict[str, str]) -> str:
    if clause not in before:
        return "added"
    if clause not in after:
        return "removed"
    if before[clause] == after[clause]:
        return "same" if _need(old, clause) == _need(new, clause) else "needs"
    if clause in MEASURED:
        name, more = MEASURED[clause]
        return "wider" if (new[name] > old[name]) == more else "narrower"
    limits = [Terms.from_dict(rules.get("limits") or {}, complete=False) for rules in (old, new)]
    return direction_of(clause, *limits)[0]


def _listed(old: Rules, new: Rules) -> list[Row]:
    """The trust's own clauses and templates: each as it was written, so a changed one went and came."""
    rows = []
    for name, label, kind, says in (
        ("clauses", "Clause of the trust", "clause", _clause),
        ("offers", "Template of the trust", "offer", _offer),
    ):
        gone, come = old.get(name) or [], new.get(name) or []
        rows += [Row(label, f"no_{kind}", "removed", says(one), "") for one in gone if one not in come]
        rows += [Row(label, f"new_{kind}", "added", "", says(one)) for one in come if one not in gone]
    return rows


def _clause(one: dict[str, Any]) -> str:
    return f"The partner {one['mood'].replace('_', ' ')} {one['en']}."


def _offer(one: dict[str, Any]) -> str:
    said: str = one["label"]
    return said
