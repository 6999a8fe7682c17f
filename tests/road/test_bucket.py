"""The road with the files in a bucket: a real S3 server beside the test, and a cache that may be empty."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as now
from django.test import Client

from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel import bucket, store
from kernel.actor import system
from tests import worlds
from tests.cast import Cast, assemble
from trusts.datasets import services, uploads
from trusts.datasets.models import Upload


@pytest.fixture
def server(settings: Any) -> Iterator[Any]:
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    settings.S3_ENDPOINT, settings.S3_REGION = f"http://{host}:{port}", "us-east-1"
    settings.S3_ACCESS_KEY = settings.S3_SECRET_KEY = "testing"
    settings.STORE_BUCKET = ("commonhold", "files/")
    bucket.client().create_bucket(Bucket="commonhold")
    yield running
    running.stop()


def keys() -> set[str]:
    found = bucket.client().list_objects_v2(Bucket="commonhold").get("Contents", [])
    return {item["Key"].removeprefix("files/").replace("/", "") for item in found}


@pytest.mark.django_db
def test_the_road_works_from_a_bucket_with_an_empty_cache(cast: Cast, server: Any) -> None:
    version = worlds.registered(cast, title="Seen before")
    assert keys() == {version.original_sha256, version.parquet_sha256}
    shutil.rmtree(Path(now.COMMONHOLD_VAR) / "store")
    request = worlds.delivered(cast)
    job = Job.objects.get(kind="export")
    assert job.state == "done", job.failure
    delivery = Delivery.objects.get(request=request)
    assert {delivery.package_sha256, delivery.data_sha256} <= keys()
    shutil.rmtree(Path(now.COMMONHOLD_VAR) / "store")
    client = Client()
    client.force_login(cast.users["piotr"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"/deliveries/{delivery.pk}/download/")
    content = b"".join(answer.streaming_content)
    assert hashlib.sha256(content).hexdigest() == delivery.package_sha256
    assert int(answer["Content-Length"]) == len(content)
    assert delivery.data_name in zipfile.ZipFile(BytesIO(content)).namelist()
    assert not store._path(delivery.package_sha256).exists(), "a download fills no disk"
    assert not list((Path(now.COMMONHOLD_VAR) / "work").glob("*"))


@pytest.mark.django_db
def test_the_cache_stays_small_and_what_the_server_gives_is_checked(server: Any, settings: Any) -> None:
    kept = [store.put_stream([bytes([n]) * 3_000_000]) for n in range(3)]
    assert store.put_stream([bytes([1]) * 3_000_000]) == kept[1]
    settings.STORE_CACHE_MB = 6
    assert store.sweep_cache() == 0, "what was just used stays"
    import os

    for age, one in enumerate(kept):
        os.utime(store._path(one.sha256), (1000 - age, 1000 - age))
    store.local(kept[2].sha256)
    assert store.sweep_cache() == 1
    assert [store._path(one.sha256).exists() for one in kept] == [True, False, True]
    assert store.local(kept[1].sha256).read_bytes() == bytes([1]) * 3_000_000
    assert (store.size(kept[1].sha256), store.exists("0" * 64)) == (3_000_000, False)
    store._path(kept[1].sha256).unlink()
    bucket.client().put_object(**bucket.address(kept[1].sha256), Body=b"something else")
    with pytest.raises(bucket.StoreAway, match="other bytes"):
        store.local(kept[1].sha256)
    assert not list(store.root().rglob(".half-*"))
    with pytest.raises(FileNotFoundError):
        store.open_stream("0" * 64)


@pytest.mark.django_db
def test_a_bucket_that_is_away_keeps_nothing_and_says_so(server: Any, settings: Any) -> None:
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(store.StoreFull, match="file store"):
        store.put_stream([b"data"])
    assert not [f for f in store.root().rglob("*") if f.is_file()]


def sent_in_pieces(cast: Cast, data: bytes) -> Upload:
    dana = cast.actor("dana")
    made = uploads.create(actor=dana, name="large.csv", size=len(data))
    uploads.receive(made, 0, BytesIO(data).read, actor=dana, sha256=None)
    assert uploads.complete(made.pk, actor=dana).state == "checking"
    return uploads.check(made.pk, actor=system())


@pytest.mark.django_db(transaction=True)
def test_a_large_upload_is_in_the_bucket_before_anyone_waits_for_it(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that makes the checksum sends it; registering moves it there, and what is given up is deleted."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES", 0)
    cast, sent, before = assemble(), [], keys()
    real = bucket._upload
    monkeypatch.setattr(
        bucket, "_upload", lambda s, place, look: sent.append(place["Key"]) or real(s, place, look)
    )
    data = b"day,carrier\n" + b"1,AA\n" * 500
    first, second = sent_in_pieces(cast, data), sent_in_pieces(cast, data)
    assert keys() - before == {f"incoming{one.pk.hex}" for one in (first, second)}
    assert store.sweep_brought({first.pk.hex, second.pk.hex}, older_than=-1) == 0
    so_far = len(sent)
    dataset = services.register_with_file(actor=cast.actor("dana"), upload=first.pk, title="Large")
    assert len(sent) == so_far, "the web request sends no byte of it"
    digest = hashlib.sha256(data).hexdigest()
    assert keys() - before == {digest, f"incoming{second.pk.hex}"}
    assert b"".join(bucket.stream(digest).iter_chunks()) == data
    assert dataset.versions.get().original_sha256 == digest
    uploads.abandon(second.pk, actor=cast.actor("dana"))
    assert keys() - before == {digest}, (
        "nothing of what was given up is left, and nothing of what stays is gone"
    )
    third = sent_in_pieces(cast, data)
    assert store.sweep_brought(set(), older_than=-1) == 1, "what a dead process left is swept"
    services.register_with_file(actor=cast.actor("dana"), upload=third.pk, title="Again")
    assert keys() - before == {digest}
