"""The forms of the rules page: one rule with the fields of its kind, and a data contract to read."""

from __future__ import annotations

from typing import Any

from django import forms

from trusts.datasets import odcs
from trusts.datasets.expectations import KINDS, SEVERITIES, Rule, RuleFault
from trusts.datasets.models import Dataset
from trusts.datasets.rulebook import imported, one_cleaned, other_datasets, types_of

MOST_CHOICES = 500
FIELDS: dict[str, Any] = {
    "min": lambda: forms.CharField(label="At least", required=False, max_length=60),
    "max": lambda: forms.CharField(label="At most", required=False, max_length=60),
    "pattern": lambda: forms.CharField(label="Pattern", max_length=500, help_text="A regular expression (RE2 syntax) that the whole value matches."),
    "values": lambda: forms.CharField(label="Values", widget=forms.Textarea(attrs={"rows": 6}), help_text="One per line."),
    "their_column": lambda: forms.CharField(label="Its column", max_length=200),
    "days": lambda: forms.CharField(label="Days", max_length=12, widget=forms.TextInput(attrs={"inputmode": "numeric"})),
}  # fmt: skip


class RuleForm(forms.Form):
    """One rule of one kind. `cleaned_data["made"]` is the rule as it is kept."""

    def __init__(
        self, *args: Any, dataset: Dataset, kind: str, rule: Rule | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dataset, self.kind, self.rule, self.types = dataset, kind, rule, types_of(dataset)
        about = KINDS[kind]
        if about.column != "none":
            self.fields["column"] = self._column(about.column)
        if "dataset" in about.asks:
            choices = [(str(d.pk), d.title_text) for d in other_datasets(dataset)]
            self.fields["dataset"] = forms.ChoiceField(label="The other dataset", choices=choices)
        for name in about.asks:
            if name in FIELDS:
                self.fields[name] = FIELDS[name]()
        self.fields["severity"] = forms.ChoiceField(
            label="If it is broken", widget=forms.RadioSelect, initial="warn",
            choices=[("warn", "Warn"), ("must", "It must hold: mark the version visibly")],
        )  # fmt: skip
        self.fields["note"] = forms.CharField(label="Why this rule", required=False, max_length=300)
        for name, value in (rule or {}).items():
            if name in self.fields:
                self.initial[name] = "\n".join(value) if name == "values" else value
        if rule and rule.get("columns"):
            self.initial["column"] = (
                rule["columns"]
                if isinstance(self.fields["column"], forms.MultipleChoiceField)
                else ", ".join(rule["columns"])
            )

    def _column(self, how: str) -> forms.Field:
        names = list(self.types or {})
        more = "Columns" if how == "many" else "Column"
        if not 0 < len(names) <= MOST_CHOICES:
            many = " Several are separated by commas." if how == "many" else ""
            return forms.CharField(
                label=more, required=how != "maybe", help_text=f"The column's exact name.{many}"
            )
        choices = [(name, name) for name in names]
        if how == "many":
            return forms.MultipleChoiceField(label="Columns", choices=choices, widget=forms.SelectMultiple(attrs={"size": min(len(names), 8)}),
                                             help_text="Choose one, or several that together must differ (Ctrl or ⌘ and click).")  # fmt: skip
        return forms.ChoiceField(label="Column", required=how != "maybe",
                                 choices=[("", "The version itself"), *choices] if how == "maybe" else choices)  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        column = data.pop("column", "")
        if KINDS[self.kind].column == "many":
            names = (
                column if isinstance(column, list) else [n.strip() for n in column.split(",") if n.strip()]
            )
            data["columns"] = names
        elif column:
            data["column"] = column
        try:
            made = one_cleaned(
                {**data, "rule": self.kind, "id": (self.rule or {}).get("id")}, self.dataset, self.types
            )
        except RuleFault as fault:
            field = fault.field if fault.field in self.fields else None
            raise forms.ValidationError({field: fault.text} if field else fault.text) from None
        return {**data, "made": made}


class ContractForm(forms.Form):
    """A contract as a file or as text; `cleaned_data["found"]` is what it holds for this dataset."""

    file = forms.FileField(label="File", required=False, help_text="In YAML, version 3.1 of the standard.")
    text = forms.CharField(
        label="Or its text", required=False, widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})
    )

    def __init__(self, *args: Any, dataset: Dataset, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dataset = dataset

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if file := data.get("file"):
            if file.size > odcs.MOST_BYTES:
                raise forms.ValidationError({"file": "The contract is larger than 1 MB."})
            try:
                data["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise forms.ValidationError({"file": "The file is not UTF-8 text."}) from None
        if not data.get("text"):
            raise forms.ValidationError("Choose a file or paste the contract.")
        try:
            data["found"] = imported(data["text"], self.dataset)
        except odcs.OdcsFault as fault:
            raise forms.ValidationError({"file" if data.get("file") else "text": str(fault)}) from None
        return data


__all__ = ["SEVERITIES", "ContractForm", "RuleForm"]
