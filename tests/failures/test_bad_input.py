"""Garbage, halves and repetitions: a clear answer, nothing half-written, nothing lost."""

from __future__ import annotations

import gzip
import socket
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from contracts.negotiations.models import Agreement, Negotiation
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel import registry
from kernel.audit.models import Event
from tests import worlds
from tests.cast import Cast, assemble
from tests.failures.stage import stage, until
from trusts.datasets.models import Dataset, DatasetVersion

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(cast: Cast, name: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.users[name], backend=BACKEND)
    return client


GARBAGE = {
    "a picture called CSV": ("flights.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    "a document called CSV": ("flights.csv", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"),
    "a web page called CSV": (
        "flights.csv",
        b"<!DOCTYPE html><html><body>Please sign in</body></html>\n" * 9,
    ),
    "a picture in a gzip": ("flights.csv.gz", gzip.compress(b"\x89PNG\r\n\x1a\nIHDR,a,b\n1,2,3\n" * 9)),
    "half a Parquet": ("flights.parquet", b"PAR1" + bytes(range(200))),
    "nothing in it": ("flights.csv.gz", gzip.compress(b"")),
    "a text called Parquet": ("flights.parquet", worlds.CSV),
    "a text called Excel": ("flights.xlsx", worlds.CSV),
    "half a gzip": ("flights.csv.gz", gzip.compress(worlds.CSV * 200)[:120]),
    "a row with too many cells": ("flights.csv", worlds.CSV + b"UA,N9,IAH,1400,11,ok,extra,cells\n"),
    "only a header": ("flights.csv", b"carrier,tailnum\n"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", GARBAGE)
def test_a_file_that_is_not_what_its_name_says_is_explained(cast: Cast, what: str) -> None:
    name, content = GARBAGE[what]
    version = worlds.registered(cast, content, name)
    assert version.state == "failed"
    failure = version.failure
    assert failure["text"], failure
    assert failure["remedy"], failure
    assert "Traceback" not in failure["text"]
    assert Job.objects.get(kind="intake").state == "failed"
    page = signed_in(cast, "dana").get(version.dataset.get_absolute_url()).content.decode()
    from django.utils.html import escape

    assert escape(failure["text"]) in page, "the steward is not told on the dataset's page"
    assert escape(failure["remedy"]) in page, "nor what to do"
    if what == "a row with too many cells":
        assert failure["row"] == 7, failure


@pytest.mark.django_db
def test_an_empty_or_missing_file_is_refused_and_the_typed_text_stays(cast: Cast) -> None:
    client = signed_in(cast, "dana")
    for file in (worlds.upload(b""), ""):
        answer = client.post(
            "/datasets/new/",
            {"id": uuid.uuid4(), "title": "My long title", "summary": "Kept", "file": file},
        )
        assert answer.status_code == 422
        assert b"My long title" in answer.content
        assert b"Kept" in answer.content
    assert not Dataset.objects.exists()


@pytest.mark.django_db
def test_one_form_posted_twice_does_it_once(cast: Cast) -> None:
    dana, piotr, rui = (signed_in(cast, name) for name in ("dana", "piotr", "rui"))
    form = {"id": str(uuid.uuid4()), "title": "Flights 2013"}
    for _ in range(2):
        answer = dana.post("/datasets/new/", {**form, "file": worlds.upload()})
        assert answer.status_code == 302
    assert DatasetVersion.objects.count() == 1
    worlds.drain()
    dataset = Dataset.objects.get()
    from contracts.negotiations import offers

    offers.publish(dataset.pk, actor=cast.actor("dana"), terms=worlds.terms(), trust=cast.trust)
    page = piotr.get(f"/negotiations/new/?dataset={dataset.slug}")
    data = {k: v for k, v in page.context["form"].initial.items() if v not in (None, "")}
    data |= {"id": page.context["id"], "dataset": dataset.slug, "publish": "1", "note": "May we?"}
    for _ in range(2):
        answer = piotr.post(f"/negotiations/new/?dataset={dataset.slug}", data)
        assert answer.status_code == 302, answer.content.decode()[:3000]
    negotiation = Negotiation.objects.get()
    accept = {"policy_hash": negotiation.proposals.get().policy_hash, "seen": negotiation.version}
    codes = [
        dana.post(f"/do/negotiation/{negotiation.pk}/accept_request/", accept).status_code for _ in range(2)
    ]
    assert codes == [302, 409]
    agreement = Agreement.objects.get()
    request = worlds.submitted(cast, agreement)
    codes = [
        rui.post(f"/do/request/{request.pk}/approve/", {"reason": "Fine by me."}).status_code
        for _ in range(2)
    ]
    assert codes == [302, 409]
    worlds.drain()
    assert Job.objects.filter(kind="export").count() == Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_says_why_and_keeps_what_was_typed(cast: Cast) -> None:
    dana = signed_in(cast, "dana")
    taken = {"name": "Meridian Insurance", "kind": "company", "country": "DE", "about": "Typed with care"}
    trust = {
        "name": cast.trust.name,
        "kind": "trust",
        "purpose": "Typed with care",
        "charter": "Rules.",
        "open_to_apply": "on",
    }
    for page, data in (("/organisations/new/", taken), ("/trusts/new/", trust)):
        answer = dana.post(page, data)
        assert answer.status_code == 409, page
        assert b"already" in answer.content, page
        assert b"Typed with care" in answer.content, page


@pytest.mark.rules
@pytest.mark.django_db
def test_an_outsider_can_do_nothing_to_anything(cast: Cast) -> None:
    """Every action of every machine on every object there is, by someone of another organisation: 404 or 403."""
    request = worlds.delivered(cast)
    worlds.submitted(cast, request.agreement)
    before = Event.objects.exclude(action="refused").count()
    olga, wrong, tried = signed_in(cast, "olga"), [], 0
    for machine in registry.machines():
        if machine.name in ("organisation", "trust"):
            continue  # public profiles; their actions are covered by the matrix
        for subject in registry.entry(machine.name).model._default_manager.all():
            if str(cast.organisations["elsewhere"].pk) in str(subject.parties()):
                continue
            for action in machine.actions:
                tried += 1
                for answer in (
                    olga.get(f"/do/{machine.name}/{subject.pk}/{action.name}/"),
                    olga.post(f"/do/{machine.name}/{subject.pk}/{action.name}/", {"reason": "I want it."}),
                ):
                    if answer.status_code not in (403, 404):
                        wrong.append(f"{machine.name}.{action.name}: {answer.status_code}")
    assert tried > 100
    assert not wrong, wrong
    assert Event.objects.exclude(action="refused").count() == before


NASTY = ["\x00", "%00", "' OR 1=1 --", "<script>alert(1)</script>", "9" * 400, "-1", "2024-99-99", "not-a-uuid", "😀", "../../etc/passwd"]  # fmt: skip
PAGES = ["/datasets/", "/negotiations/", "/contracts/", "/requests/", "/jobs/", "/audit/", "/trusts/", "/audit/export.csv",
         "/negotiations/new/", "/requests/new/"]  # fmt: skip
WORDS = [
    "q",
    "page",
    "show",
    "trust",
    "whose",
    "who",
    "what",
    "about",
    "from",
    "until",
    "dataset",
    "contract",
    "new",
    "old",
    "tab",
    "template",
]


@pytest.mark.django_db
def test_no_address_makes_the_portal_stumble(cast: Cast) -> None:
    request = worlds.delivered(cast)
    dataset, negotiation = request.agreement.dataset, request.agreement.negotiation
    pages = [*PAGES, dataset.get_absolute_url(), f"{dataset.get_absolute_url()}offer/new/", negotiation.get_absolute_url(),
             request.get_absolute_url(), request.agreement.get_absolute_url()]  # fmt: skip
    client, wrong = signed_in(cast, "dana"), []
    for page in pages:
        for value in NASTY:
            answer = client.get(page, dict.fromkeys(WORDS, value))
            if answer.streaming:
                b"".join(answer)
            if answer.status_code >= 500:
                wrong.append(f"{page} with {value!r}")
            if b"<script>alert" in (b"" if answer.streaming else answer.content):
                wrong.append(f"{page} echoes a script")
    assert not wrong, "\n".join(wrong)


@pytest.mark.strict
@pytest.mark.django_db
def test_no_form_makes_the_portal_stumble(cast: Cast) -> None:
    """Every form with every field filled with rubbish, and every action with rubbish: 4xx or done, never 500."""
    request = worlds.submitted(cast)
    agreement = request.agreement
    fresh = worlds.negotiations.ask(
        actor=cast.actor("piotr"), dataset=agreement.dataset, terms=worlds.terms()
    )
    clients = {name: signed_in(cast, name) for name in ("dana", "piotr", "rui")}
    forms = [
        ("dana", "/datasets/new/"), ("dana", f"{agreement.dataset.get_absolute_url()}offer/new/"), ("dana", f"{fresh.get_absolute_url()}counter/"),
        ("piotr", f"/negotiations/new/?dataset={agreement.dataset.slug}"), ("piotr", f"/requests/new/?contract={agreement.pk}"),
        ("dana", "/trusts/new/"), ("dana", "/organisations/new/"), ("dana", "/settings/"), ("dana", "/settings/tokens/"),
        ("dana", "/organisation/switch/"),
    ]  # fmt: skip
    wrong = []
    for who, page in forms:
        shown = clients[who].get(page)
        form = shown.context and shown.context.get("form")
        names = list(getattr(form, "form", form).fields) if form else []
        for value in NASTY:
            data: dict[str, Any] = dict.fromkeys(
                [*names, "id", "trust", "dataset", "contract", "seen", "organisation", "do", "add", "file"],
                value,
            )
            data |= {
                "publish": "1",
                "step-0-name": value,
                "step-0-raw": value,
                "step-1-name": "trim",
                "step-1-columns": value,
                "start": value,
                "also": value,
                "against": value,
                "where-0-column": value,
                "where-0-op": value,
                "where-0-value": value,
            }
            answer = clients[who].post(page, data)
            if answer.status_code >= 500:
                wrong.append(f"{page} with {value!r}")
    for machine, subject in (
        ("request", request),
        ("negotiation", fresh),
        ("agreement", agreement),
        ("dataset", agreement.dataset),
    ):
        for action in registry.entry(machine).machine.actions:
            for value in NASTY[:4]:
                names = ["reason", "text", "note", "terms", "policy_hash", "seen", "checklist", "clause", "statement", "recipe",
                         "people", "columns", "row_filter", "format", "purpose", "place", "title_text"]  # fmt: skip
                for client in clients.values():
                    answer = client.post(
                        f"/do/{machine}/{subject.pk}/{action.name}/", dict.fromkeys(names, value)
                    )
                    if answer.status_code >= 500:
                        wrong.append(f"{machine}.{action.name} with {value!r}")
    assert not wrong, "\n".join(wrong)


def half_a_form(cookie: str, token: str, boundary: str = "cut") -> bytes:
    """The head and first half of an upload that announces more than it brings."""
    fields = {"csrfmiddlewaretoken": token, "id": str(uuid.uuid4()), "title": "Cut in the middle"}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ).encode()
    body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\nContent-Type: text/csv\r\n\r\n'.encode()
    body += worlds.CSV * 20_000
    head = (
        f"POST /datasets/new/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}; csrftoken={token}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(body) * 2}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_upload_cut_in_the_middle_leaves_nothing(transactional_db: None) -> None:
    cast = assemble()
    with stage() as parts:
        port = int(parts.web().rsplit(":", 1)[1])
        client = signed_in(cast, "dana")
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        sent = half_a_form(cookie, "a" * 32)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(sent)
            time.sleep(0.5)
        time.sleep(2)
        assert not Dataset.objects.exists(), "half a file became a dataset"
        kept = [p for p in (Path(settings.COMMONHOLD_VAR) / "store").rglob("*") if p.is_file()]
        assert kept == []
        # The same server still answers, and the whole file is taken.
        whole = sent.split(b"\r\n\r\n", 1)
        body = whole[1] + b"\r\n--cut--\r\n"
        head = (
            whole[0].split(b"Content-Length")[0]
            + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(head + body)
            answer = line.recv(200).decode()
        assert " 302 " in answer, answer + parts.log("web")
        until(Dataset.objects.exists, 5, "the whole file is registered")
        assert Request.objects.count() == 0


def test_an_address_that_leads_nowhere_says_so_to_people_and_to_programs(client: Client) -> None:
    answer = client.get("/api/v1/agreements/")
    assert answer.status_code == 404 and answer["Content-Type"] == "application/problem+json"
    assert answer.json()["remedy"].endswith("/api/v1/agreements")
    assert "There is nothing here for you" in client.get("/nowhere/").content.decode()
