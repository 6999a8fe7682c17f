"""OpenID Connect through allauth: one provider for each organisation, from its row, and who may come in by it.

Stricter than allauth's own: the ID token's signature, nonce, issuer and audience are always checked, the discovered issuer
must be the one that was set up, and servers are asked only on hosts that the operator has named.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter

from trusts.organisations.models import OrganisationMember, SignInProvider, User

WELL_KNOWN = "/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


def may_ask(url: str) -> bool:
    """Whether the portal may send a request there: a host that the operator named, and encrypted outside of trials."""
    parts = urlsplit(url)
    plain = settings.DEBUG or settings.DEMO or settings.TESTING
    return parts.netloc.lower() in settings.SSO_HOSTS and (
        parts.scheme == "https" or (plain and parts.scheme == "http")
    )


class Guarded(HTTPAdapter):
    """Sends nothing to a host that the operator has not named, whatever a provider's answer says."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not may_ask(str(request.url)):
            raise requests.RequestException(f"{urlsplit(str(request.url)).netloc} is not among SSO_HOSTS")
        return super().send(request, *args, **kwargs)


def discovered(session: requests.Session, issuer: str) -> dict[str, Any]:
    """The provider's description of itself. Raises OAuth2Error, or RequestException if it cannot be had.

    OpenID Connect Discovery 1.0, section 4.3: the issuer in it must be exactly the one that was asked.
    """
    answer = session.get(issuer.rstrip("/") + WELL_KNOWN, allow_redirects=False)
    answer.raise_for_status()
    found = answer.json() if answer.status_code == 200 else None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in NEEDED):
        raise OAuth2Error("It does not describe itself as an OpenID provider does")
    if found["issuer"].rstrip("/") != issuer.rstrip("/"):
        raise OAuth2Error(f"It says that it is {found['issuer']}, not {issuer}")
    return found


class Adapter(OpenIDConnectOAuth2Adapter):
    """Codes, tokens and user information of one organisation's provider."""

    @property
    def openid_config(self) -> dict[str, Any]:
        if not hasattr(self, "_found"):
            with SocialAdapter(self.request).get_requests_session() as session:
                self._found = discovered(session, self.get_provider().app.settings["server_url"])
        return self._found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return str(settings.SITE_URL + reverse("sign_in_back", args=[app.settings["slug"]]))

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The provider sent no ID token")
        return super().complete_login(request, app, token, **kwargs)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        with SocialAdapter(self.request).get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"], allow_redirects=False)
            answer.raise_for_status()
        return verified(id_token, answer.json(), self.openid_config["issuer"], app.client_id)


def verified(id_token: str, keys: Any, issuer: str, client_id: str) -> dict[str, Any]:
    """The claims of an ID token that was made by the issuer, for us, and still holds. Raises OAuth2Error.

    OpenID Connect Core 1.0, section 3.1.3.7. Symmetric signatures and "none" are not among the algorithms.
    """
    registry = jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)
        registry.validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        raise OAuth2Error(
            "Its token is not what it should be: forged, for someone else, or too old."
        ) from problem
    if token.claims.get("azp", client_id) != client_id:
        raise OAuth2Error("Its token was issued to someone else.")
    return dict(token.claims)


class Provider(OpenIDConnectProvider):
    """allauth finds it by the `provider` module of this package."""

    id = "organisation"
    name = "An organisation's own provider"
    oauth2_adapter_class = Adapter
    # The sign-in pages are ours (`sign_in_views`); allauth is given a place without any.
    package = "trusts.organisations.no_pages"

    def get_default_scope(self) -> list[str]:
        """The person is known here already: who they are and their address is enough."""
        return ["openid", "email"]


def app_of(row: SignInProvider) -> SocialApp:
    """What allauth knows of the provider; never saved, so the secret stays sealed in its row."""
    return SocialApp(
        provider=Provider.id,
        provider_id=row.provider_id,
        name=row.organisation.name,
        client_id=row.client_id,
        secret=row.secret,
        settings={
            "server_url": row.issuer, "slug": row.organisation.slug, "oauth_pkce_enabled": True, "hidden": True,
        },
    )  # fmt: skip


