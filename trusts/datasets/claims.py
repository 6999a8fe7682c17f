"""Who names a version of data: later stations register how to find out, so that a named version stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

Claim = Callable[[UUID], bool]

_claims: list[Claim] = []


def claims(asks: Claim) -> Claim:
    """Decorator: this function says whether something of its station names the version of this id."""
    if asks not in _claims:
        _claims.append(asks)
    return asks


def is_named(version_id: UUID) -> bool:
    """Whether an offer, negotiation, agreement or anything else registered here names the version."""
    return any(asks(version_id) for asks in _claims)
