"""What people rely on without noticing: the keyboard, live progress, the theme, acting for another organisation."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import outbox
from kernel.actor import system
from tests import worlds
from tests.cast import assemble
from tests.ui.people import PASSWORD, Person
from trusts.organisations import services as organisations

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
FOCUSED = """() => { const e = document.activeElement;
  return (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || "").trim(); }"""


def tab_to(page: Any, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    passed = []
    for _ in range(80):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUSED))
        if passed[-1] == name:
            return
    raise AssertionError(f"Tab never reaches {name!r}; it passes {passed}")


def test_an_offer_is_accepted_with_the_keyboard_alone(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    negotiation = worlds.asked(cast, exports={"at_most": 9})
    worlds.negotiations.make_offer(
        negotiation.pk, actor=cast.actor("dana"), terms=worlds.terms(exports={"at_most": 5})
    )
    piotr = Person(browser, live_server, cast, "piotr", problems)
    page = piotr.page
    page.goto(f"{live_server.url}/accounts/login/")
    tab_to(page, "Email")
    page.keyboard.type(piotr.user.email)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    piotr.heading("Inbox")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "Answer the offer")
    page.keyboard.press("Enter")
    piotr.heading("Negotiation on Flights 2013")
    tab_to(page, "Accept these terms")
    page.keyboard.press("Space")
    piotr.sees("Accepted. Below stands who has signed the contract.")
    negotiation.refresh_from_db()
    assert negotiation.state == "finalized"
    piotr.context.close()
    assert not problems, "\n".join(problems)


def test_progress_ends_by_itself_and_choices_stay(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    request = worlds.approved(cast)
    outbox.dispatch()
    job = request.jobs.get()
    organisations.join(cast.organisations["weather"], cast.users["dana"], ["steward"], actor=system())
    dana = Person(browser, live_server, cast, "dana", problems)
    page, answers = dana.page, []
    page.on("response", lambda r: answers.append(r.status) if r.url.endswith("/live/") else None)
    dana.sign_in()

    page.goto(f"{live_server.url}{job.get_absolute_url()}")
    dana.sees("Waiting for a worker.")
    page.wait_for_timeout(1_500)
    assert answers and set(answers) == {200}
    worlds.drain()
    dana.sees("The export is ready:", "Done")
    assert answers[-1] == 286
    before = len(answers)
    page.wait_for_timeout(2_500)
    assert len(answers) == before, "nothing asks any more"

    root = page.locator("html")
    page.get_by_role("button", name="Light or dark theme").click()
    assert root.get_attribute("data-theme") == "dark"
    dana.go("Datasets")
    dana.heading("Datasets")
    assert root.get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Light or dark theme").click()
    page.reload()
    assert root.get_attribute("data-theme") == "light"

    dana.sees("Yours")
    page.get_by_label("Acting for").select_option(label="Tri-State Weather Office")
    dana.sees("What waits for you at Tri-State Weather Office")
    dana.go("Datasets")
    dana.sees("Needs a contract: ask for terms")
    assert (
        page.get_by_label("Acting for").locator("option:checked").inner_text() == "Tri-State Weather Office"
    )
    dana.context.close()
    assert not problems, "\n".join(problems)
