"""A file sent in pieces from a browser whose connection is cut once."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import store
from kernel.actor import system
from tests.cast import assemble
from tests.ui.people import Person
from trusts.datasets import uploads
from trusts.datasets.models import Dataset, Upload

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
DATA = b"day,carrier\n" + b"".join(b"%d,AA\n" % n for n in range(60_000))


def test_a_cut_is_survived_and_the_typed_text_arrives(
    browser: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 100_000)
    cast, problems = assemble(), []
    dana = Person(browser, live_server, cast, "dana", problems)
    dana.sign_in()
    page, asked, cut = dana.page, [], []

    def meet(route: Any) -> None:
        asked.append(route.request.url)
        if route.request.url.endswith("/chunks/2/") and not cut:
            cut.append(1)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/chunks/**", meet)
    page.goto(f"{live_server.url}/datasets/new/")
    page.get_by_label("Title").fill("Sent in pieces")
    page.get_by_label("File").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": DATA})
    dana.button("Upload and register")
    dana.heading("Sent in pieces")
    assert cut and len(asked) == -(-len(DATA) // 100_000) + 1, "only the piece that was cut is sent again"
    assert Upload.objects.get().state == "used"
    version = Dataset.objects.get().versions.get()
    assert store.local(version.original_sha256).read_bytes() == DATA
    dana.context.close()
    assert not [p for p in problems if "ERR_CONNECTION_RESET" not in p], problems


def test_a_large_file_waits_for_its_checksum_and_goes_on(
    browser: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES", 0)
    cast, problems = assemble(), []
    dana = Person(browser, live_server, cast, "dana", problems)
    dana.sign_in()
    dana.page.goto(f"{live_server.url}/datasets/new/")
    dana.page.get_by_label("Title").fill("Large")
    dana.page.get_by_label("File").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": DATA})
    dana.button("Upload and register")
    dana.sees("A worker makes the checksum of the whole file")
    assert not Dataset.objects.exists()
    uploads.check(Upload.objects.get().pk, actor=system())
    dana.heading("Large")
    assert store.local(Dataset.objects.get().versions.get().original_sha256).read_bytes() == DATA
    dana.context.close()
    assert not problems, problems
