"""What the actions on witnesses ask for."""

from __future__ import annotations

from django import forms

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.witnesses.machines import SPLIT_VIEW, WITNESS


class RegisterForm(ActionForm):
    """Both lines that `witness.py --register` prints."""

    verifier_key = forms.CharField(
        label="First line: the witness's name and key", max_length=300, widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="Begins with the name you chose, such as hudson.example/witness+…",
    )  # fmt: skip
    signature = forms.CharField(
        label="Second line: the signature", max_length=300, widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="Shows that you have the key. The key itself stays with you.",
    )  # fmt: skip


@asks_with(WITNESS, "withdraw")
class WithdrawForm(ReasonForm):
    pass


@asks_with(SPLIT_VIEW, "acknowledge")
class AcknowledgeForm(ReasonForm):
    pass
