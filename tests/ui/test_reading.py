"""A steward sees in the browser how a file was read, corrects a column, and fetches the list of what did not fit."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from tests import worlds
from tests.cast import assemble
from tests.test_choosing import zipped
from tests.test_reading import sales
from tests.ui.people import Person
from tests.ui.test_pages import sign_in

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def test_a_column_is_corrected_and_the_list_fetched(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    dana = Person(browser, live_server, cast, "dana", problems)
    dana.sign_in()
    version = worlds.registered(cast, sales(), "sales.csv", "Sales")
    page = dana.page
    page.goto(live_server.url + version.get_absolute_url())
    page.get_by_role("link", name="How it was read", exact=True).click()
    page.get_by_label("Type of price").select_option("number")
    page.get_by_label("What does not fit in price").select_option("set_missing")
    page.get_by_role("button", name="Save and read again").click()
    assert page.locator(".note.good", has_text="A worker reads the file again").is_visible()
    worlds.drain()
    page.goto(f"{live_server.url}{version.get_absolute_url()}reading/")
    assert page.get_by_role("cell", name="set missing", exact=True).is_visible()
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download the list").click()
    listed = gzip.decompress(Path(fetched.value.path()).read_bytes()).decode()
    assert [(r["row"], r["column"], r["value"]) for r in csv.DictReader(io.StringIO(listed))] == [
        ("120", "price", "n/k")
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("script", [True, False])
def test_one_of_several_files_is_chosen_by_keyboard(browser: Any, live_server: Any, script: bool) -> None:
    cast = assemble()
    version = worlds.registered(
        cast, zipped(**{"north.csv": "a\n1\n", "south.csv": "a\n1\n2\n"}), "towns.zip", "Towns"
    )
    context = browser.new_context(java_script_enabled=script)
    sign_in(context, live_server.url, cast.users["dana"])
    page = context.new_page()
    page.goto(live_server.url + version.get_absolute_url())
    page.get_by_role("link", name="Choose what to read").press("Enter")
    page.get_by_label("File in the archive").focus()
    page.keyboard.type("sou")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".note.good", has_text="A worker reads the file again").wait_for()
    worlds.drain()
    page.goto(f"{live_server.url}{version.get_absolute_url()}reading/")
    assert page.get_by_text("south.csv (one of 2)").is_visible()
    context.close()
