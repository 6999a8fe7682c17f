"""Deputies, groups, sessions and last access: what an organisation arranges about its people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kernel.audit.models import Event
from kernel.decision import Refused
from portal import notify
from tests import worlds
from tests.cast import PASSWORD, Cast
from tests.test_access import BACKEND, token
from trusts.organisations import people
from trusts.organisations import services as organisations
from trusts.organisations.models import Deputyship, MemberRole, OrganisationMember, User
from trusts.organisations.selectors import people_with

pytestmark = [pytest.mark.django_db, pytest.mark.rules]


def place(cast: Cast, name: str) -> OrganisationMember:
    found: OrganisationMember = cast.users[name].places.get(state="active")
    return found


def client(cast: Cast, name: str) -> Client:
    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def stand_in(cast: Cast, who: str, deputy: str, days: int = 3) -> Deputyship:
    today = timezone.localdate()
    return people.name_deputy(
        place(cast, who).pk,
        actor=cast.actor(who),
        deputy=place(cast, deputy),
        starts=today,
        until=today + timedelta(days=days),
    )


def test_a_deputy_decides_with_the_lent_role_and_the_trail_says_for_whom(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    request = worlds.submitted(cast, agreement)
    ines = client(cast, "ines")
    address = f"/do/request/{request.pk}/send_back/"
    assert ines.get(address).status_code == 403
    made = stand_in(cast, "rui", "ines")
    assert cast.users["ines"] in people_with(cast.organisations["hudson"].pk, frozenset({"reviewer"}))
    assert "Review the request" in ines.get("/inbox/").content.decode()
    assert "as a deputy: reviewer for Rui Costa" in ines.get("/settings/").content.decode()
    answer = ines.post(address, {"questions": "Why these columns?", "reason": "Why these columns?"})
    assert answer.status_code == 302, answer.content.decode()
    event = Event.objects.get(subject_id=request.pk, action="send_back")
    assert event.actor_name == "Ines Vogel, for Rui Costa"
    assert event.detail["deputy_for"] == ["Rui Costa"]
    # What she may do herself, she does in her own name.
    left = Event.objects.filter(actor_id=cast.users["ines"].pk).exclude(pk=event.pk)
    assert not left.filter(actor_name__contains="for Rui").exists()
    assert ines.post(f"/do/deputyship/{made.pk}/end/").status_code == 302
    assert ines.get(address).status_code == 403
    assert cast.users["ines"] not in people_with(cast.organisations["hudson"].pk, frozenset({"reviewer"}))


def test_lent_roles_last_from_the_first_to_the_last_day_and_end_with_the_place(cast: Cast) -> None:
    today, hudson = timezone.localdate(), frozenset({"auditor"})
    later = people.name_deputy(
        place(cast, "rui").pk, actor=cast.actor("dana"), deputy=place(cast, "ines"),
        starts=today + timedelta(days=1), until=today + timedelta(days=1),
    )  # fmt: skip
    assert cast.actor("ines").roles == hudson
    Deputyship.objects.filter(pk=later.pk).update(starts=timezone.now() - timedelta(days=2))
    assert cast.actor("ines").roles == hudson | {"reviewer"}
    # The deputy's place elsewhere gains nothing, and a lent role is not lent on.
    assert {lent.role for lent in cast.actor("ines").lent} == {"reviewer"}
    Deputyship.objects.filter(pk=later.pk).update(ends=timezone.now() - timedelta(minutes=1))
    assert cast.actor("ines").roles == hudson
    assert people.lapse_deputyships(timezone.now()) == 1
    stand_in(cast, "rui", "ines")
    with pytest.raises(Refused, match="already stands in"):
        stand_in(cast, "rui", "ines")
    organisations.remove(place(cast, "rui").pk, actor=cast.actor("dana"), reason="He has left us.")
    assert cast.actor("ines").roles == hudson
    assert not Deputyship.objects.filter(state="standing").exists()


def test_bad_days_and_strangers_are_said_at_their_field(cast: Cast) -> None:
    rui = client(cast, "rui")
    address = f"/do/member/{place(cast, 'rui').pk}/name_deputy/"
    today = timezone.localdate()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"deputy": place(cast, "ines").pk, "starts": today, "until": today - timedelta(days=1)}, "is before the first"),
        ({"deputy": place(cast, "piotr").pk, "starts": today, "until": today}, "Select a valid choice"),
        ({"deputy": place(cast, "ines").pk, "starts": today, "until": today + timedelta(days=400)}, "a year at most"),
    ]  # fmt: skip
    for data, said in wrong:
        answer = rui.post(address, data)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert rui.get(f"/do/member/{place(cast, 'ines').pk}/name_deputy/").status_code == 403
    stand_in(cast, "rui", "ines")
    made = Deputyship.objects.get()
    assert notify.send("deputyship.named", {"id": str(made.pk)}) == 2
    assert "Ines Vogel for Rui Costa" in mail.outbox[0].subject


def test_a_group_names_several_people_in_a_request(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    piotr = client(cast, "piotr")
    sam, boss = place(cast, "sam"), place(cast, "piotr")
    hall = cast.organisations["meridian"]
    made = piotr.post(
        f"/do/organisation/{hall.pk}/make_group/", {"name": "Delay study", "people": [sam.pk, boss.pk]}
    )
    assert made.status_code == 302
    group = hall.groups.get()
    taken = piotr.post(f"/do/organisation/{hall.pk}/make_group/", {"name": "delay study", "people": [sam.pk]})
    assert taken.status_code == 409
    page = piotr.get(f"/requests/new/?contract={agreement.pk}").content.decode()
    assert "Group Delay study (2)" in page
    from contracts.sharing.forms import AnswersForm

    form = AnswersForm({"people": [f"group:{group.pk}"]}, agreement=agreement, actor=cast.actor("piotr"))
    form.is_valid()
    assert set(form.cleaned_data["people"]) == {sam.user_id, boss.user_id}
    organisations.leave(sam.pk, actor=cast.actor("sam"))
    form = AnswersForm({"people": [f"group:{group.pk}"]}, agreement=agreement, actor=cast.actor("piotr"))
    form.is_valid()
    assert form.cleaned_data["people"] == [boss.user_id]
    assert "Delay study" not in client(cast, "dana").get("/organisation/people/").content.decode()


def test_sessions_end_everywhere_unless_the_person_acts_for_others_too(cast: Cast) -> None:
    laptop, phone, dana = Client(), Client(), client(cast, "dana")
    for browser in (laptop, phone):
        browser.post("/accounts/login/", {"login": "rui@rui.example", "password": PASSWORD})
    rui = place(cast, "rui")
    assert laptop.get("/accounts/sessions/").content.decode().count("127.0.0.1") == 2
    assert dana.post(f"/do/member/{rui.pk}/end_sessions/").status_code == 302
    assert [c.get("/inbox/").status_code for c in (laptop, phone, dana)] == [302, 302, 200]
    cast.users["rui"].refresh_from_db()
    assert client(cast, "rui").get("/inbox/").status_code == 200
    organisations.found(actor=cast.actor("rui"), name="Rui's own")
    with pytest.raises(Refused, match="another organisation"):
        people.end_sessions(rui.pk, actor=cast.actor("dana"))


def test_last_access_is_kept_by_the_hour_and_shown_to_those_who_answer_for_it(cast: Cast) -> None:
    rui = client(cast, "rui")
    rui.get("/inbox/")
    first = place(cast, "rui").last_access
    rui.get("/inbox/")
    assert place(cast, "rui").last_access == first
    OrganisationMember.objects.filter(pk=place(cast, "dana").pk).update(
        last_access=timezone.now() - timedelta(days=99)
    )
    secret = token(cast, "dana", ["read"])
    assert Client().get("/api/v1/people", **secret).json()["count"] == 3  # type: ignore[arg-type]
    assert timezone.now() - place(cast, "dana").last_access < timedelta(minutes=1)  # type: ignore[operator]
    assert "Last used" in client(cast, "ines").get("/organisation/people/").content.decode()
    assert "Last used" not in rui.get("/organisation/people/").content.decode()


def test_nobody_decides_on_their_own_wish_by_the_hand_of_a_deputy(cast: Cast) -> None:
    """Dana asks for an exception that a second person must agree to; whoever stands in for her is not that person."""
    exemption = worlds.exempted(cast, worlds.offered(cast))
    organisations.change_roles(place(cast, "rui").pk, actor=cast.actor("dana"), roles=["analyst"])
    rui, address = client(cast, "rui"), f"/do/exemption/{exemption.pk}/agree/"
    assert rui.get(address).status_code == 403
    made = stand_in(cast, "dana", "rui")
    refused = rui.post(address, {"reason": "She asked me to."})
    assert refused.status_code == 409
    assert "You asked for this exception" in refused.content.decode()
    people.end_deputyship(made.pk, actor=cast.actor("dana"))
    organisations.change_roles(place(cast, "rui").pk, actor=cast.actor("dana"), roles=["reviewer"])
    assert rui.post(address, {"reason": "It is fine."}).status_code == 302


def test_the_page_of_five_hundred_people_asks_no_more_often_than_that_of_three(cast: Cast) -> None:
    dana, hudson = client(cast, "dana"), cast.organisations["hudson"]

    def queries(path: str) -> int:
        dana.get(path)
        with CaptureQueriesContext(connection) as found:
            assert dana.get(path).status_code == 200
        return len(found)

    few = {path: queries(path) for path in ("/organisation/people/", "/organisation/access/")}
    users = User.objects.bulk_create(User(email=f"p{n}@x.example", name=f"Person {n:03}") for n in range(500))
    places = OrganisationMember.objects.bulk_create(
        OrganisationMember(organisation=hudson, user=user, state="active") for user in users
    )
    MemberRole.objects.bulk_create(MemberRole(member=member, role="analyst") for member in places)
    Deputyship.objects.bulk_create(
        Deputyship(organisation=hudson, member=a, deputy=b, state="standing",
                   starts=timezone.now(), ends=timezone.now() + timedelta(days=1))
        for a, b in zip(places[:40], places[40:80], strict=True)
    )  # fmt: skip
    assert {path: queries(path) for path in few} == few
    assert max(few.values()) <= 13
    shown = dana.get("/organisation/people/?q=person 42").content.decode()
    assert "Person 420" in shown
    assert "Person 200" not in shown


def test_who_acts_on_a_page_of_the_organisation_comes_back_to_it(cast: Cast) -> None:
    """Not to the public profile; and never to another site."""
    dana, path = (
        client(cast, "dana"),
        f"/do/organisation/{cast.organisations['hudson'].pk}/switch_emergencies/",
    )
    link = f"{path}?back=/organisation/access/"
    assert link in dana.get("/organisation/access/").content.decode()
    assert 'name="back" value="/organisation/access/"' in dana.get(link).content.decode()
    given = {"allowed": "off", "reason": "Our data stays closed.", "back": "/organisation/access/"}
    assert dana.post(path, given).headers["Location"] == "/organisation/access/"
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example/"):
        answer = dana.post(path, {**given, "allowed": "on", "back": elsewhere})
        assert answer.headers.get("Location", "/organisations/").startswith("/organisations/"), elsewhere
