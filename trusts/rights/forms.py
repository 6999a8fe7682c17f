"""What granting and taking back ask for."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.organisations.models import User
from trusts.rights.emergency_machine import EMERGENCY
from trusts.rights.emergency_rules import LEAST
from trusts.rights.kinds import LONGEST_DAYS, Kind
from trusts.rights.machines import GRANT

asks_with(GRANT, "revoke")(ReasonForm)


@asks_with(GRANT, "grant")
class GrantForm(ActionForm):
    """`kinds`: what the person may grant here."""

    kind = forms.ChoiceField(label="Right", widget=forms.RadioSelect)
    person = forms.EmailField(label="Person", help_text="The address with which the person signs in here.")
    until = forms.DateField(
        label="Until and including",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=f"At most {LONGEST_DAYS} days from now. It ends by itself.",
    )
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        min_length=5,
        max_length=2000,
        help_text="Shown beside it for as long as it holds, and kept in the audit trail.",
    )

    def __init__(self, *args: Any, kinds: list[Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.code, f"{kind.label}: {kind.means}") for kind in kinds]  # type: ignore[attr-defined]
        if len(kinds) == 1:
            # What there is to choose is chosen.
            self.initial.setdefault("kind", kinds[0].code)

    def clean_person(self) -> User:
        found = User.objects.filter(email=self.cleaned_data["person"].lower(), is_active=True).first()
        if found is None:
            raise forms.ValidationError(
                "Nobody signs in here with this address. Ask the person to sign up first, or look for a slip of the pen.",
                code="unknown",
            )
        return found

    def clean_until(self) -> datetime:
        """The end of that day where the person is."""
        day: date = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


for name in ("cut_off", "justify", "object_to"):
    asks_with(EMERGENCY, name)(ReasonForm)


@asks_with(EMERGENCY, "open")
class EmergencyForm(ActionForm):
    kind = forms.ChoiceField(
        label="What",
        choices=[("dataset", "A dataset"), ("agreement", "A contract"), ("request", "A request")],
    )
    what = forms.CharField(
        label="Which",
        max_length=400,
        help_text="Its reference, such as C-4F7A2C, or the address of its page. The people who ask for help have it.",
    )
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        help_text=f"At least {LEAST} characters: what happened, who asked, what you must see. The organisations concerned and the trustees read it at once, and judge it afterwards.",
    )

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"])
        length = len(" ".join(reason.split()))
        if length < LEAST:
            raise forms.ValidationError(
                f"This is {length} of at least {LEAST} characters. Say what happened, who asked, and what you must see.",
                code="short",
            )
        return reason
