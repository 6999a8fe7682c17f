"""Puts the actor on the request: the person and the organisation acted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone

from kernel.actor import NOBODY
from trusts.membership.selectors import active_trust_ids
from trusts.organisations.entrance import barrier, proofs, within
from trusts.organisations.people import touch
from trusts.organisations.selectors import actor_for, places_of
from trusts.organisations.views import SESSION_KEY
from trusts.rights.emergencies import opened_by
from trusts.rights.selectors import any_right, granted_to

# Where someone may go whom the organisation acted for does not let in yet: to set up what it asks for, to act for another
# organisation, and what needs no organisation. Programs bring a token, which stands for itself.
OPEN = ("/accounts/", "/settings/", "/organisation/switch/", "/organisation/entrance/", "/invitations/", "/demo/", "/help/", "/status/",
        "/healthz", "/readyz", "/static/", "/api/", "/receipts/", "/sign-in/")  # fmt: skip
# What makes up a person's own way in: not to be changed by whom an organisation's provider vouches for.
OWN = (
    "/accounts/email/",
    "/accounts/password/",
    "/accounts/2fa/",
    "/accounts/3rdparty/",
    "/accounts/reauthenticate/",
)


class NoControlCharacters:
    """An address with a NUL byte is nobody's honest request, and databases stumble over it: 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path:
            return HttpResponseBadRequest(
                "This address holds a character that no text may hold. Take it out and try again.\n",
                content_type="text/plain; charset=utf-8",
            )
        return self.get_response(request)


class ActorMiddleware:
    """`request.actor` and `request.places`. A choice of organisation lives in the session and
    falls back to the first place when it is no longer held."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            request.actor, request.places = NOBODY, []  # type: ignore[attr-defined]
            return self.get_response(request)
        signed = proofs(request)
        places = within(places_of(user, granted=any_right()), signed)
        if signed.bound and request.path.startswith(OWN):
            return render(request, "organisations/only_own.html", status=403)
        wanted = request.session.get(SESSION_KEY)
        place = next((p for p in places if str(p.organisation_id) == wanted), places[0] if places else None)
        trusts = active_trust_ids(place.organisation_id) if place else frozenset()
        request.places = places  # type: ignore[attr-defined]
        with timezone.override(_zone(user.zone)):
            found = barrier(place, request, signed) if place else None
            stopped = found is not None and found.stops
            request.barrier = found  # type: ignore[attr-defined]
            # Without a place it was not looked up along with it.
            asks = not stopped and (place is None or place.granted)  # type: ignore[attr-defined]
            granted = granted_to(user.pk, place.organisation_id if place else None) if asks else ()
            if user.is_staff and not stopped and not signed.bound:
                granted += opened_by(user.pk)
            request.actor = actor_for(  # type: ignore[attr-defined]
                user, None if stopped else place, frozenset() if stopped else trusts, granted=granted
            )
            if signed.bound:
                # An organisation's provider makes nobody an operator of the installation, and lets nobody in elsewhere.
                own = tuple(one for one in granted if place and one.organisation_id == place.organisation_id)
                request.actor = replace(request.actor, is_operator=False, granted=own)  # type: ignore[attr-defined]
            if place is not None and not stopped:
                touch(place)
            if stopped and not request.path.startswith(OPEN):
                return redirect("entrance")
            return self.get_response(request)


def _zone(name: str) -> ZoneInfo:
    """The person's time zone; UTC if the name is no longer known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
