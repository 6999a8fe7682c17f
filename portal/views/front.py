"""The public front page: what this is, for someone who has never heard of a data trust."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kernel import registry
from kernel.audit.selectors import head
from portal.gallery import samples
from trusts.organisations.models import User

# The demo's people: e-mail → (what they do, for whom).
PERSONAS = {
    "dana@hudson.example": (
        "Decide as Dana",
        "Data steward at Hudson Carriers: publish data, answer offers, see who uses it.",
    ),
    "piotr@meridian.example": (
        "Ask as Piotr",
        "Analyst at Meridian Insurance: find data, negotiate terms, fetch exports.",
    ),
    "rui@hudson.example": (
        "Review as Rui",
        "Reviewer at Hudson Carriers: decide on requests with the engine's advice.",
    ),
    "ada@weather.example": ("Govern as Ada", "Runs the trust: admits, suspends and keeps the charter."),
    "ines@hudson.example": (
        "Audit as Ines",
        "Auditor: reads everything of Hudson Carriers and verifies the log.",
    ),
}


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    personas = User.objects.filter(email__in=PERSONAS) if settings.DEMO else User.objects.none()
    cards = sorted(
        ({"user": user, "job": PERSONAS[user.email]} for user in personas),
        key=lambda c: list(PERSONAS).index(c["user"].email),
    )
    return render(request, "portal/front.html", {"head": head(), "cards": cards})


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Words and states, generated from the machines."""
    return render(request, "portal/help.html", {"machines": registry.machines()})


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in each state, for those who build pages."""
    return render(request, "gallery.html", samples())
