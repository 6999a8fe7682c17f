"""Signing in through one's organisation: find it, go there, come back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import requests
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from trusts.organisations.models import SignInProvider
from trusts.organisations.oidc import Adapter, Provider, app_of, refused


class FindForm(forms.Form):
    email = forms.EmailField(label="E-mail address at your organisation")


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """By the domain of an e-mail address. Nothing is said about the person."""
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        domain = form.cleaned_data["email"].rpartition("@")[2].lower()
        row = (
            _working()
            .filter(organisation__domains__state="confirmed", organisation__domains__name=domain)
            .first()
        )
        if row is not None:
            return redirect("sign_in", row.organisation.slug)
        form.add_error(
            "email",
            "No organisation signs in by this domain here. Sign in with your password, or ask your organisation.",
        )
    return render(
        request, "organisations/sign_in_find.html", {"form": form}, status=422 if form.is_bound else 200
    )


def _working() -> Any:
    return SignInProvider.objects.filter(state="on", organisation__state="active").select_related(
        "organisation"
    )


@require_GET
def sign_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Whom one is about to trust, before one is sent there."""
    row = get_object_or_404(_working(), organisation__slug=slug)
    return render(request, "organisations/sign_in.html", {"provider": row})


def _steady(work: Callable[[], HttpResponse], request: HttpRequest) -> HttpResponse:
    """A provider that is away or talks nonsense is said in a sentence."""
    try:
        return work()
    except (requests.RequestException, OAuth2Error) as problem:
        said = str(problem) if isinstance(problem, OAuth2Error) else "It cannot be reached."
        return refused(
            request, f"The organisation's provider does not answer as it should. {said}", status=502
        )


@require_GET
def go(request: HttpRequest, slug: str) -> HttpResponse:
    """On to the provider, with state, nonce and PKCE kept in the session."""
    row = get_object_or_404(_working(), organisation__slug=slug)
    provider = Provider(request, app=app_of(row))
    nonce = secrets.token_urlsafe(24)

    def work() -> HttpResponse:
        found: HttpResponse = provider.redirect(request, "login", auth_params={"nonce": nonce}, nonce=nonce)
        return found

    return _steady(work, request)


@require_GET
def back(request: HttpRequest, slug: str) -> HttpResponse:
    """The provider's answer. Everything else is in `oidc`."""
    row = get_object_or_404(_working(), organisation__slug=slug)
    view = OAuth2CallbackView.adapter_view(Adapter(request, row.provider_id))
    return _steady(lambda: view(request), request)
