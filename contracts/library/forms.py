"""What the actions on saved recipes ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from contracts.library.machines import RECIPE
from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.datasets.models import Dataset
from trusts.membership.models import Trust


@asks_with(RECIPE, "edit")
class RecipeForm(ActionForm):
    """Name, words and steps. The steps are judged by the verb, which names step and field."""

    name = forms.CharField(label="Name", max_length=120)
    description = forms.CharField(
        label="What it is for", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    steps = forms.JSONField(label="Steps", required=False, widget=forms.Textarea(attrs={"rows": 12}))
    note = forms.CharField(
        label="What changed", required=False, max_length=300, help_text="Kept with the new version."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None and not self.is_bound:
            newest = self.subject.versions.filter(number=self.subject.number).first()
            self.initial |= {"name": self.subject.name, "description": self.subject.description,
                             "steps": newest.steps if newest else []}  # fmt: skip

    def clean_steps(self) -> Any:
        return self.cleaned_data["steps"] or []


@asks_with(RECIPE, "try_on")
class TryForm(ActionForm):
    dataset = forms.ModelChoiceField(
        Dataset.objects.none(), label="Dataset", help_text="One of your own; its newest version."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.actor is not None and self.actor.organisation_id is not None:
            found = Dataset.objects.filter(
                organisation_id=self.actor.organisation_id, versions__state="profiled"
            )
            self.fields["dataset"].queryset = found.distinct().order_by("title_text")  # type: ignore[attr-defined]


@asks_with(RECIPE, "share")
class ShareForm(ActionForm):
    trust = forms.ChoiceField(
        label="Trust", choices=[], help_text="Its members can read and copy the recipe from now on."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Trust.objects.filter(pk__in=self.actor.trust_ids if self.actor else ()).order_by("name")
        self.fields["trust"].choices = [(str(t.pk), t.name) for t in found]  # type: ignore[attr-defined]

    def clean_trust(self) -> UUID:
        return UUID(self.cleaned_data["trust"])
