"""Each robot as pages and programs show it: on or off, what it did for this organisation and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Max, OuterRef, Subquery
from django.urls import reverse

from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.audit.models import Event
from trusts.membership.governance import Governance
from trusts.membership.models import Charter, Trust
from trusts.organisations import robots
from trusts.organisations.models import Organisation
from trusts.organisations.robots import Robot

NEWEST, MOST_TRUSTS = 20, 30
KINDS = {"ordinary": "ordinary data", "personal": "data that may identify someone"}


@dataclass
class Row:
    """`times`, `last` and `newest` (events of those that can be switched, at most NEWEST of all together) are of what it
    did for the organisation."""

    robot: Robot
    name: str
    on: bool
    times: int = 0
    last: datetime | None = None
    newest: list[Event] = field(default_factory=list)

    @property
    def trail(self) -> str:
        """Everything it did, in the audit trail."""
        return f"{reverse('audit')}?{urlencode({'who': self.name})}"


def rows(organisation: Organisation, actor: Actor) -> list[Row]:
    """Every robot. Two queries."""
    found = {}
    for robot in robots.ROBOTS:
        name = f"{robot.name} of {organisation.name}" if robot.code == robots.APPROVES else robot.name
        found[name] = Row(robot, name, robots.is_on(robot.code, organisation))
    done = audit.visible_to(actor).filter(door=robots.DOOR, actor_name__in=list(found))
    for one in (
        done.order_by().values("actor_name").annotate(times=Count("pk", distinct=True), last=Max("created"))
    ):
        row = found[one["actor_name"]]
        row.times, row.last = one["times"], one["last"]
    shown = [name for name, row in found.items() if not row.robot.fixed]
    for event in done.filter(actor_name__in=shown).order_by("-created", "-id")[:NEWEST]:
        found[event.actor_name].newest.append(event)
    return list(found.values())


def charters(actor: Actor) -> list[Mapping[str, Any]]:
    """For each trust of the organisation acted for, in which stages its charter lets the provider's robot answer.
    One query, at most MOST_TRUSTS trusts."""
    said = []
    newest = Charter.objects.filter(trust=OuterRef("pk")).order_by("-number").values("governance")[:1]
    trusts = Trust.objects.filter(pk__in=actor.trust_ids).annotate(newest=Subquery(newest)).order_by("name")
    for trust in trusts[:MOST_TRUSTS]:
        governance = Governance.of(trust.kind, trust.newest)
        lets = [
            f"{stage['name']} ({KINDS[kind]})"
            for kind in KINDS
            for stage in governance.review(kind)["stages"]
            if stage.get("robot")
        ]
        said.append({"trust": trust, "lets": lets})
    return said
