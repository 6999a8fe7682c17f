"""From what waits to how one is told: the inbox of both sides, one action on many, notices as chosen, deadlines in a calendar."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.core import mail
from django.utils import timezone

from contracts.negotiations import services as negotiations
from portal import notify
from portal.notices import post
from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def row(person: Person, text: str) -> Any:
    return person.page.get_by_role("main").get_by_role("row").filter(has_text=text)


def test_what_waits_who_moves_and_how_one_is_told(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []  # type: ignore[var-annotated]
    asked = [
        negotiations.ask(actor=cast.actor("piotr"), dataset=worlds.offered(cast), terms=worlds.terms())
        for _ in range(2)
    ]
    by = timezone.localtime(asked[0].due)
    dana, piotr = (Person(browser, live_server, cast, name, problems) for name in ("dana", "piotr"))

    # The steward: what to do, for whom, by when.
    dana.sign_in()
    dana.page.get_by_role("navigation", name="Main").get_by_text("2 waiting").wait_for()
    assert row(dana, "Answer the request").count() == 2
    one = row(dana, "Answer the request").first
    assert "Meridian Insurance" in one.inner_text() and f"{by:%b %Y}" in one.inner_text()

    # The partner waits: who moves next, and more time for both at once.
    piotr.sign_in()
    piotr.sees("Nothing waits for you.")
    piotr.link("Waiting for others")
    assert "Hudson Carriers" in row(piotr, "Waits for their answer").first.inner_text()
    piotr.button("Mark all")
    piotr.button("Give 7 more days")
    piotr.sees("2 of 2 done.")
    before = [negotiation.due for negotiation in asked]
    for negotiation in asked:
        negotiation.refresh_from_db()
    assert all((new.due - old).days == 7 for new, old in zip(asked, before, strict=True))

    # Told with the mail of the day instead of at once.
    dana.go("Notices")
    dana.link("How I am told")
    dana.page.get_by_label("It is your turn to answer.", exact=True).select_option("daily")
    dana.button("Save")
    dana.sees("Saved. It holds for what happens from now on.")
    mail.outbox.clear()
    for negotiation in asked:
        notify.send("negotiation.turn", {"id": str(negotiation.pk)})
    assert [m.to for m in mail.outbox] == []
    dana.go("Notices")
    dana.sees("It is your turn to answer.")
    assert post.digests(timezone.now().replace(hour=12)) == 1
    assert [m.to for m in mail.outbox] == [[cast.users["dana"].email]]
    assert mail.outbox[0].body.count("It is your turn to answer.") == 2

    # Deadlines in a calendar, without signing in, until the address is taken back.
    dana.go("Inbox")
    dana.link("In my calendar")
    dana.button("Make an address")
    address = dana.page.get_by_role("main").locator(".copy-line code").inner_text()
    path = address.split("/", 3)[3]
    with urlopen(f"{live_server.url}/{path}") as answer:
        calendar = answer.read().decode().replace("\r\n ", "")
    assert calendar.count("BEGIN:VEVENT") == 2 and f"SUMMARY:Answer the request: {asked[0].ref}" in calendar
    assert "Meridian" not in calendar and "Flights" not in calendar
    dana.button("Take it back")
    dana.page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    dana.sees("The address answers no more.", "There is none.")
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{live_server.url}/{path}")
    for person in (dana, piotr):
        person.context.close()
    assert not problems, "\n".join(problems)
