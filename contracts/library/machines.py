"""Saved recipes: an organisation's own, or held out to a trust as a template."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANALYST, OWNER, STEWARD, side

NEW = frozenset({""})
KEEPERS = side("holder", OWNER, STEWARD, ANALYST)
STEWARDS = side("holder", OWNER, STEWARD)
LIVE = frozenset({"private", "shared"})

RECIPE = register(
    Machine(
        name="recipe",
        model="library.SavedRecipe",
        label="recipe",
        states=(
            State("private", "Private", "neutral", "Only your organisation sees it."),
            State("shared", "Template", "good", "Members of the trust can read it and copy it."),
            State("retired", "Retired", "neutral", "Kept for the record; no longer offered."),
        ),
        final=frozenset({"retired"}),
        creates=(
            Action("save", "Save a recipe", KEEPERS, NEW, to="private", kind="primary"),
            Action("copy", "Copy into your recipes", KEEPERS, NEW, to="private"),
        ),
        actions=(
            Action("edit", "Edit", KEEPERS, LIVE, asks=True, done="Saved as a new version."),
            Action(
                "try_on", "Try on my dataset", KEEPERS, LIVE, asks=True,
                help="A worker runs it on a sample of a dataset of yours.", done="A worker tries it on a sample now.",
            ),
            Action(
                "share", "Share as a template", STEWARDS, frozenset({"private"}), to="shared", asks=True,
                done="Shared. Members of the trust find it among the templates.",
            ),
            Action(
                "unshare", "Stop sharing", STEWARDS, frozenset({"shared"}), to="private",
                help="Copies that others have made stay theirs.", done="Only your organisation sees it now.",
            ),
            Action(
                "retire", "Retire", KEEPERS, LIVE, to="retired", kind="danger",
                help="It is kept with its versions, but no longer offered.", done="Retired.",
            ),
        ),
    )
)  # fmt: skip
