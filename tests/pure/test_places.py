"""Data read where it is: the same rows, the same types, and no way to what was not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.pipeline.faults import Cancelled, IntakeError
from jobs.pipeline.places import Snapshot, snapshot

pytestmark = pytest.mark.pure
PARTS = [
    pa.table({"n": pa.array([1, 2], pa.int32()), "t": ["x", None]}),
    pa.table({"t": ["y"], "n": pa.array([2**62], pa.int64())}),
]
ROWS = [(1, "x"), (2, None), (2**62, "y")]


def take(place: dict[str, Any], target: Path, **more: Any) -> Snapshot:
    return snapshot(place, target, progress=lambda *_: None, cancelled=lambda: False, **more)


def rows(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(r.values()) for r in pq.read_table(path).to_pylist()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "allowed" / "data"
    (data / "year=2").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    pq.write_table(PARTS[0], data / "a.parquet")
    pq.write_table(PARTS[1], data / "year=2" / "b.parquet")
    (data / "_SUCCESS").touch()
    (data / ".a.parquet").write_bytes(b"left by a writer")
    return data


def test_a_folder_of_parquet_files_is_one_table_with_a_fingerprint(folder: Path, tmp_path: Path) -> None:
    target, place = tmp_path / "work" / "out.parquet", {"kind": "folder", "path": str(folder)}
    first = take(place, target, roots=[tmp_path / "allowed"])
    assert (rows(target), first.rows) == (ROWS, 3)
    assert first.columns == [{"name": "n", "type": "integer"}, {"name": "t", "type": "text"}]
    assert [f["name"] for f in first.source["files"]] == ["a.parquet", "year=2/b.parquet"]
    assert take(place, target, roots=[tmp_path / "allowed"]).fingerprint == first.fingerprint
    pq.write_table(PARTS[0].slice(1), folder / "a.parquet")
    assert take(place, target, roots=[tmp_path / "allowed"]).fingerprint != first.fingerprint
    pq.write_table(pa.table({"other": [1]}), folder / "c.parquet")
    with pytest.raises(IntakeError) as found:
        take(place, target, roots=[tmp_path / "allowed"])
    assert found.value.code == "place.columns"
    assert list(target.parent.iterdir()) == []
    with pytest.raises(Cancelled):
        snapshot(place, target, roots=[tmp_path], progress=lambda *_: None, cancelled=lambda: True)


def test_only_folders_that_the_operator_allows_are_read(folder: Path, tmp_path: Path) -> None:
    target, secret = tmp_path / "work" / "out.parquet", tmp_path / "secret"
    secret.mkdir()
    pq.write_table(PARTS[0], secret / "s.parquet")
    link = tmp_path / "allowed" / "link"
    link.symlink_to(secret)
    for path in (
        secret,
        link,
        tmp_path / "allowed" / ".." / "secret",
        tmp_path / "allowed-too",
        "/",
        "allowed",
        "",
    ):
        with pytest.raises(IntakeError) as found:
            take({"kind": "folder", "path": str(path)}, target, roots=[tmp_path / "allowed"])
        assert found.value.code == "place.not_allowed"
    with pytest.raises(IntakeError):
        take({"kind": "folder", "path": str(folder)}, target)
    (folder / "z.parquet").symlink_to(secret / "s.parquet")
    with pytest.raises(IntakeError) as found:
        take({"kind": "folder", "path": str(folder)}, target, roots=[tmp_path / "allowed"])
    assert found.value.code == "place.link"


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "kind": "s3",
            "endpoint": f"http://{host}:{port}",
            "key": "reader",
            "secret": "very-secret",
            "region": "us-east-1",
        }
    finally:
        server.stop()


def test_objects_on_s3_are_read_alone_or_together(s3: dict[str, Any], tmp_path: Path) -> None:
    from jobs.pipeline.places import filesystem

    store = filesystem(s3)
    boto(s3).create_bucket(Bucket="trust")
    for name, part in zip(("data/a.parquet", "data/b.parquet"), PARTS, strict=True):
        with store.open_output_stream(f"trust/{name}") as out:
            pq.write_table(part, out)
    with store.open_output_stream("trust/one.csv") as out:
        out.write(b"n;v\n007;1,5\n")
    target = tmp_path / "out.parquet"
    many = take({**s3, "url": "s3://trust/data"}, target)
    assert rows(target) == ROWS
    assert all(f["etag"] and f["bytes"] for f in many.source["files"])
    assert "very-secret" not in str(many.as_dict())
    one = take({**s3, "url": "s3://trust/data/b.parquet"}, target)
    assert (rows(target), one.rows) == ([("y", 2**62)], 1)
    text = take({**s3, "url": "s3://trust/one.csv"}, target)
    assert rows(target) == [("007", 1.5)]
    assert text.reading["delimiter"] == ";"
    for url, code in (
        ("s3://trust/none", "place.missing"),
        ("http://x", "place.url"),
        ("s3://nowhere/x", "place."),
    ):
        with pytest.raises(IntakeError) as found:
            take({**s3, "url": url}, target)
        assert found.value.code.startswith(code)
        assert not target.exists()
    with pytest.raises(IntakeError) as found:
        take({**s3, "url": "s3://trust/data"}, target, hosts=["s3.example.org"])
    assert found.value.code == "place.not_allowed"


def boto(s3: dict[str, Any]) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=s3["endpoint"], aws_access_key_id=s3["key"], aws_secret_access_key=s3["secret"],
                        region_name=s3["region"])  # fmt: skip


MAKE = """
CREATE TABLE t (i int8, n numeric, b bool, d date, z timestamptz, f float8, x text, a int[], e date, q numeric);
INSERT INTO t VALUES (9223372036854775807, 12345678901234567890.123, true, '0001-01-01', '2020-01-02 03:04:05+02', 0.1, 'é', '{1,2}',
  'infinity', 'NaN');
