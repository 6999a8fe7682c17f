"""Requests for data and saved recipes."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from contracts.library.models import RecipeVersion, SavedRecipe
from contracts.library.selectors import versions_of
from contracts.sharing import reviewing
from contracts.sharing.models import Request
from kernel.actor import NOBODY
from portal.api.serializers.base import BASE


class StageOut(TypedDict):
    """One stage of a request's review."""

    name: str
    who: str
    blind: bool
    given: int
    needed: int
    open: bool
    done: bool


class RequestOut(serializers.ModelSerializer[Request]):
    people = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()

    class Meta:
        model = Request
        fields = [*BASE, "agreement", "version_of_data", "provider", "consumer", "purpose", "purpose_note", "place", "people", "columns",
                  "row_filter", "recipe", "format", "plan", "plan_hash", "advice", "stated", "stages", "due", "decided"]  # fmt: skip

    def get_people(self, request: Request) -> list[str]:
        return [str(person.user_id) for person in request.named.all()]

    def get_stages(self, request: Request) -> list[StageOut]:
        """Who answers in which order and how many have; never what they said."""
        names = ("name", "who", "blind", "given", "needed", "open", "done")
        return [{name: one[name] for name in names} for one in reviewing.progress(request)]  # type: ignore[misc]


class RequestIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    agreement = serializers.UUIDField()
    purpose = serializers.CharField(max_length=60)
    purpose_note = serializers.CharField(max_length=4000)
    place = serializers.CharField(max_length=10)
    people = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)
    columns = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    row_filter = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    recipe = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    format = serializers.ChoiceField(choices=["csv", "parquet", "jsonl", "xlsx"], default="csv")


class RecipeOut(serializers.ModelSerializer[SavedRecipe]):
    steps = serializers.SerializerMethodField()
    versions = serializers.SerializerMethodField()

    class Meta:
        model = SavedRecipe
        fields = [
            *BASE,
            "organisation",
            "trust",
            "name",
            "description",
            "number",
            "hash",
            "steps",
            "versions",
        ]

    def _known(self, recipe: SavedRecipe) -> list[RecipeVersion]:
        request = self.context.get("request")
        actor = request.user.actor if request is not None else NOBODY
        return list(versions_of(recipe, actor))

    def get_steps(self, recipe: SavedRecipe) -> list[dict[str, Any]]:
        return next((v.steps for v in self._known(recipe) if v.number == recipe.number), [])

    def get_versions(self, recipe: SavedRecipe) -> list[dict[str, Any]]:
        return [
            {"number": v.number, "hash": v.hash, "note": v.note, "created": v.created.isoformat()}
            for v in self._known(recipe)
        ]


class RecipeIn(serializers.Serializer[Any]):
    """A new recipe from `steps`, or a copy of another one (`copy_of`)."""

    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    steps = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    copy_of = serializers.UUIDField(required=False, allow_null=True, default=None)
