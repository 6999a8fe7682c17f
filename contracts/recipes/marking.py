"""Where the watermark stands in a plan, and which plans cannot bear one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.recipes.recipe import Step

SHARE = "0.01"
LEAST = 10_000  # Rows of a result below which nothing is left out: too few for a mark that can be traced.


def with_mark(steps: Iterable[Step], clause: str = "watermark") -> tuple[Step, ...]:
    """The steps with the locked watermark before all others.

    First, so that what later steps promise (smallest groups, k-anonymity, an exact sample) holds for the rows that
    leave, and so that the rows' numbers are those of the source. A result that sums rows up bears no mark: to leave
    rows out would make its figures wrong.
    """
    given = tuple(steps)
    if any(step.name == "group" for step in given):
        return given
    return (Step("watermark", {"share": SHARE}, True, clause), *given)


def marked_share(plan: Mapping[str, Any]) -> str:
    """The share of rows that the stored plan leaves out, as text; empty where it bears no mark."""
    first = plan.get("steps", [])[:1]
    return str(first[0]["params"]["share"]) if first and first[0]["name"] == "watermark" else ""
