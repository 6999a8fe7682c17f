"""Forms of a charter: founding from a template, its text and its governance as fields, and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms

from trusts.membership.charter_templates import BY_CODE, TEMPLATES, Template
from trusts.membership.governance import Governance
from trusts.membership.governance_check import GovernanceError, checked
from trusts.membership.governance_points import POINTS, Part, Point, put_at, value_at
from trusts.membership.models import KINDS


class FoundForm(forms.Form):
    """The words of a new trust; its governance and limits come with the template, and can be changed afterwards."""

    template = forms.ChoiceField(choices=[("", "")] + [(t.code, t.label) for t in TEMPLATES], required=False, widget=forms.HiddenInput)  # fmt: skip
    name = forms.CharField(label="Name", max_length=120)
    kind = forms.ChoiceField(
        label="Kind",
        choices=KINDS,
        help_text="A trust has trustees who decide for beneficiaries; an alliance is of peers; a room is for two.",
    )
    purpose = forms.CharField(label="Purpose", widget=forms.Textarea(attrs={"rows": 3}))
    charter = forms.CharField(
        label="Charter",
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="The rules in words: who may join, what data is shared for, who decides.",
    )
    open_to_apply = forms.BooleanField(label="Organisations may apply to join", required=False, initial=True)

    @classmethod
    def start(cls, template: Template) -> FoundForm:
        return cls(initial={"template": template.code, "kind": template.kind, "purpose": template.purpose, "charter": template.charter,
                            "open_to_apply": template.kind != "room"})  # fmt: skip

    def given(self) -> dict[str, Any]:
        """What `services.found` takes."""
        found = dict(self.cleaned_data)
        template = BY_CODE.get(found.pop("template"))
        more = {"governance": template.governance, "rules": template.rules or None} if template else {}
        return found | more


def _line(parts: tuple[Part, ...], record: dict[str, Any]) -> str:
    values = [(p, record.get(p.key, p.usual)) for p in parts]
    said = [{True: "yes", False: "no"}.get(value, value) if p.kind == "yes" else value for p, value in values]
    return "; ".join(str(one) for one in said)


def _record(parts: tuple[Part, ...], line: str) -> dict[str, Any]:
    """A line as a record; what cannot be read is left as it was written, and the check says what is wrong."""
    given = [one.strip() for one in line.split(";", len(parts) - 1)] + [""] * len(parts)
    found: dict[str, Any] = {}
    for part, value in zip(parts, given, strict=False):
        found[part.key] = part.usual if value == "" and part.usual is not None else value
        if part.kind == "number" and value.isdigit():
            found[part.key] = int(value)
        if part.kind == "yes" and value:
            found[part.key] = {"yes": True, "no": False}.get(value.lower(), value)
    return found


def shown(point: Point, value: Any) -> Any:
    """A value as its field shows it."""
    if point.kind == "records":
        return "\n".join(_line(point.parts, record) for record in value)
    if point.kind == "codes":
        return ", ".join(value)
    if point.kind == "weights":
        return ", ".join(f"{role} {count}" for role, count in value.items())
    return value


def read(point: Point, given: Any) -> Any:
    """What was filled in, as the governance holds it."""
    match point.kind:
        case "records":
            return [_record(point.parts, line) for line in given.splitlines() if line.strip()]
        case "codes":
            return [code.strip() for code in given.split(",") if code.strip()]
        case "weights":
            pairs = [one.rsplit(None, 1) for one in given.split(",") if one.strip()]
            return {
                p[0].strip(): int(p[1]) if len(p) > 1 and p[1].isdigit() else "".join(p[1:]) for p in pairs
            }
    return given


def _field(point: Point) -> forms.Field:
    about: dict[str, Any] = {"label": point.label, "help_text": point.help, "required": False}
    match point.kind:
        case "yes":
            return forms.BooleanField(**about)
        case "number":
            help_text = f"Empty: {point.empty}." if point.empty else ""
            return forms.IntegerField(**{**about, "required": not point.empty, "help_text": help_text}, min_value=point.low, max_value=point.high)  # fmt: skip
        case "choice":
            return forms.ChoiceField(**{**about, "required": True}, choices=[(k, v[:1].upper() + v[1:]) for k, v in (point.options or {}).items()])  # fmt: skip
        case "many":
            return forms.MultipleChoiceField(**{**about, "required": True}, choices=[(k, v[:1].upper() + v[1:]) for k, v in (point.options or {}).items()], widget=forms.CheckboxSelectMultiple)  # fmt: skip
        case "records" | "text":
            return forms.CharField(**about, widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000)
    return forms.CharField(**about, max_length=2000)


class WhyMixin(forms.Form):
    """Asked for where members vote on it."""

    def ask_why(self, asked: bool) -> None:
        if asked:
            self.fields["why"] = forms.CharField(
                label="Why it should change", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=4000,
                help_text="Members read it before they vote.",
            )  # fmt: skip


class CharterDataForm(WhyMixin):
    """Text and governance as data, for those who prefer it."""

    text = forms.CharField(label="Charter", widget=forms.Textarea(attrs={"rows": 12}))
    data = forms.CharField(
        label="Governance as JSON", widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "false"}),
        help_text="Whole, or only what differs from the usual of this kind of trust.",
    )  # fmt: skip

    def __init__(
        self, *args: Any, kind: str, text: str, governance: Governance, votes: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.initial = {"text": text, "data": json.dumps(governance.data, indent=2, ensure_ascii=False)}
        self.ask_why(votes)

    def clean_data(self) -> dict[str, Any]:
        try:
            return checked(self.kind, json.loads(self.cleaned_data["data"]))
        except ValueError as problem:
            raise forms.ValidationError(f"This is not JSON: {problem}") from problem
        except GovernanceError as problem:
            raise forms.ValidationError(
                [f"{f.path}: {f.text}. {f.remedy}." for f in problem.faults]
            ) from problem

    def governance(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cleaned_data["data"]
        return found


class CharterFieldsForm(WhyMixin):
    """Text and governance, one field for each point."""

    text = forms.CharField(label="Charter", widget=forms.Textarea(attrs={"rows": 12}))

    def __init__(
        self, *args: Any, kind: str, text: str, governance: Governance, votes: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self._governance = kind, governance
        self.initial = {"text": text}
        for point in POINTS:
            self.fields[point.path] = _field(point)
            self.initial[point.path] = shown(point, value_at(governance.data, point.path))
        self.ask_why(votes)

    def groups(self) -> Iterator[tuple[str, list[Any]]]:
        """The fields under the headings they belong to."""
        found: dict[str, list[Any]] = {}
        for point in POINTS:
            found.setdefault(point.group, []).append(self[point.path])
        yield from found.items()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        data: dict[str, Any] = {}
        for point in POINTS:
            if point.path in cleaned:
                put_at(data, point.path, read(point, cleaned[point.path]))
        try:
            self._found = checked(self.kind, data)
        except GovernanceError as problem:
            for fault in problem.faults:
                self.add_error(fault.path if fault.path in self.fields else None, f"{fault.text}. {fault.remedy}.")  # fmt: skip
        return cleaned

    def governance(self) -> dict[str, Any]:
        return self._found
