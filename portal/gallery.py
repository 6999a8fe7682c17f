"""Invented values for the gallery of components: each part in each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator

from kernel.decision import ALLOW, Decision, ask, deny
from kernel.doors import Offered
from kernel.machine import Action, State

HASH = "9f3c5a1e77d04b6f8c2a90e1d3f4b5c6a7988e0f1122334455667788990ab71e"
WHEN = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Choice(Offered):
    needs_form: bool = True
    url: str = "#actions"


class _Form(forms.Form):
    """One field of each sort."""

    name = forms.CharField(label="Name of the dataset", help_text="As your partners should find it.")
    purpose = forms.ChoiceField(
        label="Purpose", choices=[("research", "Research"), ("pricing", "Pricing")], required=False
    )
    people = forms.MultipleChoiceField(
        label="Who will work with it",
        choices=[("piotr", "Piotr"), ("sam", "Sam")],
        widget=forms.CheckboxSelectMultiple,
        help_text="Only named people may open the export.",
    )
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
    agree = forms.BooleanField(label="I may speak for my organisation")


class _Upload(forms.Form):
    file = forms.FileField(label="Your file")


class _Filter(forms.Form):
    text = forms.CharField(label="Contains", required=False)
    state = forms.ChoiceField(label="State", choices=[("", "Any"), ("open", "Open")], required=False)


def _choice(name: str, label: str, kind: str, decision: Decision, **more: Any) -> _Choice:
    row = Action(name, label, frozenset({"anyone"}), frozenset({"offered"}), kind=kind)
    return _Choice(row, decision, **more)


def _words() -> dict[str, Any]:
    sentences = [
        ("may", "Meridian Insurance may use it for research.", "promised", "the partner's word"),
        ("may_not", "Meridian Insurance may not pass it on.", "watched", "audit and reminders"),
        ("must", "Meridian Insurance will receive only groups of 5 or more people.", "enforced", "the job"),
    ]
    changes = [
        ("Purpose", "wider", "wider: the partner may do more", "research", "research and pricing"),
        ("Until", "narrower", "narrower: the partner may do less", "31 December 2027", "30 June 2027"),
        ("Delete after", "added", "new term", "", "30 days after the end"),
        ("Exports", "removed", "term taken out", "at most 12", ""),
        ("Place", "same", "unchanged", "in the EU", "in the EU"),
    ]
    names = ("label", "verdict", "says", "old_text", "new_text")
    return {
        "sentences": [dict(zip(("mood", "text", "badge", "enforced_by"), s, strict=True)) for s in sentences],
        "counts": {"enforced": 1, "watched": 1, "promised": 1},
        "changes": [dict(zip(names, c, strict=True)) | {"differs": c[1] != "same"} for c in changes],
        "advice": {
            "outcome": "needs_information",
            "turning": "place is in the EU only",
            "premises": [
                _premise("party", "Meridian Insurance", "is", "an active member", True, "membership"),
                _premise("place", "not said yet", "is within", "the EU", None, "clause place"),
                _premise("purpose", "pricing", "is one of", "research", False, "clause purpose"),
            ],
        },
    }


def _premise(
    clause: str, left: str, operator: str, right: str, holds: bool | None, source: str
) -> dict[str, Any]:
    return {
        "clause": clause,
        "left": left,
        "operator": operator,
        "right": right,
        "holds": holds,
        "source": source,
    }


def _charts() -> dict[str, Any]:
    counts = [5, 12, 24, 45, 62, 87, 78, 58, 39, 22, 10, 5]
    kinds = [("s", "Flights", "source"), ("v1", "Version 1", "version"), ("v2", "Version 2", "version"),
             ("j", "J-77", "job"), ("d", "Export 1", "export"), ("m", "Meridian Insurance", "recipient")]  # fmt: skip
    return {
        "before": {"edges": list(range(0, 26, 2)), "counts": counts},
        "after": {"edges": list(range(0, 26, 2)), "counts": [0, 8, 24, 45, 62, 80, 78, 58, 39, 20, 0, 0]},
        "top": [
            {"value": v, "count": n} for v, n in (("UA", 58665), ("B6", 54635), ("EV", 54173), ("DL", 48110))
        ],
        "missing": [("dep_time", 8255), ("arr_delay", 9430), ("tailnum", 2512), ("origin", 0)],
        "total": 336776,
        "shares": [0.0] * 60 + [0.1, 0.4, 0.9, 0.5, 0.1] + [0.02] * 100 + [0.3] * 35,
        "weeks": [(f"week {i}", (i * 7) % 23) for i in range(1, 54)],
        "rules": [("complete rows", 97.2, 99.6), ("delay in range", 98.0, 100.0), ("unique key", 99.9, 99.1)],
        "trend": [96.1, 96.4, 96.0, 97.2, 97.9, 97.5, 98.1],
        "nodes": [
            {"key": k, "title": t, "kind": s, "url": "#charts", "current": k == "j"} for k, t, s in kinds
        ],
        "edges": [("s", "v1"), ("s", "v2"), ("v2", "j"), ("j", "d"), ("d", "m")],
    }


def samples() -> dict[str, Any]:
    """The context of the gallery page."""
    no = deny("sample", "Your organisation is not an active member", remedy="Ask Ada to lift the suspension",
              source="charter 2.1")  # fmt: skip
    tones = ("neutral", "active", "good", "care", "bad")
    labels = ("Draft", "In review", "In force", "Ends soon", "Refused")
    return {
        **_words(),
        **_charts(),
        "states": [State(t, label, t, "What it means for the reader.") for t, label in zip(tones, labels, strict=True)],
        "choices": [
            _choice("accept", "Accept offer 3", "primary", ALLOW, needs_form=False),
            _choice("counter", "Write counter-offer", "plain", ALLOW),
            _choice("renew", "Renew", "plain", no),
            _choice("reject", "Reject", "danger", ALLOW),
        ],
        "denied": no,
        "unknown": ask("sample", "We do not know yet where the data will be processed", remedy="Name the country"),
        "rail": [
            {"label": "Requested", "note": "3 Nov", "at": "past"},
            {"label": "Offer 1", "note": "8 Nov", "at": "past"},
            {"label": "You decide", "note": "by 2 Dec", "at": "now-at"},
            {"label": "Agreed", "note": "", "at": "ahead"},
            {"label": "In force", "note": "", "at": "ahead"},
        ],
        "events": [
            {"text": "Offer 3 was sent", "who": "Piotr, Meridian Insurance", "when": WHEN, "url": "#timeline"},
            {"text": "Offer 2 was sent", "who": "Dana, Hudson Carriers", "when": WHEN, "url": ""},
        ],
        "steps": [
            {"label": "Load", "at": "done"},
            {"label": "Suppress small groups", "at": "now"},
            {"label": "Write", "at": "ahead"},
        ],
        "failed_steps": [{"label": "Load", "at": "done"}, {"label": "Check", "at": "failed"}],
        "columns": [{"label": "Dataset", "sort": "sort=name", "sorted": "ascending"}, {"label": "Owner"},
                    {"label": "Rows", "number": True}],
        "table_rows": [
            [{"text": "Flights 2013", "url": "#table"}, "Hudson Carriers", {"text": "336,776", "number": True}],
            [{"text": "Weather", "url": "#table"}, "Tri-State Weather Office", {"text": "26,115", "number": True}],
        ],
        "page": Paginator(range(120), 50).page(2),
        "form": _Form(auto_id="plain_%s"),
        "wrong": _Form({"name": "", "reason": "Kept as typed"}, auto_id="wrong_%s"),
        "filter": _Filter(auto_id="filter_%s"),
        "upload": _Upload(auto_id="upload_%s")["file"],
        "receipt_rows": [("Contract", "C-12, version 3"), ("Rows", "331,204 of 336,776"), ("Audit entry", "1,284")],
        "tabs": [
            {"label": "Changes", "url": "#tabs", "current": True, "count": 4},
            {"label": "Whole text", "url": "#tabs", "current": False, "count": None},
            {"label": "Machine form", "url": "#tabs", "current": False, "count": None},
        ],
        "comments": [{"author": "Piotr", "place": "Meridian Insurance", "when": WHEN, "about": "Purpose",
                      "text": "Pricing would use monthly averages only."}],
        "facts": [("Owner", "Hudson Carriers"), ("Trust", "New York Air Operations Trust"), ("Contact", "")],
        "trail": [("Negotiations", "#crumbs"), ("Flights 2013", "")],
        "sample_hash": HASH,
        "command": f"echo '{HASH}  export.csv' | sha256sum --check",
    }  # fmt: skip
