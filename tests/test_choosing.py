"""Several tables in one file: a person chooses, and the next version begins from that choice."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from jobs.runs.models import Job
from tests import worlds
from tests.cast import Cast
from tests.test_access import token
from tests.test_reading import browser, read, typed
from trusts.datasets import services as datasets
from trusts.datasets.models import DatasetVersion

pytestmark = pytest.mark.django_db


def zipped(**files: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def again(cast: Cast, version: DatasetVersion, content: bytes, name: str) -> DatasetVersion:
    made = datasets.add_version(
        version.dataset_id, actor=cast.actor("dana"), file=worlds.upload(content, name)
    )
    return read(made)


def failed_code(version: DatasetVersion) -> tuple[str, Any]:
    return version.state, version.failure.get("code")


def test_one_file_of_an_archive_is_chosen_and_remembered(cast: Cast) -> None:
    nasty = "<b>notes</b>\n../../up"
    files: dict[str, Any] = {
        nasty: "x,y\n1,2\n", "readme.pdf": b"%PDF-1.4 no table", "north.csv": "town,n\nKiel,1\n", "south.csv": "town,n\nUlm,2\nBern,3\n",
    }  # fmt: skip
    version = worlds.registered(cast, zipped(**files), "towns.zip", "Towns")
    assert failed_code(version) == ("choosing", "archive.members")
    assert Job.objects.get(version_of_data=version).state == "done", "nothing failed: a choice is missing"
    dana, page, act = browser(cast, "dana"), f"{version.get_absolute_url()}reading/", f"/do/version/{version.pk}/correct/"  # fmt: skip
    for address in (version.get_absolute_url(), version.dataset.get_absolute_url(), "/inbox/"):
        assert "Choose what to read" in dana.get(address).content.decode(), address
    shown = dana.get(page)
    text = shown.content.decode()
    assert "<b>notes</b>" not in text and "&lt;b&gt;notes&lt;/b&gt;?../../up" in text
    offered = [name for name, _ in shown.context["form"].fields["member"].choices]
    assert offered[:3] == ["", "north.csv", "south.csv"] and len(offered) == 5
    assert dana.post(act, {}).status_code == 422
    wrong = dana.post(act, {"member": "west.csv"})
    assert wrong.status_code == 422 and b"west.csv" in wrong.content
    assert browser(cast, "piotr").post(act, {"member": "north.csv"}).status_code == 404

    # What was chosen is no table: it is said, and another can be chosen.
    assert dana.post(act, {"member": "readme.pdf"}).status_code == 302
    version = read(version)
    assert failed_code(version) == ("failed", "file.not_a_table")
    form = dana.get(page).context["form"]
    assert dana.post(act, {**typed(form), "member": "south.csv"}).status_code == 302
    version = read(version)
    assert (version.state, version.rows) == ("profiled", 2), version.failure
    assert "south.csv (one of 4)" in dana.get(page).content.decode()

    # The next archive is read by that choice; one that lacks the file asks again and says why; one file alone is it.
    assert again(cast, version, zipped(**{**files, "south.csv": "town,n\nBasel,4\n"}), "next.zip").rows == 1
    gone = again(
        cast, version, zipped(**{"north.csv": "town,n\nKiel,1\n", "east.csv": "a\n1\n"}), "third.zip"
    )
    assert gone.state == "choosing" and "There is no file 'south.csv'" in gone.failure["text"]
    api = Client().post(
        f"/api/v1/versions/{gone.pk}/actions/correct", {"member": "north.csv"}, content_type="application/json",
        **token(cast, "dana", ["datasets", "read"]),
    )  # fmt: skip
    assert api.status_code == 200, api.content
    assert read(gone).rows == 1
    assert again(cast, version, zipped(**{"any.csv": "town,n\nKiel,1\nBonn,2\n"}), "fourth.zip").rows == 2


def test_a_sheet_is_chosen_and_remembered(cast: Cast) -> None:
    import xlsxwriter

    def book(*sheets: str) -> bytes:
        out = io.BytesIO()
        with xlsxwriter.Workbook(out) as made:
            for place, name in enumerate(sheets):
                sheet = made.add_worksheet(name)
                sheet.write_row(0, 0, ["town", name.lower()])
                for line in range(place + 1):
                    sheet.write_row(line + 1, 0, ["Kiel", line])
                if name == "Hidden":
                    sheet.hide()
        return out.getvalue()

    version = worlds.registered(cast, book("First", "Second", "Hidden"), "towns.xlsx", "Towns")
    assert (version.state, version.rows) == ("profiled", 1)
    dana, page, act = browser(cast, "dana"), f"{version.get_absolute_url()}reading/", f"/do/version/{version.pk}/correct/"  # fmt: skip
    form = dana.get(page).context["form"]
    assert form.fields["sheet"].choices == [
        ("First", "First"),
        ("Second", "Second"),
        ("Hidden", "Hidden (hidden)"),
    ]
    assert dana.post(act, {**typed(form), "sheet": "Nowhere"}).status_code == 422
    assert dana.post(act, {**typed(form), "sheet": "Second"}).status_code == 302
    version = read(version)
    assert (version.rows, set(version.column_types())) == (2, {"town", "second"})
    assert again(cast, version, book("Else", "Second"), "next.xlsx").rows == 2
    gone = again(cast, version, book("Else", "Other"), "third.xlsx")
    assert failed_code(gone) == ("choosing", "workbook.sheet")
    act = f"/do/version/{gone.pk}/correct/"
    assert dana.post(act, {"sheet": "Other"}).status_code == 302
    assert read(gone).rows == 2
    assert again(cast, version, book("Alone"), "fourth.xlsx").rows == 1, "one sheet is no choice"


def test_a_thousand_files_are_a_list_and_more_are_typed(cast: Cast) -> None:
    many = {f"part/{n:04}.csv": f"a\n{n}\n" for n in range(1_000)}
    version = worlds.registered(cast, zipped(**many), "parts.zip", "Parts")
    dana = browser(cast, "dana")
    form = dana.get(f"{version.get_absolute_url()}reading/").context["form"]
    assert (
        len(form.fields["member"].choices) == 1_001 and form.fields["member"].choices[1][0] == "part/0000.csv"
    )
    many["part/1000.csv"] = "a\n5\n6\n"
    version = worlds.registered(cast, zipped(**many), "parts.zip", "More parts")
    page = dana.get(f"{version.get_absolute_url()}reading/").content.decode()
    assert "The first 1,000 of 1,001 are suggested" in page and "<datalist" in page
    act = f"/do/version/{version.pk}/correct/"
    assert dana.post(act, {"member": "nowhere"}).status_code == 302
    version = read(version)
    assert version.state == "choosing" and "There is no file 'nowhere'" in version.failure["text"]
    assert dana.post(act, {"member": "part/1000.csv"}).status_code == 302
    assert read(version).rows == 2


def test_every_column_of_a_wide_file_can_be_corrected(cast: Cast) -> None:
    names = [f"c_{n}" for n in range(450)]
    content = "\n".join([",".join(names), ",".join(["1"] * 450), ""]).encode()
    version = worlds.registered(cast, content, "wide.csv", "Wide")
    dana, page, act = browser(cast, "dana"), f"{version.get_absolute_url()}reading/", f"/do/version/{version.pk}/correct/"  # fmt: skip
    seen: list[str] = []
    address = page
    while address:
        shown = dana.get(address)
        form = shown.context["form"]
        seen += form.known.values()
        address = page + form.window.after() if form.window.after() else ""
    assert seen == names
    assert "Columns 401 to 450 of 450" in shown.content.decode()
    last = {**typed(form), "columns_from": "400", "c449_type": "text"}
    assert dana.post(act, last).status_code == 302
    version = read(version)
    assert version.column_types()["c_449"] == "text" and version.reading["corrected"] == ["columns.c_449"]
    found = dana.get(f"{page}?columns_find=C_30").context["form"]
    assert list(found.known.values()) == ["c_30", *[f"c_30{n}" for n in range(10)]]
    sent = {**typed(found), "columns_find": "C_30", "c309_type": "decimal", "delimiter": "too long"}
    wrong = dana.post(act, sent)
    assert wrong.status_code == 422 and b'value="C_30"' in wrong.content
    assert wrong.context["form"]["c309_type"].value() == "decimal"
    assert dana.post(act, {**sent, "delimiter": ","}).status_code == 302
    assert read(version).reading["columns"]["c_309"]["type"] == "decimal"
    for odd in ("?columns_from=-1", "?columns_from=99999", "?columns_from=x", "?columns_find=zz"):
        assert dana.get(page + odd).status_code == 200, odd
