"""Verbs of saved recipes: the only writers."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from contracts.library import builder
from contracts.library.machines import RECIPE
from contracts.library.models import RecipeVersion, SavedRecipe
from contracts.recipes.recipe import Recipe
from kernel.actor import Actor
from kernel.decision import Decision, Outcome, Reason, Refused
from kernel.once import once
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.datasets.models import Dataset

MOST_STEPS = 40


def read_recipe(steps: Any) -> Recipe:
    """Steps with checked parameters. Raises Refused with one reason for each step that is wrong."""
    if not isinstance(steps, list):
        raise Refused.because(
            "recipe.form", "A recipe is a list of steps", remedy="Write it as a list", field="steps"
        )
    if len(steps) > MOST_STEPS:
        raise Refused.because(
            "recipe.long", f"A recipe has at most {MOST_STEPS} steps", remedy="Make two of it", field="steps"
        )
    recipe, problems = Recipe.from_list(steps)
    if problems:
        reasons = tuple(
            Reason("recipe.step", p.text, p.remedy, "", f"steps.{p.step}.{p.field}") for p in problems
        )
        raise Refused(Decision(Outcome.DENY, reasons))
    return recipe


def plain_steps(recipe: Recipe) -> list[dict[str, Any]]:
    """Names and parameters only, as a person writes them."""
    return [{"name": step.name, "params": step.params} for step in recipe.steps]


def _keep(saved: SavedRecipe, recipe: Recipe, note: str, actor: Actor) -> None:
    saved.hash = recipe.hash
    RecipeVersion.objects.create(
        recipe=saved, number=saved.number, steps=plain_steps(recipe), hash=recipe.hash, note=note,
        author_id=actor.user_id,
    )  # fmt: skip


def _new(action: str, saved: SavedRecipe, steps: Any, note: str, actor: Actor) -> SavedRecipe:
    def make() -> SavedRecipe:
        recipe = read_recipe(steps)
        with creation(RECIPE, action, saved, actor=actor) as change:
            # The version points at the row, so the row comes first; the state is the machine's.
            saved.hash = recipe.hash
            change.detail = {"steps": len(recipe.steps)}
        _keep(saved, recipe, note, actor)
        return saved

    mine = SavedRecipe.objects.filter(pk=saved.pk, organisation_id=actor.organisation_id)
    return once(mine.first, make)


@performs(RECIPE, "save")
def save(
    *, actor: Actor, name: str, steps: Any, description: str = "", note: str = "", id: UUID | None = None
) -> SavedRecipe:
    """A private recipe of the organisation acted for. The same `id` twice is one recipe. Raises Refused."""
    saved = SavedRecipe(
        id=id or uuid4(), organisation_id=actor.organisation_id, author_id=actor.user_id, name=name, description=description,
    )  # fmt: skip
    return _new("save", saved, steps, note, actor)


@performs(RECIPE, "copy")
def copy(source: SavedRecipe, *, actor: Actor, name: str = "", id: UUID | None = None) -> SavedRecipe:
    """The newest version as a recipe of one's own. The source's organisation is not told."""
    newest = source.versions.get(number=source.number)
    saved = SavedRecipe(
        id=id or uuid4(), organisation_id=actor.organisation_id, author_id=actor.user_id, source=source,
        name=(name or f"{source.name} (copy)")[:120], description=source.description,
    )  # fmt: skip
    note = f"Copied from {source.name} of {source.organisation.name}, version {newest.number}"
    return _new("copy", saved, newest.steps, note[:300], actor)


@performs(RECIPE, "edit")
def edit(
    recipe_id: UUID, *, actor: Actor, name: str, steps: Any, description: str = "", note: str = "",
    seen: int | None = None,
) -> SavedRecipe:  # fmt: skip
    """New words, and a new version if the steps differ. Raises Refused with a reason per step."""
    recipe = read_recipe(steps)
    with transition(RECIPE, "edit", recipe_id, actor=actor, seen=seen) as change:
        saved: SavedRecipe = change.subject
        saved.name, saved.description = name, description
        if recipe.hash != saved.hash:
            saved.number += 1
            _keep(saved, recipe, note, actor)
        change.detail = {"steps": len(recipe.steps), "note": note}
    return change.subject


@performs(RECIPE, "try_on")
def try_on(recipe_id: UUID, *, actor: Actor, dataset: Dataset, seen: int | None = None) -> SavedRecipe:
    """Have a worker try the newest version on a sample of one's own dataset. Raises Refused with each problem."""
    with transition(RECIPE, "try_on", recipe_id, actor=actor, seen=seen) as change:
        saved: SavedRecipe = change.subject
        if dataset.organisation_id != actor.organisation_id:
            raise Refused.because(
                "recipe.dataset",
                "The dataset is not yours",
                remedy="Ask for it in a request",
                field="dataset",
            )
        version = dataset.versions.filter(state="profiled").order_by("-number").first()
        if version is None:
            raise Refused.because("dataset.not_ready", "No version of this dataset has been read yet",
                                  remedy="Wait for the worker, or upload a file", field="dataset")  # fmt: skip
        newest = saved.versions.get(number=saved.number)
        problems = builder.problems(newest.steps, version.column_types())
        if problems:
            reasons = tuple(
                Reason("recipe.step", p.text, p.remedy, "", f"steps.{p.step}.{p.field}") for p in problems
            )
            raise Refused(Decision(Outcome.DENY, reasons))
        change.detail = {"version_of_data": str(version), "number": saved.number}
        change.publish("recipe.try", id=str(saved.pk), recipe=newest.pk, version_of_data=str(version.pk), trial=str(uuid4()),
                       by=str(actor.user_id or ""), organisation=str(actor.organisation_id))  # fmt: skip
    return change.subject


@performs(RECIPE, "share")
def share(recipe_id: UUID, *, actor: Actor, trust: UUID, seen: int | None = None) -> SavedRecipe:
    """A template in a trust that one's organisation is in. Raises Refused."""
    with transition(RECIPE, "share", recipe_id, actor=actor, seen=seen) as change:
        saved: SavedRecipe = change.subject
        if trust not in actor.trust_ids:
            raise Refused.because("membership.inactive", "Your organisation is not an active member of that trust",
                                  remedy="Choose one of yours", field="trust")  # fmt: skip
        saved.trust_id, saved.shared_from = trust, saved.number
    return change.subject


@performs(RECIPE, "unshare")
def unshare(recipe_id: UUID, *, actor: Actor, seen: int | None = None) -> SavedRecipe:
    """Private again; copies that others made stay theirs."""
    with transition(RECIPE, "unshare", recipe_id, actor=actor, seen=seen) as change:
        change.subject.trust_id, change.subject.shared_from = None, 0
    return change.subject


@performs(RECIPE, "retire")
def retire(recipe_id: UUID, *, actor: Actor, seen: int | None = None) -> SavedRecipe:
    with transition(RECIPE, "retire", recipe_id, actor=actor, seen=seen) as change:
        change.subject.trust_id, change.subject.shared_from = None, 0
    return change.subject
