"""A trust's charter as a policy: the widest terms its members may agree on, and who may go beyond.

The rules are data in the charter: `limits` (clause code → the widest value), `longest_days`, `smallest_group`,
`pseudonyms` (columns that may identify someone leave as pseudonyms only), `needs` (what it takes to go beyond a
limit), `clauses` (the trust's own) and `offers` (its own templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.policies.clauses import CLAUSES, ClauseError, Said
from contracts.policies.clauses.base import whole
from contracts.policies.difference import direction_of
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import clause_words

NEEDS: dict[str, Said] = {
    "second_person": Said("a second person at the provider has to agree", "eine zweite Person beim Anbieter muss zustimmen"),
    "trustee": Said("a trustee has to agree", "ein Treuhänder muss zustimmen"),
    "vote": Said("the other members have to vote for it", "die anderen Mitglieder müssen dafür stimmen"),
    "never": Said("the charter does not allow it", "die Satzung erlaubt es nicht"),
}  # fmt: skip
USUAL_NEED = "trustee"
# Clauses that speak of a dataset's columns or of one contract cannot be limits for all.
LIMITABLE = tuple(
    code for code in CLAUSES
    if code not in {"period", "columns", "only_rows", "min_group_size", "pseudonymise", "generalise", "own", "unexplained"}
)  # fmt: skip
MEASURES = {"longest_days": (1, 36_500), "smallest_group": (2, 1_000_000)}
Rules = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Excess:
    """One place where terms go beyond the charter: the clause, both in words, and what it takes."""

    code: str
    label: str
    limit: str
    wanted: str
    needs: str

    @property
    def says(self) -> str:
        wanted = f"the terms say: {self.wanted}" if self.wanted else "the terms do not say so"
        return f"{self.label}: the charter says: {self.limit}; {wanted}"

    @property
    def remedy(self) -> str:
        said = NEEDS[self.needs].en
        return f"{said[:1].upper()}{said[1:]}"


def read_rules(given: Any) -> dict[str, Any]:
    """A charter's rules, checked and normalised. Raises TermsError with every problem at once."""
    if not isinstance(given, Mapping):
        raise TermsError([ClauseError("charter", "", "The rules must be an object.", "See the guide on charters.")])  # fmt: skip
    errors: list[ClauseError] = []
    found: dict[str, Any] = {}
    known = {"limits", "needs", "pseudonyms", "clauses", "offers", *MEASURES}
    errors += [ClauseError("charter", str(k), f"There is no rule {k!r}.", "Take it out.") for k in given if k not in known]  # fmt: skip
    limits = given.get("limits") or {}
    wrong = sorted(str(c) for c in limits if c in CLAUSES and c not in LIMITABLE)
    if wrong:
        errors.append(ClauseError("charter", "limits", f"{listed(wrong)} cannot be a limit for all.", "Take it out."))  # fmt: skip
    try:
        found["limits"] = Terms.from_dict({c: v for c, v in limits.items() if c not in wrong}, complete=False).as_dict()  # fmt: skip
    except TermsError as problem:
        errors += problem.errors
    for name, (low, high) in MEASURES.items():
        if given.get(name) not in (None, ""):
            try:
                found[name] = whole("charter", name, given[name], low, high)
            except ClauseError as error:
                errors.append(error)
    if given.get("pseudonyms"):
        found["pseudonyms"] = True
    needs = given.get("needs") or {}
    places = {*LIMITABLE, "period", "min_group_size", "pseudonymise"}
    if any(code not in places or need not in NEEDS for code, need in needs.items()):
        errors.append(ClauseError("charter", "needs", "It is not known what it takes to go beyond a limit.", "Choose from the list."))  # fmt: skip
    else:
        found["needs"] = {code: need for code, need in sorted(needs.items()) if need != USUAL_NEED}
    for name, read in (("clauses", _own_clauses), ("offers", _own_offers)):
        try:
            found[name] = read(given.get(name) or [])
        except ClauseError as error:
            errors.append(error)
        except TermsError as problem:
            errors += problem.errors
    if errors:
        raise TermsError(errors)
    return {key: value for key, value in found.items() if value not in ({}, [], None)}


def _own_clauses(given: list[Any]) -> list[dict[str, Any]]:
    if not given:
        return []
    found: list[dict[str, Any]] = CLAUSES["own"].check({"clauses": given})["clauses"]
    return found


