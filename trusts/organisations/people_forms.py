"""What naming a deputy and keeping groups ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.organisations.machines import MEMBER, ORGANISATION
from trusts.organisations.models import OrganisationMember
from trusts.organisations.people_machines import GROUP

LONGEST = timedelta(days=366)


def _colleagues(organisation_id: Any) -> Any:
    return (
        OrganisationMember.objects.filter(organisation_id=organisation_id, state="active")
        .select_related("user")
        .order_by("user__name")
    )


class PeopleField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.user)


class ColleagueField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.user)


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


@asks_with(MEMBER, "name_deputy")
class DeputyForm(ActionForm):
    deputy = ColleagueField(label="Who stands in", queryset=OrganisationMember.objects.none())
    starts = forms.DateField(label="From", widget=_day())
    until = forms.DateField(label="Until and including", widget=_day())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            others: Any = self.fields["deputy"]
            others.queryset = _colleagues(self.subject.organisation_id).exclude(pk=self.subject.pk)
        self.initial.setdefault("starts", timezone.localdate())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts, until = cleaned.get("starts"), cleaned.get("until")
        if starts and until:
            if until < starts:
                self.add_error("until", "The last day is before the first. Choose a later one.")
            elif until < timezone.localdate():
                self.add_error("until", "This day is over. Choose today or a later one.")
            elif until - starts > LONGEST:
                self.add_error(
                    "until", "A deputy is named for a year at most. Give someone the role instead."
                )
        return cleaned


class GroupFields(ActionForm):
    name = forms.CharField(label="Name", max_length=80)
    people = PeopleField(
        label="People", queryset=OrganisationMember.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.actor is not None:
            people: Any = self.fields["people"]
            people.queryset = _colleagues(self.actor.organisation_id)


@asks_with(ORGANISATION, "make_group")
class GroupForm(GroupFields):
    pass


@asks_with(GROUP, "change")
class ChangeGroupForm(GroupFields):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("name", self.subject.name)
            self.initial.setdefault("people", list(self.subject.members.values_list("pk", flat=True)))
