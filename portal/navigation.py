"""What every page needs around its content: places, navigation, badges, demo flag."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from kernel.actor import NOBODY


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor for all templates."""
    return {
        "actor": getattr(request, "actor", NOBODY),
        "places": getattr(request, "places", []),
        "demo_mode": settings.DEMO,
        "navigation": [],
    }
