"""Complete offers to start from. A steward picks one and changes what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    code: str
    label: str
    help: str
    values: dict[str, Any]


def _period(today: date, days: int, zone: str) -> dict[str, str]:
    return {"from": today.isoformat(), "until": (today + timedelta(days=days)).isoformat(), "zone": zone}


def templates(today: date, zone: str, personal: list[str]) -> list[Template]:
    """All templates for a dataset whose `personal` columns may identify someone."""
    careful: dict[str, Any] = {"no_reidentification": {}, "no_onward_transfer": {}}
    if personal:
        careful["pseudonymise"] = {"columns": personal}
    return [
        Template("research", "Open research", "Research in the EEA for a year; credit; delete afterwards.", {
            "purpose": {"any_of": ["research"]}, "recipient": {"who": "named_people"}, "place": {"any_of": ["EEA"]},
            "period": _period(today, 365, zone), "exports": {"at_most": 12}, "delete_within": {"days": 30},
            "attribution": {"text": "Data provided through Commonhold"}, **careful,
        }),
        Template("pilot", "Pilot of 90 days", "One partner tries it out; few exports; then everything is deleted.", {
            "purpose": {"any_of": ["service_improvement", "statistics"]}, "recipient": {"who": "named_people"},
            "place": {"any_of": ["EEA"]}, "period": _period(today, 90, zone), "exports": {"at_most": 3},
            "delete_within": {"days": 14}, **careful,
        }),
        Template("statistics", "Statistics only", "Counts and averages; small groups removed.", {
            "purpose": {"any_of": ["statistics"]}, "recipient": {"who": "named_people"},
            "period": _period(today, 365, zone), "exports": {"at_most": 24}, **careful,
        }),
        Template("training", "AI training, no onward transfer", "Train and evaluate models; data stays with the partner.", {
            "purpose": {"any_of": ["ai_training", "ai_evaluation"]}, "recipient": {"who": "named_people"},
            "place": {"any_of": ["EU"]}, "period": _period(today, 180, zone), "exports": {"at_most": 2},
            "delete_within": {"days": 30}, **careful,
        }),
    ]  # fmt: skip
