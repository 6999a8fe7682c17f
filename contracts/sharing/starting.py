"""Starting a request's recipe from a saved one: take it as it is, or say which of your columns it means.

The recipe keeps its own names. Where the data calls a column otherwise, one step is put in front that renames
it; so no step, expression or rule has to be rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.library import builder
from contracts.library.models import SavedRecipe
from contracts.library.selectors import usable, versions_of
from contracts.negotiations.models import Agreement
from contracts.policies.terms import Terms
from kernel.actor import Actor


@dataclass
class Start:
    """What was asked. `steps`: those to add now. `missing`: names to be mapped first, with what was chosen."""

    recipe: SavedRecipe | None = None
    steps: list[dict[str, Any]] | None = None
    missing: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


def read(post: Mapping[str, str], actor: Actor, agreement: Agreement) -> Start:
    """From the fields `start` (a recipe's id), `map-<i>-from` and `map-<i>-to`, and the click `do=start`."""
    if not post.get("do", "").startswith("start"):
        return Start()
    try:
        found = usable(actor).filter(pk=UUID(post.get("start", ""))).first()
    except ValueError:
        found = None
    version = versions_of(found, actor).first() if found else None
    if found is None or version is None:
        return Start(problem="Choose a recipe to start from.")
    types = agreement.version_of_data.column_types()
    allowed = Terms.from_dict(agreement.terms).columns_allowed(types)
    needed = [name for name in builder.needed_columns(version.steps) if name not in allowed]
    chosen = {
        post[f"map-{i}-from"]: post.get(f"map-{i}-to", "") for i in range(200) if f"map-{i}-from" in post
    }
    pairs = {chosen[name]: name for name in needed if chosen.get(name) in allowed}
    missing = [
        {"index": i, "name": name, "chosen": chosen.get(name, ""), "allowed": allowed}
        for i, name in enumerate(needed)
    ]
    answered = post["do"] == "start:mapped"
    if needed and not answered:
        return Start(found, missing=missing)
    twice = len(pairs) < sum(chosen.get(name) in allowed for name in needed)
    clash = sorted(set(pairs.values()) & set(allowed))
    if twice or clash:
        return Start(
            found,
            missing=missing,
            problem="Two names would mean the same column. Choose another for one of them.",
        )
    first = [{"name": "rename", "params": {"mapping": dict(sorted(pairs.items()))}}] if pairs else []
    return Start(found, [*first, *version.steps])
