"""What is asked of a place where data stays, by kind. Secrets are typed anew each time; they are never shown."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.datasets import places
from trusts.datasets.forms import KeywordsField
from trusts.datasets.machines import SOURCE
from trusts.datasets.models import EVERY
from trusts.organisations.models import Organisation

SSL = [
    ("verify-full", "Encrypted, and the certificate names the host"),
    ("require", "Encrypted"),
    ("prefer", "Encrypted if the server can"),
]
TYPE_AGAIN = "Sealed when saved and never shown again. After an error, type it again."


def secret(label: str, **more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, widget=widget, required=False, max_length=400, strip=False, **more)


def fields_of(kind: str, roots: list[str]) -> dict[str, forms.Field]:
    """The fields of one kind of place, in their order."""
    if kind == "folder":
        below = f" Allowed for your organisation: {', '.join(roots)}." if roots else ""
        help_text = f"As the workers see it; all files ending in .parquet below it are one table.{below}"
        return {"path": forms.CharField(label="Folder", max_length=1000, help_text=help_text)}
    if kind == "s3":
        return {
            "url": forms.CharField(label="Address", max_length=1000, help_text="s3://bucket/path of one file, or of a folder of Parquet files."),
            "endpoint": forms.CharField(label="Endpoint", max_length=300, required=False, help_text="Such as https://minio.example.org:9000. Leave it empty for Amazon."),
            "region": forms.CharField(label="Region", max_length=40, required=False),
            "key": secret("Access key", help_text="Leave both keys empty for data that anyone may read. " + TYPE_AGAIN),
            "secret": secret("Secret key"),
        }  # fmt: skip
    return {
        "host": forms.CharField(label="Host", max_length=200),
        "port": forms.IntegerField(label="Port", min_value=1, max_value=65535, initial=5432, required=False),
        "database": forms.CharField(label="Database", max_length=63),
        "user": forms.CharField(label="Account", max_length=63, help_text="It may read the table and nothing else; an account that may write is refused."),
        "password": secret("Password", help_text=TYPE_AGAIN),
        "sslmode": forms.ChoiceField(label="Connection", choices=SSL, initial="require"),
        "table": forms.CharField(label="Table", max_length=130, required=False, help_text="Such as public.flights. Or write a query instead."),
        "query": forms.CharField(label="Query", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 6}), help_text="One SELECT."),
    }  # fmt: skip


@asks_with(SOURCE, "change")
class SourceForm(ActionForm):
    """The place's address and secrets. `kind` of a new place; else that of the subject."""

    save_label = "Save"

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind or (self.subject.address["kind"] if self.subject is not None else "")
        mine = Organisation.objects.filter(pk=getattr(self.actor, "organisation_id", None)).first()
        self.slug = mine.slug if mine else ""
        self.fields.update(fields_of(self.kind, places.roots_of(self.slug)))
        if self.subject is not None and self.subject.address.get("kind") == self.kind:
            for name in places.ADDRESSES[self.kind]:
                self.initial.setdefault(name, self.subject.address.get(name, ""))

    def clean_url(self) -> str:
        given: str = self.cleaned_data["url"].strip().rstrip("/")
        if not places.BUCKET.fullmatch(given):
            raise forms.ValidationError(
                "Write s3://bucket/path; a bucket has small letters, digits, dots and dashes."
            )
        return given

    def clean_endpoint(self) -> str:
        given: str = self.cleaned_data["endpoint"].strip().rstrip("/").lower()
        given = given if not given or "://" in given else f"https://{given}"
        if given and not places.ENDPOINT.fullmatch(given):
            raise forms.ValidationError(
                "An endpoint is https:// and a host, with a port if need be, and no more."
            )
        return given

    def clean_region(self) -> str:
        given: str = self.cleaned_data["region"].strip().lower()
        if given and not places.REGION.fullmatch(given):
            raise forms.ValidationError("A region has letters, digits and dashes, such as eu-central-1.")
        return given

    def clean_path(self) -> str:
        given: str = self.cleaned_data["path"].strip()
        if not given.startswith("/"):
            raise forms.ValidationError("Write the whole path, from / on.")
        return given

    def clean_table(self) -> str:
        given: str = self.cleaned_data["table"].strip()
        if given and not re.fullmatch(r"[^.\s]+(\.[^.\s]+)?", given):
            raise forms.ValidationError("Write table or schema.table; for other names write a query.")
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        wrong = set(self.errors)
        if (
            self.kind == "postgres"
            and "table" not in wrong
            and bool(data.get("table")) == bool(data.get("query"))
        ):
            self.add_error("table", "Write either a table or a query.")
        if self.kind == "s3" and bool(data.get("key")) != bool(data.get("secret")):
            self.add_error("secret" if data.get("key") else "key", "Write both keys or none.")
        if self.errors:
            return data
        names = places.ADDRESSES[self.kind]
        address = {"kind": self.kind, **{n: data[n] for n in names if data.get(n) not in ("", None)}}
        reason = places.refusal(address, self.slug)
        if reason is not None:
            self.add_error(
                reason.field, forms.ValidationError(f"{reason.text}. {reason.remedy}.", code=reason.code)
            )
            return data
        about = {name: value for name, value in data.items() if name not in fields_of(self.kind, [])}
        return {
            **about,
            "address": address,
            "secrets": {n: data[n] for n in places.SECRETS[self.kind] if data.get(n)},
        }


@asks_with(SOURCE, "schedule")
class ScheduleForm(ActionForm):
    save_label = "Save"
    every = forms.ChoiceField(label="Look whether it changed", choices=EVERY, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("every", self.subject.every)


class RegisterPlaceForm(SourceForm):
    """A new dataset whose data stays where it is."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    title = forms.CharField(label="Title", max_length=160, help_text="As a colleague would call it.")
    summary = forms.CharField(label="In one sentence", max_length=300, required=False)
    keywords = KeywordsField(label="Keywords", required=False, help_text="Separated by commas")
    provenance = forms.CharField(
        label="Where it comes from", widget=forms.Textarea(attrs={"rows": 3}), required=False,
        help_text="Source, and your right to share it. You can write this later.",
    )  # fmt: skip
