"""What pages say of terms while they are being written: sentences, problems, and the difference from before."""

from __future__ import annotations

from typing import Any

from contracts.charters.selectors import rules_of
from contracts.policies.authoring import contradictions
from contracts.policies.clauses import LANGUAGES
from contracts.policies.difference import Change, compare, not_wider
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import badges, sentences
from trusts.membership.models import Trust


def words(form: Any, consumer: str, before: dict[str, Any] | None) -> dict[str, Any]:
    """The live panel of a form that has `is_valid`, `errors` or `form.errors`, and `terms`."""
    inner = getattr(form, "form", form)
    if inner.is_bound and not form.is_valid():
        return {"problems": [e for errors in inner.errors.values() for e in errors]}
    given = form.terms() if inner.is_bound else before or {}
    return said(given, consumer, before if inner.is_bound else None)


def said(given: dict[str, Any], consumer: str, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Sentences and badges of terms, and how they differ from those `before`; or what is wrong with them."""
    try:
        terms = Terms.from_dict(given)
    except TermsError as problem:
        return {"problems": [f"{e.text} {e.remedy}" for e in problem.errors]}
    changes = difference(before, given) if before else None
    clash = contradictions(terms)
    return {
        "problems": [f"{one.text} {one.remedy}" for one in clash],
        "sentences": sentences(terms, consumer), "badges": badges(terms), "changes": changes,
        "summary": tally(changes) if changes is not None else None,
    }  # fmt: skip


def language_of(request: Any) -> str:
    """The language that the words of terms are read in: `?words=de`, else English."""
    asked = request.GET.get("words", "en")
    return asked if asked in LANGUAGES else "en"


def own_clauses(trust: Trust | None) -> list[dict[str, Any]]:
    """The clauses that a trust has written itself, for the clause form."""
    found: list[dict[str, Any]] = rules_of(trust)[1].get("clauses", [])
    return found


def difference(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Clause by clause. Raises TermsError."""
    return compare(Terms.from_dict(old), Terms.from_dict(new))


def tally(changes: list[Change]) -> dict[str, Any]:
    """How many terms differ and in which way, for the head of a comparison."""
    return {
        "apart": sum(one.differs for one in changes),
        "wider": sum(one.direction == "wider" for one in changes),
        "narrower": sum(one.direction == "narrower" for one in changes),
        "changed": sum(one.direction == "changed" for one in changes),
        "care": sum(one.needs_care for one in changes),
        "not_wider": not_wider(changes),
    }  # fmt: skip
