"""J6: Ines verifies the log, finds an approval, reads its proof, and sees a byte changed in a copy found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kernel.audit.models import Event
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from portal.trail import checks
from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def test_ines_proves_what_was_approved(
    browser: Any, live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = True
    cast = assemble()
    request = worlds.delivered(cast)
    seal_all()
    problems: list[str] = []
    ines = Person(browser, live_server, cast, "ines", problems)
    ines.sign_in()
    ines.go("Audit trail")
    ines.button("Verify the log")
    ines.sees("Unbroken.", "What it does not prove")

    ines.page.get_by_label("What", exact=True).select_option("request.approve")
    ines.button("Filter")
    rows = ines.page.get_by_role("main").get_by_role("table").get_by_role("row")
    assert rows.count() == 2, "the heading and the one approval"
    ines.page.get_by_text("Keep these filters").click()
    ines.page.get_by_label("Keep the filters in force as").fill("Approvals")
    ines.button("Keep")
    ines.sees("Kept as “Approvals”.")
    approved = Event.objects.get(machine="request", action="approve", subject_version__isnull=False)
    ines.page.get_by_role("main").get_by_role("table").get_by_role("link").first.click()
    ines.sees("Rui Costa", "Before and after it", "leading to the root", "What a valid log proves")
    with ines.page.expect_download() as download:
        ines.link("Download the entry with its proof")
    file = tmp_path / "entry.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["entry"]["id"] == str(approved.pk)

    ines.go("Audit trail")
    ines.link("Activity by day")
    ines.heading(f"Activity in {approved.created.year}")
    ines.page.get_by_role("main").get_by_role("link", name="entries").first.click()
    ines.heading("Audit trail")

    # A long log: the page follows the worker.
    monkeypatch.setattr(checks, "AT_ONCE", 1)
    monkeypatch.setattr("portal.tasks.check_log.apply_async", lambda args, **more: None)
    ines.button("Verify the log")
    ines.sees("Verifying the log.")
    from portal.models import LogCheck

    checks.run(LogCheck.objects.get().pk)
    ines.sees("Unbroken.")

    ines.page.goto(f"{ines.url}{request.agreement.get_absolute_url()}")
    ines.link("Audit trail of this contract")
    ines.sees("Everything about Contract")

    ines.go("Audit trail")
    ines.button("Tamper with a copy")
    ines.sees("Detected: entry", "How it was found")
    assert verify().holds
    assert not problems, problems
