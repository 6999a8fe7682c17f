"""Break-glass in a browser: opened with a reason, seen at once by those concerned, cut off, judged."""

from __future__ import annotations

from typing import Any

import pytest

from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ui]
REASON = (
    "Meridian cannot open its contract and the export is due at noon; Piotr asked by telephone to look at it."
)


def test_an_operator_opens_a_contract_and_its_owner_answers(
    browser: Any, live_server: Any, transactional_db: Any
) -> None:
    cast = assemble()
    cast.users["olga"].is_staff = True
    cast.users["olga"].save()
    contract = worlds.agreed(cast)
    problems: list[str] = []
    olga = Person(browser, live_server, cast, "olga", problems)
    olga.sign_in()
    olga.go("Emergencies")
    olga.heading("Emergency openings")
    olga.page.get_by_label("What", exact=True).select_option("agreement")
    olga.page.get_by_label("Which", exact=True).fill(contract.ref)
    why = olga.page.get_by_label("Why", exact=True)
    why.fill("Curious.")
    olga.button("Open for an hour")
    olga.sees("This is 8 of at least 60 characters")
    assert olga.page.get_by_label("Which", exact=True).input_value() == contract.ref
    why.fill(REASON)
    olga.button("Open for an hour")
    olga.heading("Contract on Flights 2013")

    dana = Person(browser, live_server, cast, "dana", problems)
    dana.sign_in()
    dana.page.goto(f"{dana.url}{contract.get_absolute_url()}")
    dana.link("Access")
    dana.sees("Emergency openings", REASON)
    dana.link("Emergency opening")
    dana.link("Cut off now")
    dana.page.get_by_label("Reason").fill("We have solved it ourselves by now.")
    dana.button("Cut off now")
    dana.sees("To be judged")

    olga.page.goto(f"{olga.url}{contract.get_absolute_url()}")
    olga.sees("nothing here")
    problems.clear()  # the browser notes the 404 that was meant

    dana.go("Inbox")
    dana.link("Say whether the emergency opening was justified")
    dana.link("It was not justified")
    dana.page.get_by_label("Reason").fill("Nobody had asked us, and the log would have said it.")
    dana.button("It was not justified")
    dana.sees("Not justified", "Nobody had asked us")
    assert problems == []
