"""Someone who was given a file and a receipt checks both in a browser, without an account; also a file of over a gigabyte."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from jobs.deliveries.models import Delivery
from jobs.evidence import receipts
from kernel import store
from kernel.audit.seal import seal_all
from tests import worlds
from tests.cast import assemble

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]

LARGE = 1_200_000_007


def test_a_stranger_checks_a_receipt_and_its_file(browser: Any, live_server: Any, tmp_path: Path) -> None:
    cast = assemble()
    delivery = Delivery.objects.get(request=worlds.delivered(cast))
    seal_all()
    with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
        package.extractall(tmp_path)
    data, receipt = tmp_path / delivery.data_name, tmp_path / "proven.json"
    receipt.write_text(json.dumps(receipts.export_receipt(delivery)))
    context = browser.new_context()
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(f"{live_server.url}/check/")
    page.get_by_label("2. The file that it is about").set_input_files(data)
    page.get_by_text("Now choose the receipt").wait_for()
    page.get_by_label("1. The receipt").set_input_files(receipt)
    page.get_by_text("This receipt is ours.").wait_for()
    page.get_by_text(f"This is the file: {delivery.data_name}").wait_for()
    other = tmp_path / "other.csv"
    other.write_text(data.read_text().replace("UA", "AA", 1))
    page.get_by_label("2. The file that it is about").set_input_files(other)
    page.get_by_text("This is not the file.").wait_for()
    page.get_by_label("1. The receipt").set_input_files(tmp_path / "quality.json")
    page.get_by_text("This is not a receipt.").wait_for()
    page.get_by_text("there is no good receipt of a file to compare it with").wait_for()

    # A large file is read in pieces beside the page, which answers meanwhile.
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(LARGE)
        file.seek(0)
        file.write(b"first")
        file.seek(LARGE - 4)
        file.write(b"last")
    digest = hashlib.sha256()
    with large.open("rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    page.get_by_label("2. The file that it is about").set_input_files(large)
    page.get_by_text("Reading large.csv (1200 MB)").wait_for()
    longest = page.evaluate("""async () => { let last = performance.now(), most = 0;
        for (let i = 0; i < 60; i += 1) { await new Promise((go) => setTimeout(go, 16)); const now = performance.now(); most = Math.max(most, now - last); last = now; }
        return most; }""")
    assert longest < 1000, f"the page stood still for {longest:.0f} ms"
    page.get_by_text(digest.hexdigest()).wait_for(timeout=120_000)
    context.close()
    assert not problems, problems
