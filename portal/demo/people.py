"""The demo's people and organisations, by the real verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from kernel.actor import Actor, system
from trusts.membership import services as membership
from trusts.membership.models import Trust
from trusts.membership.selectors import active_trust_ids
from trusts.organisations import access, people
from trusts.organisations import services as organisations
from trusts.organisations.models import Organisation, User
from trusts.organisations.selectors import actor_for, members, places_of
from trusts.rights.selectors import granted_to

ORGANISATIONS = {
    "hudson": (
        "Hudson Carriers",
        "company",
        "US",
        "Runs flights out of New York. An invented company with real data.",
    ),
    "weather": (
        "Tri-State Weather Office",
        "public_body",
        "US",
        "Measures the weather at three airports. Invented.",
    ),
    "meridian": ("Meridian Insurance", "company", "DE", "Insures delays. Invented."),
}
# short name → (e-mail, name, organisation, roles)
PEOPLE = {
    "dana": ("dana@hudson.example", "Dana Ruiz", "hudson", ["owner", "steward"]),
    "rui": ("rui@hudson.example", "Rui Costa", "hudson", ["reviewer"]),
    "ines": ("ines@hudson.example", "Ines Vogel", "hudson", ["auditor"]),
    "ada": ("ada@weather.example", "Ada Lind", "weather", ["owner", "steward"]),
    "piotr": ("piotr@meridian.example", "Piotr Nowak", "meridian", ["owner", "steward", "analyst"]),
    "sam": ("sam@meridian.example", "Sam Okafor", "meridian", ["analyst"]),
}
FOUNDERS = {"hudson": "dana", "weather": "ada", "meridian": "piotr"}
CHARTER = """Purpose: learn together why flights out of New York are late, and make them less so.
Members share data about flights, aircraft and weather. Each keeps what it owns and decides on each contract.
Trustees admit and suspend members. Nobody may try to identify a person.
Every contract names its purpose, its end and who may fetch data."""


@dataclass
class Stage:
    """Who is there; `actor(name)` acts for that person's organisation."""

    users: dict[str, User] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        place = places_of(self.users[name])[0]
        granted = granted_to(self.users[name].pk, place.organisation_id)
        return actor_for(self.users[name], place, active_trust_ids(place.organisation_id), granted=granted)


def assemble() -> tuple[Stage, Trust, Trust]:
    """People, three organisations, a trust with all of them and an alliance of two."""
    stage = Stage()
    for short, (email, name, _, _) in PEOPLE.items():
        stage.users[short] = User.objects.create_user(
            email, None, name=name, zone="Europe/Berlin" if "meridian" in email else "America/New_York"
        )
    for short, (name, kind, country, about) in ORGANISATIONS.items():
        founder = actor_for(stage.users[FOUNDERS[short]], None)
        stage.organisations[short] = organisations.found(
            actor=founder, name=name, kind=kind, country=country, about=about
        )
    for short, (_, _, home, roles) in PEOPLE.items():
        if short not in FOUNDERS.values():
            organisations.join(stage.organisations[home], stage.users[short], roles, actor=system())
    arrange(stage)
    trust = membership.found(actor=stage.actor("ada"), name="New York Air Operations Trust", kind="trust",
                             purpose="Learn together why flights out of New York are late.", charter=CHARTER)  # fmt: skip
    for short, role in (("dana", "provider"), ("piotr", "consumer")):
        applied = membership.apply(
            trust.pk, actor=stage.actor(short), role=role, message="We would like to take part."
        )
        membership.admit(applied.pk, actor=stage.actor("ada"))
    alliance = membership.found(actor=stage.actor("dana"), name="Runway Weather Alliance", kind="alliance",
                                purpose="Compare runway weather with delays, among peers.", charter="Peers under equal rules. Research only.")  # fmt: skip
    membership.invite(
        alliance.pk,
        actor=stage.actor("dana"),
        organisation=stage.organisations["weather"],
        role="trustee",
        message="Join us as a peer.",
    )
    return stage, trust, alliance


def arrange(stage: Stage) -> None:
    """At Meridian, Sam stands in for Piotr from next week on, and a group fetches what the delay study needs."""
    piotr = stage.actor("piotr")
    places = {m.user.email.split("@")[0]: m for m in members(piotr)}
    begins = timezone.localdate() + timedelta(days=7)
    people.name_deputy(
        places["piotr"].pk,
        actor=piotr,
        deputy=places["sam"],
        starts=begins,
        until=begins + timedelta(days=13),
    )
    assert piotr.organisation_id is not None
    access.claim_domain(piotr.organisation_id, actor=piotr, name="meridian.example")
    people.make_group(
        piotr.organisation_id, actor=piotr, name="Delay study", people=[places["piotr"], places["sam"]]
    )
