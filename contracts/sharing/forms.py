"""What the actions on requests ask for."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django import forms

from contracts.policies.deciding.wording import label
from contracts.policies.taxonomy import (
    COUNTRIES,
    GROUPS,
    PURPOSES,
    countries_within,
    place_label,
    purpose_label,
    purposes_within,
)
from contracts.policies.terms import Terms
from contracts.recipes.compile import types_as_met
from contracts.recipes.recipe import Recipe
from contracts.sharing.advice import advice_on, facts_wanted
from contracts.sharing.asked import may_stand_in, people_asked
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import FORMATS
from contracts.sharing.services import input_types
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.organisations.models import OrganisationMember
from trusts.organisations.selectors import groups_with_people

CHECKLIST = [
    ("purpose", "The purpose is clear and inside the contract"),
    ("columns", "Only the columns that the purpose needs"),
    ("people", "The people are named and known"),
    ("risk", "The risk that someone is recognised is acceptable"),
    ("place", "The place of use is right"),
    ("end", "Deletion and end date are understood"),
]


def checklist_of(request: Any) -> list[tuple[str, str]]:
    """What a reviewer looks at: as the charter says for this sensitivity, else the portal's own list."""
    return [(point["code"], point["text"]) for point in request.workflow.get("checklist") or []] or CHECKLIST


