"""What waits for me: everything in a state where my side moves next and my roles may move it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from contracts.charters import selectors as exempted
from contracts.charters.machines import EXEMPTION
from contracts.negotiations import selectors as negotiated
from contracts.negotiations.duty_rules import PAYMENT
from contracts.negotiations.machines import AGREEMENT, DUTY, NEGOTIATION
from contracts.sharing import selectors as shared
from contracts.sharing.machines import REQUEST
from jobs.deliveries import selectors as delivered
from jobs.deliveries.machines import DELIVERY
from jobs.runs import selectors as runs
from jobs.runs.machines import JOB
from kernel.actor import Actor
from kernel.machine import Machine
from kernel.roles import roles_of
from trusts.datasets import selectors as datasets
from trusts.datasets.machines import VERSION
from trusts.datasets.models import light
from trusts.membership import selectors as membership
from trusts.membership.machines import MEMBERSHIP


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: what, with whom, since when, by when."""

    machine: Machine
    subject: Any
    verb: str
    counterpart: str
    since: datetime
    due: datetime | None

    @property
    def state(self) -> Any:
        return self.machine.state(self.subject.state)


def waiting(request: HttpRequest) -> list[Item]:
    """The items of the person who asks, gathered once per request: the page and the side list show the same."""
    if not hasattr(request, "waiting"):
        request.waiting = items(request.actor)  # type: ignore[attr-defined]
    found: list[Item] = request.waiting  # type: ignore[attr-defined]
    return found


def _may(actor: Actor, action: str, exemption: Any) -> bool:
    return bool(EXEMPTION.action(action).by & roles_of(actor, exemption))


def items(actor: Actor, limit: int = 200) -> list[Item]:
    """Sorted by due date, then age. A constant number of queries."""
    if actor.organisation_id is None:
        return []
    mine = actor.organisation_id
    found: list[Item] = []

    def add(machine: Machine, rows: Any, verb: str, counterpart: Any) -> None:
        for row in rows[:limit]:
            movable = any(
                not a.hidden and a.kind != "danger" for a in machine.offered(row.state, roles_of(actor, row))
            )
            if movable:
                due = getattr(row, "due", None)
                found.append(Item(machine, row, verb, counterpart(row), row.changed, due))

    turns = list(negotiated.my_turn(actor)[:limit])
    add(
        NEGOTIATION,
        [n for n in turns if n.state == "requested"],
        "Answer the request",
        lambda n: n.consumer.name,
    )
    add(
        NEGOTIATION, [n for n in turns if n.state == "offered"], "Answer the offer", lambda n: n.provider.name
    )
    contracts = negotiated.agreements(actor).filter(state="signing").select_related("negotiation")
    add(
        AGREEMENT,
        [c for c in contracts if mine in c.unsigned()],
        "Sign the contract",
        lambda c: c.provider.name if c.consumer_id == mine else c.consumer.name,
    )
    requests = shared.requests(actor).select_related("provider", "consumer", "agreement__dataset")
    add(
        REQUEST,
        requests.filter(state="submitted", provider_id=mine),
        "Review the request",
        lambda r: r.consumer.name,
    )
    add(
        REQUEST,
        requests.filter(state="returned", consumer_id=mine),
        "Answer the questions",
        lambda r: r.provider.name,
    )
    add(
        REQUEST,
        requests.filter(state="draft", consumer_id=mine),
        "Finish your draft",
        lambda r: r.provider.name,
    )
    duties = negotiated.duties(actor)
    add(
        DUTY,
        duties.filter(state__in=["open", "late"], agreement__consumer_id=mine).exclude(clause=PAYMENT),
        "Do what the contract asks",
        lambda d: d.agreement.provider.name,
    )
    add(
        DUTY,
        duties.filter(
            Q(state="declared") | Q(state__in=["open", "late"], clause=PAYMENT), agreement__provider_id=mine
        ),
        "Answer, or record it",
        lambda d: d.agreement.consumer.name,
    )
    add(
        DUTY,
        duties.filter(
            state="late", told_trust=True, seen_by_trust=None, agreement__trust_id__in=actor.trust_ids
        ).exclude(Q(agreement__provider_id=mine) | Q(agreement__consumer_id=mine)),
        "Take note: a duty is late",
        lambda d: d.agreement.consumer.name,
    )
    asked = exempted.exemptions(actor).filter(state="asked").exclude(author_id=actor.user_id)
    if mine_asked := list(asked.prefetch_related("trust__memberships", "votes")[:limit]):
        found += [
            Item(EXEMPTION, e, "Decide on the exception", e.provider.name, e.changed, None)
            for e in mine_asked
            if (e.takes_second and e.second_id is None and e.provider_id == mine and _may(actor, "agree", e))
            or (e.takes_trustee and e.trustee_id is None and _may(actor, "agree_trustee", e))
            or (
                e.takes_vote
                and _may(actor, "vote_for", e)
                and all(v.organisation_id != mine for v in e.votes.all())
            )
        ]
    members = membership.memberships(actor)
    add(
        MEMBERSHIP,
        members.filter(state="invited", organisation_id=mine),
        "Accept or decline",
        lambda m: m.trust.name,
    )
    add(
        MEMBERSHIP,
        members.filter(state="applied", trust_id__in=actor.trust_ids).prefetch_related("trust__memberships"),
        "Decide on the application",
        lambda m: m.organisation.name,
    )
    add(
        VERSION,
        datasets.versions(actor).filter(state="failed", dataset__organisation_id=mine).defer(*light()),
        "See why it could not be read",
        lambda v: "",
    )
    add(
        VERSION,
        datasets.versions(actor).filter(state="choosing", dataset__organisation_id=mine),
        "Choose what to read",
        lambda v: "",
    )
    jobs = runs.jobs(actor).select_related("holder", "consumer", "version_of_data__dataset")
    add(
        JOB,
        jobs.filter(state="failed", kind="export"),
        "See why it failed",
        lambda j: j.consumer.name if j.consumer else "",
    )
    for delivery in delivered.fresh_for(actor)[:limit]:
        found.append(
            Item(
                DELIVERY,
                delivery,
                "Fetch the export",
                delivery.provider.name,
                delivery.created,
                delivery.expires,
            )
        )
    far = datetime.max.replace(tzinfo=found[0].since.tzinfo) if found else None
    return sorted(found, key=lambda item: (item.due or far, item.since))
