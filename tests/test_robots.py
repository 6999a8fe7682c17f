"""Robots: named, off until switched on, within the offer only, and never in place of the people that a charter wants."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.html import escape

from contracts.decisions.models import StoredDecision
from contracts.negotiations import offers
from contracts.negotiations.models import Offer
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from kernel import outbox
from kernel.audit.models import Event
from portal import notify
from portal.models import Notice
from portal.tasks import sweep, tidy
from tests import worlds
from tests.cast import Cast
from tests.scenes import later, why
from tests.test_access import token
from tests.test_offers import browser
from tests.test_stages import governed
from tests.votes import vote
from trusts.datasets.models import Column
from trusts.membership import parting, services
from trusts.membership.charter_templates import BY_CODE
from trusts.membership.models import Membership, Trust
from trusts.organisations import robots
from trusts.organisations.models import Organisation
from trusts.proposals.models import Proposal

pytestmark = pytest.mark.django_db
NAME = "Robot “Approve within the offer” of Hudson Carriers"


def switch(cast: Cast, robot: str = "approve", on: bool = True, by: str = "dana") -> Organisation:
    hudson = cast.organisations["hudson"]
    return robots.switch_robot(
        hudson.pk, actor=cast.actor(by), robot=robot, on=on, reason="They wait for days."
    )


def submitted(cast: Cast, **answers: Any) -> Request:
    """Submitted, and whoever listens has been told."""
    request = worlds.submitted(cast, **answers)
    outbox.dispatch()
    request.refresh_from_db()
    return request


def test_switched_on_it_approves_what_stays_within_the_offer_in_its_own_name(cast: Cast) -> None:
    governed(cast, {"robot": True})
    switch(cast)
    request = submitted(cast)
    assert request.state == "approved"
    review = request.reviews.get()
    assert review.said_by == NAME and review.reviewer is None and review.verdict == "approve"
    event = Event.objects.get(subject_id=request.pk, action="approve_by_robot")
    assert (event.actor_name, event.actor_id, event.door) == (NAME, None, "robot")
    assert event.organisation_id == request.provider_id and "standing offer" in event.reason
    kept = StoredDecision.objects.get(subject=request.pk, moment="approve")
    assert kept.provider_id == request.provider_id
    # Nobody is called to what is answered, and the export is made like any other.
    notify.send("request.submitted", {"id": str(request.pk)})
    assert not Notice.objects.filter(topic="request.submitted").exists()
    worlds.drain()
    assert Delivery.objects.get(request=request).state == "available"
    page = browser(cast, "dana").get("/organisation/robots/").content.decode()
    assert "acted 1 time on what concerns you" in page and request.title() in page
    assert NAME in browser(cast, "piotr").get(f"/requests/{request.pk}/").content.decode()


def test_off_or_where_the_charter_wants_people_everything_waits(cast: Cast) -> None:
    governed(cast, {"robot": True})
    request = submitted(cast)
    notify.send("request.submitted", {"id": str(request.pk)})
    assert request.state == "submitted" and Notice.objects.filter(topic="request.submitted").exists()
    switch(cast)
    outbox.dispatch()
    assert Request.objects.get(pk=request.pk).state == "submitted", "what waits already is not touched"
    governed(cast, {})
    silent = submitted(cast, agreement=request.agreement)
    governed(cast, {"count": 2})
    four = submitted(cast, agreement=request.agreement)
    for one in (silent, four):
        assert one.state == "submitted" and not one.reviews.exists()
    governed(cast, {"count": 2, "robot": True})
    half = submitted(cast, agreement=request.agreement)
    # It is one of the two that the charter lets it be, never both.
    assert half.state == "submitted" and half.reviews.get().said_by == NAME
    assert Event.objects.filter(subject_id=half.pk, action="answer", actor_name=NAME, door="robot").exists()


def test_beyond_the_offer_or_seen_by_people_it_waits(cast: Cast) -> None:
    governed(cast, {"robot": True})
    switch(cast)
    agreement = worlds.agreed(cast)
    offer = Offer.objects.get(state="published")
    narrow = worlds.terms(columns={"only": ["carrier", "dest"]}, min_group_size=None, pseudonymise=None)
    offers.publish(offer.dataset_id, actor=cast.actor("dana"), terms=narrow, trust=cast.trust)
    wide = submitted(cast, agreement=agreement)
    assert wide.state == "submitted" and not wide.reviews.exists()
    sharing.send_back(wide.pk, actor=cast.actor("rui"), reason="Do you need the arrival delay?")
    sharing.edit(
        wide.pk, actor=cast.actor("piotr"), people=[cast.users["piotr"].pk],
        **{**worlds.ANSWERS, "columns": ["carrier", "dest"], "recipe": []},
    )  # fmt: skip
    sharing.submit(wide.pk, actor=cast.actor("piotr"))
    outbox.dispatch()
    assert Request.objects.get(pk=wide.pk).state == "submitted", "a person asked back: a person decides"
    offers.withdraw_offer(
        Offer.objects.get(state="published").pk, actor=cast.actor("dana"), reason="No longer."
    )
    assert submitted(cast, agreement=agreement, columns=["carrier"], recipe=[]).state == "submitted"


def test_the_switch_and_who_may_use_it(cast: Cast) -> None:
    assert why(lambda: switch(cast, by="rui")) == {"organisation.role"}
    assert why(lambda: switch(cast, by="piotr")) == {"organisation.role"}
    assert why(lambda: switch(cast, "lapse_invitations", on=False)) == {"robot.fixed"}
    assert why(lambda: switch(cast, on=False)) == {"robot.already"}
    page = browser(cast, "dana")
    short = page.post("/organisation/robots/", {"robot": "approve", "on": "on", "reason": "no"})
    assert short.status_code == 422 and ">no</textarea>" in short.content.decode()
    odd = page.post(
        "/organisation/robots/", {"robot": "nobody", "on": "on", "reason": "To see what happens."}
    )
    assert odd.status_code == 422
    good = page.post(
        "/organisation/robots/", {"robot": "approve", "on": "on", "reason": "They wait for days."}
    )
    assert good.status_code == 302
    event = Event.objects.get(action="switch_robot", to_state="active", subject_version__isnull=False)
    assert event.reason == "They wait for days." and event.after["robots"] == {"approve": True}
    assert (
        browser(cast, "rui").post("/organisation/robots/", {"robot": "approve", "on": "off"}).status_code
        == 403
    )
    said = page.get("/api/v1/robots", **token(cast, "dana", ["read"])).json()["results"]
    assert {one["code"]: one["on"] for one in said}["approve"] is True
    assert len(said) == len(robots.ROBOTS)


def test_lapsing_is_a_robot_that_the_provider_can_switch_off(cast: Cast) -> None:
    switch(cast, "lapse_requests", on=False)
    request = worlds.submitted(cast)
    with later(days=40):
        sweep()
    assert Request.objects.get(pk=request.pk).state == "submitted"
    switch(cast, "lapse_requests", on=True)
    with later(days=40):
        sweep()
    event = Event.objects.get(subject_id=request.pk, action="lapse")
    assert (event.actor_name, event.door) == ("Robot “Let requests lapse”", "robot")


def test_what_the_portal_does_on_its_day_is_listed_with_the_name_that_the_trail_shows(cast: Cast) -> None:
    """Whatever time alone makes due is done by a robot of the table: no timer without a name."""
    delivered = Delivery.objects.get(request=worlds.delivered(cast))
    found = Membership.objects.get(trust=cast.trust, organisation=cast.organisations["meridian"])
    services.change_charter(
        cast.trust.pk, actor=cast.actor("ada"), governance={"members": {"notice_days": 30}}
    )
    parting.give_notice(found.pk, actor=cast.actor("piotr"), reason="We are done.")
    page = browser(cast, "dana").get("/organisation/robots/").content.decode()
    fixed = [robot for robot in robots.ROBOTS if robot.fixed]
    assert len(fixed) > 10
    for robot in fixed:
        assert f"<b>{robot.label}</b>. " in page and escape(robot.fixed) in page
    with later(days=800):
        moved = sweep()
        tidy()
    assert moved["deliveries"] or moved["agreements"]
    by_time = set(
        Event.objects.filter(actor_id=None, action__in=["expire", "run_out", "leave", "overdue", "erase"])
        .exclude(actor_name__startswith="membership")
        .values_list("actor_name", flat=True)
    )
    assert {"Robot “Let members leave”", "Robot “End contracts”"} <= by_time
    assert by_time <= {robot.name for robot in robots.ROBOTS}
    delivered.refresh_from_db()
    assert delivered.state != "available"
    page = browser(cast, "dana").get("/organisation/robots/").content.decode()
    ended = page.split('id="robot-end_contracts"')[1].split("</li>")[0]
    assert "1 time on what concerns you, last on" in ended
    assert "1 time" not in page.split('id="robot-close_votes"')[1].split("</li>")[0]


def test_a_trust_founded_as_a_mobility_alliance_lets_the_robot_say_yes_and_people_keep_what_is_sensitive(
    cast: Cast,
) -> None:
    """End to end as a new user would: a template as it stands, one switch, and a request within the offer."""
    dana = browser(cast, "dana")
    page = dana.get("/trusts/new/?from=mobility").content.decode()
    assert "let the portal say yes for it" in page
    template = BY_CODE["mobility"]
    founded = dana.post(
        "/trusts/new/?from=mobility",
        {
            "template": "mobility", "name": "Trams and Planes", "kind": template.kind, "purpose": template.purpose,
            "charter": template.charter, "open_to_apply": "on",
        },
    )  # fmt: skip
    assert founded.status_code == 302
    cast.trust = Trust.objects.get(name="Trams and Planes")
    said = dana.get(f"{cast.trust.get_absolute_url()}charter/").content.decode()
    assert said.count("The provider&#x27;s robot may be one of them.") == 1, "ordinary data only"
    joined = services.apply(cast.trust.pk, actor=cast.actor("piotr"), role="consumer")
    outbox.dispatch()
    vote(cast, Proposal.objects.get(member=joined), dana="for")
    joined.refresh_from_db()
    assert joined.state == "active"

    at = dana.get("/organisation/robots/").content.decode()
    assert "Trams and Planes: the charter lets a robot answer in Review (ordinary data)" in " ".join(
        at.split()
    )
    sent = {"robot": "approve", "on": "on", "reason": "They wait for days."}
    assert dana.post("/organisation/robots/", sent).status_code == 302

    agreement = worlds.agreed(cast)
    Column.objects.filter(version=agreement.version_of_data).update(personal=False)
    within = submitted(cast, agreement=agreement)
    assert within.state == "approved" and within.reviews.get().said_by == NAME
    worlds.drain()
    left = Delivery.objects.get(request=within)
    assert left.state == "available"
    assert [one["name"] for one in left.receipt["body"]["approved_by"]] == [NAME], "the receipt says who"

    Column.objects.filter(version=agreement.version_of_data, name="tailnum").update(personal=True)
    sensitive = submitted(cast, agreement=agreement)
    assert sensitive.state == "submitted" and not sensitive.reviews.exists()
    assert sensitive.get_absolute_url() in browser(cast, "rui").get("/inbox/").content.decode()
    assert sharing.approve(sensitive.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER).state == "approved"
