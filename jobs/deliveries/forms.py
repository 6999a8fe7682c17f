"""What the actions on exports ask for."""

from __future__ import annotations

import re

from django import forms

from jobs.deliveries.machines import DELIVERY
from kernel.doors import ReasonForm
from kernel.registry import asks_with

MOST_TOKENS = 100


@asks_with(DELIVERY, "revoke")
class RevokeForm(ReasonForm):
    pass


@asks_with(DELIVERY, "look_up")
class LookUpForm(ReasonForm):
    tokens = forms.CharField(
        label="Tokens", widget=forms.Textarea(attrs={"rows": 4}), max_length=20_000,
        help_text=f"Up to {MOST_TOKENS}, separated by spaces, commas or lines.",
    )  # fmt: skip
    field_order = ["tokens", "reason"]

    def clean_tokens(self) -> list[str]:
        found = list(
            dict.fromkeys(part for part in re.split(r"[\s,;]+", self.cleaned_data["tokens"]) if part)
        )
        if not found:
            raise forms.ValidationError("Give at least one token.", code="tokens")
        if len(found) > MOST_TOKENS:
            raise forms.ValidationError(
                f"{len(found)} tokens are too many at once; at most {MOST_TOKENS}.", code="tokens"
            )
        return found
