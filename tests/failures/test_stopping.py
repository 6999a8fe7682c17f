"""A contract is stopped while a job runs and a download flows: real web server, worker and broker, a slow reader."""

from __future__ import annotations

import random
import socket
import string
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from contracts.negotiations import ledger
from contracts.negotiations.models import Agreement
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel.audit.models import Event
from tests import worlds
from tests.cast import Cast, assemble
from tests.failures.stage import Stage, stage, until
from tests.failures.test_races import split, together
from tests.scenes import BACKEND
from trusts.membership import services as membership
from trusts.membership.models import Membership

ROWS, LETTERS = 40_000, 300


@pytest.fixture
def parts(transactional_db: None) -> Any:
    with stage() as made:
        yield made


def large() -> bytes:
    """A table that no archive makes much smaller: some 12 MB."""
    chance = random.Random(1)
    text = "".join(chance.choices(string.ascii_letters + string.digits, k=ROWS * LETTERS))
    lines = [f"UA,{i},{text[i * LETTERS : (i + 1) * LETTERS]}" for i in range(ROWS)]
    return ("carrier,number,text\n" + "\n".join(lines) + "\n").encode()


class Reader(threading.Thread):
    """Fetches a package over a socket with a small buffer, slowly; says when and how the connection ended."""

    def __init__(self, base: str, delivery: Delivery, client: Client) -> None:
        super().__init__(daemon=True)
        self.got, self.ended, self.promised, self.fast = 0, 0.0, delivery.package_bytes, threading.Event()
        host, port = base.removeprefix("http://").split(":")
        client.get("/inbox/")
        token = client.get(f"/deliveries/{delivery.pk}/").context["csrf_token"]
        cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
        body = f"csrfmiddlewaretoken={token}"
        self.ask = (
            f"POST /deliveries/{delivery.pk}/download/ HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n"
            f"Origin: {base}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self.socket.connect((host, int(port)))
        self.head = b""

    def run(self) -> None:
        self.socket.sendall(self.ask)
        while data := self.socket.recv(16 << 10):
            self.head += data[: 200 - len(self.head)] if len(self.head) < 200 else b""
            self.got += len(data)
            if not self.fast.is_set():
                time.sleep(0.008)
        self.ended = time.monotonic()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
def test_a_member_leaves_and_the_download_is_cut_within_a_second_and_the_job_stops(parts: Stage) -> None:
    cast = assemble()
    agreement, delivery = ready(cast)
    base = parts.web()
    parts.worker()
    client = Client(HTTP_HOST=base.removeprefix("http://"))
    client.force_login(cast.users["piotr"], backend=BACKEND)
    reader = Reader(base, delivery, client)
    job = running(cast, agreement)
    reader.start()
    until(lambda: reader.got > 200_000, 20, "the download flows")
    assert b" 200 OK" in reader.head, reader.head

    stopped = time.monotonic()
    mine = Membership.objects.get(organisation=cast.organisations["meridian"], state="active")
    membership.leave(mine.pk, actor=cast.actor("piotr"), reason="We leave the trust.")
    until(lambda: Job.objects.get(pk=job.pk).state == "cancelled", 10, "the job is stopped")
    took = time.monotonic() - stopped
    until(
        lambda: Event.objects.filter(subject_id=delivery.pk, action="cut").exists(), 10, "the download is cut"
    )
    cut = Event.objects.get(subject_id=delivery.pk, action="cut")
    reader.fast.set()
    until(lambda: reader.ended, 20, "the connection is closed")
    assert took <= 2, f"the job was stopped after {took:.1f} s"
    said = Event.objects.filter(subject_id=agreement.pk, action="dissolve").get()
    after = (cut.created - said.created).total_seconds()
    assert after <= 1, f"the download was cut after {after:.1f} s"
    assert cut.detail["bytes_sent"] < reader.promised and reader.got < reader.promised
    assert reader.got <= cut.detail["bytes_sent"] + 2_000, "more arrived than was sent before the cut"
    until(lambda: not list((settings.COMMONHOLD_VAR / "work").glob("*")), 20, "the job leaves nothing")
    assert Delivery.objects.count() == 1
    agreement.refresh_from_db()
    assert agreement.exports_used == 1, "what was reserved for the job is given back"
    assert agreement.duties.get().clause == "delete_within"


def ready(cast: Cast) -> tuple[Agreement, Delivery]:
    """A contract on the large table with one export that may be fetched."""
    from contracts.negotiations import offers
    from contracts.negotiations import services as negotiations
    from trusts.datasets.models import Dataset

    version = worlds.registered(cast, large(), "large.csv", "Large")
    assert version.state == "profiled", version.failure
    terms = worlds.terms(columns=None, min_group_size=None, pseudonymise=None)
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=terms, trust=cast.trust)
    asked = negotiations.ask(
        actor=cast.actor("piotr"), dataset=Dataset.objects.get(pk=version.dataset_id), terms=terms
    )
    agreement = negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash, confirmed=CLAUSES
    )
    done = worlds.delivered(cast, agreement, columns=["carrier", "number", "text"], recipe=[])
    delivery = done.deliveries.get()
    assert delivery.package_bytes > 7 << 20
    return agreement, delivery


