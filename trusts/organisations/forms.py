"""What the actions on organisations, people, invitations and tokens ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from kernel.roles import ROLE_LABELS
from trusts.organisations.machines import MEMBER, ORGANISATION
from trusts.organisations.scopes import SCOPES

KINDS = [
    ("company", "Company"),
    ("public_body", "Public body"),
    ("research", "Research organisation"),
    ("association", "Association"),
    ("other", "Other"),
]


class ProfileFields(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    kind = forms.ChoiceField(label="Kind", choices=KINDS)
    country = forms.CharField(
        label="Country", max_length=2, min_length=2, help_text="Two letters, such as DE"
    )
    about = forms.CharField(label="About", widget=forms.Textarea(attrs={"rows": 4}), required=False)
    website = forms.URLField(label="Website", required=False, assume_scheme="https")
    contact_email = forms.EmailField(label="Contact", required=False)

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if not country.isalpha():
            raise forms.ValidationError(
                "Write the two-letter code of the country, such as DE.", code="country"
            )
        return country


@asks_with(ORGANISATION, "edit")
class ProfileForm(ActionForm, ProfileFields):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            for name in self.fields:
                self.initial.setdefault(name, getattr(self.subject, name))


class RolesField(forms.MultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=list(ROLE_LABELS.items()), widget=forms.CheckboxSelectMultiple, label="Roles", **kwargs
        )


@asks_with(ORGANISATION, "invite")
class InviteForm(ActionForm):
    email = forms.EmailField(label="E-mail address")
    roles = RolesField()


@asks_with(ORGANISATION, "make_token")
class TokenForm(ActionForm):
    name = forms.CharField(label="What it is for", max_length=80)
    scopes = forms.MultipleChoiceField(
        label="May", choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label="Valid for days", min_value=1, max_value=366, initial=90)


@asks_with(MEMBER, "change_roles")
class RolesForm(ActionForm):
    roles = RolesField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("roles", self.subject.role_codes)


@asks_with(MEMBER, "remove")
class RemoveForm(ReasonForm):
    pass


@asks_with(MEMBER, "leave")
class LeaveForm(ActionForm):
    reason = forms.CharField(
        label="A word to your colleagues", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
