"""Two decisions of the members, each in their own browser: an application admitted, and the charter changed, by nobody alone."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import outbox
from tests import votes
from tests.cast import assemble
from tests.ui.people import Person
from trusts.membership.models import Membership

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def vote(person: Person, title: str, choice: str, why: str) -> None:
    """From the inbox, as one does."""
    person.go("Inbox")
    person.sees(title)
    person.link("Vote")
    person.heading(title)
    person.link("Vote")
    person.page.get_by_label(choice, exact=True).check()
    person.page.get_by_label("Why").fill(why)
    person.button("Vote")


def test_an_organisation_is_admitted_by_the_members_vote(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    votes.voting(cast)
    olga, dana, ada, piotr = (
        Person(browser, live_server, cast, name, problems) for name in ("olga", "dana", "ada", "piotr")
    )
    olga.sign_in()
    olga.go("Trusts")
    olga.link(cast.trust.name)
    olga.sees("the members vote on it")
    olga.page.get_by_label("Why we want to join").fill("We study delays at smaller airports.")
    olga.button("Apply")
    olga.sees("Your application is with the members, who vote on it.")
    outbox.dispatch()

    title = "Admit a member: Elsewhere Ltd"
    ada.sign_in()
    ada.page.goto(f"{ada.url}/trusts/{cast.trust.slug}/members/")
    ada.page.get_by_role("main").get_by_role("link", name="Admit").first.click()
    ada.sees("takes a vote of the members")
    vote(ada, title, "For it", "They bring what we lack.")
    ada.sees("Your organisation's vote is counted", "They bring what we lack.")
    dana_said = "We compete with them, and still it is right."
    dana.sign_in()
    vote(dana, title, "For it", dana_said)
    dana.sees("Adopted", "Elsewhere Ltd becomes a member at once", dana_said)
    assert Membership.objects.get(organisation=cast.organisations["elsewhere"]).state == "active"

    piotr.sign_in()
    piotr.page.goto(f"{piotr.url}/trusts/{cast.trust.slug}/proposals/?show=closed")
    piotr.sees("2 for, 0 against")
    piotr.link(title)
    piotr.sees("did not vote", "66 %")
    olga.go("Trusts")
    olga.link(cast.trust.name)
    olga.sees("Active")
    assert not problems, "\n".join(problems)


def test_the_charter_is_changed_by_the_members_vote(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    votes.voting(cast, ballot="secret")
    ada, dana, piotr = (
        Person(browser, live_server, cast, name, problems) for name in ("ada", "dana", "piotr")
    )
    ada.sign_in()
    ada.page.goto(f"{ada.url}/trusts/{cast.trust.slug}/charter/")
    ada.link("Propose a change")
    ada.page.get_by_label("Days of notice before leaving").fill("60")
    ada.page.get_by_label("Why it should change").fill("Studies have to end in good order.")
    ada.button("Propose it to the members")
    ada.heading("Change the charter")
    ada.sees("Days of notice before leaving", "60", "A secret ballot")

    codes = {}
    for person, choice in ((ada, "For it"), (dana, "For it"), (piotr, "Against it")):
        if person is not ada:
            person.sign_in()
        person.go("Inbox")
        person.link("Vote")
        person.heading("Change the charter")
        person.link("Vote")
        person.page.get_by_label(choice, exact=True).check()
        person.button("Vote")
        person.heading("Your vote is counted. Keep its code")
        codes[person] = person.page.locator("td.mono").inner_text()
        person.link("Back")
    piotr.sees("Adopted", "All 3 votes, without names")
    piotr.page.get_by_label("The code of your vote").fill(codes[piotr])
    piotr.button("Find my ballot")
    piotr.sees("Counted: Against it.")
    dana.page.goto(f"{dana.url}/trusts/{cast.trust.slug}/charter/")
    dana.sees("A member leaves with 60 days of notice.")
    assert not problems, "\n".join(problems)
