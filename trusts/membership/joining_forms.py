"""What joining, conditions, probation, hearing and notice ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from kernel.attachments import AttachmentField
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.membership.machines import MEMBERSHIP

OK = [("yes", "In order"), ("no", "Not in order")]
OUTCOMES = [("met", "It was met"), ("waived", "It is waived")]


def _day(label: str, help_text: str = "") -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, help_text=help_text, widget=widget)


def _words(label: str, help_text: str = "", required: bool = True) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(
        label=label, help_text=help_text, widget=area, min_length=5, max_length=4000, required=required
    )


class _OfMembership(ActionForm):
    def asked(self, part: str) -> list[dict[str, str]]:
        """What the charter asks for: evidence, or the check list."""
        return list(self.subject.trust.governance()["members"][part]) if self.subject is not None else []


@asks_with(MEMBERSHIP, "hand_in")
class EvidenceForm(_OfMembership):
    code = forms.ChoiceField(label="What it proves", choices=[])
    text = _words("In words", required=False)
    file = AttachmentField(label="A file", help_text="PDF, PNG, JPG, TXT or JSON, at most 10 MB. Your organisation and those who govern the trust can fetch it.")  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [(one["code"], one["label"]) for one in self.asked("evidence")]  # type: ignore[attr-defined]


@asks_with(MEMBERSHIP, "check")
class CheckForm(_OfMembership):
    code = forms.ChoiceField(label="Point", choices=[])
    ok = forms.TypedChoiceField(
        label="Found", choices=OK, coerce=lambda value: value == "yes", widget=forms.RadioSelect
    )
    note = _words("How it was found")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [(one["code"], one["text"]) for one in self.asked("checklist")]  # type: ignore[attr-defined]


def _not_past(form: forms.Form, name: str) -> Any:
    day = form.cleaned_data[name]
    if day is not None and day < timezone.localdate():
        raise forms.ValidationError("This day is over. Name one that is to come.", code="past")
    return day


@asks_with(MEMBERSHIP, "set_condition")
class ConditionForm(ActionForm):
    text = _words("What the member has to do")
    due = _day("By")

    def clean_due(self) -> Any:
        return _not_past(self, "due")


@asks_with(MEMBERSHIP, "admit")
class AdmitForm(ActionForm):
    """A condition may go with it; without one it is admitted as it is."""

    condition = _words("On condition that", "Leave it empty to admit without one.", required=False)
    due = forms.DateField(
        label="By", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("condition") and not cleaned.get("due") and "due" not in self.errors:
            self.add_error("due", "A condition needs a day. Say by when.")
        return cleaned

    def clean_due(self) -> Any:
        return _not_past(self, "due")


@asks_with(MEMBERSHIP, "close_condition")
class CloseForm(ActionForm):
    number = forms.TypedChoiceField(label="Condition", choices=[], coerce=int)
    outcome = forms.ChoiceField(label="What came of it", choices=OUTCOMES, widget=forms.RadioSelect)
    note = _words("How you know, or why it is waived")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_ = self.subject.open_conditions() if self.subject is not None else []
        self.fields["number"].choices = [(one["number"], f"{one['text']} (by {one['due']})") for one in open_]  # type: ignore[attr-defined]


@asks_with(MEMBERSHIP, "set_probation", "extend_probation")
class ProbationForm(ReasonForm):
    until = _day("Until", "The last day. Then it ends by itself.")
    field_order = ("until", "reason")

    def clean_until(self) -> Any:
        return _not_past(self, "until")


@asks_with(MEMBERSHIP, "hear")
class HearingForm(ActionForm):
    grounds = _words("On what grounds", "The organisation reads them word for word.")


@asks_with(MEMBERSHIP, "reply")
class ReplyForm(ActionForm):
    text = _words("Your organisation's reply", "Kept with the grounds, whatever is decided.")


@asks_with(MEMBERSHIP, "give_notice")
class NoticeForm(ReasonForm):
    pass
