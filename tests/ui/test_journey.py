"""The whole road in a browser, by role and visible name: from a file on a desk to a receipt that holds."""

from __future__ import annotations

import csv
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kernel import outbox
from kernel.audit.seal import seal_all
from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def register(dana: Person, folder: Path) -> None:
    file = folder / "flights.csv"
    file.write_bytes(worlds.CSV)
    dana.go("Datasets")
    dana.link("Register a dataset")
    dana.page.get_by_label("Title").fill("Flights 2013")
    dana.page.get_by_label("In one sentence").fill("Departures from New York")
    dana.page.get_by_label("File").set_input_files(file)
    dana.button("Upload and register")
    dana.heading("Flights 2013")
    dana.sees("The file is kept. A worker is reading it now.", "Reading flights.csv")
    worlds.drain()
    dana.sees("Only your organisation sees this so far.")


def describe(dana: Person) -> None:
    dana.link("Quality")
    dana.sees("repeated rows", "carrier", "Likely personal data.")
    dana.link("Dictionary")
    dana.link("Edit dictionary")
    dana.page.get_by_label("Meaning of arr_delay").fill("Delay on arrival")
    dana.page.get_by_label("Unit of arr_delay").fill("minutes")
    assert dana.page.get_by_label("tailnum may identify a person").is_checked()
    dana.button("Save the dictionary")
    dana.sees("Dictionary saved.")
    dana.page.get_by_role("link", name="Flights 2013").first.click()
    dana.link("Dictionary")
    dana.page.get_by_role("row", name="arr_delay").get_by_text("Delay on arrival").wait_for()


def publish(dana: Person) -> None:
    dana.link("Overview")
    dana.link("Publish terms")
    page = dana.page
    page.get_by_role("group", name="Purpose enforced").get_by_label("research", exact=True).check()
    exports = page.get_by_role("group", name="Number of exports")
    exports.get_by_role("checkbox", name="Number of exports").check()
    exports.get_by_label("At most").fill("3")
    exports.get_by_label("At most").blur()
    dana.sees("The partner may receive at most 3 exports.")
    dana.button("Publish")
    dana.sees("Published. Members of New York Air Operations Trust find it in the catalogue now.")


def ask(piotr: Person) -> None:
    piotr.go("Datasets")
    piotr.page.get_by_label("Search datasets").fill("departures")
    piotr.page.keyboard.press("Enter")
    piotr.link("Flights 2013")
    piotr.sees("Needs a contract: ask for terms")
    piotr.link("Ask for terms")
    most = piotr.page.get_by_role("group", name="Number of exports").get_by_label("At most")
    most.fill("9")
    most.blur()
    piotr.sees("Against the terms before", "receive at most 9 exports")
    piotr.page.get_by_label("A word to the other side").fill("Three exports are too few for a year.")
    piotr.button("Send to Hudson Carriers")
    piotr.sees("Your request for terms is with the provider.", "You will be told by e-mail.")


def counter(dana: Person) -> None:
    dana.go("Inbox")
    dana.link("Answer the request")
    dana.heading("Negotiation on Flights 2013")
    row = dana.page.get_by_role("row", name="Number of exports")
    row.get_by_text("receive at most 3 exports").wait_for()
    row.get_by_text("receive at most 9 exports").wait_for()
    row.get_by_text("wider: the partner may do more").wait_for()
    dana.sees("Three exports are too few for a year.")
    dana.link("Write a counter-offer")
    exports = dana.page.get_by_role("group", name="Number of exports")
    exports.get_by_label("Change").check()
    exports.get_by_label("At most").fill("6")
    dana.button("Send the counter-offer")
    dana.sees("Sent. It is the other side's turn.")


def accept(piotr: Person) -> None:
    piotr.go("Inbox")
    piotr.link("Answer the offer")
    row = piotr.page.get_by_role("row", name="Number of exports")
    row.get_by_text("narrower: the partner may do less").wait_for()
    shown = piotr.page.get_by_role("main").locator(".hash span[title]").first.get_attribute("title")
    with piotr.page.expect_request("**/accept/") as sent:
        piotr.button("Accept these terms")
    assert shown is not None and shown in (sent.value.post_data or ""), "the hash that was seen is posted"
    piotr.sees("Accepted. Below stands who has signed the contract.", "Hudson Carriers: holds")