class AnswersForm(ActionForm):
    """Purpose, people, columns, rows, recipe, format, of a new or returned request."""

    purpose = forms.ChoiceField(label="What for", choices=[(c, purpose_label(c)) for c in PURPOSES])
    purpose_note = forms.CharField(
        label="In your words", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=4000,
        help_text="What will be done with the data, and what will come of it.",
    )  # fmt: skip
    place = forms.ChoiceField(label="Where it is kept and looked at", choices=[])
    people = forms.MultipleChoiceField(
        label="Who fetches it", choices=[], widget=forms.CheckboxSelectMultiple
    )
    columns = forms.MultipleChoiceField(label="Columns", choices=[], widget=forms.CheckboxSelectMultiple)
    row_filter = forms.JSONField(label="Which rows", required=False, widget=forms.HiddenInput)
    recipe = forms.JSONField(label="Recipe", required=False, widget=forms.HiddenInput)
    format = forms.ChoiceField(label="Format", choices=FORMATS, initial="csv")

    def __init__(self, *args: Any, agreement: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agreement = agreement or self.subject.agreement
        terms = Terms.from_dict(self.agreement.terms)
        types = self.agreement.version_of_data.column_types()
        self.allowed = terms.columns_allowed(types)
        self.types = types
        members = OrganisationMember.objects.filter(
            organisation_id=self.agreement.consumer_id, state="active"
        ).select_related("user")
        inside = purposes_within(terms.as_dict()["purpose"]["any_of"])
        if terms.has("no_ai_training"):
            inside -= purposes_within(["ai_training"])
        places = countries_within((terms.get("place") or {}).get("any_of", [])) or frozenset(COUNTRIES)
        groups = [g for g in GROUPS if countries_within([g]) <= places]
        f: Any = self.fields
        f["purpose"].choices = [(c, purpose_label(c)) for c in PURPOSES if c in inside]
        f["place"].choices = [(c, place_label(c)) for c in [*groups, *sorted(places, key=place_label)]]
        self.groups = {
            f"group:{group.pk}": (f"Group {group.name} ({len(people)})", [one.user_id for one in people])
            for group, people in groups_with_people(self.agreement.consumer_id)
        }
        f["people"].choices = [(code, label) for code, (label, _) in self.groups.items()] + [
            (str(m.user_id), str(m.user)) for m in members
        ]
        formats = (terms.get("formats") or {}).get("any_of", [code for code, _ in FORMATS])
        f["format"].choices = [(code, label) for code, label in FORMATS if code in formats]
        f["format"].initial = "csv" if "csv" in formats else formats[0]
        f["columns"].choices = [(n, n) for n in types]
        if self.subject is not None and not self.is_bound:
            self.initial.update(self.subject.answers())

    def schema(self, chosen: Collection[str]) -> dict[str, str]:
        """The columns as the recipe meets them: those that are asked for, pseudonyms and coarser values as text."""
        met = types_as_met(Terms.from_dict(self.agreement.terms), self.types)
        return {n: t for n, t in met.items() if n in chosen and n in self.allowed}

    def inputs(self) -> dict[str, dict[str, str]]:
        """The further datasets of the contract that a recipe may join: alias → columns and types."""
        return input_types(self.agreement)

    def clean_people(self) -> list[uuid.UUID]:
        """Groups become their people: the request names who they were when it was written."""
        chosen: set[uuid.UUID] = set()
        for value in self.cleaned_data["people"]:
            chosen.update(self.groups[value][1] if value in self.groups else [uuid.UUID(value)])
        return sorted(chosen)

    def clean_columns(self) -> list[str]:
        chosen = set(self.cleaned_data["columns"])
        return [name for name in self.types if name in chosen]

    def clean_row_filter(self) -> list[dict[str, Any]]:
        value = self.cleaned_data["row_filter"] or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise forms.ValidationError("The row filter must be a list of conditions.", code="row_filter")
        return value

    def clean_recipe(self) -> list[dict[str, Any]]:
        value = self.cleaned_data["recipe"] or []
        if not isinstance(value, list):
            raise forms.ValidationError("The recipe must be a list of steps.", code="recipe")
        recipe, problems = Recipe.from_list(value)
        if problems:
            raise forms.ValidationError(
                [forms.ValidationError(f"{p.text} {p.remedy}", code="recipe.step") for p in problems]
            )
        return [{"name": step.name, "params": step.params} for step in recipe.steps]


@asks_with(REQUEST, "edit")
class EditForm(AnswersForm):
    pass


class VerdictForm(ActionForm):
    checklist = forms.MultipleChoiceField(
        label="Check list", required=False, choices=CHECKLIST, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label="Reason, shown to the asker",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.fields["checklist"].choices = checklist_of(self.subject)  # type: ignore[attr-defined]


@asks_with(REQUEST, "ask_second")
class SecondForm(ReasonForm):
    pass


@asks_with(REQUEST, "reassign")
class ReassignForm(ReasonForm):
    absent = forms.TypedChoiceField(label="Who is away", choices=[], coerce=uuid.UUID)
    person = forms.TypedChoiceField(
        label="Who answers in that place", choices=[], coerce=uuid.UUID,
        help_text="Whoever holds the role that this stage asks, and has not answered.",
    )  # fmt: skip
    field_order = ("absent", "person", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Kept in the audit trail, for your side only."
        if self.subject is not None and self.subject.state == "submitted":
            for name, people in (("absent", people_asked), ("person", may_stand_in)):
                found = sorted(people(self.subject), key=str)
                self.fields[name].choices = [(str(user.pk), str(user)) for user in found]  # type: ignore[attr-defined]


@asks_with(REQUEST, "approve")
class ApproveForm(VerdictForm):
    pass


@asks_with(REQUEST, "send_back", "refuse")
class ReasonedVerdictForm(VerdictForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        self.fields["reason"].min_length = 5  # type: ignore[attr-defined]


@asks_with(REQUEST, "state_fact")
class FactForm(ActionForm):
    """One thing that the contract asks and no portal knows."""

    operand = forms.ChoiceField(label="What it is about", choices=[])
    value = forms.CharField(
        label="What is so", max_length=500,
        help_text="As the contract writes it: a word, a number, a date as 2027-06-01, or an address that names a term.",
    )  # fmt: skip
    reason = forms.CharField(
        label="How you know", widget=forms.Textarea(attrs={"rows": 3}), min_length=5, max_length=2000,
        help_text="Kept with the request, in the audit trail and in every decision that goes by it.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            told = advice_on(self.subject, self.subject.named.count())
            known = dict.fromkeys([*facts_wanted(told), *self.subject.stated])
            self.fields["operand"].choices = [(one, label(one)) for one in known]  # type: ignore[attr-defined]


@asks_with(REQUEST, "comment")
class CommentForm(ActionForm):
    text = forms.CharField(
        label="Your question or answer", widget=forms.Textarea(attrs={"rows": 3}), max_length=4000
    )