INSERT INTO t (i) SELECT g FROM generate_series(1, 1200) g;
CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader;
CREATE ROLE writer LOGIN; GRANT SELECT, UPDATE (x) ON t TO writer; CREATE VIEW v AS SELECT * FROM t; GRANT SELECT ON v TO writer;
CREATE ROLE server LOGIN; GRANT SELECT ON t TO server; GRANT pg_read_server_files TO server;
"""
WANTED = {"i": "integer", "n": "decimal", "b": "boolean", "d": "date", "z": "timestamp", "f": "number", "x": "text", "a": "text",
          "e": "text", "q": "text"}  # fmt: skip
ATTACKS = [
    "select 1) q; commit; drop table t; select * from (select 1", "select 1; drop table t", "delete from t returning i",
    "with x as (insert into t(i) values (5) returning i) select * from x", "select set_config('transaction_read_only', 'off', false)",
    "select pg_sleep(30)", "select nonsense", "select i from t where i < 0", "",
]  # fmt: skip


@pytest.mark.slow
def test_a_database_is_read_exactly_and_never_written(tmp_path: Path) -> None:
    import psycopg

    from tests import servers

    target = tmp_path / "out.parquet"
    with servers.postgres() as url:
        host = url.partition("host=")[2]
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(MAKE)
        place = {"kind": "postgres", "dsn": f"postgresql://reader:pass-word@/postgres?host={host}"}
        for what in ({"table": "public.t"}, {"query": "SELECT * FROM t -- all of it"}):
            done = take({**place, **what}, target, hosts=[host])
            assert {c["name"]: c["type"] for c in done.columns} == WANTED
            first = [str(v) for v in rows(target)[0]]
            assert first == ["9223372036854775807", "12345678901234567890.123", "True", "0001-01-01", "2020-01-02 01:04:05+00:00",
                             "0.1", "é", "{1,2}", "infinity", "NaN"]  # fmt: skip
            assert done.rows == 1201
            assert "pass-word" not in str(done.as_dict())
            assert len(done.fingerprint) == 64
        owner = {**place, "dsn": url}
        writer = {**place, "dsn": place["dsn"].replace("reader", "writer")}
        for account, what in ((owner, {"table": "t"}), (owner, {"query": "SELECT 1"}), (writer, {"table": "t"}), (writer, {"query": "SELECT i FROM v"}),
                              ({**place, "dsn": place["dsn"].replace("reader", "server")}, {"table": "t"})):  # fmt: skip
            with pytest.raises(IntakeError) as found:
                take({**account, **what}, target, hosts=[host])
            assert found.value.code == "place.account", what
        for query in ATTACKS:
            with pytest.raises(IntakeError) as found:
                take({**owner, "query": query}, target, hosts=[host], seconds=1, writers=True)
            assert found.value.remedy
            assert not target.exists()
        take(
            {**owner, "query": "SELECT lo_create(0)"}, target, hosts=[host], writers=True
        )  # Allowed in a reading transaction, and undone.
        for hosts in ([], ["db.example.org"], None):
            with pytest.raises(IntakeError) as found:
                take({**place, "table": "t"}, target, hosts=hosts)
            assert found.value.code == "place.not_allowed"
        with pytest.raises(IntakeError) as found:
            take({**place, "dsn": place["dsn"] + "&passfile=/etc/passwd", "table": "t"}, target, hosts=[host])
        assert found.value.code == "place.url"
        with psycopg.connect(url) as link:
            assert link.execute("SELECT count(*) FROM t").fetchone() == (1201,)
            assert link.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)
