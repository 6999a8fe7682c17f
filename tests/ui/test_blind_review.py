"""Two reviewers who do not see each other's answers, and differ: each in a browser of their own."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.sharing.models import Request
from tests import worlds
from tests.cast import assemble
from tests.test_stages import LONG, governed
from tests.ui.people import Person

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
FINE = "Every column is needed for it."


def answer(person: Person, reason: str, button: str) -> None:
    person.page.get_by_label("Reason, shown to the asker").fill(reason)
    person.page.get_by_role("main").get_by_role("button", name=button, exact=True).click()


def test_blind_reviewers_who_differ_return_it(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []  # type: ignore[var-annotated]
    governed(cast, {"name": "Blind look", "count": 2, "blind": True, "disagree": "return"})
    request = worlds.submitted(cast)
    dana, rui, piotr = (
        Person(browser, live_server, cast, name, problems) for name in ("dana", "rui", "piotr")
    )
    for person in (rui, dana):
        person.sign_in()
        person.link("Review the request")
        person.sees("0 of 2 answered", "Blind: nobody sees another's answer until all are in.")
    answer(rui, FINE, "Approve")
    rui.sees("Your answer is in. The review goes on.", "1 of 2 answered", FINE)
    dana.page.reload()
    dana.sees("1 of 2 answered")
    assert FINE not in dana.page.content()
    answer(dana, "Too much.", "Refuse")
    dana.sees("A refusal against it needs a reason of at least 60 characters")
    answer(dana, LONG, "Refuse")
    dana.sees("The answers differ, and the charter says what follows.", FINE, LONG)
    assert Request.objects.get(pk=request.pk).state == "returned"
    piotr.sign_in()
    piotr.link("Answer the questions")
    piotr.sees(FINE, LONG)
    # What was refused is an answer of 409, which the browser notes.
    assert not [p for p in problems if "409" not in p], "\n".join(problems)
