"""What stops terms from being sent: clauses that contradict each other, found before anybody can sign them."""

from __future__ import annotations

from functools import lru_cache

from contracts.policies.clauses import CLAUSES
from contracts.policies.conflicts import find_conflicts
from contracts.policies.language.read import read
from contracts.policies.odrl import to_odrl
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from kernel.decision import Reason

_NAMES = {"uid": "urn:example:terms", "target": "urn:example:data", "assigner": "urn:example:gives", "assignee": "urn:example:receives"}  # fmt: skip


def _reason(codes: tuple[str, ...], text: str, remedy: str) -> Reason:
    labels = listed(f"“{CLAUSES[code].label}”" for code in codes)
    return Reason("terms.conflict", f"{labels} contradict each other: {text}" if len(codes) > 1 else text, remedy,
                  f"clause {codes[0]}", codes[0])  # fmt: skip


def _between_clauses(terms: Terms) -> list[Reason]:
    """Contradictions that only the clauses' meaning in the job shows."""
    v, found = terms.as_dict(), []
    if "onward_to" in v and "no_onward_transfer" in v:
        found.append(_reason(("onward_to", "no_onward_transfer"), "some may receive it, and nobody may",
                             "Take one of them out; named processors are the only ones anyway"))  # fmt: skip
    if "no_ai_training" in v and set(v["purpose"]["any_of"]) <= {"ai_training"}:
        found.append(_reason(("no_ai_training", "purpose"), "the only purpose is what is forbidden", "Take one of them out"))  # fmt: skip
    if "aggregate_only" in v and v.get("access_mode") == {"any_of": ["export"]}:
        found.append(_reason(("aggregate_only", "access_mode"), "only figures that were summed up may leave, and only rows",
                             "Allow results in the way of access"))  # fmt: skip
    both = {r["column"] for r in v.get("generalise", {}).get("rules", [])} & set(v.get("pseudonymise", {}).get("columns", []))  # fmt: skip
    if both:
        found.append(_reason(("generalise", "pseudonymise"), f"{listed(sorted(both))} is made coarser and a pseudonym", "Choose one of them for it"))  # fmt: skip
    if "if_late" in v and not any(CLAUSES[code].badge == "watched" for code in v):
        found.append(_reason(("if_late",), "“If a duty is late” has nothing that could be late", "Add “Delete afterwards” or “Report of use”, or take it out"))  # fmt: skip
    return found


@lru_cache(maxsize=512)
def contradictions(terms: Terms) -> tuple[Reason, ...]:
    """Why these terms cannot be sent; empty if they hold together."""
    found = _between_clauses(terms)
    if not found:
        policy = read(to_odrl(terms, **_NAMES))
        found = [Reason("terms.conflict", conflict.text("en"), conflict.remedy("en"), "terms")
                 for conflict in find_conflicts([policy]) if conflict.blocks]  # fmt: skip
    return tuple(found)
