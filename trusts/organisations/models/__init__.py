"""Organisations, the people in them, and what the organisation arranges about its people."""

from __future__ import annotations

from trusts.organisations.models.access import AccessReview, Domain, JoinRequest
from trusts.organisations.models.core import (
    ApiToken,
    Invitation,
    MemberRole,
    Organisation,
    OrganisationMember,
    SigningKey,
    User,
    UserManager,
)
from trusts.organisations.models.people import Deputyship, PeopleGroup
from trusts.organisations.models.signing_in import SignInProvider

__all__ = [
    "AccessReview",
    "ApiToken",
    "Deputyship",
    "Domain",
    "Invitation",
    "JoinRequest",
    "MemberRole",
    "Organisation",
    "OrganisationMember",
    "PeopleGroup",
    "SignInProvider",
    "SigningKey",
    "User",
    "UserManager",
]
