"""Around an export: what the package, the pages, the API, the trail and the mails tell the receiver beside the data."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core import mail
from django.test import Client

from contracts.negotiations import agreements
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.deliveries.quality import unchanged
from jobs.runs import runner
from jobs.runs.models import Job
from jobs.runs.work import Work
from kernel import outbox, store
from portal import notify
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token

pytestmark = pytest.mark.django_db
SECRET = "SECRET7"


def rows() -> bytes:
    """400 flights: three far away, four without a delay, one to a place of its own, and a text that leaves redacted."""
    lines = []
    for i in range(400):
        distance = 987_654 + i if i in (50, 51, 52) else 1400 + i % 40
        delay = "" if i in (3, 4, 5, 6) else 4321 if i == 99 else i % 60
        lines.append(
            f"UA,N{i % 40},{SECRET if i == 57 else 'IAH'},{distance},{delay},call 030 {i % 9} please"
        )
    return ("carrier,tailnum,dest,distance,arr_delay,note\n" + "\n".join(lines) + "\n").encode()


@pytest.fixture(autouse=True)
def flights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds.registered, "__defaults__", (rows(), "flights.csv", "Flights 2013"))


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def export(cast: Cast, recipe: list[dict[str, Any]], **answers: Any) -> tuple[Request, Job]:
    columns = ["carrier", "tailnum", "dest", "distance", "arr_delay", "note"]
    agreement = worlds.agreed(cast, columns={"only": columns}, min_group_size=None)
    request = worlds.delivered(cast, agreement, recipe=recipe, **{"columns": columns, **answers})
    return request, request.jobs.get(kind="export")


def packed(delivery: Delivery, name: str) -> Any:
    with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
        return json.loads(package.read(name))


def test_before_is_what_the_catalogue_shows_and_nothing_of_what_left_covered(cast: Cast) -> None:
    recipe = [
        {"name": "range_check", "params": {"column": "distance", "max": "9999", "on_fail": "drop"}},
        {"name": "generalise", "params": {"column": "arr_delay", "how": "topcode", "at": "30"}},
        {"name": "redact", "params": {"columns": ["note"], "patterns": ["number"]}},
        {"name": "rename", "params": {"mapping": {"distance": "miles"}}},
    ]
    request, job = export(cast, recipe)
    assert job.state == "done", job.failure
    delivery = request.deliveries.get()
    found = packed(delivery, "quality.json")
    before = {c["name"]: c["before"] for c in found["columns"]}
    for name in ("tailnum", "arr_delay", "note"):
        assert before[name] is None, name
    assert before["dest"]["distinct"] == 2
    edges = before["miles"]["histogram"]["edges"]
    assert edges and max(edges) < 100_000, "three rows far away are in no border"
    assert all(n % 10 == 0 for n in before["miles"]["histogram"]["counts"])
    assert (found["rows_before"], found["rows_after"]) == (400, 397)
    assert "98765" not in json.dumps(found) and SECRET not in json.dumps(found)

    # An export that was kept before this was masked is masked when it is shown.
    raw = {"missing": 4, "distinct": 61, "histogram": {"edges": [0.0, 4321.0], "counts": [396]}}
    old = {**found, "columns": [{**c, "before": raw} for c in found["columns"]]}
    del old["masked"]
    Delivery.objects.filter(pk=delivery.pk).update(quality=old)
    for name in ("piotr", "sam"):
        page = browser(cast, name).get(delivery.get_absolute_url()).content.decode()
        assert "4,321" not in page and "4321" not in page and "98765" not in page


def test_only_steps_known_as_harmless_leave_a_column_comparable(cast: Cast) -> None:
    """Whatever a step is called and wherever it names a column: what is not listed ends the comparison."""
    request = worlds.drafted(cast, worlds.agreed(cast, min_group_size=None))
    names = set(request.version_of_data.column_types())
    covers: list[dict[str, Any]] = [
        {"name": "calculate", "params": {"into": "distance", "expression": "distance * 2"}},
        {"name": "perturb", "params": {"column": "distance", "scale": "5", "seed": 1}},
        {"name": "round", "params": {"columns": ["distance"], "digits": -2}},
        {"name": "clip", "params": {"column": "distance", "max": "1500"}},
        {"name": "k_anonymity", "params": {"columns": ["distance"], "k": 5, "on_fail": "generalise"}},
        {"name": "generalise", "params": {"column": "distance", "how": "band", "width": "100"}},
        {"name": "unheard_of", "params": {"column": "distance"}},
    ]
    for step in covers:
        plan = {"steps": [step, {"name": "rename", "params": {"mapping": {"distance": "miles"}}}]}
        assert "distance" not in unchanged(request, plan).values(), step["name"]
    steps = [
        {"name": "sort", "params": {"by": ["distance"]}},
        {"name": "drop_missing", "params": {"columns": ["arr_delay"]}},
    ]
    swapped = {"name": "rename", "params": {"mapping": {"dest": "carrier", "carrier": "dest"}}}
    found = unchanged(request, {"steps": [*steps, swapped]})
    assert set(found.values()) == names and (found["dest"], found["carrier"]) == ("carrier", "dest")


def test_a_column_marked_as_personal_or_not_asked_for_has_no_before(cast: Cast) -> None:
    from trusts.datasets import services as datasets

    request = worlds.submitted(cast, worlds.agreed(cast, min_group_size=None), recipe=[])
    version = request.version_of_data
    datasets.describe_columns(version.pk, actor=cast.actor("dana"), columns={"dest": {"personal": True}})
    sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    worlds.drain()
    found = packed(request.deliveries.get(), "quality.json")
    before = {c["name"]: c["before"] for c in found["columns"]}
    assert set(before) == {"carrier", "tailnum", "dest", "arr_delay"}
    assert before["dest"] is before["tailnum"] is None
    assert before["arr_delay"]["missing"] is None, "four empty cells are too few to tell"


def test_few_rows_are_no_number_for_the_receiver_and_exact_for_the_provider(cast: Cast) -> None:
    recipe = [
        {"name": "range_check", "params": {"column": "distance", "max": "9999", "on_fail": "drop"}},
        {"name": "drop_missing", "params": {"columns": ["arr_delay"]}},
    ]
    request, job = export(cast, recipe)
    delivery = request.deliveries.get()
    receipt = packed(delivery, "receipt.json")["body"]
    assert receipt == delivery.receipt["body"]
    steps = {s["name"]: s for s in receipt["plan"]["steps"]}
    assert set(steps["range_check"]["reasons"].values()) == {"fewer than 10"}
    assert all(n % 10 == 0 for s in steps.values() for n in (s["rows_in"], s["rows_out"]))
    assert (receipt["output"]["rows"], receipt["output"]["rows_removed"]) == (393, 7), (
        "what left is said exactly"
    )
    exact = {s["name"]: s for s in job.result["steps"]}
    assert exact["range_check"]["rows_out"] == 397
    where = delivery.get_absolute_url()
    assert b">397<" in browser(cast, "dana").get(where).content
    assert b">397<" not in browser(cast, "piotr").get(where).content
    one = f"/api/v1/jobs/{job.pk}"
    holder, asker = (token(cast, n, ["requests"]) for n in ("dana", "piotr"))
    assert Client().get(one, **holder).json()["result"]["steps"] == job.result["steps"]
    assert set(Client().get(one, **asker).json()["result"]) == {"rows", "package"}
    assert "rows" not in Client().get(one, **asker).json()["progress"]


def test_no_byte_of_the_file_holds_a_value_of_a_row_that_did_not_leave(cast: Cast) -> None:
    """Neither a dictionary of words, nor statistics, nor what stands beside the data in the format."""
    recipe = [
        {"name": "range_check", "params": {"column": "distance", "max": "9999", "on_fail": "set_missing"}}
    ]
    where = [{"column": "dest", "op": "eq", "value": "IAH"}]
    for form in ("parquet", "xlsx"):
        request, job = export(cast, recipe, format=form, row_filter=where)
        assert job.state == "done", job.failure
        delivery = request.deliveries.get()
        with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
            data = package.read(delivery.data_name)
        if form == "xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                found = " ".join(book.read(name).decode() for name in book.namelist())
        else:
            file = pq.ParquetFile(io.BytesIO(data), read_dictionary=["dest", "tailnum", "note"])
            words = [
                chunk.dictionary
                for c in file.read().columns
                if pa.types.is_dictionary(c.type)
                for chunk in c.chunks
            ]
            groups = [file.metadata.row_group(i).to_dict() for i in range(file.num_row_groups)]
            found = f"{[w.to_pylist() for w in words]} {groups} {file.metadata.metadata} {file.read().to_pylist()}"
            assert words
        assert "IAH" in found
        assert SECRET not in found and "98770" not in found and "N39" not in found


STOPS = {
    "map_values": {"column": "dest", "table": {"IAH": "Houston"}, "otherwise": "stop"},
    "validate": {"rules": [{"column": "dest", "rule": "set", "values": ["IAH"]}], "on_fail": "stop"},
}


def test_a_failure_names_step_and_column_to_the_receiver_and_the_value_to_the_holder(cast: Cast) -> None:
    for step in STOPS:
        fails(cast, step)


def fails(cast: Cast, step: str) -> None:
    mail.outbox.clear()
    request, job = export(cast, [{"name": step, "params": STOPS[step]}])
    assert job.state == "failed"
    assert SECRET in job.failure["text"] and job.failure["row"] == 58
    notify.send("job.failed", {"id": str(job.pk)})
    assert mail.outbox
    piotr, asker, api = browser(cast, "piotr"), token(cast, "piotr", ["read", "requests"]), Client()
    event = next(e for e in job_events(cast, job, "piotr") if e["action"] == "fail")
    pages = [f"/jobs/{job.pk}/", f"/jobs/{job.pk}/live/", "/jobs/", f"/requests/{request.pk}/", "/inbox/", "/dashboard/",
             "/audit/", "/audit/export.csv", "/audit/export.jsonl", f"/audit/{event['id']}/"]  # fmt: skip
    answers = [piotr.get(path) for path in pages]
    answers += [api.get(f"/api/v1/{path}", **asker) for path in (f"jobs/{job.pk}", "jobs", "events")]
    text = b"".join(b"".join(a) if a.streaming else a.content for a in answers).decode()
    text += "".join(f"{m.subject} {m.body}" for m in mail.outbox)
    assert all(a.status_code in (200, 286) for a in answers)
    assert SECRET not in text and "Row 58" not in text and "row 58" not in text
    page = answers[0].content.decode()
    assert "does not fit this step" in page and "Column dest" in page and "Change the step" in page
    said = api.get(f"/api/v1/jobs/{job.pk}", **asker).json()["failure"]
    assert said["column"] == "dest" and said["step"] == job.failure["step"] and "row" not in said
    assert said.get("count") == ("fewer than 10" if step == "validate" else None)
    assert SECRET in browser(cast, "dana").get(f"/jobs/{job.pk}/").content.decode()
    assert (
        api.get(f"/api/v1/jobs/{job.pk}", **token(cast, "dana", ["requests"])).json()["failure"]["row"] == 58
    )


def job_events(cast: Cast, job: Job, name: str) -> list[dict[str, Any]]:
    found = Client().get(f"/api/v1/events?subject={job.pk}", **token(cast, name, ["read"])).json()
    return list(found["results"])


@pytest.mark.parametrize("moment", ["before the worker", "in the middle"])
def test_an_export_ends_with_its_contract_and_says_so_in_its_own_words(
    cast: Cast, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker looks itself, and does not wait for the message that stops it."""
    request = worlds.approved(cast, worlds.agreed(cast, min_group_size=None))
    outbox.dispatch()
    at(moment, "jobs.pipeline.pack:pack", lambda: suspend(cast, request), monkeypatch)
    job = request.jobs.get()
    assert runner.run(job.pk, worker="late") == "failed"
    job.refresh_from_db()
    assert "suspended" in job.failure["text"]
    assert job.failure["text"] in browser(cast, "piotr").get(f"/jobs/{job.pk}/").content.decode()
    assert not request.deliveries.exists()


