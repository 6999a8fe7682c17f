"""What people are told: a row each, in the way they chose; once, also when the mail server was away; reminders and their end."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from contracts.negotiations import deadlines, duties
from contracts.negotiations import services as negotiations
from kernel.actor import system
from portal import notify
from portal.models import Digest, Notice
from portal.notices import choices, post, write
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from tests.test_rounds import shown
from trusts.organisations import services as organisations

pytestmark = pytest.mark.django_db


def client(cast: Cast, name: str, **more: Any) -> Client:
    found = Client(**more)
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def tell(topic: str, subject: Any) -> int:
    mail.outbox.clear()
    return notify.send(topic, {"id": str(subject.pk)})


def morning(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=ZoneInfo("Europe/Berlin"))


def test_everybody_is_told_in_the_way_they_chose(cast: Cast) -> None:
    request = worlds.submitted(cast)
    rui, dana = client(cast, "rui"), client(cast, "dana")
    answer = rui.post(
        "/notices/settings/", dict.fromkeys(notify.TOPICS, "now") | {"request.submitted": "daily"}
    )
    assert answer.status_code == 302
    assert tell("request.submitted", request) == 1 and mail.outbox[0].to == ["dana@dana.example"]
    choices.choose(cast.users["dana"].pk, {"request.submitted": "off"})
    assert tell("request.submitted", request) == 0
    assert Notice.objects.filter(user=cast.users["dana"]).count() == 1, "told nothing the second time"
    assert Notice.objects.filter(user=cast.users["rui"], way="daily", mailed=None).count() == 2
    page = rui.get("/notices/").content.decode()
    assert "A request waits for your review." in page and request.ref in page and "2<span" in page
    assert "A study of delays" not in page
    # Opening it leads to the object and makes it read; the others stay.
    first = Notice.objects.filter(user=cast.users["rui"]).first()
    assert rui.get(f"/notices/{first.pk}/open/").url == request.get_absolute_url()
    assert "1<span" in rui.get("/notices/").content.decode()
    assert dana.get(f"/notices/{first.pk}/open/").status_code == 404
    dana.post("/notices/read/", {"notice": str(first.pk), "do": "all"})
    assert Notice.objects.filter(user=cast.users["rui"], read=None).count() == 1, "only one's own"
    assert (
        "mark at least one line" in rui.post("/notices/read/", {"notice": "x"}, follow=True).content.decode()
    )
    rui.post("/notices/read/", {"do": "all"})
    assert "Nothing new." in rui.get("/notices/").content.decode()


def test_what_is_essential_cannot_be_switched_off(cast: Cast) -> None:
    everything = dict.fromkeys(notify.TOPICS, "now")
    piotr = client(cast, "piotr")
    for way in ("off", "portal", "nonsense"):
        answer = piotr.post(
            "/notices/settings/", everything | {"duty.begun": "off", "agreement.stopped": way}
        )
        assert answer.status_code == 422 and "Not saved." in answer.content.decode()
        assert re.search(r'name="duty.begun".*?value="off" selected', answer.content.decode(), re.S), (
            "nothing typed is lost"
        )
        with pytest.raises(ValueError, match="cannot be told"):
            choices.choose(cast.users["piotr"].pk, {"agreement.stopped": way})
    assert choices.of(cast.users["piotr"].pk) == {}
    assert set(notify.TOPICS) >= choices.ESSENTIAL


def test_nobody_is_told_twice_when_the_mail_server_was_away(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, once = worlds.submitted(cast), uuid4().hex
    real, sent = post._send, []

    def away(user: Any, *rest: Any) -> None:
        if sent:
            raise OSError("away")
        sent.append(user.email)
        real(user, *rest)

    mail.outbox.clear()
    monkeypatch.setattr(post, "_send", away)
    with pytest.raises(OSError, match="away"):
        notify.send("request.submitted", {"id": str(request.pk), "once": once})
    monkeypatch.setattr(post, "_send", real)
    assert post.mail_left(timezone.now()) == 0, "the task that failed tries first"
    assert notify.send("request.submitted", {"id": str(request.pk), "once": once}) == 1
    assert notify.send("request.submitted", {"id": str(request.pk), "once": once}) == 0
    assert sorted(m.to[0] for m in mail.outbox) == ["dana@dana.example", "rui@rui.example"]
    Notice.objects.filter(user=cast.users["rui"]).update(mailed=None)
    assert post.mail_left(timezone.now() + timedelta(hours=1)) == 1, "what was left over goes later"


def test_one_mail_a_day_on_the_persons_own_morning(cast: Cast) -> None:
    request = worlds.submitted(cast)
    for name in ("rui", "dana"):
        choices.choose(cast.users[name].pk, {"request.submitted": "daily"})
    tell("request.submitted", request)
    tell("request.submitted", request)
    cast.users["dana"].zone = "America/New_York"
    cast.users["dana"].save()
    assert post.digests(morning(1, 6)) == 0
    assert post.digests(morning(1)) == 1, "in New York it is night"
    body = mail.outbox[0].body
    assert mail.outbox[0].to == ["rui@rui.example"] and body.count("A request waits for your review.") == 2
    assert (
        "Hudson Carriers" in body and request.get_absolute_url() in body and "A study of delays" not in body
    )
    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    tell("request.submitted", request)
    assert post.digests(morning(1, 20)) == 1, "only Dana's morning is left of this day"
    assert post.digests(morning(2)) == 1 and mail.outbox[-1].to == ["rui@rui.example"]
    assert Digest.objects.count() == 3
    # Whoever left the organisation is not told of it any more; what was read here needs no mail.
    tell("request.submitted", request)
    place = cast.users["rui"].places.get(state="active")
    organisations.remove(place.pk, actor=cast.actor("dana"), reason="Left the company.")
    write.mark_read(cast.actor("dana"))
    assert post.digests(morning(3, 20)) == 0


def test_the_link_in_a_mail_stops_it_without_signing_in(cast: Cast) -> None:
    request = worlds.submitted(cast)
    tell("request.submitted", request)
    sent = next(m for m in mail.outbox if m.to == ["rui@rui.example"])
    link = re.fullmatch(r"<http://[^/]+(/notices/stop/\S+/)>", sent.extra_headers["List-Unsubscribe"]).group(
        1
    )  # type: ignore[union-attr]
    anyone = Client(enforce_csrf_checks=True)
    page = anyone.get(link)
    assert page.status_code == 200 and "A request waits for your review." in page.content.decode()
    assert choices.of(cast.users["rui"].pk) == {}, "a link that is only looked at changes nothing"
    assert anyone.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert choices.of(cast.users["rui"].pk) == {"request.submitted": "portal"}
    assert tell("request.submitted", request) == 1 and mail.outbox[0].to == ["dana@dana.example"]
    assert Notice.objects.filter(user=cast.users["rui"], way="portal").count() == 1
    for wrong in (link[:-2] + "x/", "/notices/stop/abc/"):
        assert anyone.get(wrong).status_code == anyone.post(wrong).status_code == 404
    assert anyone.get(link.replace("stop", "open")).status_code in (302, 404)
    # The day's mail: what is essential stays in it, and its mails have no such link.
    choices.choose(cast.users["rui"].pk, {"agreement.stopped": "daily", "request.reminder": "daily"})
    assert choices.stop_mail(cast.users["rui"].pk, choices.DIGEST) == ["request.reminder"]
    assert choices.of(cast.users["rui"].pk)["agreement.stopped"] == "daily"
    tell("agreement.stopped", request.agreement)
    assert mail.outbox and not any("List-Unsubscribe" in m.extra_headers for m in mail.outbox)


def test_dates_are_told_before_they_come_and_to_the_owners_after(cast: Cast) -> None:
    """Each mark once: 3 days and 1 day before a request lapses; after a duty's date the owners of both sides."""
    request = worlds.submitted(cast)
    mail.outbox.clear()
    due = request.due
    told = [notify.remind(due - timedelta(days=d)) for d in (5, 2.9, 2.5, 0.9, 0.1)]
    assert told == [0, 1, 0, 1, 0]
    assert sorted(m.to[0] for m in mail.outbox) == ["dana@dana.example"] * 2 + ["rui@rui.example"] * 2
    from contracts.sharing.services import lapse_due

    lapse_due(due + timedelta(hours=1))
    mail.outbox.clear()
    assert [notify.remind(timezone.now()), notify.remind(timezone.now())] == [1, 0]
    assert {m.to[0] for m in mail.outbox} == {"dana@dana.example", "piotr@piotr.example"}
    duty = duties.begin(
        request.agreement, "delete_within", "Delete it", timezone.now() + timedelta(days=1), actor=system()
    )
    later = timezone.now() + timedelta(days=2)
    duties.due(later)
    mail.outbox.clear()
    assert [notify.remind(duty.due + timedelta(days=d)) for d in (2, 3.1, 4, 10.1, 11)] == [0, 1, 0, 1, 0]
    assert {m.to[0] for m in mail.outbox} == {"dana@dana.example", "piotr@piotr.example"}


def test_a_signature_that_is_missing_is_reminded_of_before_the_contract_lapses(cast: Cast) -> None:
    worlds.registers_key(cast, "piotr")
    asked = worlds.asked(cast)
    assert deadlines.remind_due(asked.due - timedelta(hours=20)) == 1
    agreement = negotiations.accept_request(asked.pk, actor=cast.actor("dana"), policy_hash=shown(asked))
    assert agreement.state == "signing"
    asked.refresh_from_db()
    days = (4, 2.8, 2.5, 0.8, 0.1)
    assert [deadlines.remind_to_sign(asked.due - timedelta(days=d)) for d in days] == [0, 1, 0, 1, 0]
    assert tell("agreement.sign_reminder", asked) == 1 and mail.outbox[0].to == ["piotr@piotr.example"]


def test_notices_are_forgotten_after_their_time(cast: Cast) -> None:
    request, now = worlds.submitted(cast), timezone.now()
    tell("request.submitted", request)
    write.mark_read(cast.actor("rui"))
    assert write.forget(now + timedelta(days=89)) == 0
    assert write.forget(now + timedelta(days=91)) == 1, "the one that was read"
    assert write.forget(now + timedelta(days=366)) == 1
