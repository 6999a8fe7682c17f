"""Deadlines as a calendar: what a program reads of it, what it says and does not say, and who can still read it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from contracts.negotiations import duties
from contracts.negotiations import services as negotiations
from kernel.actor import system
from portal.models import CalendarFeed
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from trusts.organisations import services as organisations

pytestmark = pytest.mark.django_db


def address(client: Client, do: str = "make") -> str:
    page = client.post("/calendar/", {"do": do}, follow=True).content.decode()
    found = re.search(r"<code>http://[^/]+(/calendar/\S+\.ics)</code>", page)
    return found.group(1) if found else ""


def summaries(body: bytes) -> list[str]:
    return sorted(str(one["SUMMARY"]) for one in Calendar.from_ical(body).walk("VEVENT"))


def test_a_program_reads_the_deadlines_and_learns_nothing_else(cast: Cast) -> None:
    request = worlds.submitted(cast)
    duty = duties.begin(
        request.agreement,
        "delete_within",
        "Delete flights",
        timezone.now() + timedelta(days=9),
        actor=system(),
    )
    piotr = Client()
    piotr.force_login(cast.users["piotr"], backend=BACKEND)
    path = address(piotr)
    answer = Client().get(path)
    assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert summaries(answer.content) == sorted([
        f"Contract {request.agreement.ref} ends", f"Do what the contract asks: {duty.ref}", f"Waits for their review: {request.ref}",
    ])  # fmt: skip
    for word in (b"Flights", b"flights", b"Hudson", b"Meridian", b"Piotr", b"Dana"):
        assert word not in answer.content
    calendar = Calendar.from_ical(answer.content)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"]
    events = {str(e["SUMMARY"]): e for e in calendar.walk("VEVENT")}
    event = events[f"Do what the contract asks: {duty.ref}"]
    assert event["DTSTART"].dt == duty.due.replace(microsecond=0) and duty.get_absolute_url() in str(
        event["URL"]
    )
    assert len({str(e["UID"]) for e in events.values()}) == len(events)
    assert b"\r\n" in answer.content and max(map(len, answer.content.split(b"\r\n"))) <= 75
    again = Client().get(path, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304
    duties.fulfil(duty.pk, actor=cast.actor("piotr"), statement="All of it is gone.")
    changed = Client().get(path, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert changed.status_code == 200 and f"Waits for them to accept it: {duty.ref}" in summaries(
        changed.content
    )


def test_the_address_is_the_persons_to_replace_and_to_take_back(cast: Cast) -> None:
    negotiations.ask(actor=cast.actor("piotr"), dataset=worlds.offered(cast), terms=worlds.terms())
    dana = Client()
    dana.force_login(cast.users["dana"], backend=BACKEND)
    first = address(dana)
    assert len(summaries(Client().get(first).content)) == 1
    assert "/calendar/" not in re.sub(
        r'(href|action)="[^"]*"', "", dana.get("/calendar/").content.decode()
    ), "shown once"
    assert (
        CalendarFeed.objects.get().last_used
        and first.split("/")[2][:-4] not in CalendarFeed.objects.get().secret_hash
    )
    second = address(dana)
    assert Client().get(first).status_code == 404 and Client().get(second).status_code == 200
    # Whoever leaves the organisation reads its deadlines no more; whoever may not sign in reads none.
    organisations.change_roles(
        cast.users["rui"].places.get(state="active").pk, actor=cast.actor("dana"), roles=["owner", "reviewer"]
    )
    place = cast.users["dana"].places.get(state="active")
    organisations.remove(place.pk, actor=cast.actor("rui"), reason="Left the company.")
    assert summaries(Client().get(second).content) == []
    cast.users["dana"].is_active = False
    cast.users["dana"].save()
    assert Client().get(second).status_code == 404
    cast.users["dana"].is_active = True
    cast.users["dana"].save()
    assert address(dana, "stop") == "" and Client().get(second).status_code == 404
    for nobody in ("/calendar/x.ics", "/calendar/.ics", f"{second[:-5]}.ics"):
        assert Client().get(nobody).status_code == 404
    assert Client().post(second).status_code == 405
