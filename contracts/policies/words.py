"""Terms in plain words, English or German, from one fixed template per clause. Never free text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.policies.clauses import CLAUSES, ClauseKind
from contracts.policies.taxonomy import place_label, purpose_label
from contracts.policies.terms import Terms

_VERBS = {
    "en": {"may": "may", "may_not": "may not", "must": "must", "will": "will", "own": "", "is": "is"},
    "de": {"may": "darf", "may_not": "darf", "must": "muss", "will": "wird", "own": "", "is": "ist"},
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One clause as a sentence, with its badge and mood (may, may_not, must), and the law it answers."""

    code: str
    label: str
    text: str
    badge: str
    mood: str
    enforced_by: str
    law: str = ""


def _sentence(kind: ClauseKind, value: dict[str, Any], who: str, language: str) -> str:
    verb = _VERBS[language][kind.voice or kind.mood]
    said = kind.words(value, language)
    return f"{' '.join(part for part in (who, verb, said) if part)}."


def sentences(terms: Terms, consumer: str = "", language: str = "en") -> list[Sentence]:
    """Every clause as one sentence about the consumer."""
    who = consumer or ("der Partner" if language == "de" else "the partner")
    who = who[:1].upper() + who[1:]
    found = []
    for code, value in terms.as_dict().items():
        kind = CLAUSES[code]
        found.append(
            Sentence(
                code,
                kind.labels.in_(language),
                _sentence(kind, value, who, language),
                kind.badge,
                kind.mood,
                kind.enforcement.in_(language),
                kind.law,
            )
        )
    return found


def clause_words(code: str, terms: Terms, language: str = "en") -> str:
    """One clause's words without the subject, empty if it is not there."""
    value = terms.get(code)
    if value is None:
        return ""
    text = CLAUSES[code].words(value, language)
    # German says its “nicht” inside the sentence.
    return f"not {text}" if CLAUSES[code].mood == "may_not" and language != "de" else text


def summary(terms: Terms) -> str:
    """Terms in about five words, for a card in the catalogue."""
    parts = [" or ".join(purpose_label(c) for c in terms.as_dict()["purpose"]["any_of"][:2])]
    place = terms.get("place")
    if place:
        parts.append("/".join(c if c in ("EU", "EEA") else place_label(c) for c in place["any_of"][:2]))
    if terms.has("aggregate_only"):
        parts.append("results only")
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
