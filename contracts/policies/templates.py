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
    careful: dict[str, Any] = {
        "no_reidentification": {},
        "no_onward_transfer": {},
        "inform_breach": {"hours": 24},
    }
    if personal:
        careful["pseudonymise"] = {"columns": personal}
    named = {"recipient": {"who": "named_people"}}
    year = {"period": _period(today, 365, zone)}
    gone: dict[str, Any] = {
        "delete_within": {"days": 30},
        "if_late": {"then": ["notify_trust", "suspend_downloads"]},
    }
    return [
        Template("research", "Open research", "Research in the EEA for a year; credit; delete afterwards.", {
            "purpose": {"any_of": ["research"]}, **named, "place": {"any_of": ["EEA"]}, **year,
            "exports": {"at_most": 12}, **gone, "attribution": {"text": "Data provided through Commonhold"}, **careful,
        }),
        Template("evaluation", "One-off evaluation", "One export to see whether the data is of use; then it is deleted.", {
            "purpose": {"any_of": ["ai_evaluation", "research", "statistics"]}, **named, "place": {"any_of": ["EEA"]},
            "period": _period(today, 30, zone), "exports": {"at_most": 1}, "rows_total": {"at_most": 100_000},
            "download_within": {"days": 7}, **gone, "delete_within": {"days": 14}, "watermark": {}, "no_ai_training": {}, **careful,
        }),
        Template("training", "AI training, no onward transfer", "Train and evaluate models; data stays with the partner.", {
            "purpose": {"any_of": ["ai_training", "ai_evaluation"]}, **named, "place": {"any_of": ["EU"]},
            "period": _period(today, 180, zone), "exports": {"at_most": 2}, "watermark": {},
            "report_use": {"every_days": 90}, **gone, **careful,
        }),
        Template("statistics", "Statistics only", "Counts and averages leave, never single rows.", {
            "purpose": {"any_of": ["statistics"]}, **named, **year, "exports": {"at_most": 24}, "aggregate_only": {"k": 10}, **careful,
        }),
        Template("clean_room", "Clean room only", "Results that were summed up inside the portal, reviewed one by one.", {
            "purpose": {"any_of": ["research", "statistics", "service_improvement"]}, **named, **year,
            "access_mode": {"any_of": ["clean_room"]}, "aggregate_only": {"k": 10}, "exports": {"at_most": 24},
            "download_within": {"days": 14}, "no_ai_training": {}, **careful,
        }),
        Template("pilot", "Pilot of 90 days", "One partner tries it out; few exports; then everything is deleted.", {
            "purpose": {"any_of": ["service_improvement", "statistics"]}, **named, "place": {"any_of": ["EEA"]},
            "period": _period(today, 90, zone), "exports": {"at_most": 3}, "watermark": {}, **gone,
            "delete_within": {"days": 14}, "report_use": {"every_days": 30}, **careful,
        }),
    ]  # fmt: skip
