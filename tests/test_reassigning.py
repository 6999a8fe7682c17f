"""Somebody who is asked to review is away: another person is named in that place, or the deputy when the time is over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contracts.sharing import services as sharing
from contracts.sharing.asked import people_asked
from contracts.sharing.models import Request
from kernel.actor import Actor, system
from kernel.audit.models import Event
from portal import notify
from portal.inbox import items
from portal.models import Notice
from portal.tasks import remind
from tests import worlds
from tests.cast import Cast
from tests.scenes import later, why
from tests.test_offers import browser
from tests.test_people import place
from tests.test_stages import governed
from trusts.organisations import people
from trusts.organisations import services as organisations
from trusts.organisations.selectors import actor_for, places_of

pytestmark = pytest.mark.django_db


def colleague(cast: Cast, name: str, *roles: str) -> Any:
    """One more person of Hudson."""
    user = type(cast.users["rui"])(email=f"{name}@hudson.example", name=name.capitalize())
    user.save()
    organisations.join(cast.organisations["hudson"], user, list(roles), actor=system())
    cast.users[name] = user
    return user


def acting(cast: Cast, name: str) -> Actor:
    user = cast.users[name]
    return actor_for(user, next(p for p in places_of(user) if p.organisation == cast.organisations["hudson"]))


def waits(cast: Cast, name: str, request: Request) -> bool:
    return request.pk in {one.subject.pk for one in items(acting(cast, name))}


def reassign(cast: Cast, request: Request, absent: str, person: str, by: str = "dana") -> Request:
    return sharing.reassign(
        request.pk, actor=cast.actor(by), absent=cast.users[absent].pk, person=cast.users[person].pk,
        reason="Rui is ill until March.",
    )  # fmt: skip


def test_the_steward_names_another_reviewer_and_the_asker_learns_nothing_of_it(cast: Cast) -> None:
    noor = colleague(cast, "noor", "reviewer")
    request = worlds.submitted(cast)
    page = browser(cast, "dana").get(f"/do/request/{request.pk}/reassign/").content.decode()
    assert "Noor" in page and "Piotr" not in page
    assert waits(cast, "rui", request)
    reassign(cast, request, "rui", "noor")
    assert not waits(cast, "rui", request) and waits(cast, "noor", request)
    assert why(lambda: sharing.approve(request.pk, actor=cast.actor("rui"))) == {"request.passed"}
    notify.send("request.reassigned", {"id": str(request.pk)})
    assert [one.user for one in Notice.objects.filter(topic="request.reassigned")] == [noor]
    event = Event.objects.get(subject_id=request.pk, action="reassign")
    assert event.reason == "Rui is ill until March." and event.detail["instead"] == ["Noor for Rui Costa"]
    readers = set(event.party_rows.values_list("organisation_id", flat=True))
    assert readers == {request.provider_id}
    asker = browser(cast, "piotr").get(f"/requests/{request.pk}/").content.decode()
    assert "Noor" not in asker and "ill until" not in asker
    assert (
        "Noor answers in the place of Rui Costa"
        in browser(cast, "dana").get(f"/requests/{request.pk}/").content.decode()
    )
    assert sharing.approve(request.pk, actor=acting(cast, "noor")).state == "approved"


def test_never_somebody_of_the_asking_side_or_who_has_answered(cast: Cast) -> None:
    governed(cast, {"count": 2}, {"name": "Trust", "who": "trustee"})
    colleague(cast, "noor", "reviewer")
    request = worlds.submitted(cast)
    # Also belongs to the organisation that asks.
    organisations.join(cast.organisations["meridian"], cast.users["noor"], ["analyst"], actor=system())
    assert why(lambda: reassign(cast, request, "rui", "noor")) == {"request.cannot_stand_in"}
    assert why(lambda: reassign(cast, request, "rui", "ines")) == {"request.cannot_stand_in"}
    assert why(lambda: reassign(cast, request, "rui", "piotr")) == {"request.cannot_stand_in"}
    assert why(lambda: reassign(cast, request, "ines", "dana")) == {"request.not_in_place"}
    assert why(lambda: reassign(cast, request, "rui", "dana", by="piotr")) == {"request.role"}
    assert why(lambda: reassign(cast, request, "dana", "rui", by="rui")) == {"request.role"}
    sharing.approve(request.pk, actor=cast.actor("dana"))
    assert why(lambda: reassign(cast, request, "rui", "dana")) == {"request.cannot_stand_in"}
    assert why(lambda: reassign(cast, request, "dana", "rui")) == {"request.not_in_place"}
    sharing.approve(request.pk, actor=cast.actor("rui"))
    assert why(lambda: reassign(cast, request, "ada", "dana")) == {"request.trusts_stage"}


def test_a_late_stage_goes_to_the_deputy_where_the_charter_says_so(cast: Cast) -> None:
    governed(cast, {"days": 5, "late": "deputy"})
    colleague(cast, "noor", "analyst")
    request = worlds.submitted(cast)
    first = timezone.localdate() + timedelta(days=20)
    # Noor's days begin only later: until the stage is late, she is asked nothing.
    made: date = first + timedelta(days=3)
    people.name_deputy(
        place(cast, "rui").pk, actor=cast.actor("rui"), deputy=place(cast, "noor"), starts=first, until=made
    )
    with later(days=4):
        remind()
        assert cast.users["rui"] in people_asked(Request.objects.get(pk=request.pk))
    with later(days=6):
        assert remind()["passed"] == 1
        request.refresh_from_db()
        assert {str(user) for user in people_asked(request)} == {"Dana Ruiz", "Noor"}
        assert waits(cast, "noor", request) and not waits(cast, "rui", request)
        assert remind()["passed"] == 0
        event = Event.objects.get(subject_id=request.pk, action="pass_on")
        assert (event.actor_name, event.door) == ("Robot “Pass late reviews to deputies”", "robot")
        assert sharing.approve(request.pk, actor=acting(cast, "noor")).state == "approved"


def test_without_a_deputy_or_where_the_charter_reminds_nothing_is_passed_on(cast: Cast) -> None:
    governed(cast, {"days": 5, "late": "deputy"})
    request = worlds.submitted(cast)
    with later(days=6):
        assert remind()["passed"] == 0
    assert {str(user) for user in people_asked(request)} == {"Dana Ruiz", "Rui Costa"}