def running(cast: Cast, agreement: Agreement) -> Job:
    """A second export of it, in the middle of its work."""
    near = [{"name": "deduplicate_near", "params": {"columns": ["text"]}}]
    request = worlds.submitted(cast, agreement, columns=["carrier", "number", "text"], recipe=near)
    sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    found = lambda: Job.objects.filter(request=request).first()  # noqa: E731
    until(lambda: found() is not None and found().state in ("running", "checking"), 60, "the job runs")
    job = found()
    assert job is not None
    return job


@pytest.mark.django_db(transaction=True)
def test_at_the_limit_of_rows_exactly_one_of_many_passes(transactional_db: None) -> None:
    cast = assemble()
    agreement = worlds.agreed(cast, rows_total={"at_most": 6}, exports={"at_most": 5})
    requests = [worlds.submitted(cast, agreement) for _ in range(4)]
    people = [cast.actor("rui"), cast.actor("dana")] * 2
    done, refused = split(
        together(
            *[
                lambda r=r, a=a: sharing.approve(r.pk, actor=a, reason=worlds.IN_ORDER)
                for r, a in zip(requests, people, strict=True)
            ]
        )
    )
    assert (len(done), len(refused)) == (1, 3)
    assert all("6 rows of the contract are used" in str(one) for one in refused)
    agreement.refresh_from_db()
    exports, rows, _ = ledger.tallies(agreement)
    assert (exports.reserved, rows.reserved, agreement.exports_used) == (1, 6, 1)


@pytest.mark.django_db(transaction=True)
def test_cancelled_and_failed_at_the_same_moment_is_given_back_once(transactional_db: None) -> None:
    from jobs.runs import services as runs
    from kernel import outbox
    from kernel.actor import system

    cast = assemble()
    agreement = worlds.agreed(cast, exports={"at_most": 2})
    worlds.delivered(cast, agreement)
    request = worlds.approved(cast, agreement)
    outbox.dispatch()
    job = Job.objects.get(request=request)
    runs.claim(job.pk, actor=system(), worker="test")
    failure, dana = {"code": "x", "text": "It broke.", "remedy": "Try again."}, cast.actor("dana")
    together(
        lambda: runs.cancel(job.pk, actor=dana, reason="Not needed."),
        lambda: runs.fail(job.pk, actor=system(), attempt=1, failure=failure),
        lambda: runs.stop(job.pk, actor=system(), reason="The contract was suspended."),
    )
    agreement.refresh_from_db()
    counted = ledger.tallies(agreement)[0]
    assert (counted.used, counted.reserved, counted.left, agreement.exports_used) == (1, 0, 1, 1)
    assert Event.objects.filter(subject_id=agreement.pk, action="release").count() == 1
