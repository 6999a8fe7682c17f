"""Verbs of mergers. Agreeing does everything in one transaction: people, places in trusts, and the mark on the organisation."""

from __future__ import annotations

from uuid import UUID

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.membership import services as membership
from trusts.membership.models import Membership
from trusts.mergers.machines import MERGER
from trusts.mergers.models import Merger
from trusts.organisations import services as organisations
from trusts.organisations.models import Organisation, OrganisationMember


@performs(MERGER, "propose")
def propose(*, actor: Actor, into: str, reason: str) -> Merger:
    """The organisation acted for is to go over into another, named by its short name. Raises Refused."""
    found = Organisation.objects.filter(slug=into.strip()).first()
    if found is None or actor.organisation_id is None:
        raise Refused.because(
            "merger.unknown", "There is no such organisation", remedy="Choose one of the list", field="into"
        )
    merger = Merger(
        leaving=Organisation.objects.get(pk=actor.organisation_id),
        into=found,
        reason=reason,
        author_id=actor.user_id,
    )
    with creation(MERGER, "propose", merger, actor=actor, reason=reason):
        pass
    return merger


@performs(MERGER, "decline")
def decline(merger_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Merger:
    with transition(MERGER, "decline", merger_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.answer = reason
    return change.subject


@performs(MERGER, "withdraw")
def withdraw(merger_id: UUID, *, actor: Actor, seen: int | None = None) -> Merger:
    with transition(MERGER, "withdraw", merger_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(MERGER, "agree")
def agree(
    merger_id: UUID, *, actor: Actor, reason: str = "", name: str = "", seen: int | None = None
) -> Merger:
    """The two become one. Raises Refused and changes nothing.

    Contracts, deliveries and duties stay with the name they were signed in, and its people, now also of the other
    organisation, fulfil them; nothing new begins under that name. In trusts the leaving one keeps its place as an
    observer for as long as contracts run there; where the other is no member yet, an application waits for those who decide.
    """
    with transition(MERGER, "agree", merger_id, actor=actor, seen=seen, reason=reason) as change:
        merger: Merger = change.subject
        robot = system(f"merger {merger.ref}", door=actor.door)
        people = _people(merger, robot)
        applied, not_applied = _places(merger, actor, robot)
        organisations.merge(merger.leaving_id, actor=robot, into=merger.into)
        change.detail = {"people": people, "applied": applied, "not_applied": not_applied}
    return change.subject


def _people(merger: Merger, robot: Actor) -> int:
    """Whoever may act for the leaving one may act for the other, in the same roles; owners there decide on owners."""
    known = set(
        OrganisationMember.objects.filter(organisation=merger.into, state="active").values_list(
            "user_id", flat=True
        )
    )
    moved = 0
    rows = OrganisationMember.objects.filter(organisation=merger.leaving, state="active").exclude(
        user_id__in=known
    )
    for row in rows.select_related("user").order_by("pk"):
        roles = {"steward" if one == "owner" else one for one in row.roles.values_list("role", flat=True)}
        organisations.join(merger.into, row.user, sorted(roles), actor=robot)
        moved += 1
    return moved


def _places(merger: Merger, actor: Actor, robot: Actor) -> tuple[list[str], list[str]]:
    """One voice a trust: the leaving one observes; the other applies where it is no member. Names of the trusts: applied, and not."""
    applied: list[str] = []
    refused: list[str] = []
    inside = set(
        Membership.objects.filter(
            organisation=merger.into, state__in=["active", "suspended", "applied", "invited"]
        ).values_list("trust_id", flat=True)
    )
    for row in (
        Membership.objects.filter(organisation=merger.leaving, state="active")
        .select_related("trust")
        .order_by("pk")
    ):
        before = row.role
        membership.note_merger(row.pk, actor=robot, into=str(merger.into))
        membership.change_role(row.pk, actor=robot, role="observer")
        if row.trust_id in inside:
            continue
        role = "provider" if before == "trustee" else before
        try:
            membership.apply(
                row.trust_id,
                actor=actor,
                role=role,
                message=f"{merger.into} takes the place of {merger.leaving}, which has merged into it.",
            )
            applied.append(row.trust.name)
        except Refused:
            refused.append(row.trust.name)
    return applied, refused
