"""What proposing, voting and the rest ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.membership.models import Membership, Trust
from trusts.organisations.models import Organisation
from trusts.proposals.effects import EFFECTS
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import CHOICES, KINDS


@asks_with(PROPOSAL, "vote")
class VoteForm(ActionForm):
    """An open vote says why; a secret one must not."""

    choice = forms.ChoiceField(label="Your organisation's vote", choices=CHOICES, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 3}), min_length=5, max_length=2000,
        help_text="Kept in the audit trail and shown to all members.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None and self.subject.secret:
            del self.fields["reason"]
            self.fields["choice"].help_text = "Nobody is shown what you vote. You get a code by which you find your ballot in the result."  # fmt: skip


@asks_with(PROPOSAL, "delegate")
class DelegateForm(ActionForm):
    to = forms.ModelChoiceField(label="Member that votes for yours", queryset=Organisation.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None and self.actor is not None:
            seats = self.subject.seats.filter(barred="", delegate=None).exclude(organisation_id=self.actor.organisation_id)  # fmt: skip
            self.fields["to"].queryset = Organisation.objects.filter(pk__in=seats.values("organisation")).order_by("name")  # type: ignore[attr-defined]  # fmt: skip


@asks_with(PROPOSAL, "comment")
class CommentForm(ActionForm):
    text = forms.CharField(label="Comment", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)


@asks_with(PROPOSAL, "recuse", "withdraw")
class ProposalReasonForm(ReasonForm):
    pass


class ProposeForm(forms.Form):
    """A proposal on a member, or on the trust's end. A change of the charter is written on the charter's page."""

    kind = forms.ChoiceField(label="What is proposed")
    member = forms.ModelChoiceField(
        label="Organisation", queryset=Membership.objects.none(), required=False,
        help_text="The member, or the applicant, that it is about.",
    )  # fmt: skip
    why = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 5}), min_length=10, max_length=4000,
        help_text="Members read it before they vote. A member that would be expelled reads it too.",
    )  # fmt: skip

    def __init__(self, *args: Any, trust: Trust, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        voted = trust.governance().voted()
        self.kinds = [k for k, effect in EFFECTS.items() if k in voted and not effect.own_page]
        self.fields["kind"].choices = [(k, label) for k, label in KINDS if k in self.kinds]  # type: ignore[attr-defined]
        states = {state for kind in self.kinds for state in EFFECTS[kind].on}
        found = (
            trust.memberships.filter(state__in=states)
            .select_related("organisation")
            .order_by("organisation__name")
        )
        self.fields["member"].queryset = found  # type: ignore[attr-defined]
        self.fields["member"].label_from_instance = lambda m: f"{m.organisation.name} ({m.state})"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        effect = EFFECTS.get(cleaned.get("kind", ""))
        member = cleaned.get("member")
        if effect and effect.on and (member is None or member.state not in effect.on):
            self.add_error("member", "Choose the organisation that this is about.")
        if effect and not effect.on:
            cleaned["member"] = None
        return cleaned
