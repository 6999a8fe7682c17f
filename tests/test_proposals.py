"""Members decide together: what a charter puts to the vote is done by the portal once they were for it, and by nobody alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kernel import doors
from kernel.actor import system
from kernel.audit.models import Event
from kernel.decision import Refused
from portal import notify
from portal.inbox import items
from tests.cast import Cast
from tests.test_access import BACKEND
from tests.test_offers import browser
from tests.votes import proposed, vote, voting
from trusts.membership import services as membership
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership, Trust
from trusts.membership.selectors import active_trust_ids
from trusts.membership.trust_machine import TRUST
from trusts.organisations import services as organisations
from trusts.organisations.selectors import actor_for, places_of
from trusts.proposals import closing, services
from trusts.proposals.counting import Seat, Tally, choices, count, outcome
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import Proposal

db = pytest.mark.django_db


def applied(cast: Cast) -> Proposal:
    """Elsewhere has applied, and the vote on it was opened by what the application told."""
    made = membership.apply(
        cast.trust.pk, actor=cast.actor("olga"), role="consumer", message="We want to learn too."
    )
    services.on_applied({"id": str(made.pk)})
    services.on_applied({"id": str(made.pk)})
    return Proposal.objects.get(member=made)


@db
def test_an_application_is_voted_on_and_admitted_by_the_vote_alone(cast: Cast) -> None:
    voting(cast)
    proposal = applied(cast)
    member = proposal.member
    assert member is not None
    with pytest.raises(Refused, match="takes a vote"):
        membership.admit(member.pk, actor=cast.actor("ada"))
    with pytest.raises(Refused, match="takes a vote"):
        membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), text="Mine alone.")
    assert [i.verb for i in items(cast.actor("dana")) if i.subject == proposal] == ["Vote"]
    assert not [i for i in items(cast.actor("rui")) if i.subject == proposal], "a reviewer has no vote"
    assert {u.email[:4] for u in notify.TOPICS["proposal.opened"][1](proposal)} == {"dana", "piot", "ada@"}

    proposal = vote(cast, proposal, dana="for")
    assert proposal.state == "open"
    assert not [i for i in items(cast.actor("dana")) if i.subject == proposal]
    proposal = vote(cast, proposal, dana="against", piotr="for")
    assert proposal.state == "open", "a vote can be changed, and one for and one against decide nothing"
    proposal = vote(cast, proposal, ada="for")
    member.refresh_from_db()
    assert (proposal.state, member.state) == ("adopted", "active")
    assert (proposal.result["for"], proposal.result["against"], proposal.result["turnout"]) == (2, 1, 100)
    said = Event.objects.filter(machine="proposal", subject_id=proposal.pk).order_by("created", "id")
    assert [(e.action, e.detail.get("choice")) for e in said] == [
        ("propose", None), ("vote", "for"), ("vote", "against"), ("vote", "for"), ("vote", "for"), ("adopt", None),
    ]  # fmt: skip
    assert said[5].detail["result"]["for"] == 2
    admitted = Event.objects.get(machine="membership", action="admit", subject_id=member.pk)
    assert proposal.ref in admitted.reason and admitted.actor_name == "The members' vote"


@db
def test_against_it_the_application_is_refused_and_too_few_decide_nothing(cast: Cast) -> None:
    voting(cast)
    first = vote(cast, applied(cast), dana="against", piotr="against")
    assert first.state == "rejected" and first.member is not None and first.member.state == "declined"
    second = services.propose(
        actor=cast.actor("dana"), trust=cast.trust, kind="charter", given={"text": "New."}, why="It is time."
    )
    vote(cast, second, ada="for")
    late = second.due + timedelta(seconds=1)
    assert closing.close_due(second.due - timedelta(seconds=1)) == 0
    assert closing.close_due(late) == 1 and closing.close_due(late) == 0
    second.refresh_from_db()
    assert second.state == "lapsed"
    assert cast.trust.charters.first().text != "New."


@db
def test_a_charter_changes_by_vote_unless_it_changed_meanwhile(cast: Cast, client: Client) -> None:
    trust = voting(cast)
    with pytest.raises(Refused, match="says already"):
        services.propose(
            actor=cast.actor("dana"),
            trust=trust,
            kind="charter",
            given={"text": trust.charters.first().text},
            why="Nothing new.",
        )
    with pytest.raises(Refused, match="nothing called"):
        services.propose(
            actor=cast.actor("dana"),
            trust=trust,
            kind="charter",
            given={"governance": {"vots": {}}},
            why="A slip of the pen.",
        )
    one, two = (
        services.propose(
            actor=cast.actor("dana"), trust=trust, kind="charter", given={"text": text}, why="It is time."
        )
        for text in ("First.", "Second.")
    )
    rules = {"longest_days": 90}
    limited = services.propose(
        actor=cast.actor("dana"), trust=trust, kind="charter", given={"rules": rules}, why="It is time."
    )
    client.force_login(cast.users["piotr"], backend=BACKEND)
    page = client.get(f"/proposals/{one.pk}/").content.decode()
    assert "What would change" in page and "First." in page
    assert "A contract runs for at most 90 days." in client.get(f"/proposals/{limited.pk}/").content.decode()
    assert vote(cast, one, dana="for", piotr="for").state == "adopted"
    newest = trust.charters.first()
    assert (newest.text, newest.author) == ("First.", cast.users["dana"])
    failed = vote(cast, two, dana="for", piotr="for")
    assert failed.state == "failed" and "has changed" in failed.result["problem"]["reasons"][0]["text"]
    assert trust.charters.first().text == "First."


@db
def test_nobody_votes_in_their_own_case_or_for_two_sides(cast: Cast, client: Client) -> None:
    trust = voting(cast)
    place = Membership.objects.get(trust=trust, organisation=cast.organisations["meridian"])
    proposal = services.propose(
        actor=cast.actor("ada"), trust=trust, kind="expel", member=place, why="It passed data on."
    )
    with pytest.raises(Refused, match="own organisation"):
        services.vote(proposal.pk, actor=cast.actor("piotr"), choice="against", reason="We did not.")
    client.force_login(cast.users["dana"], backend=BACKEND)
    page = client.get(place.get_absolute_url()).content.decode()
    assert proposal.get_absolute_url() in page and "kind=trustee" in page and "kind=expel" not in page
    form = client.get(f"/trusts/{trust.slug}/proposals/new/?kind=trustee&member={place.pk}").content.decode()
    assert f'value="{place.pk}" selected' in form
    services.comment(proposal.pk, actor=cast.actor("piotr"), text="We did not pass anything on.")
    told = notify.TOPICS["proposal.concerns"][1](proposal)
    assert told == [cast.users["piotr"]] and cast.users["piotr"] not in notify.TOPICS["proposal.opened"][1](
        proposal
    )
    # Dana belongs to Meridian too, and then acts for Hudson; Ada is made an owner at Hudson and acts for both.
    organisations.join(cast.organisations["meridian"], cast.users["dana"], ["auditor"], actor=system())
    with pytest.raises(Refused, match="act for Meridian"):
        services.vote(proposal.pk, actor=cast.actor("dana"), choice="against", reason="My other house.")
    vote(cast, proposal, ada="for")
    organisations.join(cast.organisations["hudson"], cast.users["ada"], ["owner"], actor=system())
    at_hudson = next(
        p for p in places_of(cast.users["ada"]) if p.organisation == cast.organisations["hudson"]
    )
    twice = actor_for(cast.users["ada"], at_hudson, active_trust_ids(at_hudson.organisation_id))
    with pytest.raises(Refused, match="act for Tri-State"):
        services.vote(proposal.pk, actor=twice, choice="for", reason="Once more.")
    assert Proposal.objects.get(pk=proposal.pk).tally() == Tally(2, 1, 0, 0)


@db
def test_a_member_suspended_in_between_loses_its_vote_and_a_late_vote_is_refused(cast: Cast) -> None:
    trust = voting(cast, kinds=("charter",))
    proposal = services.propose(
        actor=cast.actor("dana"), trust=trust, kind="charter", given={"text": "New."}, why="It is time."
    )
    vote(cast, proposal, piotr="against")
    place = Membership.objects.get(trust=trust, organisation=cast.organisations["meridian"])
    membership.suspend(place.pk, actor=cast.actor("ada"), reason="Until it is clear.")
    assert Proposal.objects.get(pk=proposal.pk).tally() == Tally(2, 0, 0, 0)
    with pytest.raises(Refused, match="not an active member"):
        services.vote(proposal.pk, actor=cast.actor("piotr"), choice="for", reason="Still here.")
    # The deadline passes while the vote waits for the row: whoever gets the lock second is told that it is over.
    import trusts.proposals.facts as loaded

    before = loaded.timezone
    loaded.timezone = type("Clock", (), {"now": staticmethod(lambda: proposal.due)})  # type: ignore[assignment,misc]
    try:
        with pytest.raises(Refused, match="time to vote is over"):
            services.vote(proposal.pk, actor=cast.actor("ada"), choice="for", reason="Just in time.")
    finally:
        loaded.timezone = before
    assert Proposal.objects.get(pk=proposal.pk).tally().cast == 0


@db
def test_a_vote_can_be_given_to_another_member_and_taken_back(cast: Cast) -> None:
    trust = voting(cast, weights={"provider": 3})
    proposal = services.propose(
        actor=cast.actor("dana"), trust=trust, kind="charter", given={"text": "New."}, why="It is time."
    )
    services.delegate(proposal.pk, actor=cast.actor("dana"), to=cast.organisations["meridian"])
    with pytest.raises(Refused, match="passed on twice"):
        services.delegate(proposal.pk, actor=cast.actor("piotr"), to=cast.organisations["weather"])
    services.undelegate(proposal.pk, actor=cast.actor("dana"))
    services.delegate(proposal.pk, actor=cast.actor("dana"), to=cast.organisations["meridian"])
    done = vote(cast, proposal, piotr="for")
    assert done.state == "adopted", "Meridian's one vote and Hudson's three of five"
    assert (done.result["for"], done.result["entitled"]) == (4, 5)


@db
def test_a_secret_ballot_is_provable_and_tells_nobodys_vote(cast: Cast, client: Client) -> None:
    trust = voting(cast, ballot="secret", weights={"provider": 2})
    proposal = services.propose(
        actor=cast.actor("dana"), trust=trust, kind="charter", given={"text": "New."}, why="It is time."
    )
    shown = {
        name: doors.perform(PROPOSAL, "vote", proposal, actor=cast.actor(name), data={"choice": choice}).rows[
            0
        ][0]
        for name, choice in (("dana", "for"), ("piotr", "against"))
    }
    client.force_login(cast.users["piotr"], backend=BACKEND)
    page = client.get(f"/proposals/{proposal.pk}/").content.decode()
    assert "has voted" in page and "For it</b>" not in page and "counted when the ballot is closed" in page
    assert Proposal.objects.get(pk=proposal.pk).state == "open", (
        "not closed before the last vote: that would tell it"
    )
    shown["ada"] = doors.perform(
        PROPOSAL, "vote", proposal, actor=cast.actor("ada"), data={"choice": "for"}
    ).rows[0][0]
    proposal.refresh_from_db()
    assert proposal.state == "adopted" and (proposal.result["for"], proposal.result["against"]) == (3, 1)
    assert sorted(b["choice"] for b in proposal.result["ballots"]) == ["against", "for", "for", "for"]
    assert closing.own_ballots(proposal, shown["dana"]) == ["for", "for"]
    assert closing.own_ballots(proposal, shown["piotr"]) == ["against"] and not closing.own_ballots(
        proposal, "0" * 16
    )
    assert set(proposal.seats.values_list("choice", "code", "reason")) == {("", "", "")}, (
        "erased with the close"
    )
    for event in Event.objects.filter(subject_id=proposal.pk):
        if event.action == "vote":
            assert event.detail == {} and event.reason == "" and not event.after, "who voted, never what"
    found = client.post(f"/proposals/{proposal.pk}/", {"code": shown["piotr"]}).content.decode()
    assert "Counted: Against it." in found


@db
def test_the_members_wind_their_trust_up(cast: Cast) -> None:
    trust = voting(cast)
    other = proposed(cast)
    asked = services.propose(
        actor=cast.actor("ada"), trust=trust, kind="wind_up", why="It has done its work."
    )
    assert vote(cast, asked, ada="for", dana="for").state == "open", "three quarters, and one vote is left"
    assert vote(cast, asked, piotr="for").state == "adopted"
    trust = Trust.objects.get(pk=trust.pk)
    assert trust.state in ("winding_up", "wound_up")
    assert closing.close_due(timezone.now()) == 1
    other.refresh_from_db()
    assert other.state == "withdrawn"
    with pytest.raises(Refused):
        services.propose(actor=system(), trust=trust, kind="wind_up", why="Once more, for nothing.")


@db
def test_an_applicant_and_outsiders_learn_nothing(cast: Cast) -> None:
    voting(cast)
    proposal = applied(cast)
    visible = doors.registry.entry("proposal").visible
    assert (
        visible is not None
        and proposal not in visible(cast.actor("olga"))
        and proposal in visible(cast.actor("sam"))
    )
    membership.withdraw(proposal.member_id, actor=cast.actor("olga"))
    assert closing.close_due(timezone.now()) == 1
    proposal.refresh_from_db()
    assert (proposal.state, proposal.result) == ("withdrawn", {})
    assert TRUST.has("change_charter") and MEMBERSHIP.has("admit")


seats = st.lists(
    st.builds(
        Seat, holder=st.integers(0, 6), weight=st.integers(1, 9), choice=st.sampled_from(["", "for", "against", "abstain"]),
        delegate=st.one_of(st.none(), st.integers(0, 6)), counts=st.booleans(),
    ),
    max_size=7, unique_by=lambda seat: seat.holder,
)  # fmt: skip
majorities = st.sampled_from(["half", "two_thirds", "three_quarters", "all"])


@given(seats, st.integers(0, 100), majorities, st.data())
def test_counting_loses_no_vote_and_what_is_decided_early_stays_decided(
    found: list[Seat], quorum: int, majority: str, data: Any
) -> None:
    tally = count(found)
    assert tally.cast + tally.left == tally.entitled == sum(s.weight for s in found if s.counts)
    assert set(choices(found)) == {s.holder for s in found if s.counts}
    early = outcome(tally, quorum, majority, over=False)
    silent = {holder for holder, choice in choices(found).items() if not choice}
    more = [
        replace(s, choice=data.draw(st.sampled_from(["for", "against", "abstain"])))
        if s.holder in silent and data.draw(st.booleans())
        else s
        for s in found
    ]
    final = outcome(count(more), quorum, majority, over=True)
    assert final and (not early or early == final)


def test_who_is_suspended_in_the_middle_of_a_vote_reads_why_it_cannot_vote(cast: Cast) -> None:
    trust = voting(cast)
    found = vote(cast, proposed(cast), piotr="for")
    place = Membership.objects.get(trust=trust, organisation=cast.organisations["meridian"])
    membership.suspend(place.pk, actor=cast.actor("ada"), reason="The audit is late.")
    new = proposed(cast, "Words of later.")
    piotr, page = browser(cast, "piotr"), found.get_absolute_url()
    told = "Your organisation cannot vote or comment now: its membership of New York Air Operations Trust is suspended."
    text = piotr.get(page).content.decode()
    assert told in text
    assert "<b>Vote</b> is not possible now: Your organisation is not an active member now" in text
    assert told in browser(cast, "sam").get(page).content.decode(), (
        "also for a colleague who has no vote to give"
    )
    form = piotr.get(f"/do/proposal/{found.pk}/vote/")
    assert form.status_code == 200
    assert "It votes again once it is reinstated" in form.content.decode()
    sent = piotr.post(
        f"/do/proposal/{found.pk}/vote/", {"choice": "against", "reason": "We changed our mind."}
    )
    assert sent.status_code == 409
    assert found.tally().as_dict()["for"] == 0, "what it has cast is not counted meanwhile"
    listed = piotr.get(f"/trusts/{trust.slug}/proposals/").content.decode()
    assert found.ref in listed and "Your membership is suspended" in listed
    # What is proposed while it is away is not its affair; nor is anything once it has gone.
    assert new.ref not in listed and piotr.get(new.get_absolute_url()).status_code == 404
    assert found.get_absolute_url() not in piotr.get("/inbox/").content.decode()
    membership.reinstate(place.pk, actor=cast.actor("ada"))
    assert told not in piotr.get(page).content.decode()
    assert type(found).objects.get(pk=found.pk).tally().as_dict()["for"] == 1
    membership.leave(place.pk, actor=cast.actor("piotr"), reason="We are done.")
    assert piotr.get(page).status_code == 404
    assert piotr.get(f"/trusts/{trust.slug}/proposals/").status_code == 404


def test_whose_vote_closes_the_vote_reads_what_came_of_it(cast: Cast) -> None:
    voting(cast, kinds=("charter",))
    found = proposed(cast)
    for name, says in (
        ("dana", "You can change it until the vote is closed"),
        ("piotr", "with it the vote is over: adopted"),
    ):
        sent = browser(cast, name).post(
            f"/do/proposal/{found.pk}/vote/", {"choice": "for", "reason": "It is time."}, follow=True
        )
        assert says in sent.content.decode(), name
