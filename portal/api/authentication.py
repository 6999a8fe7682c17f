"""`Authorization: Bearer ch_…`: an organisation's token, known by its hash alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kernel.actor import Actor
from trusts.membership.selectors import active_trust_ids
from trusts.organisations.models import ApiToken
from trusts.organisations.people import touch
from trusts.organisations.selectors import actor_for, places_of
from trusts.rights.selectors import any_right, granted_to


class TokenUser:
    """What DRF calls the user: the token's actor. `request.user.actor` is what verbs get."""

    is_authenticated = True
    is_active = True

    def __init__(self, actor: Actor, token: ApiToken) -> None:
        self.actor, self.token, self.pk = actor, token, token.pk


class TokenAuthentication(BaseAuthentication):
    """A token acts for the person who made it, in its organisation, within its scopes."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        word, _, secret = header.partition(" ")
        if word.lower() != "bearer" or not secret:
            raise AuthenticationFailed("Use the header 'Authorization: Bearer <token>'.")
        digest = hashlib.sha256(secret.strip().encode()).hexdigest()
        token = (
            ApiToken.objects.select_related("user", "organisation")
            .filter(secret_hash=digest, state="active")
            .first()
        )
        if token is None or token.expires <= timezone.now() or not token.user.is_active:
            raise AuthenticationFailed(
                "This token is unknown, revoked or past its end date. Create a new one."
            )
        place = next(
            (
                p
                for p in places_of(token.user, granted=any_right())
                if p.organisation_id == token.organisation_id
            ),
            None,
        )
        if place is None:
            raise AuthenticationFailed(
                "The person who made this token no longer belongs to the organisation."
            )
        ApiToken.objects.filter(pk=token.pk).update(last_used=timezone.now())
        touch(place)
        granted = granted_to(token.user_id, place.organisation_id) if place.granted else ()  # type: ignore[attr-defined]
        actor = actor_for(token.user, place, active_trust_ids(place.organisation_id), "api", granted)
        actor = replace(actor, scopes=frozenset(token.scopes), name=f"{actor.name} (token {token.name})")
        return TokenUser(actor, token), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API description names the token."""

    target_class = "portal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An organisation's token, from Settings → Tokens",
        }
