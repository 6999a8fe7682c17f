"""Files in pieces: what arrives is what was sent, whatever happens on the way, and nothing is left behind."""

from __future__ import annotations

import hashlib
import http.client
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kernel import outbox, staging, store
from kernel.audit.models import Event
from kernel.decision import Refused
from portal.tasks import check_upload, sweep, tidy
from tests import worlds
from tests.cast import Cast, assemble
from tests.test_access import BACKEND, token
from trusts.datasets import services, uploads
from trusts.datasets.models import Dataset, Upload

pytestmark = pytest.mark.django_db
DATA = b"day,carrier\n" + b"".join(b"%d,AA\n" % n for n in range(400))
PIECE = 1000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CHUNK_BYTES", PIECE)


def pieces(data: bytes = DATA) -> list[bytes]:
    return [data[start : start + PIECE] for start in range(0, len(data), PIECE)]


def signed_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def begun(cast: Cast, data: bytes = DATA, send: bool = True) -> Upload:
    dana = cast.actor("dana")
    made = uploads.create(actor=dana, name="flights.csv", size=len(data))
    for index, part in enumerate(pieces(data) if send else []):
        uploads.receive(made, index, BytesIO(part).read, actor=dana, sha256=None)
    return made


def left() -> list[Path]:
    return [*staging.folder().glob("*"), *(store.root() / "incoming").glob("*")]


def test_pieces_become_a_version_through_the_api(cast: Cast) -> None:
    client, auth = Client(), token(cast, "dana", ["read", "datasets"])
    json = {"content_type": "application/json", **auth}
    made = client.post("/api/v1/uploads", {"name": "flights.csv", "size": len(DATA)}, **json).json()
    address = f"/api/v1/uploads/{made['id']}"
    assert made["chunk_bytes"] == PIECE and made["chunks"] == len(pieces())

    def put(index: int, body: bytes, said: bytes | None = None) -> Any:
        digest = hashlib.sha256(body if said is None else said).hexdigest()
        return client.put(f"{address}/chunks/{index}", body, content_type="application/octet-stream",
                          HTTP_X_CHUNK_SHA256=digest, **auth)  # fmt: skip

    for index, part in reversed(list(enumerate(pieces()))):
        assert put(index, part).status_code == 200
    wrong = put(0, b"x" * PIECE, said=DATA[:PIECE])
    assert (
        wrong.status_code == 422
        and wrong.json()["code"] == "chunk.checksum"
        and "Send it again" in wrong.json()["title"]
    )
    assert put(0, b"x" * PIECE).status_code == 200, "a piece that is here is not written again"
    assert put(1, b"short").json()["code"] == "chunk.length"
    assert put(1, b"x" * (PIECE + 1)).json()["code"] == "chunk.length"
    assert put(99, b"x").json()["code"] == "chunk.number"
    assert (
        client.put(f"{address}/chunks/0", DATA[:PIECE], content_type="text/plain", **auth).status_code == 422
    )
    assert client.get(address, **token(cast, "olga", ["read"])).status_code == 404
    done = client.post(f"{address}/actions/complete", {}, **json)
    assert done.json()["sha256"] == hashlib.sha256(DATA).hexdigest()
    dataset = services.register(actor=cast.actor("dana"), title="Flights")
    version = client.post("/api/v1/versions", {"dataset": str(dataset.pk), "upload": made["id"]}, **json)
    assert version.status_code == 201, version.content
    assert store.local(version.json()["original_sha256"]).read_bytes() == DATA
    again = client.post("/api/v1/versions", {"dataset": str(dataset.pk), "upload": made["id"]}, **json)
    assert again.status_code == 409 and dataset.versions.count() == 1
    assert [e.action for e in Event.objects.filter(machine="upload").order_by("created")] == [
        "create",
        "complete",
        "check",
        "use",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_cut_upload_goes_on_over_a_real_server_and_leaves_nothing(live_server: Any) -> None:
    cast = assemble()
    auth = {"Authorization": token(cast, "dana", ["read", "datasets"])["HTTP_AUTHORIZATION"]}
    made = begun(cast, send=False)

    def put(index: int, body: bytes, promised: int) -> int:
        line = http.client.HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=20)
        line.putrequest("PUT", f"/api/v1/uploads/{made.pk}/chunks/{index}")
        for name, value in {
            **auth,
            "Content-Length": str(promised),
            "X-Chunk-SHA256": hashlib.sha256(pieces()[index]).hexdigest(),
        }.items():
            line.putheader(name, value)
        line.endheaders(body)
        if len(body) < promised:
            line.close()
            return 0
        return line.getresponse().status

    assert put(0, pieces()[0], PIECE) == 200
    put(1, pieces()[1][:300], PIECE)
    made.refresh_from_db()
    assert made.received_chunks() == [0]
    for index in range(1, made.chunks):
        assert put(index, pieces()[index], len(pieces()[index])) == 200
    made.refresh_from_db()
    dana = cast.actor("dana")
    uploads.complete(made.pk, actor=dana)
    dataset = services.register_with_file(actor=dana, upload=made.pk, title="Flights")
    assert store.local(dataset.versions.get().original_sha256).read_bytes() == DATA
    assert left() == []


