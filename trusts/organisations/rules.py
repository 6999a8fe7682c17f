"""An organisation always keeps an owner, and one keeper of the key it signs with."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    is_owner: bool
    other_owners: int
    other_places: int = 0


def an_owner_stays(facts: PlaceFacts) -> Decision:
    if facts.is_owner and facts.other_owners == 0:
        return deny(
            "member.last_owner",
            "This is the organisation's only owner",
            remedy="Make someone else an owner first",
        )
    return ALLOW


def belongs_here_alone(facts: PlaceFacts) -> Decision:
    """A session is not this organisation's to end when the person acts for another in it."""
    if facts.other_places:
        return deny(
            "member.elsewhere_too",
            "This person also acts for another organisation",
            remedy="Ask them to sign out, or remove them here: that ends what they may do for you at once",
        )
    return ALLOW


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    domains_confirmed: int


def a_domain_is_confirmed(facts: ProviderFacts) -> Decision:
    if not facts.domains_confirmed:
        return deny(
            "provider.no_domain",
            "Nobody could sign in: your organisation has no confirmed e-mail domain",
            remedy="Claim your domain and have it confirmed first",
        )
    return ALLOW


@dataclass(frozen=True, slots=True)
class DomainFacts:
    held_by_another: bool


def nobody_else_holds_it(facts: DomainFacts) -> Decision:
    if facts.held_by_another:
        return deny(
            "domain.taken",
            "This domain is confirmed for another organisation",
            remedy="Ask that organisation to give it up first",
        )
    return ALLOW


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Who holds the key that the organisation signs with."""

    custody: str


def the_portal_signs(facts: KeyFacts) -> Decision:
    if facts.custody != "portal":
        return deny(
            "key.own",
            "Your organisation signs with its own key, which the portal cannot renew",
            remedy="Register the new key, or let the portal sign for you again",
        )
    return ALLOW


def it_signs_itself(facts: KeyFacts) -> Decision:
    if facts.custody == "portal":
        return deny(
            "key.portal", "The portal already signs for your organisation", remedy="Nothing needs to be done"
        )
    return ALLOW
