"""What the actions on mergers ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.mergers.machines import MERGER
from trusts.organisations.models import Organisation


class ProposeForm(ActionForm):
    """Into which organisation, and why."""

    into = forms.ChoiceField(label="Into which organisation")
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Owners of both sides read it. Once it is done, the members of your trusts are told that it happened.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Organisation.objects.filter(merged_into=None)
        if self.actor is not None:
            # Those that one meets in a trust: nobody else's name is shown.
            others = others.filter(
                memberships__trust_id__in=self.actor.trust_ids, memberships__state="active"
            ).exclude(pk=self.actor.organisation_id)
        found = others.distinct().order_by("name").values_list("slug", "name")
        self.fields["into"].choices = [("", "Choose"), *found]  # type: ignore[attr-defined]


@asks_with(MERGER, "decline")
class DeclineForm(ReasonForm):
    pass


@asks_with(MERGER, "agree")
class AgreeForm(ActionForm):
    """A last look: the name of what goes over is typed."""

    name = forms.CharField(
        label="Type the name of the organisation that goes over into yours", max_length=120
    )
    field_order = ("name",)

    def clean_name(self) -> str:
        given = str(self.cleaned_data["name"]).strip()
        if self.subject is not None and given != self.subject.leaving.name:
            raise forms.ValidationError(f"This is not its name. It is: {self.subject.leaving.name}")
        return given
