"""The demo's people as cards: who they are, and what a visitor can try as them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from trusts.organisations.models import User

# E-mail → (what the card's button says, what the person does).
PERSONAS = {
    "dana@hudson.example": (
        "Decide as Dana",
        "Data steward at Hudson Carriers: publishes data, answers offers, sees who uses it.",
    ),
    "piotr@meridian.example": (
        "Ask as Piotr",
        "Analyst at Meridian Insurance: finds data, negotiates terms, fetches exports.",
    ),
    "rui@hudson.example": (
        "Review as Rui",
        "Reviewer at Hudson Carriers: decides on requests with the engine's advice.",
    ),
    "ada@weather.example": (
        "Govern as Ada",
        "Runs the trust: admits and suspends members and keeps the charter.",
    ),
    "ines@hudson.example": (
        "Audit as Ines",
        "Auditor: reads everything of Hudson Carriers and verifies the log.",
    ),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One person to try the demo as."""

    user: User
    title: str
    text: str


def cards() -> list[Card]:
    """The people who exist, in the order above; none outside the demo."""
    if not settings.DEMO:
        return []
    found = {user.email: user for user in User.objects.filter(email__in=PERSONAS)}
    return [Card(found[email], *words) for email, words in PERSONAS.items() if email in found]
