"""Data that stays where it is: read into versions with bytes of their own, its keys seen by nobody, its hosts named by the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from jobs.runs.models import Job
from kernel import store
from kernel.audit.models import Event
from kernel.decision import Refused
from portal.tasks import tidy
from tests import worlds
from tests.cast import Cast
from tests.test_access import token
from tests.test_choosing import zipped
from tests.test_reading import browser, read, sales, typed
from trusts.datasets import places, sources
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset, DatasetVersion, Source

FLIGHTS = pa.table({"carrier": ["UA", "AA", "B6"], "delay": pa.array([2**60, None, -3])})
KEYS = {"key": "AKIA-reader", "secret": "the-very-secret"}


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    found = tmp_path / "lake" / "flights"
    found.mkdir(parents=True)
    pq.write_table(FLIGHTS, found / "a.parquet")
    settings.DATA_ROOTS = [("hudson-carriers", str(tmp_path / "lake"))]
    return found


def register(client: Client, kind: str, **given: Any) -> Any:
    page = f"/datasets/new/place/?kind={kind}"
    first = typed(client.get(page).context["form"])
    return client.post(page, {**first, "title": "In place", **given})


@pytest.mark.django_db
def test_a_folder_becomes_versions_that_stay_though_it_changes(cast: Cast, folder: Path) -> None:
    dana = browser(cast, "dana")
    answer = register(dana, "folder", path=str(folder))
    assert answer.status_code == 302, answer.content
    dataset = Dataset.objects.get(title_text="In place")
    first = read(dataset.versions.get())
    assert (first.state, first.rows, first.original_sha256) == ("profiled", 3, ""), first.failure
    assert first.column_types() == {"carrier": "text", "delay": "integer"}
    kept = pq.read_table(store.path_of(first.parquet_sha256))
    assert kept.to_pylist() == FLIGHTS.to_pylist()
    assert first.hashes()["source_fingerprint"] == first.source_fingerprint != ""
    assert first.source["files"][0]["name"] == "a.parquet" and first.source["at"]
    for page in (dataset.get_absolute_url(), first.get_absolute_url(), f"{first.get_absolute_url()}reading/"):
        assert (
            str(folder) in dana.get(page).content.decode()
            or "a folder of Parquet files" in dana.get(page).content.decode()
        ), page
    # What it held then cannot be read a second time, so nothing is read anew under its number.
    with pytest.raises(Refused) as refused:
        datasets.correct_reading(first.pk, actor=cast.actor("dana"), reading={})
    assert refused.value.decision.reasons[0].code == "version.in_place"

    pq.write_table(FLIGHTS.slice(1), folder / "b.parquet")
    act = f"/do/source/{dataset.source.pk}/read/"
    assert dana.post(act).status_code == 302
    again = dana.post(act)
    assert again.status_code == 409 and b"Version 2 is being read just now" in again.content
    second = read(dataset.versions.get(number=2))
    first.refresh_from_db()
    assert (second.rows, first.rows) == (5, 3) and second.source_fingerprint != first.source_fingerprint
    # The folder is renamed: a clear failure, and the version before stays.
    folder.rename(folder.with_name("gone"))
    sources.read(dataset.source.pk, actor=cast.actor("dana"))
    third = read(dataset.versions.get(number=3))
    assert third.state == "failed" and third.failure["code"] == "place.missing" and third.failure["remedy"]


@pytest.mark.django_db
def test_a_place_is_for_the_organisation_that_the_operator_named(
    cast: Cast, folder: Path, settings: Any
) -> None:
    piotr, dana = browser(cast, "piotr"), browser(cast, "dana")
    assert b"DATA_ROOTS" in piotr.get("/datasets/new/place/?kind=folder").content
    assert b"DATA_HOSTS" in dana.get("/datasets/new/place/?kind=s3").content
    assert dana.get("/datasets/new/place/?kind=ftp").status_code == 404
    address = {"kind": "folder", "path": str(folder)}
    other = datasets.register(actor=cast.actor("piotr"), title="Not mine")
    with pytest.raises(Refused) as refused:
        sources.connect(actor=cast.actor("piotr"), dataset=other, address=address, secrets={})
    assert refused.value.decision.reasons[0].code == "place.not_allowed"
    for path in (f"{folder}/../../other", "/etc", "lake", f"{folder.parent}-too"):
        answer = register(dana, "folder", path=path)
        assert (
            answer.status_code == 422 and b"operator" in answer.content
        ) or b"whole path" in answer.content, path
        assert path.encode() in answer.content, "what was typed is kept"
    register(dana, "folder", path=str(folder))
    mine = Source.objects.get()
    assert piotr.get(f"/do/source/{mine.pk}/change/").status_code == 404
    assert piotr.get(f"/datasets/new/place/?dataset={mine.dataset.slug}").status_code == 404
    # The operator takes the permission back before the worker comes to it: the worker asks anew.
    settings.DATA_ROOTS = []
    assert read(mine.dataset.versions.get()).failure["code"] == "place.not_allowed"
    assert dana.post(f"/do/source/{mine.pk}/read/").status_code == 409


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def put(endpoint: str, name: str, content: bytes) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")  # fmt: skip
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key=name, Body=content)


@pytest.mark.django_db
def test_an_object_is_corrected_like_a_file_and_its_keys_are_seen_by_nobody(
    cast: Cast, s3: str, settings: Any
) -> None:
    settings.DATA_HOSTS = [s3.partition("://")[2]]
    put(s3, "sales.csv", sales())
    dana = browser(cast, "dana")
    wrong = register(dana, "s3", url="s3://lake/sales.csv", endpoint=s3, key="AKIA-reader")
    assert wrong.status_code == 422 and b"both keys" in wrong.content and b"AKIA-reader" not in wrong.content
    assert register(dana, "s3", url="s3://lake/sales.csv", endpoint=s3, **KEYS).status_code == 302
    source = Source.objects.get()
    version = read(source.dataset.versions.get())
    assert version.column_types()["price"] == "text" and sum(version.misfits["price"].values()) == 1, (
        version.failure
    )
    seen = [
        dana.get(source.get_absolute_url()),
        dana.get(version.get_absolute_url()),
        dana.get(f"/do/source/{source.pk}/change/"),
        dana.get("/audit/"),
    ]
    api, auth = f"/api/v1/sources/{source.pk}", token(cast, "dana", ["datasets", "read"])
    seen += [Client().get(api, **auth), Client().get(f"/api/v1/versions/{version.pk}", **auth)]
    told = json.dumps([[e.before, e.after, e.detail, e.reason] for e in Event.objects.all()])
    for secret in KEYS.values():
        assert all(secret not in page.content.decode() for page in seen)
        assert secret not in source.sealed + told + json.dumps(
            [version.place, version.source, version.reading]
        )

    reading = {"columns": json.dumps({"price": {"type": "number", "on_misfit": "set_missing"}})}
    assert dana.post(f"/do/version/{version.pk}/correct/", reading).status_code == 302
    version = read(version)
    assert version.column_types()["price"] == "number" and version.misfits_sha256, version.failure
    put(s3, "sales.csv", sales(201, bad="??"))
    assert Client().post(f"{api}/actions/read", **auth).status_code == 200
    second = read(source.dataset.versions.get(number=2))
    assert second.rows == 201 and second.column_types()["price"] == "number", "the correction is remembered"
    dana.post(f"/do/version/{version.pk}/correct/", {"forget": "on"})
    assert read(version).failure["code"] == "source.moved_on"

    assert dana.post(f"/do/source/{source.pk}/forget/").status_code == 302
    source.refresh_from_db()
    assert (source.state, source.sealed) == ("forgotten", "")
    assert dana.post(f"/do/source/{source.pk}/read/").status_code == 409
    changed = {"url": "s3://lake/sales.csv", "endpoint": s3, **KEYS}
    assert (
        Client().post(f"{api}/actions/change", changed, content_type="application/json", **auth).status_code
        == 200
    )
    settings.DATA_HOSTS = []
    far = Client().post(f"{api}/actions/change", {**changed, "endpoint": "http://169.254.169.254"}, content_type="application/json", **auth)  # fmt: skip
    assert far.status_code == 422 and "169.254.169.254:80" in far.content.decode()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_database_is_read_by_an_account_that_may_only_read(cast: Cast, settings: Any) -> None:
    import psycopg

    from tests import servers

    with servers.postgres() as url:
        host = url.partition("host=")[2]
        settings.DATA_HOSTS = [host]
        with psycopg.connect(url, autocommit=True) as link:
            link.execute("CREATE TABLE f AS SELECT g AS n, 'UA' AS c FROM generate_series(1, 300) g; CREATE ROLE r LOGIN; GRANT SELECT ON f TO r")  # fmt: skip
        dataset = datasets.register(actor=cast.actor("dana"), title="From a database")
        body = {"dataset": str(dataset.pk), "kind": "postgres", "host": host, "database": "postgres", "user": "postgres",
                "password": "it's \\ secret", "sslmode": "prefer", "table": "public.f"}  # fmt: skip
        auth = token(cast, "dana", ["datasets", "read"])
        both = Client().post(
            "/api/v1/sources", {**body, "query": "SELECT 1"}, content_type="application/json", **auth
        )
        assert both.status_code == 422 and "table" in both.json()["fields"]
        made = Client().post("/api/v1/sources", body, content_type="application/json", **auth)
        assert (
            made.status_code == 201
            and made.json()["secrets"] is True
            and "secret'" not in made.content.decode()
        )
        refused = read(dataset.versions.get())
        assert refused.failure["code"] == "place.account", refused.failure
        again = {**{k: body[k] for k in body if k not in ("dataset", "kind")}, "user": "r"}
        act = f"/api/v1/sources/{made.json()['id']}/actions"
        assert (
            Client().post(f"{act}/change", again, content_type="application/json", **auth).status_code == 200
        )
        assert Client().post(f"{act}/read", **auth).status_code == 200
        version = read(DatasetVersion.objects.get(dataset=dataset, number=2))
        assert (version.state, version.rows, version.column_types()) == ("profiled", 300, {"n": "integer", "c": "text"}), version.failure  # fmt: skip
        assert version.source["user"] == "r" and "secret" not in json.dumps(version.source)


@pytest.mark.pure
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_no_password_can_name_another_host(password: str) -> None:
    address = {
        "kind": "postgres",
        "host": "db.example.org",
        "port": 5432,
        "database": "d",
        "user": "u",
        "sslmode": "require",
        "table": "t",
    }
    _, secrets = places.for_reader(address, {"password": password})
    assert conninfo_to_dict(secrets["dsn"]) == {
        "host": "db.example.org", "port": "5432", "dbname": "d", "user": "u", "sslmode": "require", "password": password,
    }  # fmt: skip


@pytest.mark.pure
def test_only_named_hosts_are_reached(settings: Any) -> None:
    settings.DATA_HOSTS = ["s3.example.org", "minio.example.org:9000", "db.example.org", "/run/pg"]

    def allowed(**address: Any) -> bool:
        return places.refusal(address, "anybody") is None

    assert allowed(kind="s3", endpoint="https://s3.example.org") and allowed(
        kind="s3", endpoint="http://minio.example.org:9000"
    )
    assert allowed(kind="postgres", host="DB.example.org") and allowed(kind="postgres", host="/run/pg")
    for endpoint in ("", "https://s3.example.org:9000", "https://s3.example.org@evil.example", "https://s3.example.org#@evil.example",
                     "https://s3.example.org\\@evil.example", "https://evil.example/s3.example.org", "https://s3.example.org.evil.example",
                     "ftp://s3.example.org", "http://169.254.169.254", "http://[::1]", "https://s3.example.org:99999999", "minio.example.org"):  # fmt: skip
        assert not allowed(kind="s3", endpoint=endpoint), endpoint
    for host, port in (
        ("", None),
        ("db.example.org", 22),
        ("db.example.org,evil", None),
        ("/run/pg2", None),
        ("s3.example.org", 443),
    ):
        assert not allowed(kind="postgres", host=host, port=port), host
    assert not allowed(kind="gopher", host="db.example.org")


@pytest.mark.django_db
def test_a_file_is_chosen_in_an_archive_that_stays_on_s3(cast: Cast, s3: str, settings: Any) -> None:
    settings.DATA_HOSTS = [s3.partition("://")[2]]
    put(s3, "towns.zip", zipped(**{"a.csv": "town\nKiel\n", "b.csv": "town\nUlm\nBern\n"}))
    dana = browser(cast, "dana")
    register(dana, "s3", url="s3://lake/towns.zip", endpoint=s3, **KEYS)
    version = read(Source.objects.get().dataset.versions.get())
    assert version.state == "choosing" and "a.csv, b.csv" in version.failure["text"]
    page = f"{version.get_absolute_url()}reading/"
    assert dana.get(page).context["form"].fields["member"].required
    act = f"/do/version/{version.pk}/correct/"
    assert dana.post(act, {}).status_code == 422
    dana.post(act, {"member": "c.csv"})
    version = read(version)
    assert version.state == "choosing" and "no file 'c.csv'" in version.failure["text"]
    dana.post(act, {"member": "b.csv"})
    version = read(version)
    assert (version.state, version.rows) == ("profiled", 2), version.failure
    sources.read(Source.objects.get().pk, actor=cast.actor("dana"))
    assert read(version.dataset.versions.get(number=2)).rows == 2


@pytest.mark.django_db
def test_on_a_schedule_only_what_changed_becomes_a_version(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, actor = browser(cast, "dana"), cast.actor("dana")
    register(dana, "folder", path=str(folder))
    dataset = Dataset.objects.get(title_text="In place")
    worlds.drain()
    act = f"/do/source/{dataset.source.pk}/schedule/"
    assert dana.post(act, {"every": "hour"}).status_code == 422
    assert browser(cast, "piotr").post(act, {"every": "day"}).status_code == 404
    assert dana.post(act, {"every": "day"}).status_code == 302
    assert "looks every day whether it changed" in dana.get(dataset.get_absolute_url()).content.decode()
    begun = timezone.now()

    def after(days: float) -> tuple[int, int]:
        """(sources whose time had come, versions after that)"""
        monkeypatch.setattr(timezone, "now", lambda: begun + timedelta(days=days))
        told = tidy()["sources"]
        assert tidy()["sources"] == 0, "told once"
        worlds.drain()
        return told, dataset.versions.count()

    def happened() -> list[str]:
        made = Event.objects.filter(machine="source", subject_id=dataset.source.pk)
        return list(made.order_by("subject_version").values_list("action", flat=True))

    assert after(0.9) == (0, 1)
    assert after(1.1) == (1, 1) and happened()[-2:] == ["look", "same"]
    pq.write_table(FLIGHTS.slice(1), folder / "b.parquet")
    assert after(1.5) == (0, 1) and after(2.2) == (1, 2)
    second = dataset.versions.get(number=2)
    assert (second.state, second.rows, second.registered_by) == ("profiled", 5, None) and happened()[-2:] == [
        "look",
        "read",
    ]
    assert "by the portal, on schedule" in dana.get(second.get_absolute_url()).content.decode()
    # It is away for a day: a job fails and says so, no version is made, and the next day it goes on.
    away = folder.rename(folder.with_name("gone"))
    assert after(3.3) == (1, 2)
    job = Job.objects.filter(kind="look", state="failed").get()
    assert job.failure["code"] == "place.missing"
    assert "(look at the source)" in dana.get(job.get_absolute_url()).content.decode()
    away.rename(folder)
    assert after(4.4) == (1, 2) and happened()[-1] == "same"
    sources.schedule(dataset.source.pk, actor=actor, every="")
    assert after(30) == (0, 2)
    sources.schedule(dataset.source.pk, actor=actor, every="week")
    assert after(36) == (0, 2) and after(37.1) == (1, 2)
    sources.forget(dataset.source.pk, actor=actor)
    assert after(50) == (0, 2)