def suspend(cast: Cast, request: Request) -> None:
    agreements.suspend(request.agreement_id, actor=cast.actor("dana"), reason="A question is open.")


def at(moment: str, function: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do it now, or when the worker's call of `function` is over."""
    if moment == "before the worker":
        act()
        return
    done = Work.do

    def slow(self: Work, name: str, **args: Any) -> Any:
        found = done(self, name, **args)
        if name == function:
            act()
        return found

    monkeypatch.setattr(Work, "do", slow)


def test_a_dry_run_that_breaks_says_no_value_to_who_asked_for_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job is the asker's own, the data is not."""
    from jobs.pipeline.faults import StepError

    def broken(self: Work, function: str, **args: Any) -> Any:
        raise StepError(
            "anything", f"Row 58: {SECRET!r} broke it", f"Take {SECRET} out", row=58, column="dest", step=0
        )

    request = worlds.drafted(cast, worlds.agreed(cast, min_group_size=None))
    monkeypatch.setattr(Work, "do", broken)
    trial = worlds.tried(cast, request, "piotr")
    job = trial.job
    assert job is not None and job.state == "failed" and SECRET in job.failure["text"]
    piotr, asker = browser(cast, "piotr"), token(cast, "piotr", ["requests", "read"])
    pages = [
        f"/jobs/{job.pk}/",
        f"/requests/{request.pk}/",
        f"/trials/{trial.pk}/",
        f"/trials/{trial.pk}/live/",
    ]
    text = b"".join(piotr.get(path).content for path in pages).decode()
    text += Client().get(f"/api/v1/jobs/{job.pk}", **asker).content.decode() + json.dumps(
        job_events(cast, job, "piotr")
    )
    assert "The dry run did not finish" in text and "Change the step" in text
    assert SECRET not in text and "Row 58" not in text


@pytest.mark.parametrize("moment", ["before the worker", "in the middle"])
def test_a_dry_run_ends_with_its_contract(cast: Cast, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = worlds.drafted(cast, worlds.agreed(cast, min_group_size=None))
    sharing.try_out(request.pk, actor=cast.actor("piotr"))
    outbox.dispatch()
    trial = request.trials.get()
    at(moment, "jobs.pipeline.trial:dry_run", lambda: suspend(cast, request), monkeypatch)
    assert runner.run(trial.job_id, worker="late") == "failed"  # type: ignore[arg-type]
    trial.refresh_from_db()
    assert (trial.state, trial.result) == ("waiting", {})
    Job.objects.filter(pk=trial.job_id).update(state="queued")
    outbox.dispatch()
    assert Job.objects.get(pk=trial.job_id).state == "cancelled", "and one that waits is stopped"
