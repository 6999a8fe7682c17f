"""What signing a contract with one's own key asks for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms

from contracts.negotiations import signing
from contracts.negotiations.machines import AGREEMENT
from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.organisations.key_forms import SignatureField, signature_bytes
from trusts.organisations.models import Organisation


@asks_with(AGREEMENT, "sign")
class SignForm(ActionForm, SignatureField):
    """The signature, and the hash of what the signer was shown; refused if it is of something else."""

    page_template, save_label = "negotiations/_sign.html", "Put the signature on the contract"

    payload_sha256 = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "signature"
        ].help_text = "In base64 or hexadecimal, or a compact JWS (header..signature). This or the file below is needed."
        if self.subject is not None:
            self.initial.setdefault("payload_sha256", signing.payload_sha256(self.subject))

    @cached_property
    def texts(self) -> list[signing.ToSign]:
        """What may be signed, one for each valid key; read by the page."""
        return signing.to_sign(self.subject, self.actor.organisation_id) if self.actor else []

    @cached_property
    def home(self) -> str:
        """The page where this organisation registers its keys."""
        return (
            Organisation.objects.get(pk=self.actor.organisation_id).get_absolute_url() if self.actor else ""
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        file = cleaned.pop("file", None)
        try:
            cleaned["signature"] = signature_bytes(cleaned.get("signature", ""), file)
        except forms.ValidationError as problem:
            self.add_error("signature", problem)
        return cleaned
