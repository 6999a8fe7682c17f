"""Verbs of an organisation's own OpenID provider."""

from __future__ import annotations

from uuid import UUID

import requests
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from kernel.actor import Actor
from kernel.decision import Refused
from kernel.keys import seal_secret
from kernel.registry import performs
from kernel.transition import creation, may, transition
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.models import SignInProvider
from trusts.organisations.oidc import SocialAdapter, discovered, may_ask
from trusts.organisations.selectors import with_second_factor
from trusts.organisations.sign_in_machines import PROVIDER


@performs(ORGANISATION, "set_up_provider")
def set_up_provider(
    organisation_id: UUID,
    *,
    actor: Actor,
    issuer: str,
    client_id: str,
    client_secret: str,
    seen: int | None = None,
) -> SignInProvider:
    """Name the OpenID provider through which the organisation's people sign in. It counts once tested. Raises Refused."""
    with transition(ORGANISATION, "set_up_provider", organisation_id, actor=actor) as change:
        change.detail = {"issuer": issuer}
        row = SignInProvider(organisation_id=organisation_id, issuer=issuer, client_id=client_id)
        return _set_up(row, client_secret, actor)


@performs(PROVIDER, "set_up")
def _set_up(row: SignInProvider, client_secret: str, actor: Actor) -> SignInProvider:
    if SignInProvider.objects.filter(organisation_id=row.organisation_id).exclude(state="removed").exists():
        raise Refused.because(
            "provider.already",
            "Your organisation has a provider already",
            remedy="Change it, or remove it first",
        )
    _is_allowed(row.issuer)
    row.sealed_secret = seal_secret(client_secret.encode())
    with creation(PROVIDER, "set_up", row, actor=actor):
        pass
    return row


def _is_allowed(issuer: str) -> None:
    if not may_ask(issuer):
        raise Refused.because(
            "provider.host", "The portal's operator has not allowed this host as a sign-in provider",
            remedy="Ask the operator to name it in SSO_HOSTS", field="issuer",
        )  # fmt: skip


@performs(PROVIDER, "change")
def change_provider(
    provider_id: UUID,
    *,
    actor: Actor,
    issuer: str,
    client_id: str,
    client_secret: str = "",
    seen: int | None = None,
) -> SignInProvider:
    """Another issuer, client or secret (empty: the old one). Accounts at another issuer are other people's: forgotten."""
    with transition(PROVIDER, "change", provider_id, actor=actor, seen=seen) as change:
        row: SignInProvider = change.subject
        _is_allowed(issuer)
        if issuer != row.issuer:
            _forget_accounts(row)
        row.issuer, row.client_id, row.required = issuer, client_id, False
        if client_secret:
            row.sealed_secret = seal_secret(client_secret.encode())
            change.detail["changed"] = ["client_secret"]
    return row


def _forget_accounts(row: SignInProvider) -> None:
    SocialAccount.objects.filter(provider=row.provider_id).delete()


@performs(PROVIDER, "test")
def test_provider(provider_id: UUID, *, actor: Actor, seen: int | None = None) -> SignInProvider:
    """Read what the provider says of itself, and its keys. Raises Refused with what is wrong, and changes nothing."""
    row = SignInProvider.objects.get(pk=provider_id)
    decision = may(PROVIDER, "test", row, actor)
    if not decision.allowed:
        raise Refused(decision)
    # Before the row is locked: a slow provider is not to hold it.
    wrong = _wrong_with(row)
    if wrong:
        raise Refused.because(
            "provider.test", f"The test failed: {wrong}", remedy="Correct it and test again"
        )
    with transition(PROVIDER, "test", provider_id, actor=actor, seen=seen) as change:
        if change.subject.issuer != row.issuer:
            raise Refused.because("stale", "It was changed while it was tested", remedy="Test it again")
    return change.subject


def _wrong_with(row: SignInProvider) -> str:
    try:
        with SocialAdapter().get_requests_session() as session:
            found = discovered(session, row.issuer)
            for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
                if name != "authorization_endpoint" and not may_ask(found[name]):
                    return f"{name} is on a host that the operator has not allowed"
            keys = session.get(found["jwks_uri"], allow_redirects=False)
            keys.raise_for_status()
            if not keys.json().get("keys"):
                return "it publishes no keys"
    except OAuth2Error as problem:
        return str(problem)
    except (requests.RequestException, AttributeError) as problem:
        return f"it cannot be reached or read ({type(problem).__name__})"
    return ""


@performs(PROVIDER, "require")
def require_provider(provider_id: UUID, *, actor: Actor, seen: int | None = None) -> SignInProvider:
    """From now on people act for the organisation only after signing in through it.

    Raises Refused if who says so could not get in without it, should it fail.
    """
    with transition(PROVIDER, "require", provider_id, actor=actor, seen=seen) as change:
        if actor.user_id is None or not with_second_factor([actor.user_id]):
            raise Refused.because(
                "provider.own_factor", "If it fails, only owners with a second factor can get in, and you have none",
                remedy="Set yours up under My settings first",
            )  # fmt: skip
        change.subject.required = True
    return change.subject


@performs(PROVIDER, "relax")
def relax_provider(provider_id: UUID, *, actor: Actor, seen: int | None = None) -> SignInProvider:
    with transition(PROVIDER, "relax", provider_id, actor=actor, seen=seen) as change:
        change.subject.required = False
    return change.subject


@performs(PROVIDER, "remove")
def remove_provider(provider_id: UUID, *, actor: Actor, seen: int | None = None) -> SignInProvider:
    """Nobody signs in through it any more; its secret and the accounts at it are forgotten."""
    with transition(PROVIDER, "remove", provider_id, actor=actor, seen=seen) as change:
        change.subject.sealed_secret, change.subject.required = "", False
        _forget_accounts(change.subject)
    return change.subject
