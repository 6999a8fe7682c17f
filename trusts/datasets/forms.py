"""What the actions on datasets and versions ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.datasets.expectations import RuleFault
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.rulebook import all_cleaned


class KeywordsField(forms.CharField):
    """Words separated by commas, cleaned to a list without repetitions."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            value = ", ".join(str(item) for item in value)
        words = [word.strip() for word in (super().to_python(value) or "").split(",")]
        return list(dict.fromkeys(word for word in words if word))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class FileToRegister(forms.FileField):
    """A file within the installation's limit; empty files are named as such."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if isinstance(found, UploadedFile) and (found.size or 0) > settings.UPLOAD_MAX_BYTES:
            limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
            raise forms.ValidationError(
                f"{found.name} has {filesizeformat(found.size)}; this portal takes files up to {limit}. "
                "Compress it (gzip) or split it.",
                code="too_large",
            )
        return found


FILE_HELP = (
    "CSV and its kin, JSON, JSON Lines, Excel (XLSX), ODS, Parquet or Arrow; plain, gzip, zstd or zip. "
    "The original is kept byte for byte and never leaves under other terms than yours."
)


class FileOrUpload(forms.Form):
    """A file sent with the form, or the id of an upload that was sent in pieces before."""

    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    file = FileToRegister(
        label="File",
        help_text=FILE_HELP,
        error_messages={"empty": "This file is empty (0 bytes). Choose another."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and str(self.data.get("upload") or "").strip():
            self.fields["file"].required = False
            self.fields[
                "file"
            ].help_text = "Your file is here already. Choose one only to send another instead."


@asks_with(DATASET, "describe")
class DescriptionForm(ActionForm):
    save_label = "Save the description"
    title_text = forms.CharField(label="Title", max_length=160)
    summary = forms.CharField(label="In one sentence", max_length=300, required=False)
    description = forms.CharField(
        label="Description",
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
        help_text="What it holds, how it was made, what it is good for and what not.",
    )
    keywords = KeywordsField(label="Keywords", required=False, help_text="Separated by commas")
    provenance = forms.CharField(
        label="Where it comes from",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="Source, collection, earlier processing, and your right to share it.",
    )
    contact_email = forms.EmailField(label="Contact", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            for name in self.fields:
                self.initial.setdefault(name, getattr(self.subject, name))


class RegisterForm(FileOrUpload):
    """The first step: what it is called, and the file."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    title = forms.CharField(label="Title", max_length=160, help_text="As a colleague would call it.")
    summary = forms.CharField(
        label="In one sentence",
        max_length=300,
        required=False,
        help_text="Shown in the catalogue once you publish. Until then only your organisation sees it.",
    )
    keywords = KeywordsField(label="Keywords", required=False, help_text="Separated by commas")
    provenance = forms.CharField(
        label="Where it comes from",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="Source, and your right to share it. You can write this later.",
    )
    field_order = ["id", "title", "summary", "keywords", "provenance", "upload", "file"]


@asks_with(DATASET, "set_rules")
class RulesForm(ActionForm):
    """All rules as a list of objects; each is checked against the newest version's columns."""

    save_label = "Save the rules"
    rules = forms.JSONField(
        label="Rules as JSON", required=False, widget=forms.Textarea(attrs={"rows": 12}), initial=list,
        help_text="A list of objects with rule, column and what the rule needs.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            self.initial.setdefault("rules", self.subject.rules)

    def clean_rules(self) -> list[dict[str, Any]]:
        try:
            return all_cleaned(self.cleaned_data.get("rules") or [], self.subject)
        except RuleFault as fault:
            raise forms.ValidationError(fault.text, code=fault.field) from None


@asks_with(DATASET, "add_version")
class VersionForm(FileOrUpload, ActionForm):
    sends_file = True


@asks_with(DATASET, "retire")
class RetireForm(ReasonForm):
    pass


@asks_with(VERSION, "retire")
class RetireVersionForm(ReasonForm):
    pass


@asks_with(VERSION, "describe_columns")
class DictionaryForm(ActionForm):
    """Meaning, unit and sensitivity of each column, as `columns`: name → {description, unit, personal}."""

    page_template, save_label = "datasets/_dictionary_form.html", "Save the dictionary"
    columns = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = list(self.subject.columns.all()) if self.subject is not None else []
        for column in self.known:
            key = f"c{column.position}"
            self.fields[f"{key}_description"] = forms.CharField(
                required=False, max_length=500, label=f"Meaning of {column.name}", initial=column.description
            )
            self.fields[f"{key}_unit"] = forms.CharField(
                required=False, max_length=40, label=f"Unit of {column.name}", initial=column.unit
            )
            self.fields[f"{key}_personal"] = forms.BooleanField(
                required=False, label=f"{column.name} may identify a person", initial=column.personal
            )

    def rows(self) -> list[dict[str, Any]]:
        """Bound fields by column, for the page's table."""
        return [
            {
                "column": column,
                "description": self[f"c{column.position}_description"],
                "unit": self[f"c{column.position}_unit"],
                "personal": self[f"c{column.position}_personal"],
            }
            for column in self.known
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = data.get("columns")
        if given:
            unknown = sorted(set(given) - {column.name for column in self.known})
            if unknown:
                raise forms.ValidationError(
                    f"There is no column {', '.join(unknown)} in this version.", code="unknown_column"
                )
            return {"columns": given}
        chosen = {
            column.name: {
                "description": data.get(f"c{column.position}_description", ""),
                "unit": data.get(f"c{column.position}_unit", ""),
                "personal": data.get(f"c{column.position}_personal", False),
            }
            for column in self.known
        }
        return {"columns": chosen}