def _own_offers(given: list[Any]) -> list[dict[str, Any]]:
    found = []
    for one in given:
        label = " ".join(str(one.get("label", "")).split()) if isinstance(one, Mapping) else ""
        if not 3 <= len(label) <= 80:
            raise ClauseError(
                "charter", "offers", "A template needs a name of 3 to 80 characters.", "Write one."
            )
        code = "trust-" + (re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "offer")
        terms = Terms.from_dict(portable(one.get("terms") or {}), complete=False)
        found.append({"code": code, "label": label, "help": str(one.get("help", ""))[:300], "terms": terms.as_dict()})  # fmt: skip
    if len({one["code"] for one in found}) < len(found):
        raise ClauseError("charter", "offers", "Two templates have the same name.", "Rename one.")
    return found


def portable(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Terms without what holds for one dataset or one contract only: columns, rows, days."""
    fixed = {"columns", "only_rows", "min_group_size", "pseudonymise", "generalise", "unexplained", "period"}
    return {code: value for code, value in terms.items() if code not in fixed}


def exceeds(terms: Terms, rules: Rules, personal: Iterable[str] = ()) -> list[Excess]:
    """Where terms are wider than the charter. `personal`: the dataset's columns that may identify someone."""
    limits = Terms.from_dict(rules.get("limits") or {}, complete=False)
    needs = rules.get("needs") or {}
    found: list[Excess] = []

    def add(code: str, limit: str, wanted: str) -> None:
        found.append(Excess(code, CLAUSES[code].label, limit, wanted, needs.get(code, USUAL_NEED)))

    for code in limits.codes():
        if code == "recipient" and not terms.has(code) and limits.as_dict()[code]["who"] == "organisation":
            continue
        if direction_of(code, limits, terms)[1] in ("wider", "changed"):
            add(code, clause_words(code, limits), clause_words(code, terms))
    # Terms that pass the data on are wider than a charter that forbids it, also where they forbid the rest.
    if limits.has("no_onward_transfer") and terms.has("onward_to") and not limits.has("onward_to"):
        add("onward_to", clause_words("no_onward_transfer", limits), clause_words("onward_to", terms))
    days = (terms.ends.date() - terms.starts.date()).days if terms.has("period") else 0
    if days > rules.get("longest_days", days):
        add("period", f"at most {rules['longest_days']} days", f"{days} days")
    k = max((terms.get(code) or {}).get("k", 0) for code in ("min_group_size", "aggregate_only"))
    if k < rules.get("smallest_group", 0):
        add("min_group_size", f"groups of at least {rules['smallest_group']} rows", f"groups of at least {k} rows" if k else "")  # fmt: skip
    open_ = sorted(set(personal) - set((terms.get("pseudonymise") or {}).get("columns", ())))
    if rules.get("pseudonyms") and (left := terms.columns_allowed(open_)):
        add("pseudonymise", "columns that may identify someone leave as pseudonyms only", f"{listed(left)} in the clear")  # fmt: skip
    return found


def sentences_of(rules: Rules) -> list[tuple[str, str]]:
    """(clause, sentence) of each limit."""
    limits = Terms.from_dict(rules.get("limits") or {}, complete=False)
    said = [(code, f"A partner {'may ' if CLAUSES[code].mood == 'may' else '' if CLAUSES[code].mood == 'may_not' else 'must '}"
             f"{'may ' if CLAUSES[code].mood == 'may_not' else ''}{clause_words(code, limits)}.") for code in limits.codes()]  # fmt: skip
    if "longest_days" in rules:
        said.append(("period", f"A contract runs for at most {rules['longest_days']} days."))
    if "smallest_group" in rules:
        said.append(("min_group_size", f"Only groups of at least {rules['smallest_group']} rows leave."))
    if rules.get("pseudonyms"):
        said.append(("pseudonymise", "Columns that may identify someone leave as pseudonyms only."))
    return said


def rules_in_words(rules: Rules) -> list[tuple[str, str]]:
    """Each limit as a sentence, and what it takes to go beyond it."""
    needs = rules.get("needs") or {}
    return [(text, NEEDS[needs.get(code, USUAL_NEED)].en) for code, text in sentences_of(rules)]
