"""Relative roles: what a person is *to this object*, as short stable text.

A subject names its sides (`parties()`: side → organisation ids) and its people (`people()`:
relation → user ids). A person acting for an organisation holds `side.role` for each of their
roles there, `side.member` for merely belonging to it, and the bare relation for a personal tie.
Someone with a right on one object (`grounds()`: the object, or what it belongs to) holds its role
on the side of the organisation that granted it, there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from kernel.actor import Actor

OWNER, STEWARD, REVIEWER, ANALYST, AUDITOR = "owner", "steward", "reviewer", "analyst", "auditor"

ROLE_LABELS: dict[str, str] = {
    OWNER: "Owner: people, roles, memberships, keys; everything a steward may",
    STEWARD: "Steward: datasets, terms, negotiations and contracts",
    REVIEWER: "Reviewer: decides on requests to receive data",
    ANALYST: "Analyst: asks for data and fetches exports",
    AUDITOR: "Auditor: reads everything of the organisation, changes nothing",
}

SYSTEM_ROLE = "system"
ANYONE = "anyone"
OPERATOR = "operator"


class HasParties(Protocol):
    """What the kernel needs to know of an object to say who someone is to it."""

    def parties(self) -> Mapping[str, Collection[Any]]: ...

    def people(self) -> Mapping[str, Collection[Any]]: ...

    def grounds(self) -> Collection[Any]: ...

    def overseers(self) -> Mapping[str, Collection[Any]]: ...


def side(name: str, *roles: str) -> frozenset[str]:
    """`side("provider", STEWARD, OWNER)` → {"provider.steward", "provider.owner"}."""
    return frozenset(f"{name}.{role}" for role in roles)


def roles_of(actor: Actor, subject: HasParties) -> frozenset[str]:
    """Every relative role this actor holds towards this subject. No query, but for an organisation that is no party
    to it: then the subject may ask who oversees it."""
    if actor.is_system:
        return frozenset({SYSTEM_ROLE})
    held: set[str] = {ANYONE} if actor.user_id is not None else set()
    if actor.is_operator:
        held.add(OPERATOR)
    parties = subject.parties()
    inside = [name for name, found in parties.items() if actor.organisation_id in found]
    if actor.organisation_id is not None and not inside and actor.roles:
        # Who is a party acts as one; only others oversee.
        inside = [name for name, found in subject.overseers().items() if actor.organisation_id in found]
    for name in inside if actor.organisation_id is not None else ():
        held.add(f"{name}.member")
        held.update(f"{name}.{role}" for role in actor.roles)
    if actor.granted:
        held |= _granted(actor, subject)
    for relation, users in subject.people().items():
        if actor.user_id is not None and actor.user_id in users:
            held.add(relation)
    return frozenset(held)


def stood_in_for(actor: Actor, subject: HasParties, by: Collection[str]) -> list[str]:
    """For whom this is done: the names of those whose lent roles it takes. Empty if the own roles suffice."""
    if not actor.lent or roles_of(actor.without_lent(), subject).intersection(by):
        return []
    wanted = {role.partition(".")[2] for role in roles_of(actor, subject).intersection(by)}
    return sorted({lent.name for lent in actor.lent if lent.role in wanted or "member" in wanted})


def _granted(actor: Actor, subject: HasParties) -> set[str]:
    """The roles that rights on this object, or on what it belongs to, give."""
    grounds = set(subject.grounds())
    return {
        f"{name}.{one.role}"
        for one in actor.granted
        if one.object_id in grounds
        for name, organisations in subject.parties().items()
        if one.organisation_id in organisations
    }
