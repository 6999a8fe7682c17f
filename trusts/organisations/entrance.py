"""What an organisation asks of a session before anyone acts for it: a second factor, from the day its owner chose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from trusts.organisations.models import OrganisationMember, User
from trusts.organisations.selectors import with_second_factor


@dataclass(frozen=True, slots=True)
class Barrier:
    """Why this session may not act for the organisation (`stops`), or from when on it may not."""

    code: str
    stops: bool
    organisation: str
    slug: str
    begins: date | None = None


def barrier(place: OrganisationMember, user: User, session: Any) -> Barrier | None:
    """What stands between this session and the place. No query unless the organisation asks for something."""
    asks, today = place.organisation.second_factor_from, timezone.localdate()
    if asks is not None and not with_second_factor([user.pk]):
        return Barrier("second_factor", asks <= today, place.organisation.name, place.organisation.slug, asks)
    return None
