"""What the actions on duties ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from contracts.negotiations import evidence
from contracts.negotiations.machines import DUTY
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with


class ProofForm(ActionForm):
    """A statement, and a file that proves it if there is one."""

    statement = forms.CharField(
        label="Statement", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=2000,
        help_text="What was done, where, and by whom. Kept as evidence.",
    )  # fmt: skip
    file = forms.FileField(
        label="A file that proves it", required=False,
        widget=forms.ClearableFileInput(attrs={"accept": evidence.ENDINGS}),
        help_text="For example a certificate of deletion: PDF, PNG, JPG, TXT or JSON, at most 10 MB. Only the two parties can fetch it.",
    )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if not file:
            return None
        if file.size > evidence.MOST_BYTES:
            raise forms.ValidationError(
                "The file is larger than 10 MB. Send a smaller one.", code="file.size"
            )
        try:
            evidence.kind_of(file.name, file.read())
        except evidence.NotEvidence as problem:
            raise forms.ValidationError(str(problem), code="file.kind") from problem
        file.seek(0)
        return file


@asks_with(DUTY, "fulfil")
class FulfilForm(ProofForm):
    pass


@asks_with(DUTY, "record_payment")
class PaymentForm(ProofForm):
    """When the money arrived, with the statement and perhaps the bank's confirmation."""

    paid_on = forms.DateField(
        label="Arrived on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    field_order = ("paid_on", "statement", "file")

    def clean_paid_on(self) -> Any:
        on = self.cleaned_data["paid_on"]
        if on > timezone.localdate():
            raise forms.ValidationError("This day has not come yet. Record the payment when it has arrived.")
        return on


@asks_with(DUTY, "question", "waive")
class DutyReasonForm(ReasonForm):
    pass