def request(piotr: Person) -> None:
    page = piotr.page
    piotr.link("Request an export")
    page.get_by_label("What for").select_option(label="research")
    page.get_by_label("In your words").fill("A study of delays on arrival.")
    columns = page.get_by_role("group", name="Columns")
    for name in ("note", "tailnum", "distance"):
        columns.get_by_role("checkbox", name=name).uncheck()
    page.get_by_label("Column", exact=True).first.select_option("carrier")
    page.get_by_label("Condition").first.select_option(label="is not")
    page.get_by_label("Value").first.fill("B6")
    page.get_by_label("Add a step").select_option(label="Drop rows with gaps")
    piotr.button("Add")
    page.get_by_role("group", name="1. Drop rows with gaps").get_by_role("checkbox", name="arr_delay").check()
    page.get_by_label("Format").select_option(label="CSV")
    piotr.button("Submit for review")
    piotr.sees(
        "Submitted. The provider has been told.", "The contract allows this.", "Drop rows without arr_delay"
    )


def review(rui: Person) -> None:
    rui.link("Review the request")
    rui.sees("The contract allows this.", "A study of delays on arrival.", "carrier is not B6")
    rui.page.get_by_label("The purpose is clear and inside the contract").check()
    rui.page.get_by_label("Reason, shown to the asker").fill("Few columns, no person in them.")
    rui.button("Approve")
    rui.sees("Rui Costa approved", "Few columns, no person in them.")


def follow(piotr: Person) -> None:
    outbox.dispatch()
    piotr.go("Jobs")
    piotr.page.get_by_role("row", name="clean and export").get_by_role("link").click()
    piotr.sees("Queued")
    worlds.drain()
    # The page asks by itself every second, is told 286 when the job is over, and shows the end.
    piotr.sees("The export is ready:", "Done", "Drop rows with gaps", "Seal")


def fetch(piotr: Person, folder: Path) -> None:
    piotr.link("Export")
    piotr.sees("Quality before and after", "6 rows became 4", "Rui Costa")
    with piotr.page.expect_download() as started:
        piotr.page.get_by_role("button", name="Download").click()
    package = folder / "package.zip"
    started.value.save_as(package)
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        archive.extractall(folder / "unpacked")
    expected = {
        "README.txt",
        "contract.txt",
        "dictionary.csv",
        "quality.json",
        "receipt.json",
        "verify.py",
    }
    assert expected <= names
    data = next(folder.glob("unpacked/flights*.csv"))
    rows = list(csv.DictReader(data.open(encoding="utf-8")))
    assert [row["carrier"] for row in rows] == ["UA", "UA", "AA", "AA"]
    assert set(rows[0]) == {"carrier", "dest", "arr_delay"}
    assert "Delay on arrival" in (folder / "unpacked" / "dictionary.csv").read_text()
    check = [sys.executable, "verify.py", "receipt.json", data.name]
    done = subprocess.run(check, cwd=folder / "unpacked", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    signed = [sys.executable, "verify.py", "contract.signed.json"]
    assert subprocess.run(signed, cwd=folder / "unpacked", capture_output=True).returncode == 0
    data.write_text(data.read_text() + "more\n")
    assert subprocess.run(check, cwd=folder / "unpacked", capture_output=True).returncode == 1


def prove(dana: Person) -> None:
    seal_all()
    dana.go("Audit trail")
    dana.page.get_by_role("row", name="Piotr Nowak").filter(has_text="downloaded").first.wait_for()
    dana.page.get_by_role("row", name="Rui Costa").filter(has_text="approved").first.wait_for()
    dana.button("Verify the log")
    dana.sees("Unbroken.")


def test_the_whole_road_by_three_people(browser: Any, live_server: Any, tmp_path: Path) -> None:
    cast, problems = assemble(), []
    dana, piotr, rui = (
        Person(browser, live_server, cast, name, problems) for name in ("dana", "piotr", "rui")
    )
    dana.sign_in()
    register(dana, tmp_path)
    describe(dana)
    publish(dana)
    piotr.sign_in()
    ask(piotr)
    counter(dana)
    accept(piotr)
    request(piotr)
    rui.sign_in()
    review(rui)
    follow(piotr)
    fetch(piotr, tmp_path)
    prove(dana)
    for person in (dana, piotr, rui):
        person.context.close()
    assert not problems, "\n".join(problems)
