"""What a new account is asked besides address and password."""

from __future__ import annotations

from typing import Any

from django import forms


class SignupForm(forms.Form):
    """allauth lays it under its own form and calls `signup` once the account exists."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As colleagues and partners know you. It stands beside what you decide.",
    )
    field_order = ("name", "email", "password1", "password2")

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def signup(self, request: Any, user: Any) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