class Stranger(Exception):
    """Who was vouched for may not come in; the text says why and what to do."""


def claims_of(login: SocialLogin) -> dict[str, Any]:
    """The ID token's claims with the user information's over them, of the same person. Raises Stranger."""
    data: dict[str, Any] = login.account.extra_data
    vouched, more = data["id_token"], data.get("userinfo", {})
    if login.state.get("nonce") is None or vouched.get("nonce") != login.state["nonce"]:
        raise Stranger("The answer does not belong to this sign-in. Begin again.")
    if more.get("sub") != vouched["sub"]:
        raise Stranger("The provider speaks of two different people. Tell your organisation's IT.")
    return {**vouched, **more}


def person_for(row: SignInProvider, login: SocialLogin) -> User:
    """The person of this organisation whom its provider vouched for. Raises Stranger; makes nobody.

    Only a verified address in a domain that the operator confirmed for this organisation counts: a provider speaks for its
    own people and nobody else's.
    """
    claims, name = claims_of(login), row.organisation.name
    email = str(claims.get("email") or "").lower()
    if not email or claims.get("email_verified") not in (True, "true"):
        raise Stranger(
            f"The provider of {name} does not vouch for your e-mail address. Tell your organisation's IT."
        )
    if not row.organisation.domains.filter(state="confirmed", name=email.rpartition("@")[2]).exists():
        raise Stranger(
            f"{email} is not in a domain that is confirmed for {name}. An owner of {name} can claim it."
        )
    places = OrganisationMember.objects.filter(organisation=row.organisation, state="active").select_related(
        "user"
    )
    known = places.filter(user=login.user) if login.is_existing else places.filter(user__email=email)
    place = known.first()
    if place is None:
        raise Stranger(f"Nobody with the address {email} belongs to {name} here. Ask an owner to invite you.")
    return place.user


class SocialAdapter(DefaultSocialAccountAdapter):
    """allauth's questions about providers, answered from the organisations' rows."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        found = SignInProvider.objects.filter(state="on").select_related("organisation")
        if client_id:
            found = found.filter(client_id=client_id)
        if provider and provider != Provider.id:
            found = (
                found.filter(pk=provider.removeprefix("organisation-"))
                if _is_ours(provider)
                else found.none()
            )
        return [app_of(row) for row in found]

    def list_providers(self, request: HttpRequest) -> list[Any]:
        """None: which organisations have a provider is nobody's to read from a list."""
        return []

    def get_requests_session(self) -> requests.Session:
        session: requests.Session = super().get_requests_session()
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, Guarded())
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Bind the account at the provider to the person, or say why not. Nothing else lets anyone in."""
        row = SignInProvider.objects.select_related("organisation").get(
            pk=sociallogin.account.provider.removeprefix("organisation-")
        )
        try:
            user = person_for(row, sociallogin)
        except Stranger as stranger:
            raise ImmediateHttpResponse(refused(request, str(stranger))) from None
        # What else the provider tells of the person has served its purpose and is not kept.
        sociallogin.account.extra_data = {}
        if sociallogin.is_existing:
            sociallogin.account.save(update_fields=["extra_data"])
        else:
            sociallogin.connect(request, user)

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **kwargs: Any) -> None:
        wrong = kwargs.get("exception")
        said = f"{wrong}" if isinstance(wrong, OAuth2Error) else ""
        raise ImmediateHttpResponse(
            refused(request, said or "The provider did not sign you in, or too much time went by.")
        )


def _is_ours(provider: str) -> bool:
    from uuid import UUID

    try:
        UUID(provider.removeprefix("organisation-"))
    except ValueError:
        return False
    return provider.startswith("organisation-")


def refused(request: HttpRequest, why: str, status: int = 403) -> Any:
    return render(request, "organisations/sign_in_refused.html", {"why": why}, status=status)
