"""What the actions on an organisation's signing keys ask for."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from kernel.doors import ActionForm, ReasonForm
from kernel.public_keys import KeyFault, bytes_of, read_public_key
from kernel.registry import asks_with
from trusts.organisations.keys import challenge
from trusts.organisations.machines import ORGANISATION

MOST_BYTES = 16 * 1024


def signature_bytes(text: str, file: Any) -> bytes:
    """What was pasted or uploaded, as it came. Raises ValidationError for both, none, or far too much."""
    if file is not None:
        if text:
            raise forms.ValidationError("Paste the signature or upload a file, not both.", code="both")
        if file.size > MOST_BYTES:
            raise forms.ValidationError("This file is too large to be a signature.", code="large")
        return bytes(file.read())
    if not text:
        raise forms.ValidationError("Paste the signature, or upload the file with it.", code="none")
    return text.encode()


class SignatureField(forms.Form):
    """A signature pasted as text or uploaded as a file."""

    signature = forms.CharField(
        label="Signature as text", required=False, max_length=MOST_BYTES, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In base64 or hexadecimal. This or the file below is needed.",
    )  # fmt: skip
    file = forms.FileField(label="Signature as a file", required=False)


@asks_with(ORGANISATION, "register_key")
class RegisterKeyForm(ActionForm, SignatureField):
    page_template, save_label = "organisations/_register_key.html", "Register this key"

    public_key = forms.CharField(
        label="Public key", max_length=MOST_BYTES, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="A JWK, a PEM (BEGIN PUBLIC KEY), or 32 bytes in hexadecimal or base64. Never the private key.",
    )  # fmt: skip
    valid_until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Leave it empty if the key has no end yet.",
    )  # fmt: skip
    field_order = ["public_key", "signature", "file", "valid_until"]

    @property
    def challenge(self) -> str:
        return challenge(self.subject)

    def clean_public_key(self) -> bytes:
        try:
            return read_public_key(self.cleaned_data["public_key"])
        except KeyFault as fault:
            raise forms.ValidationError(str(fault), code="key") from fault

    def clean_valid_until(self) -> datetime | None:
        day = self.cleaned_data["valid_until"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59))) if day else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        file = cleaned.pop("file", None)
        try:
            given = signature_bytes(cleaned.get("signature", ""), file)
            cleaned["signature"] = given if len(given) == 64 else bytes_of(given.decode())
        except forms.ValidationError as problem:
            self.add_error("signature", problem)
        except ValueError:
            self.add_error("signature", "This is no signature that can be read: 64 bytes, or them in base64 or hexadecimal.")  # fmt: skip
        return cleaned


@asks_with(ORGANISATION, "revoke_key")
class RevokeKeyForm(ReasonForm):
    key = forms.TypedChoiceField(label="Key", coerce=int)
    since = forms.DateTimeField(
        label="Stolen since", widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text="The first moment at which someone else may have had the key. What was signed before it still counts.",
    )  # fmt: skip
    field_order = ["key", "since", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("since", timezone.now().replace(microsecond=0))
        if self.subject is not None:
            choice: Any = self.fields["key"]
            choice.choices = [
                (
                    row.pk,
                    f"{row.key_id}, {row.get_held_by_display()}, since {timezone.localtime(row.valid_from):%d %B %Y}",
                )  # type: ignore[attr-defined]
                for row in self.subject.signing_keys.all()
            ]
