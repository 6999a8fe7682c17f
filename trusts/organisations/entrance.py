"""What an organisation asks of a session before anyone acts for it: a second factor, or its own sign-in.

And what a session may do that its own provider vouched for: act for that organisation, and nothing for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from django.utils import timezone

from trusts.organisations.models import OrganisationMember, SignInProvider
from trusts.organisations.selectors import with_second_factor

# What proves a person without any provider. A second factor proves nothing alone, but for a passkey.
PASSKEY = "passwordless"


@dataclass(frozen=True, slots=True)
class Barrier:
    """Why this session may not act for the organisation (`stops`), or from when on it may not."""

    code: str
    stops: bool
    organisation: str
    slug: str
    begins: date | None = None


@dataclass(frozen=True, slots=True)
class Proofs:
    """How this session was signed in: through which providers (`SignInProvider` ids), and whether also without one."""

    providers: frozenset[str]
    own: bool

    @property
    def bound(self) -> bool:
        """Whether an organisation's provider alone vouches for the person."""
        return bool(self.providers) and not self.own


def proofs(request: HttpRequest) -> Proofs:
    """From allauth's record of the session. A session without records, such as a demo's, counts as one's own."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    through = frozenset(
        str(one.get("provider", "")).removeprefix("organisation-")
        for one in records
        if one["method"] == "socialaccount"
    )
    own = any(one["method"] not in ("socialaccount", "mfa") or one.get(PASSKEY) for one in records)
    return Proofs(through, own or not records)


def within(places: Sequence[OrganisationMember], found: Proofs) -> list[OrganisationMember]:
    """The places in which this session may act. One query, only for a session that a provider vouches for.

    Whoever runs a provider can say of anybody in its domain that they signed in: so it counts for its organisation only.
    """
    if not found.bound:
        return list(places)
    rows = SignInProvider.objects.filter(pk__in=found.providers, state="on")
    vouched = set(rows.values_list("organisation_id", flat=True))
    return [place for place in places if place.organisation_id in vouched]


def barrier(place: OrganisationMember, request: HttpRequest, found: Proofs) -> Barrier | None:
    """What stands between this session and the place. No query unless the organisation asks for something."""
    organisation = place.organisation
    asks, today = organisation.second_factor_from, timezone.localdate()
    only_through = str(getattr(place, "only_through", None) or "")
    if not only_through and asks is None:
        return None
    if only_through and only_through in found.providers:
        return None
    protected = bool(with_second_factor([request.user.pk]))
    # If the provider fails, somebody must still be able to get in and say so.
    if only_through and not (protected and "owner" in place.role_codes):
        return Barrier("provider", True, organisation.name, organisation.slug)
    # An organisation's own sign-in asks for what it finds right; a second factor here would be a third.
    if asks is not None and not protected and not found.bound:
        return Barrier("second_factor", asks <= today, organisation.name, organisation.slug, asks)
    return None
