"""Terms in plain words, from one fixed template per clause. Never free text."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import place_label, purpose_label
from contracts.policies.terms import Terms


@dataclass(frozen=True, slots=True)
class Sentence:
    """One clause as a sentence, with its badge and mood (may, may_not, must)."""

    code: str
    label: str
    text: str
    badge: str
    mood: str
    enforced_by: str


def sentences(terms: Terms, consumer: str = "the partner") -> list[Sentence]:
    """Every clause as one sentence about the consumer."""
    verbs = {"may": "may", "may_not": "may not", "must": "must"}
    found = []
    for code, value in terms.as_dict().items():
        kind = CLAUSES[code]
        who = consumer[:1].upper() + consumer[1:]
        # Duties on what is received read as what will be: "receives only groups of …".
        passive = kind.mood == "must" and kind.words(value).startswith("receive ")
        verb = "will" if passive else verbs[kind.mood]
        found.append(
            Sentence(
                code,
                kind.label,
                f"{who} {verb} {kind.words(value)}.",
                kind.badge,
                kind.mood,
                kind.enforced_by,
            )
        )
    return found


def clause_words(code: str, terms: Terms) -> str:
    """One clause's words without the subject, empty if it is not there."""
    value = terms.get(code)
    if value is None:
        return ""
    text = CLAUSES[code].words(value)
    return f"not {text}" if CLAUSES[code].mood == "may_not" else text


def summary(terms: Terms) -> str:
    """Terms in about five words, for a card in the catalogue."""
    parts = [" or ".join(purpose_label(c) for c in terms.as_dict()["purpose"]["any_of"][:2])]
    place = terms.get("place")
    if place:
        parts.append("/".join(c if c in ("EU", "EEA") else place_label(c) for c in place["any_of"][:2]))
    if terms.has("no_onward_transfer"):
        parts.append("no onward sharing")
    if terms.has("pseudonymise"):
        parts.append("pseudonyms")
    if terms.has("exports"):
        parts.append(f"{terms.as_dict()['exports']['at_most']} exports")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def badges(terms: Terms) -> dict[str, int]:
    """How many clauses are enforced, watched and promised."""
    found = {"enforced": 0, "watched": 0, "promised": 0}
    for code in terms.codes():
        found[CLAUSES[code].badge] += 1
    return found
