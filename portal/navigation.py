"""What every page needs around its content: places, navigation, badges, theme, demo flag."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from kernel.actor import NOBODY
from portal.inbox import badge

GROUPS = [
    ("My work", [("inbox", "Inbox", "inbox"), ("notices", "Notices", "bell"), ("dashboard", "Overview", "home"), ("negotiations", "Negotiations", "chat-bubble-left-right"),
                 ("requests", "Requests", "document-text"), ("jobs", "Jobs", "cog-6-tooth")]),
    ("Explore", [("catalogue", "Datasets", "circle-stack"), ("recipes", "Recipes", "beaker"), ("trusts", "Trusts", "user-group"), ("contracts", "Contracts", "document-check")]),
    ("Assurance", [("audit", "Audit trail", "shield-check"), ("evidence", "Evidence", "archive-box"), ("stop", "Stop", "stop-circle")]),
    ("Manage", [("people", "Organisation", "building-office-2"), ("grants", "Rights", "lock-open"), ("tokens", "Tokens", "key")]),
]  # fmt: skip


# For the operator of the installation, besides.
OPERATOR = (
    "Operate",
    [
        ("claimed_domains", "Domains", "globe-alt"),
        ("witnesses", "Log witnesses", "eye"),
        ("emergencies", "Emergencies", "exclamation-triangle"),
    ],
)


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor for all templates."""
    actor = getattr(request, "actor", NOBODY)
    # Fragments have no side list; counting for them would be work for nothing.
    counts = bool(actor.user_id) and not getattr(request, "htmx", False)
    known = badge.numbers(request) if counts else badge.Numbers(0, 0)
    theme = request.COOKIES.get("theme", "")
    places = getattr(request, "places", [])
    acting = next((one.organisation for one in places if one.organisation_id == actor.organisation_id), None)
    return {
        "actor": actor,
        "places": places,
        "merged": acting if acting and acting.merged_into_id else None,
        "demo_mode": settings.DEMO,
        "theme": theme if theme in ("light", "dark") else "",
        "barrier": getattr(request, "barrier", None),
        "navigation": _groups(request, known) if actor.user_id else [],
        "log_alarm": known.alarm,
    }


def _groups(request: HttpRequest, known: badge.Numbers) -> list[dict[str, Any]]:
    found = []
    shown = {
        "inbox": {
            "badge": badge.said(known.waiting or 0),
            "fetch": known.waiting is None,
            "means": "waiting",
        },
        "notices": {"badge": known.unread, "means": "unread"},
    }
    operates = request.actor.is_operator  # type: ignore[attr-defined]
    for label, entries in [*GROUPS, *([OPERATOR] if operates else [])]:
        items = []
        for name, text, icon in entries:
            url = reverse(name)
            current = request.path == url or (len(url) > 1 and request.path.startswith(url))
            items.append({"label": text, "url": url, "icon": icon, "current": current, **shown.get(name, {})})
        found.append({"label": label, "items": items})
    return found
