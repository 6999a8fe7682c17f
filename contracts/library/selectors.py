"""Reads: saved recipes an actor may know of, and which of their versions."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from contracts.library.machines import RECIPE
from contracts.library.models import RecipeVersion, SavedRecipe
from kernel.actor import Actor
from kernel.registry import sees


@sees(RECIPE)
def recipes(actor: Actor) -> QuerySet[SavedRecipe]:
    """One's own organisation's, and the templates of one's trusts."""
    found = SavedRecipe.objects.select_related("organisation", "trust", "author")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(
        Q(organisation_id=actor.organisation_id) | Q(state="shared", trust_id__in=actor.trust_ids)
    )


def versions_of(recipe: SavedRecipe, actor: Actor) -> QuerySet[RecipeVersion]:
    """All of one's own; of a template those from the one it was shared at."""
    found = recipe.versions.select_related("author").order_by("-number")
    if actor.is_system or recipe.organisation_id == actor.organisation_id:
        return found
    return found.filter(number__gte=recipe.shared_from) if recipe.state == "shared" else found.none()


def usable(actor: Actor) -> QuerySet[SavedRecipe]:
    """What one can start from: recipes in use, one's own first."""
    return recipes(actor).filter(state__in=["private", "shared"]).order_by("name", "pk")
