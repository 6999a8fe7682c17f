"""A counter-offer, clause by clause: keep their text, change it, or remove it; and add from the library.

What was typed is kept whatever happens: when newer terms arrive, one's own changes are put onto them.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from contracts.negotiations.clause_form import TermsForm
from contracts.negotiations.turns import MOST_DAYS, REPLY_DAYS
from contracts.policies.clauses import CLAUSES
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import sentences

KEEP, CHANGE, REMOVE = "keep", "change", "remove"


class ReplyForm(forms.Form):
    """By when the other side should answer."""

    reply_days = forms.IntegerField(
        label="Answer within, in days", min_value=1, max_value=MOST_DAYS, initial=REPLY_DAYS, required=False,
        help_text=f"1 to {MOST_DAYS} days. Without an answer it lapses; they are reminded 3 days and 1 day before.",
    )  # fmt: skip


def _said(terms: dict[str, Any], consumer: str) -> dict[str, str]:
    """Clause → its sentence; empty for terms that cannot be read any more."""
    try:
        return {one.code: one.text for one in sentences(Terms.from_dict(terms), consumer)}
    except TermsError:
        return {}


class CounterForm:
    """The answer to `theirs`. Reads the page's fields `do__<clause>` beside those of the clause form."""

    def __init__(
        self, data: QueryDict | None, *, theirs: dict[str, Any], consumer: str, **given: Any
    ) -> None:
        self.theirs, self._said = theirs, _said(theirs, consumer)
        self.given = given
        blank = TermsForm(
            columns=given["columns"], terms=theirs, more=given.get("more"), own=given.get("own", ())
        )
        self._groups = {group["kind"].code: group for group in blank.groups()}
        posted = self._switched(data) if data is not None else None
        self.form = TermsForm(posted, terms=theirs, **given)
        self.does = {code: self._choice(data, code) for code in self._groups if code in theirs}
        if posted is not None:
            self._forgive()

    def _choice(self, data: QueryDict | None, code: str) -> str:
        asked = data.get(f"do__{code}", KEEP) if data is not None else KEEP
        allowed = (KEEP, CHANGE) if CLAUSES[code].required else (KEEP, CHANGE, REMOVE)
        return asked if asked in allowed else KEEP

    def _switched(self, data: QueryDict) -> QueryDict:
        """The clause form's own switches, set by what was chosen for each clause of theirs."""
        posted = data.copy()
        for code, group in self._groups.items():
            if code not in self.theirs or group["switch"] is None:
                continue
            name = group["switch"].html_name
            if self._choice(data, code) == REMOVE:
                posted.pop(name, None)
            else:
                posted[name] = "on"
        return posted

    def _forgive(self) -> None:
        """What is kept or removed was not typed: its fields cannot be wrong."""
        self.form.is_valid()
        for code, does in self.does.items():
            if does != CHANGE:
                for field in self._groups[code]["fields"]:
                    self.form.errors.pop(field.name, None)

    def is_valid(self) -> bool:
        return self.form.is_bound and not self.form.errors

    def terms(self) -> dict[str, Any]:
        """The complete terms: theirs where kept, one's own where changed or added."""
        typed = self.form.terms()
        for code, does in self.does.items():
            if does == KEEP:
                typed[code] = self.theirs[code]
            elif does == REMOVE:
                typed.pop(code, None)
        if "unexplained" in self.theirs:
            # Nobody can change what nobody can explain: it stays until the other side takes it out.
            typed["unexplained"] = self.theirs["unexplained"]
        return {code: typed[code] for code in CLAUSES if code in typed}

    def answers(self) -> list[dict[str, Any]]:
        """For the page: each clause of theirs with its sentence, choice and fields."""
        found = []
        for group in self.form.groups():
            code = group["kind"].code
            if code in self.theirs:
                found.append({**group, "code": code, "does": self.does[code], "said": self._said.get(code, ""),
                              "removable": not group["kind"].required, "changeable": bool(group["fields"])})  # fmt: skip
        return found

    def additions(self) -> list[dict[str, Any]]:
        """For the page: the clauses of the library that are not in their text."""
        return [group for group in self.form.groups() if group["kind"].code not in self.theirs]


def onto(theirs: dict[str, Any], base: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    """Their newest terms with every change that I had made to the ones I started from. Mine wins where both moved."""
    found = dict(theirs)
    for code in {*base, *mine}:
        if base.get(code) != mine.get(code):
            if code in mine:
                found[code] = mine[code]
            else:
                found.pop(code, None)
    return {code: found[code] for code in CLAUSES if code in found}


def both_moved(theirs: dict[str, Any], base: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    """The names of the clauses that both sides changed, differently: mine would replace theirs."""
    return [
        CLAUSES[code].label for code in CLAUSES
        if base.get(code) != mine.get(code) and base.get(code) != theirs.get(code) and mine.get(code) != theirs.get(code)
    ]  # fmt: skip


def as_posted(theirs: dict[str, Any], mine: dict[str, Any], given: dict[str, Any]) -> QueryDict:
    """The page's fields that would turn `theirs` into `mine`: what a person would have typed."""
    form = TermsForm(terms=mine, columns=given["columns"], more=given.get("more"), own=given.get("own", ()))
    data = QueryDict(mutable=True)
    for group in form.groups():
        code = group["kind"].code
        if code in theirs:
            data[f"do__{code}"] = (
                REMOVE if code not in mine else KEEP if mine[code] == theirs[code] else CHANGE
            )
        elif code in mine and group["switch"] is not None:
            data[group["switch"].html_name] = "on"
        for field in group["fields"]:
            _put(data, field)
    return data


def _put(data: QueryDict, field: Any) -> None:
    value = field.value()
    if isinstance(value, (list, tuple)):
        data.setlist(field.html_name, [str(item) for item in value])
    elif value is not None:
        data[field.html_name] = str(value)
