"""The clause form: each clause with a switch and its fields, to and from terms."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, place_label, purpose_label

CHECKS = forms.CheckboxSelectMultiple
PLACES = [
    (c, place_label(c)[:1].upper() + place_label(c)[1:])
    for c in [*GROUPS, *sorted(COUNTRIES, key=lambda c: place_label(c))]
]


class TermsForm(forms.Form):
    """Fields named `<clause>__<key>` and switches `use__<clause>`; `terms()` gives the values."""

    note = forms.CharField(
        label="A word to the other side",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        *args: Any,
        columns: list[str],
        terms: dict[str, Any] | None = None,
        more: list[str] | None = None,
        with_note: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        names = [(n, n) for n in columns]
        # Columns of further datasets: nothing about them can be said but that they are pseudonyms.
        secret = [*names, *((n, n) for n in more or [] if n not in columns)]
        f: dict[str, forms.Field] = {
            "purpose__any_of": forms.MultipleChoiceField(
                label="Purposes", choices=[(c, purpose_label(c)) for c in PURPOSES], widget=CHECKS
            ),
            "recipient__who": forms.ChoiceField(
                label="Who",
                choices=[
                    ("named_people", "Named people only"),
                    ("organisation", "Anyone in the organisation"),
                ],
            ),
            "place__any_of": forms.MultipleChoiceField(
                label="Places", choices=PLACES, widget=forms.SelectMultiple(attrs={"size": 6})
            ),
            "period__from": forms.DateField(
                label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            ),
            "period__until": forms.DateField(
                label="Last day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            ),
            "period__zone": forms.CharField(label="Time zone", max_length=60),
            "columns__only": forms.MultipleChoiceField(label="Columns", choices=names, widget=CHECKS),
            "exports__at_most": forms.IntegerField(label="At most"),
            "min_group_size__k": forms.IntegerField(label="At least so many rows"),
            "min_group_size__by": forms.MultipleChoiceField(label="that share", choices=names, widget=CHECKS),
            "pseudonymise__columns": forms.MultipleChoiceField(
                label="Columns", choices=secret, widget=CHECKS
            ),
            "delete_within__days": forms.IntegerField(label="Days after the end"),
            "attribution__text": forms.CharField(label="Credit line", max_length=300),
        }
        for name, field in f.items():
            field.required = False
            self.fields[name] = field
        for code, kind in CLAUSES.items():
            if not kind.required:
                self.fields[f"use__{code}"] = forms.BooleanField(label=kind.label, required=False)
        if not with_note:
            del self.fields["note"]
        self.initial.setdefault("period__zone", "Europe/Berlin")
        for code, value in (terms or {}).items():
            self.initial.setdefault(f"use__{code}", True)
            for key, item in value.items():
                self.initial.setdefault(f"{code}__{key}", item)

    def groups(self) -> list[dict[str, Any]]:
        """For the page: each clause with its switch and fields."""
        return [
            {
                "kind": kind,
                "switch": self[f"use__{code}"] if not kind.required else None,
                "fields": [self[name] for name in self.fields if name.startswith(f"{code}__")],
            }
            for code, kind in CLAUSES.items()
        ]

    def terms(self) -> dict[str, Any]:
        """What was filled in, clause by clause; only clauses that are switched on."""
        found: dict[str, Any] = {}
        for code, kind in CLAUSES.items():
            if not kind.required and not self.cleaned_data.get(f"use__{code}"):
                continue
            value = {
                name.split("__", 1)[1]: item
                for name, item in self.cleaned_data.items()
                if name.startswith(f"{code}__")
            }
            found[code] = {
                key: item.isoformat() if isinstance(item, date) else item for key, item in value.items()
            }
        return found
