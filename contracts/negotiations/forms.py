"""What the actions on offers, negotiations, contracts and duties ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.negotiations.machines import AGREEMENT, NEGOTIATION, OFFER
from contracts.policies.clauses import CLAUSES
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with


@asks_with(OFFER, "withdraw")
class WithdrawOfferForm(ReasonForm):
    pass


@asks_with(NEGOTIATION, "accept", "accept_request")
class AcceptForm(ActionForm):
    """The hash of what the person saw; refused if it moved."""

    policy_hash = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            last = self.subject.proposals.order_by("-number").first()
            self.initial.setdefault("policy_hash", last.policy_hash if last else "")


@asks_with(NEGOTIATION, "counter", "make_offer")
class CounterForm(ActionForm):
    """Complete terms as an object: clause code → value."""

    terms = forms.JSONField()
    note = forms.CharField(required=False, max_length=2000)


@asks_with(NEGOTIATION, "reject", "decline", "withdraw")
class EndForm(ReasonForm):
    pass


@asks_with(NEGOTIATION, "comment")
class CommentForm(ActionForm):
    text = forms.CharField(
        label="Your question or remark", widget=forms.Textarea(attrs={"rows": 3}), max_length=4000
    )
    clause = forms.ChoiceField(
        label="About",
        required=False,
        choices=[("", "the whole"), *((c.code, c.label) for c in CLAUSES.values())],
    )


@asks_with(AGREEMENT, "suspend", "terminate")
class StopForm(ReasonForm):
    pass
