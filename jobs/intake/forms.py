"""What a steward may correct of how a file was read; the API sends the same fields, only those that change."""

from __future__ import annotations

from typing import Any

from django import forms

from jobs.intake import words
from jobs.pipeline.reading import ENCODINGS, FORMATS, ON_MISFIT, TYPES, Reading
from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.datasets.machines import VERSION
from trusts.datasets.selectors import remembered

SHOWN = 200
OPEN = ("", "as guessed")
PLAIN = (
    "encoding", "delimiter", "quote", "on_ragged", "header_row", "has_header", "decimal", "thousands", "date_order", "null_words", "sheet",
)  # fmt: skip
NAMED = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}


def _choices(given: dict[str, str]) -> list[tuple[str, str]]:
    """A mark that is the empty text is called none, because an empty field means: leave it."""
    return [(value or "none", text) for value, text in given.items()]


@asks_with(VERSION, "correct")
class ReadingForm(ActionForm):
    """Only what differs from the reading is a correction; a file never looked at keeps what is left open as guessed."""

    page_template, save_label = "datasets/_reading_form.html", "Save and read again"
    encoding = forms.ChoiceField(choices=[(e, e) for e in ENCODINGS], required=False)
    delimiter = forms.CharField(max_length=9, required=False, strip=False, help_text="One character, or the word tab or space.")  # fmt: skip
    quote = forms.ChoiceField(label="Quotes around text", choices=_choices(words.QUOTES), required=False)
    on_ragged = forms.ChoiceField(label="Rows with too few or too many cells", choices=_choices(words.ON_RAGGED), required=False)  # fmt: skip
    header_row = forms.IntegerField(label="The table begins on line", min_value=1, max_value=1000, required=False, help_text="Counted from 1. What stands above it is left out.")  # fmt: skip
    has_header = forms.ChoiceField(label="That line holds", choices=[("yes", "column names"), ("no", "values, no names")], required=False)  # fmt: skip
    decimal = forms.ChoiceField(label="Decimal mark", choices=_choices(words.DECIMALS), required=False)
    thousands = forms.ChoiceField(label="Thousands mark", choices=_choices(words.THOUSANDS), required=False)
    date_order = forms.ChoiceField(
        label="Order in dates", choices=_choices(words.DATE_ORDERS), required=False
    )
    null_words = forms.CharField(label="Words for missing", max_length=1000, required=False, help_text="Separated by commas. An empty cell is always missing; in text columns words stay, since NA may be a name.")  # fmt: skip
    sheet = forms.CharField(max_length=200, required=False, help_text="Its name in the workbook.")
    columns = forms.JSONField(required=False, widget=forms.HiddenInput)
    forget = forms.BooleanField(label="Forget all corrections and guess anew", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = (self.subject.reading or remembered(self.subject)) if self.subject is not None else {}
        self.reading, self.known = (
            Reading.from_dict(kept) if kept.get("format") in FORMATS else None,
            dict[str, str](),
        )
        if self.reading is None:
            for field in self.fields.values():
                if isinstance(field, forms.ChoiceField):
                    field.choices = [OPEN, *field.choices]  # type: ignore[misc]
            return
        for name in PLAIN:
            if not words.applies(name, self.reading.format):
                del self.fields[name]
            else:
                self.initial.setdefault(name, self._shown(name))
        if self.reading.format in ("parquet", "feather"):
            return
        for place, (name, about) in enumerate(list(self.reading.columns.items())[:SHOWN]):
            self.known[f"c{place}"] = name
            self.fields[f"c{place}_type"] = forms.ChoiceField(
                label=f"Type of {name}",
                choices=[(t, t) for t in TYPES],
                initial=about["type"],
                required=False,
            )
            self.fields[f"c{place}_on_misfit"] = forms.ChoiceField(
                label=f"What does not fit in {name}", choices=_choices(words.ON_MISFIT), initial=about["on_misfit"], required=False
            )  # fmt: skip

    def _shown(self, name: str) -> Any:
        value = getattr(self.reading, name)
        if name == "has_header":
            return "yes" if value else "no"
        if name == "null_words":
            return ", ".join(value)
        if name == "delimiter":
            return {"\t": "tab", " ": "space"}.get(value, value)
        return value if name == "sheet" else value or "none"

    def plain(self) -> list[Any]:
        """Bound fields about the file as a whole."""
        return [self[name] for name in PLAIN if name in self.fields]

    def rows(self) -> list[dict[str, Any]]:
        """Bound fields by column, for the page's table."""
        corrected = self.reading.corrected if self.reading else frozenset()
        return [
            {"name": name, "type": self[f"{key}_type"], "on_misfit": self[f"{key}_on_misfit"], "corrected": f"columns.{name}" in corrected}
            for key, name in self.known.items()
        ]  # fmt: skip

    def more(self) -> int:
        """Columns beyond those on the page; the API takes them by name."""
        return max(len(self.reading.columns) - SHOWN, 0) if self.reading and self.known else 0

    def clean_delimiter(self) -> str:
        given: str = self.cleaned_data["delimiter"]
        found = NAMED.get(given.strip().lower(), given if len(given) == 1 else given.strip())
        if len(found) > 1 or found in ("\r", "\n", '"'):
            raise forms.ValidationError(
                "The delimiter is one character and no quote, or the word tab or space."
            )
        return found

    def clean_columns(self) -> dict[str, dict[str, str]]:
        """{name: {type, on_misfit}}, either of them, for columns that the file has."""
        given = self.cleaned_data.get("columns") or {}
        if not isinstance(given, dict):
            raise forms.ValidationError("Give an object: column → type and on_misfit.")
        for name, about in given.items():
            if self.reading is None or name not in self.reading.columns:
                raise forms.ValidationError(f"There is no column {name[:80]} in what was read.")
            allowed = {"type": TYPES, "on_misfit": ON_MISFIT}
            if not isinstance(about, dict) or any(v not in allowed.get(k, ()) for k, v in about.items()):
                raise forms.ValidationError(f"{name[:80]}: type is one of {', '.join(TYPES)}; on_misfit one of {', '.join(ON_MISFIT)}.")  # fmt: skip
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.errors:
            return data
        base = self.reading or Reading()
        if data.get("forget"):
            return {"reading": {**Reading(format=base.format).as_dict(), "anew": True}}
        changes = {name: value for name in PLAIN if (value := self._meant(name, data)) is not None}
        if self.reading is not None:
            changes = {name: value for name, value in changes.items() if value != getattr(base, name)}
        columns = {name: about for name, about in self._columns(data).items() if about}
        if not changes and not columns:
            raise forms.ValidationError("Nothing is different from how it was read. Change what is wrong.")
        if changes.get("thousands", base.thousands) == changes.get("decimal", base.decimal):
            self.add_error("thousands", "The decimal mark and the thousands mark cannot be the same.")
            return data
        if changes.get("delimiter", base.delimiter) == changes.get("quote", base.quote):
            self.add_error("quote", "The delimiter and the quotes cannot be the same.")
            return data
        try:
            return {"reading": base.correct({**changes, "columns": columns}).as_dict()}
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def _meant(self, name: str, data: dict[str, Any]) -> Any:
        """The value in the reading's own form, or None where the field was left out or open."""
        value = data.get(name)
        if name == "null_words":
            if name not in self.data or (self.reading is None and not value):
                return None
            return tuple(dict.fromkeys(w.strip() for w in str(value).split(",") if w.strip()))
        if value in ("", None):
            return None
        return value == "yes" if name == "has_header" else "" if value == "none" else value

    def _columns(self, data: dict[str, Any]) -> dict[str, dict[str, str]]:
        found = {}
        for key, name in self.known.items():
            was = self.reading.columns[name] if self.reading else {}
            given = {part: data.get(f"{key}_{part}") or was[part] for part in ("type", "on_misfit")}
            found[name] = given if given != dict(was) else {}
        for name, about in (data.get("columns") or {}).items():
            found[name] = {**(self.reading.columns[name] if self.reading else {}), **about}
        return found
