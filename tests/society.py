"""Five organisations that live together in a trust: their people, their data, and a contract to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement, Negotiation
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from kernel.actor import Actor, system
from tests import worlds
from tests.cast import hashed
from tests.scenes import PLAIN
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.membership import services as membership
from trusts.membership.models import Trust
from trusts.membership.selectors import active_trust_ids
from trusts.organisations import services as organisations
from trusts.organisations.models import Organisation, User
from trusts.organisations.selectors import actor_for, places_of
from trusts.rights.selectors import granted_to

# The weather office founds the trust; the first three are in it, and have data.
NAMES = ("weather", "hudson", "meridian", "kite", "elsewhere")
WITH_DATA = ("hudson", "meridian", "kite")
ROLES = {"owner": ["owner", "steward"], "reviewer": ["reviewer"], "analyst": ["analyst"]}
# One person who is at home in three of them.
EVERYWHERE = {"weather": ["owner"], "hudson": ["owner", "reviewer"], "meridian": ["analyst", "owner"]}
ALL = ["trustee", "provider", "consumer", "observer"]
STAGE = {"blind": True, "organisations": "any", "days": 40, "late": "remind", "disagree": "return"}
STAGES = [
    {**STAGE, "name": "Data", "who": "reviewer", "count": 2},
    {**STAGE, "name": "Trust", "who": "trustee", "count": 1, "blind": False},
]
HEARING_DAYS, VOTE_DAYS = 7, 10


def governance(expel: str, ballot: str) -> dict[str, Any]:
    """Admission by vote, expulsion as said, two kinds of reviewers for every export."""
    how = {"quorum": 50, "majority": "half", "days": VOTE_DAYS, "ballot": ballot}
    kinds = {kind: {**how, "by": "vote"} for kind in ("admit", "charter", "trustee")}
    return {
        "members": {"hearing_days": HEARING_DAYS},
        "votes": {"voters": ALL, "kinds": {**kinds, "expel": {**how, "by": expel}}},
        "reviews": reviews(),
    }


def reviews() -> dict[str, Any]:
    """Two of the provider, who do not see each other's answers, then one of the trust."""
    one = {"stages": STAGES, "checklist": [], "precleared": {"purposes": [], "people": False}}
    return {"ordinary": one, "personal": one}


def terms(most: int) -> dict[str, Any]:
    """So many exports, to be deleted in time."""
    return worlds.terms(**{**PLAIN, "exports": {"at_most": most}, "delete_within": {"days": 30}})


class Society:
    """The organisations with their people and data, and their trust."""

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.users: dict[tuple[str, str], User] = {}
        self.data: dict[str, Dataset] = {}
        for name in NAMES:
            founder = self._person(name, "owner")
            made = organisations.found(actor=actor_for(founder, None), name=name.title())
            self.organisations[name] = made
            for part in ("reviewer", "analyst"):
                organisations.join(made, self._person(name, part), ROLES[part], actor=system())
        both = self._person("", "everywhere")
        for name, roles in EVERYWHERE.items():
            organisations.join(self.organisations[name], both, roles, actor=system())
            self.users[name, "everywhere"] = both
        self.trust = membership.found(actor=self.actor("weather"), name="The Trust", kind="trust", purpose="Learn",
                                      charter="Members share to learn.")  # fmt: skip
        for name, role in (("hudson", "provider"), ("meridian", "provider")):
            found = membership.apply(
                self.trust.pk, actor=self.actor(name), role=role, message="We take part."
            )
            membership.admit(found.pk, actor=self.actor("weather"))
            membership.change_role(found.pk, actor=self.actor("weather"), role=role, also=["consumer"])
        for name in WITH_DATA:
            self.data[name] = datasets.register(actor=self.actor(name), title=f"Data of {name}", summary="x")
            datasets.add_version(self.data[name].pk, actor=self.actor(name), file=worlds.upload())
        worlds.drain()
        self.govern({"reviews": reviews()})
        self.contract = self._contract()
        self.ask(self.contract)

    def _contract(self) -> Agreement:
        """Meridian may have Hudson's data."""
        data, trust = self.data["hudson"], self.trust
        offers.publish(data.pk, actor=self.actor("hudson"), terms=terms(3), trust=trust)
        asked = negotiations.ask(
            actor=self.actor("meridian"), dataset=Dataset.objects.get(pk=data.pk), terms=terms(3)
        )
        return self.accept(asked)

    def accept(self, asked: Negotiation) -> Any:
        seen = asked.proposals.order_by("-number")[0].policy_hash
        actor = self.actor(self.name_of(asked.provider_id))
        return negotiations.accept_request(asked.pk, actor=actor, policy_hash=seen, confirmed=CLAUSES)

    def ask(self, agreement: Agreement, part: str = "owner") -> Request:
        """An export under this contract, submitted; for this person."""
        who = self.name_of(agreement.consumer_id)
        made = sharing.draft(actor=self.actor(who, part), agreement=agreement, people=[self.users[who, part].pk],
                             **{**worlds.ANSWERS, "columns": ["carrier", "dest"], "recipe": []})  # fmt: skip
        return sharing.submit(made.pk, actor=self.actor(who, part))

    def _person(self, name: str, part: str) -> User:
        user = User(email=f"{part}@{name or 'all'}.example", name=f"{part} of {name}", password=hashed())
        user.save()
        self.users[name, part] = user
        return user

    def actor(self, name: str, part: str = "owner") -> Actor:
        """This person of this organisation, as a new request would find them."""
        user, own = self.users[name, part], self.organisations[name].pk
        place = next((p for p in places_of(user) if p.organisation_id == own), None)
        return actor_for(user, place, active_trust_ids(own), "web", granted_to(user.pk, own))

    def name_of(self, pk: UUID) -> str:
        return next(name for name, one in self.organisations.items() if one.pk == pk)

    def parts(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """The people of these organisations: (organisation, part)."""
        wanted = set(names)
        return sorted(key for key in self.users if key[0] in wanted)

    def govern(self, given: dict[str, Any]) -> None:
        """How the trust governs itself from now on, by its trustee."""
        membership.change_charter(self.trust.pk, actor=self.actor("weather"), governance=given)
        self.trust = Trust.objects.get(pk=self.trust.pk)
