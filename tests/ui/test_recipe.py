"""A recipe of twelve steps in a browser: added by clicks and as JSON, corrected as one types, tried, submitted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.sharing.models import Request
from kernel import outbox
from tests import worlds
from tests.cast import assemble
from tests.test_recipes import rows
from tests.ui.people import Person

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
MORE = [
    {"name": "fill_missing", "params": {"columns": ["dest"], "with": "mode"}},
    {"name": "range_check", "params": {"column": "delay", "min": "-90", "max": "600", "on_fail": "drop"}},
    {"name": "cast", "params": {"column": "delay", "to": "number"}},
    {"name": "filter", "params": {"column": "carrier", "op": "in", "value": ["UA", "AA"]}},
    {"name": "drop_missing", "params": {"columns": ["carrier", "dest"]}},
    {"name": "generalise", "params": {"column": "delay", "how": "topcode", "at": "50"}},
    {"name": "mask", "params": {"column": "dest", "keep_start": 2}},
    {"name": "trim", "params": {"columns": ["carrier", "dest"]}},
    {"name": "select", "params": {"columns": ["carrier", "dest", "delay"]}},
]


def test_twelve_steps_by_hand_and_by_json(
    browser: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = rows(300)
    monkeypatch.setattr(worlds.upload, "__defaults__", (csv, "flights.csv"))
    monkeypatch.setattr(worlds.registered, "__defaults__", (csv, "flights.csv", "Flights 2013"))
    cast, problems = assemble(), []
    agreement = worlds.agreed(cast)
    piotr = Person(browser, live_server, cast, "piotr", problems)
    piotr.sign_in()
    page = piotr.page
    page.goto(f"{live_server.url}{agreement.get_absolute_url()}")
    piotr.link("Request an export")
    page.get_by_label("What for").select_option(label="research")
    page.get_by_label("In your words").fill("A study of delays on arrival.")

    def add(step: str) -> Any:
        page.get_by_label("Add a step").select_option(label=step)
        page.get_by_role("button", name="Add", exact=True).click()
        count = page.locator("fieldset.step").count
        return page.locator("fieldset.step").nth(count() - 1)

    add("Trim spaces")
    trim = page.get_by_role("group", name="1. Trim spaces")
    # A new step is where the hand goes on, and not yet called wrong.
    piotr.sees("Fill in the new step.")
    page.wait_for_function("document.activeElement.closest('#step-0') !== null")
    trim.get_by_role("checkbox", name="carrier").check()
    piotr.sees("No problem in the steps.")
    add("Rename columns")
    rename = page.get_by_role("group", name="2. Rename columns")
    rename.get_by_label("Old and new names").fill("arr_delai=delay")
    rename.get_by_label("Old and new names").blur()
    # Said beside the step while one goes on writing; what was typed stays.
    rename.get_by_text("arr_delai").first.wait_for()
    piotr.sees("1 problem in the steps.")
    rename.get_by_label("Old and new names").fill("arr_delay=delay")
    rename.get_by_label("Old and new names").blur()
    piotr.sees("No problem in the steps.")
    add("Drop rows with gaps")
    page.get_by_role("group", name="3. Drop rows with gaps").get_by_role("checkbox", name="delay").check()
    page.get_by_role("button", name="Move step 3 up").press("Enter")
    page.get_by_role("group", name="2. Drop rows with gaps").get_by_text(
        "There is no column delay", exact=False
    ).wait_for()
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Move step 2 up'")
    page.get_by_role("button", name="Move step 2 down").click()
    piotr.sees("No problem in the steps.")

    page.get_by_role("button", name="JSON", exact=True).click()
    area = page.get_by_label("The steps as JSON")
    three = json.loads(area.input_value())
    assert [s["name"] for s in three] == ["trim", "rename", "drop_missing"]
    area.fill(json.dumps(three)[:-1])
    page.get_by_role("button", name="Sentences", exact=True).click()
    piotr.sees("Line 1, column")
    assert area.input_value() == json.dumps(three)[:-1]
    area.fill(json.dumps([*three, *MORE]))
    page.get_by_role("button", name="Sentences", exact=True).click()
    piotr.sees("Rename arr_delay to delay", "Trim carrier and dest")
    page.get_by_role("button", name="Form", exact=True).click()
    page.get_by_role("group", name="12. Keep columns").wait_for()
    piotr.sees("No problem in the steps.")
    assert page.get_by_label("In your words").input_value() == "A study of delays on arrival."

    page.get_by_role("button", name="Save and try on a sample").click()
    piotr.sees("Saved as a draft. A worker tries it on a sample now.")
    outbox.dispatch()
    page.reload()
    piotr.sees("A worker tries it on a sample. You can go on meanwhile.")
    worlds.drain()
    piotr.sees("Tried on a sample of 300 of 300 rows", "Nobody approved this yet, so you see counts only")
    assert "SECRET" not in page.content()
    piotr.button("Submit for review")
    piotr.sees("Submitted. The provider has been told.")
    assert len(Request.objects.get().recipe) == 12
    piotr.context.close()
    assert not problems, "\n".join(problems)
