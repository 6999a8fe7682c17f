"""What the actions on offers, negotiations, contracts and duties ask for."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms

from contracts.charters.clause_form import PLACES
from contracts.negotiations import care
from contracts.negotiations.machines import AGREEMENT, NEGOTIATION, OFFER
from contracts.negotiations.models import AnswerRule
from contracts.negotiations.turns import MOST_DAYS
from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import PURPOSES, purpose_label
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with


@asks_with(OFFER, "withdraw")
class WithdrawOfferForm(ReasonForm):
    pass


@asks_with(NEGOTIATION, "accept", "accept_request")
class AcceptForm(ActionForm):
    """The hash of what the person saw, refused if it moved; and each term confirmed that needs care."""

    policy_hash = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)
    confirmed = forms.MultipleChoiceField(
        label="Read and confirmed", required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            last = self.subject.proposals.order_by("-number").first()
            self.initial.setdefault("policy_hash", last.policy_hash if last else "")
            looked_at = care.of(last) if last else []
            chosen = cast(forms.MultipleChoiceField, self.fields["confirmed"])
            chosen.choices = [(one.code, f"{one.label}: {one.because}") for one in looked_at]
            if not looked_at:
                del self.fields["confirmed"]


@asks_with(NEGOTIATION, "counter", "make_offer")
class CounterForm(ActionForm):
    """Complete terms as an object: clause code → value; for programs and pages without a form of their own."""

    terms = forms.JSONField()
    note = forms.CharField(required=False, max_length=2000)
    reply_days = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_DAYS, help_text="Days to answer; 14 if left out"
    )
    answers = forms.IntegerField(
        required=False,
        min_value=1,
        help_text="The number of the turn that this answers; refused if a newer one came",
    )
    also = forms.JSONField(
        required=False,
        help_text="Ids of the further datasets from this turn on; left out, they stay as they are",
    )

    def clean_also(self) -> list[UUID] | None:
        given = self.cleaned_data["also"]
        if given is None:
            return None
        if not isinstance(given, list):
            raise forms.ValidationError("Give a list of ids.")
        try:
            return [UUID(str(one)) for one in given]
        except ValueError:
            raise forms.ValidationError("One of these is no id.") from None


@asks_with(NEGOTIATION, "reject", "decline", "withdraw")
class EndForm(ReasonForm):
    pass


class RuleForm(forms.Form):
    """What the portal may answer by itself: what it accepts, and what it rejects."""

    name = forms.CharField(
        label="Name of the rule", max_length=80, min_length=3, help_text="Both sides see it as who answered."
    )
    accepts = forms.BooleanField(
        label="Accept terms that are the same as the standing offer or narrower", required=False
    )
    purposes = forms.MultipleChoiceField(
        label="Reject any purpose outside", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(code, purpose_label(code)) for code in PURPOSES],
        help_text="Tick the purposes that may be discussed. None ticked: no purpose is rejected.",
    )  # fmt: skip
    places = forms.MultipleChoiceField(
        label="Reject any place outside", required=False, widget=forms.SelectMultiple(attrs={"size": 6}), choices=PLACES,
        help_text="None chosen: no place is rejected.",
    )  # fmt: skip
    days = forms.IntegerField(
        label="Reject a period longer than, in days", required=False, min_value=1, max_value=36_500
    )
    exports = forms.IntegerField(
        label="Reject more exports than", required=False, min_value=1, max_value=100_000
    )

    def __init__(self, *args: Any, rule: AnswerRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now: dict[str, Any] = {"name": "accept narrower", "accepts": True}
        if rule is not None:
            now = {"name": rule.name, "accepts": rule.accepts, **rule.refuses}
        for key, value in now.items():
            self.initial.setdefault(key, value)

    def given(self) -> dict[str, Any]:
        """Arguments of `automatic.lay_down`."""
        found = dict(self.cleaned_data)
        return {"name": found.pop("name"), "accepts": found.pop("accepts"), "refuses": found}


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


@asks_with(AGREEMENT, "suspend", "terminate", "refuse_signature")
class StopForm(ReasonForm):
    pass
