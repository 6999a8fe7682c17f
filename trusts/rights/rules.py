"""What may be granted to whom: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel.decision import ALLOW, Decision, deny
from trusts.rights.kinds import KINDS, LONGEST_DAYS


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """`sides`: of the object, on which the granting organisation stands. `roles`: of the person in that organisation, or
    nothing if they do not belong to it. `given`: the person has this very right already."""

    kind: str
    machine: str
    sides: frozenset[str]
    actor_id: UUID | None
    person_id: UUID | None
    person_active: bool
    roles: frozenset[str] | None
    until: datetime
    now: datetime
    given: bool


def is_a_side_of_it(facts: GrantFacts) -> Decision:
    kind = KINDS.get(facts.kind)
    if kind is None or facts.machine not in kind.on:
        return deny(
            "grant.kind", "There is no such right on this object", remedy="Choose another", field="kind"
        )
    if not kind.sides & facts.sides:
        return deny(
            "grant.side",
            f"A {kind.label.lower()} here is not for your organisation to name",
            remedy="Ask the organisation whose data it is",
            field="kind",
        )
    return ALLOW


def not_to_oneself(facts: GrantFacts) -> Decision:
    if facts.actor_id is not None and facts.actor_id == facts.person_id:
        return deny(
            "grant.self", "Nobody grants rights to themselves", remedy="Ask a colleague", field="person"
        )
    return ALLOW


def person_fits(facts: GrantFacts) -> Decision:
    """A colleague, unless the kind is also for people outside; and somebody who gains something by it."""
    kind = KINDS.get(facts.kind)
    if kind is None:
        return ALLOW
    if not facts.person_active:
        return deny(
            "grant.person", "This person's account is closed", remedy="Choose someone else", field="person"
        )
    if facts.roles is None and not kind.outside:
        return deny(
            "grant.outside",
            f"A {kind.label.lower()} must belong to your organisation",
            remedy="Invite the person first",
            field="person",
        )
    if facts.roles is not None and kind.role in facts.roles and not kind.outside:
        return deny(
            "grant.holds",
            f"This person is {kind.role} of the organisation and may do it anyway",
            remedy="Nothing to do",
            field="person",
        )
    return ALLOW


def ends_in_time(facts: GrantFacts) -> Decision:
    if not facts.now < facts.until <= facts.now + timedelta(days=LONGEST_DAYS):
        return deny(
            "grant.until",
            "A right on one object ends within a year, and not in the past",
            remedy="Choose another day; it can be granted again",
            field="until",
        )
    return ALLOW


def not_given_twice(facts: GrantFacts) -> Decision:
    if facts.given:
        return deny(
            "grant.given",
            "This person has this right already",
            remedy="Take it back first to change it",
            field="person",
        )
    return ALLOW
