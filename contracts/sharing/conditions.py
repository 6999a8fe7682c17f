"""Conditions of delivery that a frozen plan must meet, asked when it is submitted, approved and run.

They are asked of the plan itself, independently of how it was compiled. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from kernel.decision import ALLOW, Decision, Refused, deny, worst_of

SUMS_UP = "group"
FORMAT_LABELS = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON Lines", "xlsx": "Excel (XLSX)"}


def formats_allowed(terms: Terms) -> list[str]:
    """Codes of the formats that may leave, all without a clause."""
    clause = terms.get("formats")
    return [code for code in FORMAT_LABELS if clause is None or code in clause["any_of"]]


def only_sums(terms: Terms) -> str:
    """The clause under which only results that were summed up may leave, empty if rows may."""
    if terms.get("aggregate_only") is not None:
        return "aggregate_only"
    modes = (terms.get("access_mode") or {}).get("any_of", [])
    return "access_mode" if modes and set(modes) <= {"clean_room"} else ""


def plan_may_leave(terms: Terms, plan: Mapping[str, Any]) -> Decision:
    """Whether the contract lets what this plan makes leave: its format, and rows or only sums."""
    return worst_of([_format(terms, str(plan.get("format", ""))), _sums(terms, plan)])


def must_be_allowed(terms: Terms, plan: Mapping[str, Any]) -> None:
    """Raises Refused with each reason."""
    decision = plan_may_leave(terms, plan)
    if not decision.allowed:
        raise Refused(decision)


def _format(terms: Terms, wanted: str) -> Decision:
    allowed = formats_allowed(terms)
    if wanted in allowed:
        return ALLOW
    names = listed([FORMAT_LABELS[code] for code in allowed], "or")
    return deny("terms.formats", f"The contract does not allow {FORMAT_LABELS.get(wanted, wanted)}",
                remedy=f"Choose {names}", source="clause formats", field="format")  # fmt: skip


def _sums(terms: Terms, plan: Mapping[str, Any]) -> Decision:
    clause = only_sums(terms)
    if not clause or any(step["name"] == SUMS_UP for step in plan.get("steps", [])):
        return ALLOW
    return deny(f"terms.{clause}", "The contract lets only results leave that were summed up",
                remedy="Add the step “Group and sum up” to the recipe", source=f"clause {clause}", field="recipe")  # fmt: skip
