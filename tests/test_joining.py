"""Joining with evidence and a check list, on condition and on probation; going with notice, heard first, or in silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kernel.audit.models import Event
from kernel.decision import Refused
from kernel.models import Outbox
from portal import notify
from portal.tasks import sweep, tidy
from tests.cast import Cast
from tests.test_access import BACKEND
from trusts.membership import joining, parting, services
from trusts.membership.models import Charter, Membership, Trust

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 a register extract"
ASKED = {
    "countries": ["DE", "US"], "evidence": [{"code": "register", "label": "Extract of the register", "help": "Not older than a year."}],
    "checklist": [{"code": "owners", "text": "Who owns it is known"}], "probation_days": 90, "notice_days": 30, "silent_days": 60,
}  # fmt: skip
_now = timezone.now


def chartered(cast: Cast, **members: Any) -> Trust:
    """The trust, whose charter asks this of members from now on."""
    number = cast.trust.charters.count() + 1
    Charter.objects.create(
        trust=cast.trust, number=number, text="As agreed.", governance={"members": {**ASKED, **members}}
    )
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return cast.trust


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def later(days: float) -> Any:
    return patch.object(timezone, "now", lambda: _now() + timedelta(days=days))


def told(topic: str, found: Membership) -> list[str]:
    """Who gets mail on this topic, which was published about this membership."""
    assert Outbox.objects.filter(topic=topic, payload__id=str(found.pk)).exists()
    before = len(mail.outbox)
    notify.send(topic, {"id": str(found.pk)})
    return sorted(to for m in mail.outbox[before:] for to in m.to)


def of(cast: Cast, name: str) -> Membership:
    return Membership.objects.filter(trust=cast.trust, organisation=cast.organisations[name]).latest(
        "created"
    )


def test_an_organisation_joins_with_what_the_charter_asks_for(cast: Cast) -> None:
    trust = chartered(cast)
    olga, ada = browser(cast, "olga"), browser(cast, "ada")
    olga.post(trust.get_absolute_url(), {"role": "consumer", "message": "We study delays."})
    found = of(cast, "elsewhere")
    page, do = found.get_absolute_url(), f"/do/membership/{found.pk}"
    assert "Not handed in yet" in olga.get(page).content.decode()
    refused = ada.post(f"{do}/admit/").content.decode()
    assert (
        "Not handed in yet: Extract of the register" in refused
        and "Not looked at yet: Who owns it is known" in refused
    )

    bad = olga.post(f"{do}/hand_in/", {"code": "register", "file": SimpleUploadedFile("a.pdf", b"MZ no pdf")})
    assert bad.status_code == 422 and "its content is something else" in bad.content.decode()
    empty = olga.post(f"{do}/hand_in/", {"code": "register"})
    assert empty.status_code == 409 and "neither text nor a file" in empty.content.decode()
    assert (
        olga.post(
            f"{do}/hand_in/", {"code": "register", "file": SimpleUploadedFile("extract.pdf", PDF)}
        ).status_code
        == 302
    )
    file = f"/memberships/{found.pk}/evidence/0/"
    assert b"".join(ada.get(file).streaming_content) == PDF  # type: ignore[attr-defined]
    assert [browser(cast, n).get(file).status_code for n in ("piotr", "dana")] == [404, 404], (
        "other members do not read it"
    )
    assert olga.get(f"/memberships/{found.pk}/evidence/7/").status_code == 404

    ada.post(f"{do}/check/", {"code": "owners", "ok": "no", "note": "One owner is not named."})
    day = (timezone.localdate() + timedelta(days=20)).isoformat()
    half = ada.post(f"{do}/admit/", {"condition": "Name the last owner."})
    assert half.status_code == 422 and "by when" in half.content.decode()
    assert ada.post(f"{do}/admit/", {"condition": "Name the last owner.", "due": day}).status_code == 302
    found.refresh_from_db()
    assert found.state == "active" and found.probation_until == timezone.localdate() + timedelta(days=90)
    shown = olga.get(page).content.decode()
    assert (
        "On probation until" in shown
        and "Name the last owner." in shown
        and "One owner is not named." in shown
    )
    assert "One owner is not named." not in browser(cast, "piotr").get(page).content.decode()

    ada.post(f"{do}/close_condition/", {"number": "0", "outcome": "met", "note": "Named on Monday."})
    assert "Named on Monday." in olga.get(page).content.decode()
    with pytest.raises(Refused, match="No condition is open"):
        joining.close_condition(found.pk, actor=cast.actor("ada"), number=0, outcome="met", note="Again.")
    with later(91):
        assert sweep()["probations"] == 1 and sweep()["probations"] == 0
    found.refresh_from_db()
    assert found.probation_until is None


def test_who_does_not_fit_the_charter_is_told_why(cast: Cast) -> None:
    trust = chartered(cast, countries=["FR"], most=3)
    page = (
        browser(cast, "olga")
        .post(trust.get_absolute_url(), {"role": "observer", "message": "Please."})
        .content.decode()
    )
    assert "The charter takes members from FR" in page and "at most 3 members" in page
    assert not Membership.objects.filter(organisation=cast.organisations["elsewhere"]).exists()


def test_nobody_is_expelled_unheard(cast: Cast) -> None:
    found, ada = of(cast, "meridian"), cast.actor("ada")
    with pytest.raises(Refused, match="has not been heard"):
        services.expel(found.pk, actor=ada, reason="They passed data on.")
    parting.hear(found.pk, actor=ada, grounds="They passed data on.")
    assert told("membership.hearing", found) == ["piotr@piotr.example"]
    with pytest.raises(Refused, match="may reply until"):
        services.expel(found.pk, actor=ada, reason="They passed data on.")
    assert "They passed data on." in browser(cast, "piotr").get(found.get_absolute_url()).content.decode()
    assert browser(cast, "dana").get(f"/do/membership/{found.pk}/reply/").status_code in (403, 404)
    browser(cast, "piotr").post(f"/do/membership/{found.pk}/reply/", {"text": "It was somebody else."})
    services.expel(found.pk, actor=ada, reason="They passed data on.")
    found.refresh_from_db()
    assert found.state == "expelled" and found.hearing["reply"] == "It was somebody else."
    # It asks again: who decides reads that it was here, and how it went.
    services.apply(cast.trust.pk, actor=cast.actor("piotr"), role="consumer", message="Once more.")
    again = browser(cast, "ada").get(of(cast, "meridian").get_absolute_url()).content.decode()
    assert "It was here before" in again and "Expelled" in again


def test_silence_of_the_member_does_not_stop_the_hearing(cast: Cast) -> None:
    found, ada = of(cast, "meridian"), cast.actor("ada")
    parting.hear(found.pk, actor=ada, grounds="They passed data on.")
    with later(8):
        services.expel(found.pk, actor=ada, reason="They passed data on.")
    assert of(cast, "meridian").state == "expelled"


def test_a_hearing_stands_for_its_own_grounds_only(cast: Cast) -> None:
    found, ada, piotr = of(cast, "meridian"), cast.actor("ada"), browser(cast, "piotr")
    parting.hear(found.pk, actor=ada, grounds="A report came late.")
    assert "Reply to the grounds" in piotr.get("/inbox/").content.decode()
    assert "Reply to the grounds" not in browser(cast, "sam").get("/inbox/").content.decode(), "owners reply"
    with later(5.5):
        assert notify.remind(timezone.now()) == 1 and notify.remind(timezone.now()) == 0
    parting.reply(found.pk, actor=cast.actor("piotr"), text="It is in now.")
    assert "Reply to the grounds" not in piotr.get("/inbox/").content.decode()
    with later(100):
        with pytest.raises(Refused, match="does not stand for what came later"):
            services.expel(found.pk, actor=ada, reason="Something quite different.")
        parting.hear(found.pk, actor=ada, grounds="Something quite different.")
        with pytest.raises(Refused, match="may reply until"):
            services.expel(found.pk, actor=ada, reason="Something quite different.")


def test_notice_probation_and_open_conditions_are_told_to_those_concerned_only(cast: Cast) -> None:
    chartered(cast)
    found, day = of(cast, "meridian"), timezone.localdate() + timedelta(days=9)
    parting.give_notice(found.pk, actor=cast.actor("piotr"), reason="We are done.")
    joining.set_probation(found.pk, actor=cast.actor("ada"), until=day, reason="A report came late.")
    joining.set_condition(found.pk, actor=cast.actor("ada"), text="Send the report.", due=day)
    for name, reads in (("piotr", True), ("ada", True), ("dana", True), ("olga", False)):
        shown = browser(cast, name).get(found.get_absolute_url()).content.decode()
        assert ("Notice was given" in shown, "On probation until" in shown) == (reads, reads), name
    with later(9):
        assert notify.remind(timezone.now()) == 0
    mail.outbox.clear()
    with later(10):
        assert notify.remind(timezone.now()) == 1 and notify.remind(timezone.now()) == 0
    assert sorted(m.to[0] for m in mail.outbox) == ["ada@ada.example", "piotr@piotr.example"]


def test_who_leaves_gives_the_notice_of_the_charter(cast: Cast) -> None:
    chartered(cast)
    found, piotr = of(cast, "meridian"), cast.actor("piotr")
    with pytest.raises(Refused, match="notice of 30 days"):
        services.leave(found.pk, actor=piotr, reason="We are done.")
    parting.give_notice(found.pk, actor=piotr, reason="We are done.")
    parting.take_back_notice(found.pk, actor=piotr)
    parting.give_notice(found.pk, actor=piotr, reason="We are done after all.")
    with later(29):
        assert sweep()["notices"] == 0
    with later(31):
        assert sweep()["notices"] == 1
    found.refresh_from_db()
    left = Event.objects.get(subject_id=found.pk, action="leave")
    assert (
        found.state == "left"
        and left.reason == "We are done after all."
        and left.actor_name == "Robot “Let members leave”"
    )


def test_a_member_that_stops_answering_is_noticed_once(cast: Cast) -> None:
    chartered(cast)
    with later(59):
        assert tidy()["silences"] == 0
    with later(61):
        assert tidy()["silences"] == 3 and tidy()["silences"] == 0
        assert (
            "Not heard from since"
            in browser(cast, "ada").get(of(cast, "hudson").get_absolute_url()).content.decode()
        )
    members = f"/trusts/{cast.trust.slug}/members/"
    assert browser(cast, "ada").get(members).content.decode().count("has not answered since") == 3
    assert "has not answered" not in browser(cast, "dana").get(members).content.decode()
    assert told("membership.silent", of(cast, "hudson")) == ["ada@ada.example"]


def test_a_hearing_that_comes_to_nothing_is_closed(cast: Cast) -> None:
    found, ada, piotr = of(cast, "meridian"), cast.actor("ada"), browser(cast, "piotr")
    with pytest.raises(Refused, match="No hearing is open"):
        parting.close_hearing(found.pk, actor=ada, reason="Nothing was found.")
    parting.hear(found.pk, actor=ada, grounds="They passed data on.")
    with pytest.raises(Refused):
        parting.close_hearing(found.pk, actor=cast.actor("piotr"), reason="We find nothing in it.")
    form = {"reason": "It was another organisation."}
    assert browser(cast, "ada").post(f"/do/membership/{found.pk}/close_hearing/", form).status_code == 302
    assert told("membership.hearing_closed", found) == ["piotr@piotr.example"]
    page = piotr.get(found.get_absolute_url()).content.decode()
    assert "They passed data on." in page and "It was another organisation." in page
    assert "Reply to the grounds" not in piotr.get("/inbox/").content.decode()
    with later(30), pytest.raises(Refused, match="has not been heard"):
        services.expel(found.pk, actor=ada, reason="They passed data on.")
    parting.hear(found.pk, actor=ada, grounds="Now they did.")
    assert of(cast, "meridian").hearing["grounds"] == "Now they did."


def test_a_probation_is_extended_or_not_passed(cast: Cast) -> None:
    found, ada, day = of(cast, "meridian"), cast.actor("ada"), timezone.localdate() + timedelta(days=10)
    joining.set_probation(found.pk, actor=ada, until=day, reason="A report came late.")
    with pytest.raises(Refused, match="runs already"):
        joining.set_probation(found.pk, actor=ada, until=day + timedelta(days=9), reason="And another.")
    with pytest.raises(Refused, match="runs until"):
        joining.extend_probation(found.pk, actor=ada, until=day, reason="And another.")
    day += timedelta(days=9)
    joining.extend_probation(found.pk, actor=ada, until=day, reason="And another one came late.")
    do = f"/do/membership/{found.pk}/fail_probation/"
    with pytest.raises(Refused, match="has not been heard"):
        parting.fail_probation(found.pk, actor=ada, reason="All reports came late.")
    with later(15):
        parting.hear(found.pk, actor=ada, grounds="All reports came late.")
    with later(25):
        # Its day is over, and it has not passed by itself: the hearing comes first.
        assert sweep()["probations"] == 0
        assert "Not passed: end the membership" in browser(cast, "ada").get(do).content.decode()
        assert browser(cast, "ada").post(do, {"reason": "All reports came late."}).status_code == 302
    found.refresh_from_db()
    assert found.state == "expelled"
    ended = browser(cast, "ada").get(found.get_absolute_url()).content.decode()
    assert "On probation until" not in ended, "what has ended is on no probation"

    other, until = of(cast, "hudson"), timezone.localdate() + timedelta(days=5)
    joining.set_probation(other.pk, actor=ada, until=until, reason="A report came late.")
    parting.hear(other.pk, actor=ada, grounds="A report came late.")
    with later(6):
        assert sweep()["probations"] == 0
        parting.close_hearing(other.pk, actor=ada, reason="It had come in time.")
        assert sweep()["probations"] == 1
    governance = {"votes": {"kinds": {"expel": {"by": "vote"}}}}
    services.change_charter(cast.trust.pk, actor=ada, governance=governance)
    joining.set_probation(other.pk, actor=ada, until=until, reason="A report came late.")
    with pytest.raises(Refused, match="takes a vote"):
        parting.fail_probation(other.pk, actor=ada, reason="All reports came late.")
