"""What agreeing to an exception asks for, and the form of a charter's limits."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.charters.clause_form import Lines, TermsForm
from contracts.charters.machines import EXEMPTION
from contracts.policies.charter import LIMITABLE, MEASURES, NEEDS, USUAL_NEED
from contracts.policies.clauses import CLAUSES, ClauseKind
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with


@asks_with(EXEMPTION, "agree", "agree_trustee")
class AgreeForm(ActionForm):
    reason = forms.CharField(
        label="Your reason", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=2000,
        help_text="Kept in the audit trail and shown to the provider and the trustees.",
    )  # fmt: skip


@asks_with(EXEMPTION, "refuse")
class RefuseForm(ReasonForm):
    pass


def read_own(written: str) -> list[dict[str, str]]:
    """Lines like `quarterly-call; must; join the quarterly call; am Quartalsgespräch teilnehmen`."""
    moods = {"may": "may", "may not": "may_not", "must": "must"}
    found = []
    for line in written.splitlines():
        if line.strip():
            code, mood, en, de = ([part.strip() for part in line.split(";", 3)] + ["", "", "", ""])[:4]
            found.append({"code": code, "mood": moods.get(mood.lower(), mood), "en": en, "de": de})
    return found


def show_own(found: list[dict[str, str]]) -> str:
    return "\n".join(f"{c['code']}; {c['mood'].replace('_', ' ')}; {c['en']}; {c['de']}" for c in found)


class RulesForm(TermsForm):
    """Limits for all contracts of a trust: each clause with a switch, its widest value, and who may go beyond."""

    partial = True

    def __init__(self, *args: Any, rules: dict[str, Any], votes: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, columns=[], terms=rules.get("limits") or {}, with_note=False, **kwargs)
        needs = [(code, said.en[:1].upper() + said.en[1:]) for code, said in NEEDS.items()]
        labels = {"longest_days": "Longest period in days", "smallest_group": "Smallest group of rows"}
        for name, (low, high) in MEASURES.items():
            self.fields[name] = forms.IntegerField(
                label=labels[name], required=False, min_value=low, max_value=high
            )
            self.initial.setdefault(name, rules.get(name))
        self.fields["pseudonyms"] = forms.BooleanField(label="Columns that may identify someone leave as pseudonyms only", required=False)  # fmt: skip
        self.initial.setdefault("pseudonyms", rules.get("pseudonyms", False))
        for code in self.needed():
            self.fields[f"needs__{code}"] = forms.ChoiceField(
                label="To go beyond it", choices=needs, required=False
            )
            self.initial.setdefault(f"needs__{code}", (rules.get("needs") or {}).get(code, USUAL_NEED))
        self.fields["clauses"] = Lines(
            read_own, show_own, label="Clauses of the trust", required=False,
            help_text="One a line: code; must, may or may not; English; German. For example: quarterly-call; must; join the quarterly call; am Quartalsgespräch teilnehmen",
        )  # fmt: skip
        self.initial.setdefault("clauses", rules.get("clauses", []))
        self.offers = rules.get("offers", [])
        self.fields["keep_offers"] = forms.MultipleChoiceField(
            label="Templates of the trust", required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(one["code"], one["label"]) for one in self.offers],
            help_text="Untick one to take it out. A new one is made from a published offer, on the offer's page.",
        )  # fmt: skip
        self.initial.setdefault("keep_offers", [one["code"] for one in self.offers])
        if votes:
            self.fields["why"] = forms.CharField(
                label="Why it should change", widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=4000,
                help_text="Members read it before they vote.",
            )  # fmt: skip

    def needed(self) -> list[str]:
        return [*LIMITABLE, "period", "min_group_size", "pseudonymise"]

    def kinds(self) -> list[ClauseKind]:
        return [CLAUSES[code] for code in LIMITABLE]

    def groups(self) -> list[dict[str, Any]]:
        return [{**group, "needs": self[f"needs__{group['kind'].code}"]} for group in super().groups()]

    def measures(self) -> list[tuple[Any, Any]]:
        """The three limits that are no clause, each with what it takes to go beyond."""
        pairs = (
            ("longest_days", "period"),
            ("smallest_group", "min_group_size"),
            ("pseudonyms", "pseudonymise"),
        )
        return [(self[name], self[f"needs__{code}"]) for name, code in pairs]

    def rules(self) -> dict[str, Any]:
        """What was filled in, as the charter keeps it."""
        given = self.cleaned_data
        limits = self.terms()
        beyond = {code: given.get(f"needs__{code}") or USUAL_NEED for code in self.needed()}
        measured = {"period": given.get("longest_days"), "min_group_size": given.get("smallest_group"), "pseudonymise": given.get("pseudonyms")}  # fmt: skip
        return {
            "limits": limits,
            "needs": {code: need for code, need in beyond.items() if code in limits or measured.get(code)},
            **{name: given[name] for name in (*MEASURES, "pseudonyms") if given.get(name)},
            "clauses": given.get("clauses") or [],
            "offers": [one for one in self.offers if one["code"] in given.get("keep_offers", [])],
        }
