"""Reads: the trusts an organisation is in, and what of them an actor may know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from kernel.actor import Actor
from kernel.registry import sees
from kernel.transition import may
from trusts.membership.governance import Governance
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Charter, Membership, Trust
from trusts.membership.trust_machine import TRUST
from trusts.membership.voting import can_be_proposed


def active_trust_ids(organisation_id: UUID) -> frozenset[UUID]:
    """Trusts in which the organisation is an active member. One query."""
    return frozenset(
        Membership.objects.filter(organisation_id=organisation_id, state="active").values_list(
            "trust_id", flat=True
        )
    )


@dataclass(slots=True)
class _Asked:
    """What a read that joins many selectors has learned already: who governs what, and who stands where."""

    governed: dict[UUID | None, list[UUID]] = field(default_factory=dict)
    trusts: dict[UUID, tuple[dict[str, list[UUID]], Governance]] = field(default_factory=dict)


_asked: ContextVar[_Asked | None] = ContextVar("asked", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, `governed_trust_ids` asks once for each organisation and `know` once for each trust."""
    token = _asked.set(_asked.get() or _Asked())
    try:
        yield
    finally:
        _asked.reset(token)


def governed_trust_ids(organisation_id: UUID | None) -> list[UUID]:
    """Trusts that the organisation runs: an active member in a role that the charter gives this to. One query."""
    asked = _asked.get() or _Asked()
    if organisation_id in asked.governed:
        return asked.governed[organisation_id]
    newest = Charter.objects.filter(trust=OuterRef("trust")).order_by("-number").values("governance")[:1]
    mine = Membership.objects.filter(organisation_id=organisation_id, state="active").annotate(
        said=Subquery(newest)
    )
    found = [
        trust
        for trust, kind, role, said in mine.values_list("trust_id", "trust__kind", "role", "said")
        if role in Governance.of(kind, said)["governed_by"]
    ]
    asked.governed[organisation_id] = found
    return found


def overseen_trust_ids(organisation_id: UUID | None) -> list[UUID]:
    """Trusts in which the organisation may stop what runs, as `Trust.overseers_of_contracts` says. One query."""
    if organisation_id is None:
        return []
    newest = Charter.objects.filter(trust=OuterRef("trust")).order_by("-number").values("governance")[:1]
    mine = Membership.objects.filter(organisation_id=organisation_id, state="active", role="trustee")
    rows = mine.annotate(said=Subquery(newest)).values_list("trust_id", "trust__kind", "said")
    return [trust for trust, kind, said in rows if "trustee" in Governance.of(kind, said)["governed_by"]]


@sees(TRUST)
def trusts(actor: Actor) -> QuerySet[Trust]:
    """Trusts are public to those signed in, except rooms, which only their organisations see."""
    if actor.is_system:
        return Trust.objects.all()
    if actor.user_id is None:
        return Trust.objects.none()
    own = Q(memberships__organisation_id=actor.organisation_id) if actor.organisation_id else Q(pk__in=[])
    return Trust.objects.filter(~Q(kind="room") | own).distinct()


@sees(MEMBERSHIP)
def memberships(actor: Actor) -> QuerySet[Membership]:
    """One's own organisation's, those of trusts one is active in, and active ones of open trusts."""
    found = Membership.objects.select_related("trust", "organisation")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    own = Q(organisation_id=actor.organisation_id)
    fellow = Q(trust_id__in=actor.trust_ids)
    public = Q(state="active") & ~Q(trust__kind="room")
    return found.filter(own | fellow | public)


def know(trusts: Iterable[Trust]) -> None:
    """Read who stands in these trusts and how they govern themselves, in two queries for all: a list then asks none for each."""
    found, asked = list(trusts), _asked.get() or _Asked()
    new = {trust.pk: trust.kind for trust in found if trust.pk not in asked.trusts}
    if new:
        standing: dict[UUID, dict[str, list[UUID]]] = {pk: {} for pk in new}
        rows = Membership.objects.filter(trust_id__in=new, state="active")
        for pk, role, organisation in rows.values_list("trust_id", "role", "organisation_id"):
            standing[pk].setdefault(role, []).append(organisation)
        newest = Charter.objects.filter(trust_id__in=new).order_by("trust_id", "number")
        given = dict(newest.values_list("trust_id", "governance"))
        for pk, kind in new.items():
            asked.trusts[pk] = standing[pk], Governance.of(kind, given.get(pk))
    for trust in found:
        trust._standing, trust._governance = asked.trusts[trust.pk]


def way_to_change(trust: Trust, actor: Actor) -> str:
    """How this person may bring about a new version of the charter: `write`, `propose`, or not at all (the empty text)."""
    if may(TRUST, "change_charter", trust, actor).allowed:
        return "write"
    voted = trust.state == "active" and trust.governance().by_vote("charter") and can_be_proposed()
    return "propose" if voted and actor.organisation_id in trust.voters() and actor.holds("owner") else ""
