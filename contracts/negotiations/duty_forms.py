"""What the actions on duties ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from contracts.negotiations.machines import DUTY
from kernel.attachments import AttachmentField
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with


class ProofForm(ActionForm):
    """A statement, and a file that proves it if there is one."""

    statement = forms.CharField(
        label="Statement", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=2000,
        help_text="What was done, where, and by whom. Kept as evidence.",
    )  # fmt: skip
    file = AttachmentField(
        label="A file that proves it",
        help_text="For example a certificate of deletion: PDF, PNG, JPG, TXT or JSON, at most 10 MB. Only the two parties can fetch it.",
    )


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
