"""What the actions on domains, on joining and on reviews of access ask for."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.organisations.access_machines import ACCESS_REVIEW, DOMAIN, JOINING
from trusts.organisations.forms import RolesField
from trusts.organisations.machines import ORGANISATION

# Labels of letters, digits and inner hyphens with a dot between (RFC 1123); IDNA domains in their xn-- form.
DOMAIN_NAME = re.compile(
    r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$"
)


@asks_with(ORGANISATION, "set_entrance")
class EntranceForm(ActionForm):
    second_factor_from = forms.DateField(
        label="Everybody needs a second factor from", required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: nobody must. From that day on whoever has none can only set one up. Programs with a token are not concerned.",
    )  # fmt: skip
    review_every = forms.IntegerField(
        label="Review access every … days", required=False, min_value=7, max_value=732,
        help_text="Empty: only when an owner begins one.",
    )  # fmt: skip
    review_idle = forms.IntegerField(
        label="Mark those who have not used it for … days", min_value=7, max_value=732, initial=90
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            for name in self.fields:
                self.initial.setdefault(name, getattr(self.subject, name))


@asks_with(ORGANISATION, "switch_emergencies")
class EmergenciesForm(ReasonForm):
    allowed = forms.ChoiceField(
        label="From now on they are",
        choices=[("on", "allowed"), ("off", "switched off")],
        widget=forms.RadioSelect,
    )
    field_order = ("allowed", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("allowed", "off" if self.subject.emergency_openings else "on")

    def clean_allowed(self) -> bool:
        return bool(self.cleaned_data["allowed"] == "on")


@asks_with(ORGANISATION, "claim_domain")
class DomainForm(ActionForm):
    name = forms.CharField(
        label="E-mail domain", max_length=253, help_text="What stands after the @ in your addresses, such as hudson.example"
    )  # fmt: skip

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip().lower().removeprefix("@").rstrip(".")
        if not DOMAIN_NAME.match(name):
            raise forms.ValidationError(
                "This is not a domain. Write what stands after the @ in your addresses, such as hudson.example.",
                code="domain",
            )
        return name


@asks_with(DOMAIN, "refuse")
class RefuseDomainForm(ReasonForm):
    pass


@asks_with(JOINING, "admit")
class AdmitForm(ActionForm):
    roles = RolesField()


@asks_with(JOINING, "decline")
class DeclineForm(ReasonForm):
    pass


@asks_with(ACCESS_REVIEW, "answer")
class ReviewForm(ActionForm):
    """One choice for each person; who has not used it for long must be decided on, the others are kept unless said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self.subject.people_then if self.subject is not None else []:
            last = parse_datetime(one["last_access"]) if one["last_access"] else None
            used = f"last used on {last:%d %B %Y}" if last else "never used it"
            long = f", not for {self.subject.idle_days} days" if one["idle"] else ""
            self.fields[f"person-{one['member']}"] = forms.ChoiceField(
                label=f"{one['name']} ({', '.join(one['roles']) or 'no role'}): {used}{long}",
                choices=[("keep", "Keep"), ("remove", "Remove")],
                widget=forms.RadioSelect,
                initial=None if one["idle"] else "keep",
            )
        self.fields["reason"] = forms.CharField(
            label="Why those are removed", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
            help_text="Needed if you remove somebody. Kept in the audit trail.",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        gone = [name.removeprefix("person-") for name, value in cleaned.items() if value == "remove"]
        reason = str(cleaned.get("reason", "")).strip()
        if gone and len(reason) < 5:
            self.add_error("reason", "Say why they are removed: at least five characters.")
        return {"remove_": gone, "reason": reason}
