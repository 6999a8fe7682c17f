"""SavedRecipe: steps under a name. RecipeVersion: one numbered, hashed state of them, never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.membership.models import Trust
from trusts.organisations.models import Organisation, User


class SavedRecipe(StatefulModel):
    """`number` and `hash` are those of the newest version. `trust` is where it is a template.

    `shared_from` is the number that was newest when it was shared: older versions stay private.
    """

    ref_prefix = "S"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="recipes")
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    number = models.PositiveIntegerField(default=1)
    hash = models.CharField(max_length=64)
    shared_from = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["organisation", "state"], name="recipe_holder")]

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return f"Recipe {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("recipe", args=[self.pk])

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state, "name": self.name, "number": self.number, "hash": self.hash,
            "trust": str(self.trust_id) if self.trust_id else None,
        }  # fmt: skip


class RecipeVersion(models.Model):
    """The steps as they were saved once. A trigger in the database refuses any change."""

    recipe = models.ForeignKey(SavedRecipe, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    steps = models.JSONField(default=list)
    hash = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True, default="")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["recipe", "number"], name="recipe_version_once")]

    def __str__(self) -> str:
        return f"{self.recipe} v{self.number}"
