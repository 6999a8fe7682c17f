"""Verbs about the people of an organisation: deputies, groups, sessions, and when they were last here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import OperationalError
from django.db.models import F, Q
from django.utils import timezone

from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.organisations import robots
from trusts.organisations.machines import MEMBER, ORGANISATION
from trusts.organisations.models import (
    Deputyship,
    OrganisationMember,
    PeopleGroup,
    SignInProvider,
    User,
)
from trusts.organisations.people_machines import DEPUTYSHIP, GROUP

HOUR = timedelta(hours=1)


def touch(place: OrganisationMember) -> None:
    """Remember that the person acts for this organisation now; at most one write an hour."""
    now = timezone.now()
    if place.last_access is not None and place.last_access > now - HOUR:
        return
    stale = Q(last_access=None) | Q(last_access__lte=now - HOUR)
    try:
        OrganisationMember.objects.filter(stale, pk=place.pk).update(last_access=now)
    except OperationalError:
        # Someone holds the row: the next page will write it, and this one is not to fail for it.
        return


@performs(MEMBER, "name_deputy")
def name_deputy(
    member_id: UUID,
    *,
    actor: Actor,
    deputy: OrganisationMember,
    starts: date,
    until: date,
    seen: int | None = None,
) -> Deputyship:
    """`deputy` holds the person's roles from the first to the last day, both included, in the actor's time zone."""
    with transition(MEMBER, "name_deputy", member_id, actor=actor) as change:
        change.detail = {"deputy": str(deputy.user), "from": starts.isoformat(), "until": until.isoformat()}
        return _name(change.subject, deputy, starts, until, actor)


@performs(DEPUTYSHIP, "name")
def _name(
    member: OrganisationMember, deputy: OrganisationMember, starts: date, until: date, actor: Actor
) -> Deputyship:
    begins = timezone.make_aware(datetime.combine(starts, time.min))
    ends = timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min))
    if deputy.organisation_id != member.organisation_id or deputy.state != "active":
        raise Refused.because(
            "deputy.elsewhere", "The deputy must belong to the same organisation",
            remedy="Name a colleague", field="deputy",
        )  # fmt: skip
    already = Deputyship.objects.filter(
        member=member, deputy=deputy, state="standing", starts__lt=ends, ends__gt=begins
    )
    if already.exists():
        raise Refused.because(
            "deputy.already", f"{deputy.user} already stands in for {member.user} then",
            remedy="Choose other days, or end the other deputyship first", field="starts",
        )  # fmt: skip
    made = Deputyship(
        organisation_id=member.organisation_id, member=member, deputy=deputy, starts=begins, ends=ends
    )
    with creation(DEPUTYSHIP, "name", made, actor=actor) as change:
        change.detail = {"member": str(member.user), "deputy": str(deputy.user)}
    return made


@performs(DEPUTYSHIP, "end")
def end_deputyship(deputyship_id: UUID, *, actor: Actor, seen: int | None = None) -> Deputyship:
    """The deputy's next click is made with their own roles only."""
    with transition(DEPUTYSHIP, "end", deputyship_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(DEPUTYSHIP, "lapse")
def lapse_deputyship(deputyship_id: UUID, *, actor: Actor, reason: str = "") -> Deputyship:
    with transition(DEPUTYSHIP, "lapse", deputyship_id, actor=actor, reason=reason) as change:
        pass
    return change.subject


def lapse_deputyships(now: datetime) -> int:
    """Close deputyships whose last day is over; they gave nothing from that moment. Returns how many."""
    due = Deputyship.objects.filter(state="standing", ends__lte=now).values_list("pk", flat=True)
    return _lapse(list(due[:200]), "Its last day is over")


def _lapse(ids: Iterable[UUID], reason: str) -> int:
    moved = 0
    for pk in ids:
        try:
            lapse_deputyship(pk, actor=robots.actor("end_deputyships"), reason=reason)
            moved += 1
        except Refused:
            continue
    return moved


def forget_place(member: OrganisationMember, *, sessions: bool = False) -> None:
    """What ends with a person's place: deputyships on either side, their account at the organisation's own sign-in; with
    `sessions` those too, if it was the last place.

    Whoever still has another place stays signed in there: roles are read anew on every click.
    """
    tied = Deputyship.objects.filter(Q(member=member) | Q(deputy=member), state="standing")
    _lapse(list(tied.values_list("pk", flat=True)), "One of the two left the organisation")
    through = SignInProvider.objects.filter(organisation_id=member.organisation_id)
    SocialAccount.objects.filter(
        user_id=member.user_id, provider__in=[row.provider_id for row in through]
    ).delete()
    elsewhere = OrganisationMember.objects.filter(user_id=member.user_id, state="active").exclude(
        pk=member.pk
    )
    if sessions and not elsewhere.exists():
        _end_sessions(member.user_id)


def _end_sessions(user_id: UUID) -> int:
    """Every session of the person ends, known to us or not. Returns how many were known."""
    User.objects.filter(pk=user_id).update(session_epoch=F("session_epoch") + 1)
    known, _ = UserSession.objects.filter(user_id=user_id).delete()
    return known


@performs(MEMBER, "end_sessions")
def end_sessions(member_id: UUID, *, actor: Actor, seen: int | None = None) -> OrganisationMember:
    """Sign a person out everywhere; only of someone who belongs to this organisation alone."""
    with transition(MEMBER, "end_sessions", member_id, actor=actor, seen=seen) as change:
        change.detail = {"sessions": _end_sessions(change.subject.user_id)}
    return change.subject


@performs(ORGANISATION, "make_group")
def make_group(
    organisation_id: UUID,
    *,
    actor: Actor,
    name: str,
    people: Iterable[OrganisationMember],
    seen: int | None = None,
) -> PeopleGroup:
    """A named set of people of the organisation. Raises Refused if the name is taken."""
    with transition(ORGANISATION, "make_group", organisation_id, actor=actor) as change:
        change.detail = {"name": name}
        return _form(PeopleGroup(organisation_id=organisation_id, name=name), people, actor)


@performs(GROUP, "form")
def _form(group: PeopleGroup, people: Iterable[OrganisationMember], actor: Actor) -> PeopleGroup:
    _name_is_free(group)
    with creation(GROUP, "form", group, actor=actor) as change:
        change.detail = {"people": sorted(str(m.user) for m in people)}
    group.members.set(people)
    return group


def _name_is_free(group: PeopleGroup) -> None:
    same = PeopleGroup.objects.filter(
        organisation_id=group.organisation_id, name__iexact=group.name, state="active"
    ).exclude(pk=group.pk)
    if same.exists():
        raise Refused.because(
            "group.name_taken", f"There is already a group called {group.name}",
            remedy="Choose another name, or change that group", field="name",
        )  # fmt: skip


@performs(GROUP, "change")
def change_group(
    group_id: UUID, *, actor: Actor, name: str, people: Iterable[OrganisationMember], seen: int | None = None
) -> PeopleGroup:
    with transition(GROUP, "change", group_id, actor=actor, seen=seen) as change:
        change.subject.name = name
        _name_is_free(change.subject)
        change.subject.members.set(people)
    return change.subject


@performs(GROUP, "dissolve")
def dissolve_group(group_id: UUID, *, actor: Actor, seen: int | None = None) -> PeopleGroup:
    with transition(GROUP, "dissolve", group_id, actor=actor, seen=seen) as change:
        pass
    return change.subject
