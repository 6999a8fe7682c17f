"""What the actions on trusts and memberships ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import ROLES, STANDING
from trusts.membership.trust_machine import TRUST
from trusts.organisations.models import Organisation


@asks_with(TRUST, "edit")
class EditForm(ActionForm):
    purpose = forms.CharField(label="Purpose", widget=forms.Textarea(attrs={"rows": 3}))
    open_to_apply = forms.BooleanField(label="Organisations may apply to join", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("purpose", self.subject.purpose)
            self.initial.setdefault("open_to_apply", self.subject.open_to_apply)


@asks_with(TRUST, "change_charter")
class CharterForm(ActionForm):
    """The text; for programs also the rules as data. On pages charter_views has a form with a field for each rule."""

    text = forms.CharField(label="Charter", widget=forms.Textarea(attrs={"rows": 14}))
    governance = forms.JSONField(
        label="Governance as data", required=False,
        help_text="Whole, over the usual of this kind of trust. Empty: it stays as it is.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = self.subject.charters.first() if self.subject is not None else None
        if last:
            self.initial.setdefault("text", last.text)


@asks_with(TRUST, "wind_up")
class WindUpForm(ReasonForm):
    pass


@asks_with(TRUST, "invite")
class InviteForm(ActionForm):
    organisation = forms.ModelChoiceField(label="Organisation", queryset=Organisation.objects.none())
    role = forms.ChoiceField(label="Role", choices=ROLES, initial="consumer")
    message = forms.CharField(label="Message", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Organisation.objects.filter(state="active").order_by("name")
        if self.subject is not None:
            found = found.exclude(memberships__in=self.subject.memberships.filter(state__in=STANDING))
        self.fields["organisation"].queryset = found  # type: ignore[attr-defined]


class ApplyForm(forms.Form):
    role = forms.ChoiceField(
        label="We want to be", choices=[r for r in ROLES if r[0] != "trustee"], initial="consumer"
    )
    message = forms.CharField(
        label="Why we want to join", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )


@asks_with(MEMBERSHIP, "change_role")
class RoleForm(ActionForm):
    role = forms.ChoiceField(label="Role", choices=ROLES, help_text="Who governs and votes goes by this one.")
    also = forms.MultipleChoiceField(
        label="Also", choices=[r for r in ROLES if r[0] != "trustee"], required=False, widget=forms.CheckboxSelectMultiple,
        help_text="What these let a member do, it may do as well.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            # What was asked for comes first, and what it was before beside it.
            asked = self.subject.role_asked.get("role")
            also = [*self.subject.also, *([self.subject.role] if asked else [])]
            self.initial = {"role": asked or self.subject.role, "also": also} | self.initial


@asks_with(MEMBERSHIP, "ask_role")
class AskRoleForm(ReasonForm):
    role = forms.ChoiceField(label="The role that you need", choices=ROLES)
    field_order = ("role", "reason")


LEVELS = [
    (1, "1: basic: passwords, updates, backups"),
    (2, "2: managed: named people are responsible, access is recorded"),
    (3, "3: audited: an outside audit, such as ISO 27001, within three years"),
    (4, "4: high: encrypted at rest, two-factor sign-in everywhere, tested every year"),
    (5, "5: isolated: a closed environment, nothing can be taken out unseen"),
]


@asks_with(MEMBERSHIP, "attest_level")
class LevelForm(ActionForm):
    """The level, the day it was found, and how."""

    level = forms.TypedChoiceField(label="Security level", choices=LEVELS, coerce=int)
    on = forms.DateField(label="Found on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    note = forms.CharField(
        label="How it was found", widget=forms.Textarea(attrs={"rows": 3}), min_length=5, max_length=2000,
        help_text="For example the number of the audit report. Members of the trust can read it.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", timezone.localdate())
        if self.subject is not None:
            self.initial.setdefault("level", self.subject.security_level)

    def clean_on(self) -> Any:
        on = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise forms.ValidationError("This day has not come yet. Name the day on which it was found.")
        return on


@asks_with(
    MEMBERSHIP,
    "suspend",
    "leave",
    "expel",
    "refuse",
    "decline",
    "fail_probation",
    "close_hearing",
    "keep_role",
)
class MembershipReasonForm(ReasonForm):
    pass
