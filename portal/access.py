"""Who can reach an object, and why: by a role, by belonging, by a contract, by a right granted on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.negotiations.models import Agreement, Negotiation
from kernel import doors
from kernel.actor import Actor
from kernel.machine import Machine
from trusts.membership.models import Trust
from trusts.organisations.models import OrganisationMember
from trusts.rights import emergencies
from trusts.rights import selectors as rights
from trusts.rights.kinds import KINDS, Kind, fitting
from trusts.rights.machines import GRANT

MANY = 200


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to the object: who, what they may do, and why. `until`: it ends by itself."""

    who: str
    what: str
    why: str
    until: datetime | None = None
    url: str = ""


def sides_of(subject: Any, actor: Actor) -> set[str]:
    """The sides of the object on which the organisation acted for stands."""
    mine = actor.organisation_id
    return {name for name, found in subject.parties().items() if mine is not None and mine in found}


def grantable(machine: Machine, subject: Any, actor: Actor) -> list[Kind]:
    """What this person may grant on it; nothing for who holds no role of their own for that."""
    if not actor.holds("owner", "steward"):
        return []
    return fitting(machine.name, sides_of(subject, actor))


def colleagues(machine: Machine, subject: Any, actor: Actor) -> list[Reach]:
    """The people of one's own organisation, with what their roles let them ask for in the object's state. Two queries."""
    sides = sides_of(subject, actor)
    found = OrganisationMember.objects.filter(organisation_id=actor.organisation_id, state="active")
    rows = found.select_related("user").prefetch_related("roles").order_by("user__name", "pk")[:MANY]
    return [
        Reach(
            str(row.user),
            _may(machine, subject, {f"{side}.{role}" for side in sides for role in row.role_codes}),
            f"{', '.join(row.role_codes) or 'no role'} at {actor.organisation_name}",
        )
        for row in rows
    ]


def _may(machine: Machine, subject: Any, roles: set[str]) -> str:
    """The labels of what these roles may ask for now, in words."""
    labels = [action.label for action in machine.offered(subject.state, roles)]
    return f"Reads; {', '.join(labels)}" if labels else "Reads"


def others(machine: Machine, subject: Any, actor: Actor) -> list[Reach]:
    """Other organisations, by name only: their people are theirs to show."""
    more = OTHERS.get(machine.name)
    return list(more(subject, actor)) if more else []


def _of_dataset(dataset: Any, actor: Actor) -> Iterator[Reach]:
    if dataset.state == "listed" and dataset.trust:
        yield Reach(
            f"Members of {dataset.trust.name}", "Find it in the catalogue, with its dictionary and masked counts",
            "It is listed there", url=dataset.trust.get_absolute_url(),
        )  # fmt: skip
    contracts = Agreement.objects.filter(dataset=dataset, state__in=["signing", "in_force", "suspended"])
    for row in contracts.select_related("consumer", "dataset").order_by("ends", "pk")[:MANY]:
        yield Reach(
            row.consumer.name, "Asks for exports within the terms", f"Contract {row.ref}", row.ends, row.get_absolute_url()
        )  # fmt: skip
    talks = Negotiation.objects.filter(
        dataset=dataset, state__in=["requested", "offered", "accepted", "agreed"]
    )
    for talk in talks.select_related("consumer").order_by("created", "pk")[:MANY]:
        yield Reach(talk.consumer.name, "Reads the terms under discussion", f"Negotiation {talk.ref}", talk.due, talk.get_absolute_url())  # fmt: skip


def _of_contract(subject: Any, actor: Actor) -> Iterator[Reach]:
    for side in ("provider", "consumer"):
        organisation = getattr(subject, side)
        if organisation.pk != actor.organisation_id:
            yield Reach(
                f"People of {organisation.name}", "Read it, and act for their side",
                f"It is the {side}; it may name an auditor of its own", url=organisation.get_absolute_url(),
            )  # fmt: skip


OTHERS: dict[str, Callable[[Any, Actor], Iterator[Reach]]] = {
    "dataset": _of_dataset, "agreement": _of_contract, "request": _of_contract, "delivery": _of_contract,
    "negotiation": _of_contract,
}  # fmt: skip


def granted(subject: Any, actor: Actor) -> list[dict[str, Any]]:
    """Rights in force that reach it, given by one's own organisation, each with what may be done about it. Who audits a
    trust is shown to all its members."""
    found = rights.on(subject)
    if not isinstance(subject, Trust):
        found = found.filter(organisation_id=actor.organisation_id)
    return [with_choices(row, actor) for row in found[:MANY]]


def emergencies_on(subject: Any, actor: Actor) -> list[Any]:
    """Emergency openings of it that concern one's own organisation, the newest first."""
    found = emergencies.emergencies(actor).filter(organisation_id=actor.organisation_id)
    return list(found.filter(object_id__in=list(subject.grounds())).order_by("-created")[:10])


def with_choices(row: Any, actor: Actor) -> dict[str, Any]:
    return {"grant": row, "means": KINDS[row.kind].means, "choices": doors.choices(GRANT, row, actor)}


def ended(subject: Any, actor: Actor) -> list[Any]:
    """The last rights on it that ended."""
    found = rights.grants(actor).filter(object_id=subject.pk, organisation_id=actor.organisation_id)
    return list(found.exclude(state="active").order_by("-changed")[:10])
