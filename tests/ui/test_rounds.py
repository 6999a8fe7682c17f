"""A negotiation of five rounds, by both sides in their browsers: from the first wish to the signed contract."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.negotiations.models import Agreement, Negotiation
from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person
from tests.worlds import negotiations

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def clause(person: Person, name: str) -> Any:
    return person.page.get_by_role("group", name=name)


def open_counter(person: Person, inbox: str) -> None:
    person.go("Inbox")
    person.link(inbox)
    person.link("Write a counter-offer")


def change(person: Person, name: str, field: str, value: str) -> None:
    """Change one clause, and see it in the words beside before it is sent."""
    box = clause(person, name)
    box.get_by_label("Change").check()
    box.get_by_label(field).fill(value)


def send(person: Person, note: str = "") -> None:
    if note:
        person.page.get_by_label("A word to the other side").fill(note)
    person.button("Send the counter-offer")
    person.sees("Sent. It is the other side's turn.")


def ask(piotr: Person, slug: str) -> None:
    """Round 1: the partner asks for more exports."""
    piotr.page.goto(f"{piotr.url}/negotiations/new/?dataset={slug}")
    most = clause(piotr, "Number of exports").get_by_label("At most")
    most.fill("12")
    most.blur()
    piotr.sees("1 term apart", "receive at most 12 exports")
    piotr.page.get_by_label("Answer within, in days").fill("5")
    piotr.button("Send to Hudson Carriers")
    piotr.sees("Your request for terms is with the provider.")


def tighten(dana: Person) -> None:
    """Round 2: the provider changes one clause and adds another; the other's words stand beside, live."""
    open_counter(dana, "Answer the request")
    assert not clause(dana, "Number of exports").get_by_label("At most").is_visible(), (
        "what is kept shows its sentence only"
    )
    change(dana, "Number of exports", "At most", "4")
    dana.sees("receive at most 4 exports")
    clause(dana, "No AI training").get_by_role("checkbox").check()
    dana.sees("not train AI models", "2 terms apart")
    send(dana, "Four are enough for a year.")


def widen(piotr: Person) -> None:
    """Round 3: the partner removes a prohibition and says why."""
    piotr.go("Inbox")
    piotr.link("Answer the offer")
    piotr.page.get_by_role("row", name="Number of exports").get_by_role("link", name="Comment").click()
    piotr.page.get_by_label("Your comment on this term").fill("We need one export a month.")
    piotr.page.locator("tr.talk").get_by_role("button", name="Send to both sides").click()
    piotr.sees("1 comment", "about Number of exports")
    piotr.page.get_by_label("A note for your colleagues").fill("Six would do.")
    piotr.button("Keep the note")
    piotr.sees("Six would do.")
    piotr.link("Write a counter-offer")
    change(piotr, "Number of exports", "At most", "8")
    clause(piotr, "No onward transfer").get_by_label("Remove").check()
    piotr.sees("1 needs care")
    send(piotr)


def settle(dana: Person, found: Negotiation) -> None:
    """Round 4: the provider sees what needs care, answers on it, and hears nothing of the note."""
    dana.go("Inbox")
    dana.link("Answer the request")
    row = dana.page.get_by_role("row", name="No onward transfer")
    row.get_by_text("needs care").wait_for()
    dana.sees("We need one export a month.")
    assert dana.page.get_by_text("Six would do.").count() == 0
    # Accepting without having confirmed the term is stopped by the form itself.
    dana.button("Accept these terms")
    assert dana.page.url.endswith(found.get_absolute_url()), "still here"
    found.refresh_from_db()
    assert found.state == "requested"
    dana.link("Write a counter-offer")
    change(dana, "Number of exports", "At most", "6")
    clause(dana, "No onward transfer").get_by_role("checkbox").check()
    send(dana)


def overtaken(piotr: Person, found: Negotiation, cast: Any) -> None:
    """Round 5: while the partner writes, two more turns pass. Nothing typed is lost; it goes onto the newest terms."""
    open_counter(piotr, "Answer the offer")
    change(piotr, "Delete afterwards", "Days after the end", "45")
    terms = found.proposals.get(number=4).terms
    negotiations.counter(found.pk, actor=cast.actor("piotr"), terms=terms)
    newer = {**terms, "attribution": {"text": "Hudson Carriers, New York"}}
    negotiations.make_offer(found.pk, actor=cast.actor("dana"), terms=newer, note="Only our name is new.")
    piotr.page.get_by_label("A word to the other side").fill("Backups live for 45 days.")
    piotr.button("Send the counter-offer")
    piotr.sees("They moved first.", "Only our name is new.", "Hudson Carriers, New York")
    piotr.button("Apply mine onto theirs")
    piotr.sees("Nothing is sent yet", "1 term apart")
    assert clause(piotr, "Delete afterwards").get_by_label("Days after the end").input_value() == "45"
    piotr.sees("“Hudson Carriers, New York”")
    assert piotr.page.get_by_label("A word to the other side").input_value() == "Backups live for 45 days."
    send(piotr)


def accept(dana: Person) -> None:
    dana.go("Negotiations")
    dana.sees("1 term apart", "your turn")
    dana.link("Flights 2013")
    dana.sees("Backups live for 45 days.")
    dana.link("Machine (ODRL)")
    dana.sees("REQUESTED")
    with dana.page.expect_download() as started:
        dana.page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename.endswith(".odrl.json")
    dana.page.get_by_label(
        "Delete afterwards: Copies need not be deleted, or later. I have read this term."
    ).check()
    dana.button("Accept these terms")
    dana.sees(
        "Accepted. Below stands who has signed the contract.", "Meridian Insurance: holds", "Propose a change"
    )


def test_five_rounds_by_both_sides(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    dataset = worlds.offered(cast)
    dana, piotr = (Person(browser, live_server, cast, name, problems) for name in ("dana", "piotr"))
    dana.sign_in()
    piotr.sign_in()
    ask(piotr, dataset.slug)
    found = Negotiation.objects.get()
    tighten(dana)
    widen(piotr)
    settle(dana, found)
    overtaken(piotr, found, cast)
    accept(dana)
    agreement = Agreement.objects.get()
    assert agreement.payload["proposal"]["number"] == found.proposals.count() == 7
    for code, value in {"exports": {"at_most": 6}, "no_ai_training": {}, "no_onward_transfer": {}, "delete_within": {"days": 45},
                        "attribution": {"text": "Hudson Carriers, New York"}}.items():  # fmt: skip
        assert agreement.terms[code] == value
    for person in (dana, piotr):
        person.context.close()
    # The refusal to send over newer terms is an answer of 409, which the browser notes.
    assert not [p for p in problems if "409" not in p], "\n".join(problems)
