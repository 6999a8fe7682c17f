"""The clause form, made from the library: each clause with a switch and its fields, to and from terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django import forms

from contracts.policies.clauses import CLAUSES, ClauseKind
from contracts.policies.clauses.base import Field
from contracts.policies.clauses.lines import (
    read_coarser,
    read_conditions,
    show_coarser,
    show_conditions,
)
from contracts.policies.taxonomy import COUNTRIES, GROUPS, place_label

CHECKS = forms.CheckboxSelectMultiple
PLACES = [
    (c, place_label(c)[:1].upper() + place_label(c)[1:])
    for c in [*GROUPS, *sorted(COUNTRIES, key=lambda c: place_label(c))]
]
_AREA = {"rows": 3, "spellcheck": "false"}


class Lines(forms.CharField):
    """A list written one thing a line; `read` and `show` turn it into the clause's value and back."""

    def __init__(self, read: Callable[[str], Any], show: Callable[[Any], str], **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs=_AREA), max_length=20_000, **kwargs)
        self._read, self._show = read, show

    def to_python(self, value: Any) -> Any:
        return self._read(super().to_python(value) or "")

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else self._show(value)


def _plain(written: str) -> list[str]:
    return [line.strip() for line in written.splitlines() if line.strip()]


def _picked(own: Sequence[dict[str, Any]]) -> Callable[[list[str]], list[dict[str, Any]]]:
    by_code = {one["code"]: one for one in own}
    return lambda chosen: [by_code[code] for code in chosen if code in by_code]


class OwnClauses(forms.MultipleChoiceField):
    """The trust's own clauses, ticked by code; the value keeps their texts."""

    def __init__(self, own: Sequence[dict[str, Any]], **kwargs: Any) -> None:
        verbs = {"may": "may", "may_not": "may not", "must": "must"}
        choices = [(one["code"], f"The partner {verbs[one['mood']]} {one['en']}") for one in own]
        super().__init__(choices=choices, widget=CHECKS, **kwargs)
        self._pick = _picked(own)

    def clean(self, value: Any) -> Any:
        return self._pick(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return [v["code"] if isinstance(v, dict) else v for v in value or []]


class TermsForm(forms.Form):
    """Fields named `<clause>__<key>` and switches `use__<clause>`; `terms()` gives the values.

    `columns`: of the dataset. `more`: columns of further datasets that may be pseudonyms. `own`: the clauses that
    the trust has written itself. What an imported policy holds that cannot be explained stays as it is.
    """

    partial = False  # every clause can be left out

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
        own: Sequence[dict[str, Any]] = (),
        with_note: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.before = terms or {}
        self.columns, self.more = columns, more or []
        # A clause that stands in the terms stays choosable when the trust has withdrawn it since.
        standing = (self.before.get("own") or {}).get("clauses", [])
        self.own = list({one["code"]: one for one in (*own, *standing)}.values())
        for kind in self.kinds():
            for field in kind.fields:
                made = self._field(field)
                made.required = False
                made.help_text = made.help_text or field.help.en
                self.fields[f"{kind.code}__{field.name}"] = made
        for kind in self.kinds():
            if self._switched(kind):
                self.fields[f"use__{kind.code}"] = forms.BooleanField(label=kind.label, required=False)
        # What an imported policy holds that nobody can explain goes along, word for word.
        kept = self.before.get("unexplained")
        self.fields["unexplained"] = forms.JSONField(required=False, widget=forms.HiddenInput)
        self.initial.setdefault("unexplained", kept)
        if not with_note:
            del self.fields["note"]
        for code, value in self.before.items():
            self.initial.setdefault(f"use__{code}", True)
            for key, item in value.items() if code != "unexplained" else ():
                self.initial.setdefault(f"{code}__{key}", item)
        # After what stands: a default never takes the place of what the terms say.
        self.initial.setdefault("period__zone", "Europe/Berlin")
        for kind in self.kinds():
            for key, item in kind.default.items():
                self.initial.setdefault(f"{kind.code}__{key}", item)

    def kinds(self) -> list[ClauseKind]:
        """The clauses that can be chosen here: a trust's own only if there are some."""
        hidden = {"unexplained"} | (set() if self.own else {"own"})
        return [kind for code, kind in CLAUSES.items() if code not in hidden]

    def _switched(self, kind: ClauseKind) -> bool:
        return self.partial or not kind.required

    def _field(self, field: Field) -> forms.Field:
        label = field.label.en
        named = [(n, n) for n in self.columns]
        match field.kind:
            case "choices":
                return forms.MultipleChoiceField(label=label, choices=[(c, s.en) for c, s in field.choices], widget=CHECKS)  # fmt: skip
            case "choice":
                return forms.ChoiceField(label=label, choices=[(c, s.en) for c, s in field.choices])
            case "places":
                return forms.MultipleChoiceField(label=label, choices=PLACES, widget=forms.SelectMultiple(attrs={"size": 6}))  # fmt: skip
            case "day":
                return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))  # fmt: skip
            case "zone":
                return forms.CharField(label=label, max_length=60)
            case "number":
                return forms.IntegerField(label=label)
            case "columns":
                return forms.MultipleChoiceField(label=label, choices=named, widget=CHECKS)
            case "secret_columns":
                # Columns of further datasets: nothing about them can be said but that they are pseudonyms.
                more = [(n, n) for n in self.more if n not in self.columns]
                return forms.MultipleChoiceField(label=label, choices=[*named, *more], widget=CHECKS)
            case "conditions":
                return Lines(read_conditions, show_conditions, label=label)
            case "coarser":
                return Lines(read_coarser, show_coarser, label=label)
            case "lines":
                return Lines(_plain, "\n".join, label=label)
            case "own":
                return OwnClauses(self.own, label=label)
            case _:
                return forms.CharField(label=label, max_length=300)

    def groups(self) -> list[dict[str, Any]]:
        """For the page: each clause with its switch and fields."""
        return [
            {
                "kind": kind,
                "switch": self[f"use__{kind.code}"] if self._switched(kind) else None,
                "fields": [self[f"{kind.code}__{field.name}"] for field in kind.fields],
                "standing": kind.code in self.before,
            }
            for kind in self.kinds()
        ]

    def terms(self) -> dict[str, Any]:
        """What was filled in, clause by clause; only clauses that are switched on."""
        found: dict[str, Any] = {}
        for kind in self.kinds():
            if self._switched(kind) and not self.cleaned_data.get(f"use__{kind.code}"):
                continue
            found[kind.code] = {
                field.name: item.isoformat() if isinstance(item, date) else item
                for field in kind.fields
                for item in [self.cleaned_data.get(f"{kind.code}__{field.name}")]
            }
        if self.cleaned_data.get("unexplained"):
            found["unexplained"] = self.cleaned_data["unexplained"]
        return found
