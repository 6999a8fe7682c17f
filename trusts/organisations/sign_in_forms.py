"""What setting up a sign-in provider asks for."""

from __future__ import annotations

from typing import Any

from django import forms

from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.sign_in_machines import PROVIDER


class ProviderFields(ActionForm):
    issuer = forms.URLField(
        label="Issuer", max_length=400, assume_scheme="https",
        help_text="The provider's address, as its documentation gives it, such as https://login.hudson.example",
    )  # fmt: skip
    client_id = forms.CharField(
        label="Client id", max_length=191, help_text="From registering the portal at your provider."
    )
    client_secret = forms.CharField(
        label="Client secret", max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Kept sealed; never shown again.",
    )  # fmt: skip

    def clean_issuer(self) -> str:
        issuer = str(self.cleaned_data["issuer"]).strip()
        if "?" in issuer or "#" in issuer or "@" in issuer:
            raise forms.ValidationError("An issuer is an address without ?, # and @.", code="issuer")
        return issuer.removesuffix("/.well-known/openid-configuration").rstrip("/")


@asks_with(ORGANISATION, "set_up_provider")
class SetUpForm(ProviderFields):
    pass


@asks_with(PROVIDER, "change")
class ChangeForm(ProviderFields):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_secret"].required = False
        self.fields["client_secret"].help_text = "Empty: as it is."
        if self.subject is not None:
            self.initial.setdefault("issuer", self.subject.issuer)
            self.initial.setdefault("client_id", self.subject.client_id)
