"""Saved recipes, starting from one, and dry runs: who sees what, and what nobody may learn."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from contracts.library import services as library
from contracts.library.models import RecipeVersion, SavedRecipe
from contracts.library.selectors import recipes, versions_of
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from contracts.sharing.rules import TRIES_AN_HOUR
from jobs.trials.models import Trial
from kernel import store
from kernel.audit.models import Event
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token

pytestmark = pytest.mark.django_db
TIDY = [
    {"name": "trim", "params": {"columns": ["carrier"]}},
    {"name": "drop_missing", "params": {"columns": ["arr_delay"]}},
]


def client(cast: Cast, name: str) -> Client:
    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def rows(count: int) -> bytes:
    """Flights whose tail numbers and notes no asker may see; every fifth has no delay, all in groups of many."""
    lines = [
        f"UA,SECRET{i % 40},IAH,{1400 + i % 7},{'' if i % 5 == 0 else i % 60},note {i}" for i in range(count)
    ]
    return ("carrier,tailnum,dest,distance,arr_delay,note\n" + "\n".join(lines) + "\n").encode()


@pytest.fixture
def draft(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Request:
    monkeypatch.setattr(worlds, "CSV", rows(300))
    monkeypatch.setattr(worlds.upload, "__defaults__", (worlds.CSV, "flights.csv"))
    monkeypatch.setattr(worlds.registered, "__defaults__", (worlds.CSV, "flights.csv", "Flights 2013"))
    return worlds.drafted(cast, recipe=TIDY)


def test_a_recipe_keeps_every_version_and_shares_only_from_the_shared_one_on(cast: Cast) -> None:
    dana, ada, olga = (cast.actor(n) for n in ("dana", "ada", "olga"))
    saved = library.save(actor=dana, name="Tidy", steps=TIDY)
    same = library.edit(saved.pk, actor=dana, name="Tidier", steps=TIDY)
    assert (same.number, same.name) == (1, "Tidier")
    second = library.edit(saved.pk, actor=dana, name="Tidier", steps=TIDY[:1], note="gaps may stay")
    assert (second.number, second.versions.count()) == (2, 2)
    assert len({v.hash for v in second.versions.all()}) == 2
    page = client(cast, "dana").get(f"/recipes/{saved.pk}/compare/?new=2").content.decode()
    assert "Drop rows with gaps" in page
    assert "is removed: Drop rows without arr_delay." in page
    with pytest.raises(Refused, match="needs “Columns”"):
        library.edit(saved.pk, actor=dana, name="x", steps=[{"name": "trim", "params": {}}])
    with pytest.raises(Refused, match="at most 40"):
        library.save(actor=dana, name="long", steps=TIDY * 21)
    with pytest.raises(DatabaseError), transaction.atomic():
        RecipeVersion.objects.filter(recipe=saved, number=1).update(hash="0" * 64)

    assert not recipes(ada).exists()
    library.share(saved.pk, actor=dana, trust=cast.trust.pk)
    shared = recipes(ada).get()
    assert [v.number for v in versions_of(shared, ada)] == [2], (
        "what was private before it was shared stays so"
    )
    assert client(cast, "ada").get(f"/recipes/{saved.pk}/?version=1").status_code == 404
    assert not recipes(olga).exists()
    with pytest.raises(Refused):
        library.share(library.save(actor=olga, name="o", steps=[]).pk, actor=olga, trust=cast.trust.pk)

    events = Event.objects.count()
    page = client(cast, "ada").post(f"/recipes/{saved.pk}/copy/", follow=True)
    assert b"It is yours now, and private." in page.content
    copied = SavedRecipe.objects.get(organisation_id=ada.organisation_id)
    assert copied.hash == second.hash
    assert Event.objects.count() == events + 1
    assert not Event.objects.filter(
        subject_id=copied.pk, party_rows__organisation_id=dana.organisation_id
    ).exists()
    library.unshare(saved.pk, actor=dana)
    assert not recipes(ada).filter(pk=saved.pk).exists()
    assert client(cast, "rui").post(f"/recipes/{saved.pk}/copy/").status_code == 403


def test_a_recipe_goes_out_as_json_and_comes_in_again(cast: Cast) -> None:
    dana = client(cast, "dana")
    saved = library.save(actor=cast.actor("dana"), name="Tidy", steps=TIDY)
    text = dana.get(f"/recipes/{saved.pk}/recipe.json").content.decode()
    page = dana.post(
        "/recipes/new/", {"name": "Again", "view": "json", "recipe_json": text, "save": "1"}, follow=True
    )
    assert b"Saved as version 1." in page.content
    assert SavedRecipe.objects.get(name="Again").hash == saved.hash
    wrong = dana.post("/recipes/new/", {"name": "Again", "view": "json", "recipe_json": "[{", "save": "1"})
    assert wrong.status_code == 422
    assert b"Line 1, column" in wrong.content
    assert b">[{</textarea>" in wrong.content


def answers(request: Request) -> dict[str, Any]:
    return {"purpose": "academic_research", "purpose_note": "A study of delays.", "place": "DE", "format": "csv",
            "people": [str(request.author_id)], "columns": ["carrier", "tailnum", "dest", "arr_delay"]}  # fmt: skip


def test_a_request_starts_from_a_recipe_whose_names_are_others(cast: Cast) -> None:
    request = worlds.drafted(cast, recipe=[])
    piotr = client(cast, "piotr")
    steps = [{"name": "drop_missing", "params": {"columns": ["delay"]}}]
    saved = library.save(actor=cast.actor("piotr"), name="Delays", steps=steps)
    where = f"/requests/{request.pk}/edit/"
    asks = piotr.post(where, answers(request) | {"do": "start", "start": str(saved.pk)}).content.decode()
    assert "delay in the recipe is" in asks
    mapped = {"do": "start:mapped", "start": str(saved.pk), "map-0-from": "delay", "map-0-to": "arr_delay"}
    page = piotr.post(where, answers(request) | mapped).content.decode()
    assert "No problem in the steps" in page
    given = [{"name": "rename", "params": {"mapping": {"arr_delay": "delay"}}}, *steps]
    piotr.post(where, answers(request) | {"recipe_json": json.dumps(given), "save": "1"})
    request.refresh_from_db()
    assert request.recipe == given
    assert [s.name for s in sharing.plan_of(request).steps][:2] == ["select", "pseudonymise"]
    left_open = piotr.post(where, answers(request) | mapped | {"map-0-to": ""}).content.decode()
    assert "There is no column delay" in left_open.replace("there is", "There is")


def test_what_the_contract_holds_against_the_steps_is_said_on_both_pages(cast: Cast) -> None:
    """Steps that are right by themselves, but take out what the contract needs."""
    request = worlds.drafted(cast, recipe=[{"name": "drop", "params": {"columns": ["carrier", "dest"]}}])
    piotr = client(cast, "piotr")
    form = piotr.post(
        f"/requests/{request.pk}/edit/",
        answers(request) | {"recipe_json": json.dumps(request.recipe), "do": "check"},
    )
    assert form.status_code == 200 and "Under the contract this makes no plan yet" in form.content.decode()
    page = piotr.get(request.get_absolute_url())
    assert page.status_code == 200 and "This request makes no plan yet" in page.content.decode()


def test_a_step_just_added_is_not_called_wrong_before_it_is_filled_in(cast: Cast) -> None:
    piotr = client(cast, "piotr")
    added = piotr.post("/recipes/new/", {"name": "New", "do": "add", "add": "redact"}).content.decode()
    assert "Fill in the new step" in added and "needs “" not in added
    assert "e-mail addresses" in added, "kinds of what is redacted are ticked, not typed"
    typed = {
        "name": "New",
        "step-0-name": "redact",
        "step-0-patterns-checks": "1",
        "step-0-patterns": ["iban"],
        "step-0-columns": "",
    }
    checked = piotr.post("/recipes/new/", typed | {"do": "check"}).content.decode()
    assert "Redact inside text needs “Columns”" in checked and "1 problem in the steps" in checked
    assert re.search(r'value="iban"[^>]* checked', checked)


def test_the_asker_learns_counts_and_no_value_and_the_reviewer_sees_rows(cast: Cast, draft: Request) -> None:
    trial = worlds.tried(cast, draft, "piotr")
    assert trial.state == "done", trial.job and trial.job.failure
    exact = {s["name"]: s for s in trial.result["steps"]}
    assert exact["drop_missing"]["removed"] == 60
    assert trial.result["estimated_rows"] == trial.result["rows_out"] == 240
    assert not draft.jobs.exclude(kind="trial").exists()
    assert draft.agreement.exports_used == 0

    # A draft and what is tried with it are the asker's own affair.
    for path in (f"/trials/{trial.pk}/", f"/trials/{trial.pk}/live/", f"/jobs/{trial.job_id}/"):
        assert client(cast, "rui").get(path).status_code == 404
    assert str(trial.job.ref if trial.job else "").encode() not in client(cast, "dana").get("/jobs/").content

    sharing.submit(draft.pk, actor=cast.actor("piotr"))
    piotr, rui, ines = (client(cast, n) for n in ("piotr", "rui", "ines"))
    api = Client()
    asker, holder = token(cast, "piotr", ["requests"]), token(cast, "dana", ["requests"])
    one = f"/api/v1/trials/{trial.pk}"
    seen = b"".join(
        [piotr.get(f"/requests/{draft.pk}/").content, piotr.get(f"/trials/{trial.pk}/").content,
         piotr.get(f"/trials/{trial.pk}/live/").content, api.get(one, **asker).content,
         piotr.get(f"/jobs/{trial.job_id}/").content, api.get(f"/api/v1/jobs/{trial.job_id}", **asker).content,
         ines.get(f"/trials/{trial.pk}/").content]
    )  # fmt: skip
    assert b"SECRET" not in seen
    assert b"Rows before and after" not in seen
    masked = api.get(one, **asker).json()
    assert masked["rows"] is None
    assert masked["result"]["masked"] is True
    page = rui.get(f"/trials/{trial.pk}/").content
    assert b"Rows before and after" in page
    assert b"SECRET" in page
    assert api.get(one, **holder).json()["result"]["steps"] == trial.result["steps"]
    assert b"See 20 rows before and after" in rui.get(f"/requests/{draft.pk}/").content


def test_small_counts_and_failing_values_are_hidden(cast: Cast, draft: Request) -> None:
    few = [
        {
            "name": "range_check",
            "params": {"column": "arr_delay", "min": "2", "max": "600", "on_fail": "drop"},
        }
    ]
    sharing.edit(draft.pk, actor=cast.actor("piotr"), people=[cast.users["piotr"].pk], recipe=few)
    api, asker = Client(), token(cast, "piotr", ["requests"])
    trial = worlds.tried(cast, draft, "piotr")
    removed = next(s for s in trial.result["steps"] if s["name"] == "range_check")["removed"]
    assert 0 < removed < 10
    step = next(
        s
        for s in api.get(f"/api/v1/trials/{trial.pk}", **asker).json()["result"]["steps"]
        if s["name"] == "range_check"
    )
    assert step["removed"] == "fewer than 10"
    assert step["rows_in"] % 10 == step["rows_out"] % 10 == 0
    wrong = [{"name": "cast", "params": {"column": "dest", "to": "integer"}}]
    sharing.edit(draft.pk, actor=cast.actor("piotr"), people=[cast.users["piotr"].pk], recipe=wrong)
    trial = worlds.tried(cast, draft, "piotr")
    assert trial.state == "done", "a step that would stop the job is a finding"
    page = client(cast, "piotr").get(f"/trials/{trial.pk}/").content.decode()
    assert "would stop the job" in page
    assert "IAH" not in page
    sharing.submit(draft.pk, actor=cast.actor("piotr"))
    assert "IAH" in client(cast, "rui").get(f"/trials/{trial.pk}/").content.decode()


def test_a_dry_run_goes_stale_and_there_are_not_endlessly_many(cast: Cast, draft: Request) -> None:
    piotr = cast.actor("piotr")
    worlds.tried(cast, draft, "piotr")
    page = lambda: client(cast, "piotr").get(f"/requests/{draft.pk}/").content.decode()  # noqa: E731
    assert "changed since" not in page()
    sharing.edit(draft.pk, actor=piotr, people=[cast.users["piotr"].pk], recipe=TIDY[1:])
    assert "changed since" in page()
    for _ in range(TRIES_AN_HOUR - 1):
        sharing.try_out(draft.pk, actor=piotr)
    other = worlds.drafted(cast, draft.agreement)
    with pytest.raises(Refused, match="in the last hour"):
        sharing.try_out(other.pk, actor=piotr)
    worlds.drain()
    assert Trial.objects.filter(request=draft).count() == 5, "older ones make room"


def test_a_draft_that_the_contract_forbids_is_shown_with_the_reason(cast: Cast) -> None:
    """On the draft's page and in the builder, before anybody submits it."""
    forbidden = [{"name": "case", "params": {"columns": ["tailnum"], "to": "lower"}}]
    request = worlds.drafted(cast, recipe=forbidden)
    piotr = client(cast, "piotr")
    page = piotr.get(f"/requests/{request.pk}/")
    assert page.status_code == 200
    assert b"This request makes no plan yet" in page.content
    page = piotr.get(f"/requests/{request.pk}/edit/")
    assert page.status_code == 200
    assert b"Under the contract this makes no plan yet" in page.content
    assert b"leaves as a pseudonym only" in page.content