@pytest.mark.django_db(transaction=True)
def test_completing_twice_at_once_is_one_event() -> None:
    from django.db import connection

    cast = assemble()
    made, dana, found = begun(cast), cast.actor("dana"), []

    def finish() -> None:
        found.append(uploads.complete(made.pk, actor=dana).sha256)
        connection.close()

    threads = [threading.Thread(target=finish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [hashlib.sha256(DATA).hexdigest()] * 2
    assert Event.objects.filter(machine="upload", action="complete").count() == 1


def test_incomplete_foreign_too_large_and_too_many_are_refused(cast: Cast, settings: Any) -> None:
    dana = cast.actor("dana")
    half = begun(cast, send=False)
    with pytest.raises(Refused, match="chunks are not here yet"):
        uploads.complete(half.pk, actor=dana)
    with pytest.raises(Refused):
        uploads.receive(half, 0, BytesIO(DATA[:PIECE]).read, actor=cast.actor("ines"), sha256=None)
    whole = begun(cast)
    uploads.complete(whole.pk, actor=dana)
    with pytest.raises(Refused, match="no complete upload of your organisation"):
        services.register_with_file(actor=cast.actor("piotr"), upload=whole.pk, title="Theirs")
    for address in (f"/uploads/{whole.pk}/", f"/do/upload/{whole.pk}/abandon/"):
        assert signed_in(cast, "piotr").get(address).status_code == 404
    page = signed_in(cast, "piotr").put(f"/uploads/{half.pk}/chunks/0/", DATA[:PIECE], content_type="x/y")
    assert page.status_code == 404
    for _ in range(3):
        begun(cast, send=False)
    refused = signed_in(cast, "dana").post("/uploads/", {"name": "a.csv", "size": 5})
    assert refused.status_code == 409 and "5 unfinished uploads" in refused.json()["title"]
    settings.UPLOAD_MAX_BYTES = 100
    assert (
        "takes files up to"
        in signed_in(cast, "piotr").post("/uploads/", {"name": "a", "size": 101}).json()["title"]
    )


@pytest.mark.django_db(transaction=True)
def test_an_abandoned_upload_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = assemble()
    by_hand, late = begun(cast), begun(cast)
    uploads.complete(by_hand.pk, actor=cast.actor("dana"))
    answer = signed_in(cast, "dana").post(f"/do/upload/{by_hand.pk}/abandon/", follow=True)
    assert b"Discarded" in answer.content and b"flights.csv" in answer.content
    assert store.sweep_incoming(-1) == 0 and tidy()["uploads"] == 0
    assert [p.name for p in left()] == [late.pk.hex]
    Upload.objects.filter(pk=late.pk).update(expires=timezone.now() - timedelta(seconds=1))
    assert sweep()["uploads"] == 1 and sweep()["uploads"] == 0
    late.refresh_from_db()
    assert late.state == "abandoned" and left() == []


def test_six_gigabytes_are_addressed_and_take_only_the_room_of_what_was_sent(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 8 << 20)
    dana = cast.actor("dana")
    made = uploads.create(actor=dana, name="big.parquet", size=6 * 10**9)
    last = made.chunks - 1
    for index in (0, 512, last):
        body = bytes([index % 251]) * made.length_of(index)
        uploads.receive(made, index, BytesIO(body).read, actor=dana, sha256=hashlib.sha256(body).hexdigest())
        made.refresh_from_db()
    status = signed_in(cast, "dana").get(f"/uploads/{made.pk}/").json()
    assert status["received"] == [0, 512, last] and status["chunks"] == 716
    with staging.path_of(made.pk).open("rb") as handle:
        handle.seek(512 * (8 << 20))
        assert handle.read(1) == bytes([512 % 251])
        assert handle.seek(0, 2) == 6 * 10**9
    assert staging.path_of(made.pk).stat().st_blocks * 512 < 30 << 20


def test_the_classic_form_and_the_hidden_id_both_register(cast: Cast) -> None:
    client, dana = signed_in(cast, "dana"), cast.actor("dana")
    from uuid import uuid4

    about = {"id": str(uuid4()), "title": "Classic"}
    assert b"This field is required" in client.post("/datasets/new/", about).content
    assert client.post("/datasets/new/", {**about, "upload": " "}).status_code == 422
    client.post("/datasets/new/", {**about, "file": worlds.upload(DATA, "a.csv")})
    made = begun(cast)
    uploads.complete(made.pk, actor=dana)
    wrong = client.post("/datasets/new/", {"id": str(uuid4()), "title": "", "upload": str(made.pk)})
    assert (
        wrong.status_code == 422
        and str(made.pk).encode() in wrong.content
        and b"here already" in wrong.content
    )
    sent = {"id": str(uuid4()), "title": "Pieces", "upload": str(made.pk)}
    first, second = client.post("/datasets/new/", sent), client.post("/datasets/new/", sent)
    assert first.status_code == 302 and second.url == first.url, "the same form twice is one dataset"
    assert Dataset.objects.count() == 2


def test_a_large_file_gets_its_checksum_from_a_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finishing answers at once; until the checksum is there the file cannot be registered, and nobody loses it."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES", len(DATA) - 1)
    dana, client, auth = (
        cast.actor("dana"),
        signed_in(cast, "dana"),
        token(cast, "dana", ["read", "datasets"]),
    )
    made, told = begun(cast), list[dict[str, Any]]()
    monkeypatch.setattr(outbox, "_listeners", {**outbox._listeners, "upload.checking": [told.append]})

    def no_hashing(_id: Any) -> str:
        raise AssertionError("a web request hashed the whole file")

    with monkeypatch.context() as web:
        web.setattr(staging, "sha256_of", no_hashing)
        for _ in range(2):
            done = client.post(f"/uploads/{made.pk}/complete/")
            assert (done.status_code, done.json()["state"], done.json()["sha256"]) == (200, "checking", "")
        early = Client().post("/api/v1/versions", {"dataset": str(services.register(actor=dana, title="F").pk), "upload": str(made.pk)},
                              content_type="application/json", **auth)  # fmt: skip
        assert early.status_code == 409 and "still makes the checksum" in early.json()["title"]
        with pytest.raises(uploads.Refused):
            uploads.receive(made, 0, BytesIO(DATA[:PIECE]).read, actor=dana, sha256=None)
    outbox.dispatch()
    assert told == [{"id": str(made.pk)}]
    # The worker dies over it: after a while another is told, and only once.
    assert sweep()["unchecked"] == 0
    Upload.objects.filter(pk=made.pk).update(changed=timezone.now() - timedelta(minutes=11))
    assert (sweep()["unchecked"], sweep()["unchecked"]) == (1, 0)
    outbox.dispatch()
    assert len(told) == 2
    assert (check_upload(str(made.pk)), check_upload(str(made.pk))) == ("complete", "complete")
    status = client.get(f"/uploads/{made.pk}/").json()
    assert (status["state"], status["sha256"]) == ("complete", hashlib.sha256(DATA).hexdigest())
    assert Event.objects.filter(machine="upload", action="check").count() == 1
    services.register_with_file(actor=dana, title="Flights", upload=made.pk)
    gone = begun(cast)
    uploads.complete(gone.pk, actor=dana)
    uploads.abandon(gone.pk, actor=dana)
    assert check_upload(str(gone.pk)) == "abandoned"
