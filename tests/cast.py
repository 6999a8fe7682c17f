"""The people of every test: who they are and for whom they act. Made by the real verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from kernel.actor import Actor, system
from trusts.membership import services as membership
from trusts.membership.models import Membership, Trust
from trusts.membership.selectors import active_trust_ids
from trusts.organisations import services as organisations
from trusts.organisations.models import Organisation, User
from trusts.organisations.selectors import actor_for, places_of
from trusts.rights.emergencies import opened_by
from trusts.rights.selectors import granted_to

PEOPLE = {
    "dana": ("Dana Ruiz", "hudson", ["owner", "steward"]),
    "rui": ("Rui Costa", "hudson", ["reviewer"]),
    "ines": ("Ines Vogel", "hudson", ["auditor"]),
    "piotr": ("Piotr Nowak", "meridian", ["owner", "steward", "analyst"]),
    "sam": ("Sam Okafor", "meridian", ["analyst"]),
    "ada": ("Ada Lind", "weather", ["owner", "steward"]),
    "olga": ("Olga Outsider", "elsewhere", ["owner", "steward", "analyst", "reviewer"]),
}
ORGANISATIONS = {
    "hudson": ("Hudson Carriers", "dana"),
    "meridian": ("Meridian Insurance", "piotr"),
    "weather": ("Tri-State Weather Office", "ada"),
    "elsewhere": ("Elsewhere Ltd", "olga"),
}


PASSWORD = "correct horse battery"


@cache
def hashed() -> str:
    """Everybody's password, made with the real hasher once: it is slow on purpose."""
    return make_password(PASSWORD)


@dataclass
class Cast:
    """Users by short name, organisations, the trust; `cast.actor("dana")` acts for her organisation."""

    users: dict[str, User] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    trust: Any = None

    def actor(self, name: str, door: str = "web") -> Actor:
        user = self.users[name]
        place = next(
            (p for p in places_of(user) if p.organisation == self.organisations[PEOPLE[name][1]]), None
        )
        trusts = active_trust_ids(place.organisation_id) if place else frozenset()
        granted = granted_to(user.pk, place.organisation_id if place else None)
        return actor_for(user, place, trusts, door, granted + (opened_by(user.pk) if user.is_staff else ()))


def assemble() -> Cast:
    """Everybody, with Hudson, Meridian and the weather office in one trust; Elsewhere outside."""
    cast = Cast()
    for short, (name, _, _) in PEOPLE.items():
        user = User(email=f"{short}@{short}.example", name=name, password=hashed())
        user.save()
        cast.users[short] = user
    for short, (name, founder) in ORGANISATIONS.items():
        user = cast.users[founder]
        cast.organisations[short] = organisations.found(actor=actor_for(user, None), name=name)
    for short, (_, organisation, roles) in PEOPLE.items():
        if short not in {founder for _, founder in ORGANISATIONS.values()}:
            organisations.join(cast.organisations[organisation], cast.users[short], roles, actor=system())
    cast.trust = membership.found(actor=cast.actor("ada"), name="New York Air Operations Trust", kind="trust",
                                  purpose="Learn from delays", charter="Members share to learn.")  # fmt: skip
    admit(cast, "dana", "provider")
    admit(cast, "piotr", "consumer")
    return cast


def admit(cast: Cast, applicant: str, role: str) -> Membership:
    found = membership.apply(
        cast.trust.pk, actor=cast.actor(applicant), role=role, message="We want to take part."
    )
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return membership.admit(found.pk, actor=cast.actor("ada"))
