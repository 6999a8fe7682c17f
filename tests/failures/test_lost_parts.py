"""Parts die in the middle: the worker, the broker. Real Celery, real Redis, real flights, no mocks."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from contracts.negotiations import agreements
from contracts.negotiations.models import Agreement
from contracts.sharing import services as sharing
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job, WorkerBeat
from kernel.audit.models import Event
from kernel.models import Outbox
from portal.demo.data import packed
from tests import worlds
from tests.cast import Cast, assemble
from tests.failures.stage import LEASE, Stage, stage, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WORK: dict[str, Any] = {
    "columns": ["carrier", "tailnum", "dest", "distance", "arr_delay"], "format": "csv",
    "recipe": [{"name": "drop_missing", "params": {"columns": ["arr_delay"]}},
               {"name": "trim", "params": {"columns": ["carrier", "dest"]}},
               {"name": "deduplicate", "params": {"columns": ["carrier", "tailnum", "dest", "distance", "arr_delay"]}}],
}  # fmt: skip


@pytest.fixture
def parts(transactional_db: None) -> Any:
    with stage() as made:
        yield made


def waiting(cast: Cast) -> Any:
    """A request on the real flights table, submitted; nothing runs yet."""
    name, content = packed("flights")
    version = worlds.registered(cast, content, name)
    assert version.state == "profiled", version.failure
    assert version.rows == 336_776
    from contracts.negotiations import offers
    from contracts.negotiations import services as negotiations
    from trusts.datasets.models import Dataset

    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=worlds.terms(), trust=cast.trust)
    asked = negotiations.ask(
        actor=cast.actor("piotr"),
        dataset=Dataset.objects.get(pk=version.dataset_id),
        terms=worlds.terms(exports={"at_most": 1}),
    )
    agreement = negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash
    )
    return worlds.submitted(cast, agreement, **WORK)


def export() -> Job:
    return Job.objects.get(kind="export")


def approve(cast: Cast, request: Any) -> None:
    sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)


@pytest.mark.parametrize(
    "who", [pytest.param("the process that does the job", marks=pytest.mark.strict), "the whole worker"]
)
def test_a_job_survives_its_worker_and_delivers_once(parts: Stage, who: str) -> None:
    cast = assemble()
    request = waiting(cast)
    parts.worker()
    approve(cast, request)
    if who == "the whole worker":
        until(lambda: export().state == "running" and export().progress.get("rows"), 60, "the job runs")
    else:
        until(lambda: export().stages, 60, "the first stage is finished")
    held = export()
    assert held.state in ("running", "checking")
    killed = time.monotonic()
    if who == "the whole worker":
        parts.kill("worker")
    else:
        os.kill(int(held.worker.split(":")[1]), signal.SIGKILL)
    until(lambda: export().attempt == 2, LEASE + 20, "another worker has it")
    back = time.monotonic() - killed
    until(lambda: export().state in ("done", "failed"), 60, "the job ends")
    assert export().state == "done", (export().failure, parts.log("worker"))
    assert back <= LEASE + 10, f"the job came back after {back:.1f} s"
    assert Delivery.objects.count() == 1
    told = list(Event.objects.filter(subject_id=held.pk).order_by("created").values_list("action", flat=True))
    assert [t for t in told if t != "check"] == ["enqueue", "claim", "requeue", "claim", "finish"]
    again = [s["name"] for s in export().stages if s["again"]]
    assert again[:1] == ([] if who == "the whole worker" else ["Clean"]), export().stages
    assert any("Went on after “Clean”" in line["text"] for line in export().log) is bool(again)
    assert Agreement.objects.get().exports_used == 1
    until(
        lambda: not list((Path(settings.COMMONHOLD_VAR) / "work").glob("*")),
        5,
        "no half-written file is left",
    )


@pytest.mark.strict
def test_approval_waits_for_no_broker_and_the_job_starts_when_it_is_back(parts: Stage) -> None:
    cast = assemble()
    request = waiting(cast)
    parts.worker()
    until(WorkerBeat.objects.exists, 30, "the worker is up")
    parts.kill("broker")
    # An older message that waits for the broker too must not hold up what the approval does in the database.
    Outbox.objects.create(topic="upload.checking", payload={"id": str(uuid4())})
    started = time.monotonic()
    approve(cast, request)
    assert time.monotonic() - started < 5, "approving waited for the broker"
    assert Outbox.objects.filter(topic="job.queued", sent__isnull=True).exists()
    assert export().state == "queued"
    time.sleep(3)
    parts.broker()
    until(lambda: export().state == "done", 90, f"the job is done; worker said {parts.log('worker')}")
    assert Delivery.objects.count() == 1


def test_ending_the_contract_stops_the_running_job_and_nothing_leaves(parts: Stage) -> None:
    cast = assemble()
    request = waiting(cast)
    parts.worker()
    approve(cast, request)
    until(lambda: export().state == "running" and export().progress.get("rows"), 60, "the job runs")
    agreements.terminate(
        request.agreement_id, actor=cast.actor("dana"), reason="The board has changed its mind."
    )
    until(lambda: export().state not in ("running", "checking"), 30, "the job stops")
    assert export().state == "cancelled", export().failure
    assert "contract" in export().failure["text"]
    time.sleep(2)
    assert not Delivery.objects.exists()
    until(lambda: Agreement.objects.get().exports_used == 0, 15, "the export is given back")
