"""Whom the open stage of a review asks by name, who may stand in for one of them, and the verbs that put them there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from contracts.negotiations.agreements import attempt
from contracts.sharing import reviewing, stages
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.change import Change
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.organisations import robots
from trusts.organisations.models import Deputyship, OrganisationMember, User
from trusts.organisations.selectors import people_with
from trusts.rights.selectors import people_granted

MOST = 200


def _answered(request: Request) -> set[Any]:
    """Who has no answer to give: whoever gave it, while answers are awaited, and who asked."""
    given = reviewing.answers(request) if request.state == "submitted" else []
    return {request.author_id} | {one.person for one in given}


def _in_role(request: Request, stage: dict[str, Any]) -> dict[Any, User]:
    """Whoever holds what the stage asks, in an organisation or by a right on this one object."""
    found: dict[Any, User] = {}
    sides = request.parties()
    for name in sorted(stages.MAY_ANSWER[stage["who"]]):
        side, role = name.split(".")
        for pk in sides.get(side, ()):
            for user in (
                *people_with(pk, frozenset({role})),
                *people_granted(pk, request.grounds(), frozenset({role})),
            ):
                found[user.pk] = user
    return found


def people_asked(request: Request) -> list[User]:
    """Whoever the open stage asks and has not answered: without those in whose place somebody else was put."""
    stage, done = reviewing.open_stage(request), _answered(request)
    found = _in_role(request, stage)
    passed, named = stages.passed_over(stage), stages.substitutes(stage)
    for user in User.objects.filter(pk__in=named - {str(pk) for pk in found}):
        found[user.pk] = user
    return [user for pk, user in found.items() if pk not in done and str(pk) not in passed]


def may_stand_in(request: Request) -> list[User]:
    """Who may be put in somebody's place by name: whoever holds what the stage asks, is not of the asking side and has
    not answered."""
    return _neutral(request, list(_in_role(request, reviewing.open_stage(request)).values()))


def _neutral(request: Request, people: list[User]) -> list[User]:
    asking = set(
        OrganisationMember.objects.filter(
            organisation_id=request.consumer_id, state="active", user__in=people
        ).values_list("user_id", flat=True)
    )
    gone = asking | _answered(request)
    return [user for user in people if user.pk not in gone]


def latest(request: Request) -> list[User]:
    """Who was put in somebody's place last, and is to be told."""
    entries = reviewing.open_stage(request).get("instead", [])
    newest = {one["person"] for one in entries if one["at"] == entries[-1]["at"]}
    return [user for user in people_asked(request) if str(user.pk) in newest] if newest else []


def _put(change: Change, pairs: list[tuple[User, User]], **more: Any) -> None:
    """Write into the open stage who answers in whose place. The other side reads neither names nor reason."""
    request: Request = change.subject
    index, now = reviewing.standing(request).open, timezone.now().isoformat()
    found = [dict(stage) for stage in reviewing.stages_of(request)]
    added = [
        {
            "absent": str(absent.pk),
            "absent_name": str(absent),
            "person": str(person.pk),
            "name": str(person),
            "at": now,
        }
        for absent, person in pairs
    ]
    found[index] |= {"instead": [*found[index].get("instead", []), *added], **more}
    request.workflow = {**request.workflow, "stages": found}
    change.detail = {
        "stage": found[index]["name"],
        "instead": [f"{person} for {absent}" for absent, person in pairs],
    }
    change.sides = frozenset({"trustee" if found[index]["who"] == "trustee" else "provider"})


@performs(REQUEST, "reassign")
def reassign(
    request_id: UUID, *, actor: Actor, absent: UUID, person: UUID, reason: str, seen: int | None = None
) -> Request:
    """Let somebody else answer in the place of a person who is asked now. Raises Refused."""
    with transition(REQUEST, "reassign", request_id, actor=actor, seen=seen, reason=reason) as change:
        request: Request = change.subject
        asked = {user.pk: user for user in people_asked(request)}
        able = {user.pk: user for user in may_stand_in(request)}
        if absent not in asked:
            raise Refused.because(
                "request.not_in_place", "This person is not asked now", remedy="Choose one of those who are", field="absent"
            )  # fmt: skip
        if person not in able or person == absent:
            raise Refused.because(
                "request.cannot_stand_in", "This person cannot answer in that place: whoever does holds the role that the stage asks, "
                "is not of the asking side and has not answered", remedy="Choose somebody else", field="person",
            )  # fmt: skip
        _put(change, [(asked[absent], able[person])])
    return request


def _deputies(request: Request, now: datetime) -> list[tuple[User, User]]:
    """For each person who is asked and has a deputy named, that deputy: the one whose days are nearest."""
    stage, asked = reviewing.open_stage(request), {user.pk: user for user in people_asked(request)}
    side = "trustee" if stage["who"] == "trustee" else "provider"
    rows = Deputyship.objects.filter(
        organisation_id__in=list(request.parties().get(side, ())), member__user_id__in=list(asked),
        state="standing", ends__gt=now, member__state="active", deputy__state="active", deputy__user__is_active=True,
    ).select_related("deputy__user", "member").order_by("-starts")  # fmt: skip
    found = {row.member.user_id: row.deputy.user for row in rows}
    able = {user.pk for user in _neutral(request, list(found.values()))}
    return [
        (asked[absent], deputy) for absent, deputy in found.items() if deputy.pk in able and deputy.pk not in
        stages.passed_over(stage)
    ]  # fmt: skip


@performs(REQUEST, "pass_on")
def pass_on(request_id: UUID, *, actor: Actor, seen: int | None = None) -> Request:
    """The stage's days are over and the charter says that deputies are asked: they are, in place of those who were."""
    with transition(REQUEST, "pass_on", request_id, actor=actor) as change:
        request: Request = change.subject
        now = timezone.now()
        pairs = _deputies(request, now)
        if not _is_late(request, now) or not pairs:
            raise Refused.because("request.nobody_to_ask", "There is no deputy to ask", remedy="Name one")
        _put(change, pairs, passed_on=True)
    return request


def _is_late(request: Request, now: datetime) -> bool:
    due = reviewing.stage_due(request)
    stage = reviewing.open_stage(request)
    return due is not None and due <= now and stage["late"] == "deputy" and not stage.get("passed_on")


def pass_late(now: datetime) -> int:
    """Pass late stages on to deputies where the charter says so; returns how many. Every quarter of an hour."""
    rows = (
        Request.objects.filter(state="submitted", due__gt=now)
        .select_related("agreement")
        .prefetch_related("reviews")
    )
    late = [row for row in rows.order_by("due")[:MOST] if _is_late(row, now)]
    return sum(attempt(pass_on, row.pk, robots.actor("pass_late")) for row in late if _deputies(row, now))
