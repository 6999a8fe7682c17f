"""What a steward may correct of how a file was read; the API sends the same fields, only those that change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat

from jobs.intake import words
from jobs.intake.choosing import CHOOSE, TO_CHOOSE, Suggesting, Window, tables_first, told
from jobs.pipeline.reading import ENCODINGS, FORMATS, ON_MISFIT, TYPES, Reading
from kernel.doors import ActionForm
from kernel.registry import asks_with
from trusts.datasets.machines import VERSION
from trusts.datasets.selectors import remembered

OPEN = ("", "as guessed")
PLAIN = (
    "member", "sheet", "encoding", "delimiter", "quote", "on_ragged", "header_row", "has_header", "decimal", "thousands", "date_order", "null_words",
)  # fmt: skip
NAMED = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}


def _choices(given: dict[str, str]) -> list[tuple[str, str]]:
    """A mark that is the empty text is called none, because an empty field means: leave it."""
    return [(value or "none", text) for value, text in given.items()]


@asks_with(VERSION, "correct")
class ReadingForm(ActionForm):
    """Only what differs from the reading is a correction; a file never looked at keeps what is left open as guessed."""

    page_template, save_label = "datasets/_reading_form.html", "Save and read again"
    member = forms.CharField(label="File in the archive", max_length=200, required=False, help_text="Its name in a zip of several files.")  # fmt: skip
    sheet = forms.CharField(max_length=200, required=False, help_text="Its name in the workbook.")
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
    columns = forms.JSONField(required=False, widget=forms.HiddenInput)
    forget = forms.BooleanField(label="Forget all corrections and guess anew", required=False)

    def __init__(self, *args: Any, window: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.window = Window.of(self.data if self.is_bound else window or {})
        self.must_choose = self._must_choose()
        self._offer("member", {"bytes": lambda n: filesizeformat(n)})
        self._offer("sheet", {"hidden": lambda is_so: "hidden" if is_so else ""})
        kept = (self.subject.reading or remembered(self.subject)) if self.subject is not None else {}
        self.reading, self.known = (
            Reading.from_dict(kept) if kept.get("format") in FORMATS else None,
            dict[str, str](),
        )
        if self.reading is None:
            for field in self.fields.values():
                if isinstance(field, forms.ChoiceField) and field.choices[:1] != [CHOOSE]:
                    field.choices = [OPEN, *field.choices]  # type: ignore[misc]
            return
        for name in PLAIN:
            if not words.applies(name, self.reading.format) and name != self.must_choose:
                del self.fields[name]
            else:
                self.initial.setdefault(name, self._shown(name))
        if self.reading.format in ("parquet", "feather") or self.must_choose:
            return
        for place, name in self.window.among(self._in_order()):
            about = self.reading.columns[name]
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

    def _in_order(self) -> list[str]:
        """The columns as they stand in the file; a database may keep the keys of an object in another order."""
        first = dict.fromkeys([*self.subject.column_types(), *self.subject.preview.get("names", [])])
        place = {name: at for at, name in enumerate(first)}
        columns = self.reading.columns if self.reading else {}
        return sorted(columns, key=lambda name: place.get(name, len(first)))

    def _must_choose(self) -> str:
        """The field without which the file cannot be read, if it waits for a choice."""
        if self.subject is None or self.subject.state != "choosing":
            return ""
        return TO_CHOOSE.get(self.subject.failure.get("code", ""), "")

    def _offer(self, name: str, about: dict[str, Callable[[Any], str]]) -> None:
        """A list to choose from, where it is known; where there is nothing to choose in a file that was read, no field."""
        kept = self.subject.reading if self.subject is not None else {}
        offered, many = kept.get(f"{name}s", []), kept.get(f"{name}s_in_all", 0)
        if not offered:
            if name == self.must_choose:
                self.fields[name].required = True
            elif name == "member" and kept.get("format"):
                del self.fields[name]
            return
        old = self.fields[name]
        if many > len(offered):
            old.help_text = f"The first {len(offered):,} of {many:,} are suggested; any other may be typed."
            old.widget = Suggesting([one["name"] for one in offered])
        else:
            listed = [(one["name"], told(one, about)) for one in sorted(offered, key=tables_first)]
            chosen = name != self.must_choose
            self.fields[name] = forms.ChoiceField(label=old.label, choices=listed if chosen else [CHOOSE, *listed], required=False)  # fmt: skip
        self.fields[name].required = name == self.must_choose

    def _shown(self, name: str) -> Any:
        value = getattr(self.reading, name)
        if name == "has_header":
            return "yes" if value else "no"
        if name == "null_words":
            return ", ".join(value)
        if name == "delimiter":
            return {"\t": "tab", " ": "space"}.get(value, value)
        return value if name in ("sheet", "member") else value or "none"

    def plain(self) -> list[Any]:
        """Bound fields about the file as a whole; the choice alone while the file waits for it."""
        if self.must_choose:
            return [self[self.must_choose]]
        return [self[name] for name in PLAIN if name in self.fields]

    def rows(self) -> list[dict[str, Any]]:
        """Bound fields by column, for the page's table."""
        corrected = self.reading.corrected if self.reading else frozenset()
        return [
            {"name": name, "type": self[f"{key}_type"], "on_misfit": self[f"{key}_on_misfit"], "corrected": f"columns.{name}" in corrected}
            for key, name in self.known.items()
        ]  # fmt: skip

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
