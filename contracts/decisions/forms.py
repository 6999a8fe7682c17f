"""The form of “what would this decide?”. Everything may be left unsaid."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.decisions.subjects import Tried
from contracts.policies.clauses import FORMATS, MODES
from contracts.policies.language.vocabulary import NS
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, place_label, purpose_label

NOT_SAID = ("", "Not said yet")
ACTIONS = [
    ("use", "Use it"), (f"{NS}train", "Train a model on it"), ("distribute", "Pass it on"),
    (f"{NS}reidentify", "Find out who someone is"),
]  # fmt: skip


class TryForm(forms.Form):
    """Who, what, what for, where, which columns, when, and how often it was used before."""

    who = forms.ChoiceField(label="Who asks")
    action = forms.ChoiceField(label="What is done with it", choices=ACTIONS)
    purpose = forms.ChoiceField(
        label="What for",
        required=False,
        choices=[NOT_SAID, *((code, purpose_label(code)) for code in PURPOSES)],
    )
    place = forms.ChoiceField(
        label="Where", required=False,
        choices=[NOT_SAID, *((c, place_label(c)) for c in [*GROUPS, *sorted(COUNTRIES, key=place_label)])],
    )  # fmt: skip
    people = forms.ChoiceField(
        label="Who fetches it", required=False, choices=[NOT_SAID, ("named_people", "People who are named"), ("organisation", "Anyone in the organisation")],
    )  # fmt: skip
    format = forms.ChoiceField(
        label="Format", required=False, choices=[NOT_SAID, *((c, said.en) for c, said in FORMATS.items())]
    )
    mode = forms.ChoiceField(
        label="What leaves", required=False, choices=[NOT_SAID, *((c, said.en) for c, said in MODES.items())]
    )
    when = forms.DateTimeField(
        label="When", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone. Empty: now.",
    )  # fmt: skip
    used = forms.IntegerField(label="Exports made before", required=False, min_value=0, max_value=1_000_000)
    columns = forms.MultipleChoiceField(label="Columns", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, tried: Tried, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(tried.version.column_types()) if tried.version else []
        fields: Any = self.fields
        fields["who"].choices = list(tried.people)
        fields["columns"].choices = [(name, name) for name in names]
        if not names:
            del self.fields["columns"]

    def request(self, tried: Tried) -> dict[str, Any]:
        """What is asked, in the language's own names; what is not said is left out."""
        said = self.cleaned_data
        found = {
            "assignee": said["who"], "target": tried.dataset.iri, "action": said["action"], "purpose": said["purpose"],
            "spatial": said["place"], "recipient": said["people"], "fileFormat": said["format"],
            "accessMode": said["mode"], "columns": said.get("columns"),
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}