def test_ones_own_data_is_seen_whole(cast: Cast) -> None:
    version = worlds.registered(cast)
    dana = cast.actor("dana")
    saved = library.save(actor=dana, name="Tidy", steps=TIDY)
    library.try_on(saved.pk, actor=dana, dataset=version.dataset)
    worlds.drain()
    trial = Trial.objects.get(recipe__recipe=saved)
    page = client(cast, "dana").get(f"/trials/{trial.pk}/").content.decode()
    assert "N3" in page
    assert "removed by step 2" in page
    assert client(cast, "piotr").get(f"/trials/{trial.pk}/").status_code == 404
    wrong = library.save(
        actor=dana, name="Other", steps=[{"name": "trim", "params": {"columns": ["nothing"]}}]
    )
    with pytest.raises(Refused, match="nothing"):
        library.try_on(wrong.pk, actor=dana, dataset=version.dataset)
    with pytest.raises(Refused, match="not yours"):
        mine = library.save(actor=cast.actor("piotr"), name="Mine", steps=TIDY)
        library.try_on(mine.pk, actor=cast.actor("piotr"), dataset=version.dataset)


def test_the_dictionary_follows_a_column_through_the_steps(cast: Cast) -> None:
    recipe = [
        {"name": "rename", "params": {"mapping": {"arr_delay": "delay", "tailnum": "aircraft"}}},
        {"name": "fill_missing", "params": {"columns": ["delay"], "with": "median"}},
        {"name": "generalise", "params": {"column": "delay", "how": "topcode", "at": "60"}},
    ]
    request = worlds.delivered(cast, recipe=recipe)
    assert request.jobs.get(kind="export").state == "done", request.jobs.get(kind="export").failure
    with zipfile.ZipFile(store.path_of(request.deliveries.get().package_sha256)) as package:
        found = {r["column"]: r for r in csv.DictReader(package.read("dictionary.csv").decode().splitlines())}
    assert (found["delay"]["from"], found["delay"]["treatment"]) == ("arr_delay", "gaps filled, made coarser")
    assert (found["aircraft"]["from"], found["aircraft"]["treatment"]) == ("tailnum", "pseudonym")
    assert found["carrier"]["treatment"] == ""
