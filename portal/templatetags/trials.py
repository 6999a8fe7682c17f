"""Dry runs on the pages of requests and recipes, which come before them on the road."""

from __future__ import annotations

from typing import Any

from django import template

from jobs.trials.selectors import newest_for, trials
from jobs.trials.shown import shown

register = template.Library()


@register.inclusion_tag("trials/_of_request.html", takes_context=True)
def request_trial(context: Any, request_: Any, choice: Any = None) -> dict[str, Any]:
    """The newest dry run of a request, as the reader may see it, and the button for another."""
    actor = context["actor"]
    newest = newest_for(request_, actor)
    found = shown(newest, actor) if newest else {"trial": None}
    return {
        **found,
        "choice": choice,
        "seen": request_.version,
        "csrf_token": context.get("csrf_token"),
        "request_": request_,
    }


@register.inclusion_tag("trials/_of_recipe.html", takes_context=True)
def recipe_trials(context: Any, recipe: Any) -> dict[str, Any]:
    """The last dry runs of a saved recipe on one's own data."""
    actor = context["actor"]
    found = (
        trials(actor)
        .filter(recipe__recipe=recipe, organisation_id=actor.organisation_id)
        .order_by("-created")[:5]
    )
    listed = list(found)
    newest = shown(listed[0], actor) if listed else {"trial": None}
    return {**newest, "earlier": listed[1:]}
