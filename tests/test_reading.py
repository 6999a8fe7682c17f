"""How a file was read: what did not fit is listed, a steward corrects it, the next version begins from that."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

import pytest
from django.test import Client

from contracts.negotiations import offers
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.datasets import services as datasets
from trusts.datasets.models import DatasetVersion

pytestmark = pytest.mark.django_db


def sales(rows: int = 200, bad: str = "n/k") -> bytes:
    """Semicolons, decimal commas, and one price that is none."""
    lines = [f"{i};{'Köln' if i % 2 else 'Bonn'};{i},{i % 90 + 10};{i % 9},5;{1 + i % 28:02}.03.2026" for i in range(1, rows + 1)]  # fmt: skip
    lines[119] = f"120;Bonn;{bad};0,5;01.03.2026"
    return "\n".join(["id;town;price;tax;day", *lines, ""]).encode()


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def typed(form: Any) -> dict[str, Any]:
    """What a browser would send if nothing was touched."""
    values = {field.html_name: field.value() for field in form if field.name not in ("columns", "forget")}
    return {name: "" if value is None else value for name, value in values.items()}


def key_of(form: Any, column: str) -> str:
    return next(key for key, name in form.known.items() if name == column)


def read(version: DatasetVersion) -> DatasetVersion:
    worlds.drain()
    return DatasetVersion.objects.get(pk=version.pk)


def test_a_steward_corrects_a_reading_and_the_next_version_begins_from_it(cast: Cast) -> None:
    version = worlds.registered(cast, sales(), "sales.csv", "Sales")
    dana, page = browser(cast, "dana"), f"{version.get_absolute_url()}reading/"
    shown = dana.get(page)
    text = shown.content.decode()
    for words in (
        "<dd>semicolon</dd>",
        "<dd>comma: 3,14</dd>",
        "<dd>day first",
        "is no number",
        "Download the list",
        "Köln",
    ):
        assert words in text, words
    assert version.column_types()["price"] == "text" and sum(version.misfits["price"].values()) == 1
    answer = dana.get(f"{page}misfits.csv.gz")
    listed = list(csv.DictReader(io.StringIO(gzip.decompress(b"".join(answer)).decode())))
    assert [(r["row"], r["column"], r["value"]) for r in listed] == [("120", "price", "n/k")]
    assert browser(cast, "rui").get(page).status_code == 200
    assert browser(cast, "rui").get(f"{page}misfits.csv.gz").status_code == 403

    form, act = shown.context["form"], f"/do/version/{version.pk}/correct/"
    same = dana.post(act, typed(form))
    assert same.status_code == 422 and b"Nothing is different" in same.content
    wrong = dana.post(act, {**typed(form), "delimiter": "ab", "null_words": "NA, kept words"})
    assert wrong.status_code == 422 and b"one character" in wrong.content and b"kept words" in wrong.content
    clash = dana.post(act, {**typed(form), "thousands": ","})
    assert clash.status_code == 422 and b"cannot be the same" in clash.content

    datasets.describe_columns(version.pk, actor=cast.actor("dana"), columns={"price": {"unit": "EUR"}})
    price = key_of(form, "price")
    changed = {**typed(form), f"{price}_type": "number", f"{price}_on_misfit": "set_missing"}
    assert dana.post(act, changed).status_code == 302
    version = read(version)
    assert version.state == "profiled" and version.column_types()["price"] == "number", version.failure
    assert version.columns.get(name="price").unit == "EUR"
    text = dana.get(page).content.decode()
    assert "set missing" in text and "corrected" in text

    second = datasets.add_version(version.dataset_id, actor=cast.actor("dana"), file=worlds.upload(sales(bad="??"), "s.csv"))  # fmt: skip
    second = read(second)
    assert second.column_types()["price"] == "number" and second.reading["corrected"] == ["columns.price"]
    assert sum(second.misfits["price"].values()) == 1


def test_what_others_were_offered_stays_as_it_was_read(cast: Cast) -> None:
    version = worlds.registered(cast, sales(), "sales.csv", "Sales")
    dana = browser(cast, "dana")
    open_terms = {"columns": None, "min_group_size": None, "pseudonymise": None}
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=worlds.terms(**open_terms), trust=cast.trust)  # fmt: skip
    with pytest.raises(Refused) as refused:
        datasets.correct_reading(version.pk, actor=cast.actor("dana"), reading={**version.reading})
    assert refused.value.decision.reasons[0].code == "version.named"
    assert "Upload it as a new version" in dana.get(f"{version.get_absolute_url()}reading/").content.decode()
    version.refresh_from_db()
    assert version.state == "profiled" and version.parquet_sha256
    # Members of the trust see the version, but neither its rows nor what did not fit.
    piotr = browser(cast, "piotr")
    assert piotr.get(version.get_absolute_url()).status_code == 200
    assert "n/k" not in piotr.get(version.get_absolute_url()).content.decode()
    assert piotr.get(f"{version.get_absolute_url()}reading/").status_code == 404
    seen = Client().get(f"/api/v1/versions/{version.pk}", **token(cast, "piotr", ["read"])).json()
    assert set(seen["reading"]) <= {"format", "encoding", "compression"} and "preview" not in seen
    # The remedy works: what is uploaded after the offer can be corrected.
    second = read(datasets.add_version(version.dataset_id, actor=cast.actor("dana"), file=worlds.upload(sales(), "s.csv")))  # fmt: skip
    sent = Client().post(
        f"/api/v1/versions/{second.pk}/actions/correct",
        {"columns": {"price": {"type": "number", "on_misfit": "set_missing"}}},
        content_type="application/json", **token(cast, "dana", ["datasets", "read"]),
    )  # fmt: skip
    assert sent.status_code == 200, sent.content
    assert read(second).column_types()["price"] == "number"


def test_a_file_that_could_not_be_read_is_corrected_and_read(cast: Cast) -> None:
    """A choice to stop is kept, says where it stopped, shows the rows, and can be taken back."""
    version = worlds.registered(cast, sales(), "sales.csv", "Sales")
    dana, page = browser(cast, "dana"), f"{version.get_absolute_url()}reading/"
    form, act = dana.get(page).context["form"], f"/do/version/{version.pk}/correct/"
    price = key_of(form, "price")
    dana.post(act, {**typed(form), f"{price}_type": "number", f"{price}_on_misfit": "stop"})
    version = read(version)
    assert version.state == "failed" and version.failure["row"] == 120
    shown = dana.get(page)
    assert "Köln" in shown.content.decode() and "Row 120" in shown.content.decode()
    assert dana.post(act, {**typed(shown.context["form"]), "null_words": "n/k"}).status_code == 302
    version = read(version)
    assert version.state == "profiled" and version.column_types()["price"] == "number", version.failure
    shown = dana.get(page)
    assert "Every cell fits" in shown.content.decode()
    dana.post(act, {**typed(shown.context["form"]), "forget": "on"})
    version = read(version)
    assert version.reading["corrected"] == [] and version.column_types()["price"] == "text"
    header = worlds.registered(cast, b"only,a,header\n", "a.csv", "Nothing in it")
    assert header.state == "failed" and dana.get(f"{header.get_absolute_url()}reading/").status_code == 200


def test_what_the_remedy_names_can_be_chosen_on_the_page(cast: Cast) -> None:
    """Rows of another length are kept and listed, and a quote that never closes may mean nothing."""
    dana = browser(cast, "dana")
    ragged = worlds.registered(cast, b"id,town\n1,Koeln\n2\n3,Bonn,more\n", "a.csv", "Ragged")
    assert ragged.state == "failed" and "keep what fits" in ragged.failure["remedy"]
    page = dana.get(f"{ragged.get_absolute_url()}reading/")
    assert "Rows with too few or too many cells" in page.content.decode()
    overview = dana.get(ragged.dataset.get_absolute_url()).content.decode()
    assert f"{ragged.get_absolute_url()}reading/#correct" in overview, "a way on from what went wrong"
    act = f"/do/version/{ragged.pk}/correct/"
    assert dana.post(act, {**typed(page.context["form"]), "on_ragged": "set_missing"}).status_code == 302
    assert 'id="waiting"' in dana.get(ragged.get_absolute_url()).content.decode()
    ragged = read(ragged)
    # The page that waited asks once more, and is then loaded anew as a whole.
    assert dana.get(ragged.get_absolute_url(), headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert (ragged.state, ragged.rows) == ("profiled", 3) and sum(ragged.misfits["(row)"].values()) == 2
    shown = dana.get(f"{ragged.get_absolute_url()}reading/").content.decode()
    assert "keep what fits, list the rest" in shown and "Download the list" in shown
    open_quote = worlds.registered(cast, b'id,town\n1,"Koeln\n2,Bonn\n', "a.csv", "Open quote")
    assert open_quote.state == "failed" and "quotes mean nothing" in open_quote.failure["remedy"]
    form = dana.get(f"{open_quote.get_absolute_url()}reading/").context["form"]
    act = f"/do/version/{open_quote.pk}/correct/"
    clash = dana.post(act, {**typed(form), "quote": "'", "delimiter": "'"})
    assert clash.status_code == 422 and b"cannot be the same" in clash.content
    assert dana.post(act, {**typed(form), "quote": "none"}).status_code == 302
    assert read(open_quote).state == "profiled"
