"""The ten stages by the API alone: real web server, worker, scheduler and broker; only HTTP is spoken."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests import worlds
from tests.cast import Cast, assemble
from tests.failures.stage import stage
from trusts.organisations import services as organisations

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
EVERYTHING = ["read", "datasets", "negotiations", "requests", "deliveries", "trusts"]


class Caller:
    """A program with one token."""

    def __init__(self, root: str, cast: Cast, name: str) -> None:
        actor = cast.actor(name)
        _, self.secret = organisations.issue_token(
            actor.organisation_id, actor=actor, name="script", scopes=EVERYTHING
        )
        self.root = f"{root}/api/v1/"

    def raw(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", **headers: str
    ) -> tuple[int, bytes, Any]:
        asked = urllib.request.Request(self.root + path, data=body, method=method)
        asked.add_header("Authorization", f"Bearer {self.secret}")
        if kind:
            asked.add_header("Content-Type", kind)
        for name, value in headers.items():
            asked.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read(), problem.headers

    def get(self, path: str) -> Any:
        code, body, _ = self.raw("GET", path)
        assert code == 200, body
        return json.loads(body)

    def post(self, path: str, data: Any = None, expect: int | None = None, **headers: str) -> Any:
        code, body, _ = self.raw("POST", path, json.dumps(data or {}).encode(), "application/json", **headers)
        assert code == expect if expect else code in (200, 201), (code, body)
        return json.loads(body)

    def upload(self, dataset: str, name: str, content: bytes) -> Any:
        edge = uuid.uuid4().hex
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="dataset"\r\n\r\n{dataset}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        ).encode() + content + f"\r\n--{edge}--\r\n".encode()  # fmt: skip
        code, answer, _ = self.raw("POST", "versions", body, f"multipart/form-data; boundary={edge}")
        assert code == 201, answer
        return json.loads(answer)

    def wait(self, path: str, state: str, seconds: float = 60) -> Any:
        until = time.monotonic() + seconds
        while (found := self.get(path))["state"] != state:
            assert found["state"] != "failed", found
            assert time.monotonic() < until, found
            time.sleep(0.2)
        return found


def test_ten_stages_by_programs(tmp_path: Path, transactional_db: None) -> None:
    cast = assemble()
    with stage() as parts:
        parts.broker()
        parts.worker()
        root = parts.web()
        hudson, meridian, outsider = (Caller(root, cast, name) for name in ("dana", "piotr", "olga"))

        # Register and profile; a repetition with the same key is the same dataset.
        about = {"title": "Flights 2013", "keywords": ["delays"]}
        dataset = hudson.post("datasets", about, Idempotency_Key="first")
        assert hudson.post("datasets", about, Idempotency_Key="first")["id"] == dataset["id"]
        assert (
            hudson.post("datasets", {"title": "Other"}, expect=409, Idempotency_Key="first")["code"]
            == "refused"
        )
        version = hudson.upload(dataset["id"], "flights.csv", worlds.CSV)
        assert version["original_sha256"] == hashlib.sha256(worlds.CSV).hexdigest()
        version = hudson.wait(f"versions/{version['id']}", "profiled")
        assert version["rows"] == 6
        profile = hudson.get(f"versions/{version['id']}/profile")
        assert {c["name"]: c["missing"] for c in profile["columns"]}["arr_delay"] == 1
        assert meridian.raw("GET", f"datasets/{dataset['id']}")[0] == 404

        # Offer, negotiate, agree.
        hudson.post(
            "offers", {"dataset": dataset["id"], "trust": str(cast.trust.pk), "terms": worlds.terms()}
        )
        assert meridian.get("datasets?q=flights")["count"] == 1
        wish = worlds.terms(exports={"at_most": 9})
        talk = meridian.post("negotiations", {"dataset": dataset["id"], "terms": wish, "note": "May we?"})
        assert outsider.raw("GET", f"negotiations/{talk['id']}")[0] == 404
        hudson.post(
            f"negotiations/{talk['id']}/actions/make_offer", {"terms": worlds.terms(exports={"at_most": 2})}
        )
        talk = meridian.get(f"negotiations/{talk['id']}")
        assert {a["name"]: a["allowed"] for a in meridian.get(f"negotiations/{talk['id']}/actions")}["accept"]
        moved = meridian.post(
            f"negotiations/{talk['id']}/actions/accept", {"policy_hash": "0" * 64}, expect=409
        )
        assert moved["reasons"][0]["code"] == "negotiation.hash_moved"
        shown = talk["proposals"][-1]["policy_hash"]
        made = meridian.post(f"negotiations/{talk['id']}/actions/accept", {"policy_hash": shown})["made"]
        agreement = meridian.get(f"agreements/{made['id']}")
        assert agreement["state"] == "in_force"
        assert len(agreement["jws"]["signatures"]) == 2

        # Request and review.
        me = meridian.get("me")
        ask = {**worlds.ANSWERS, "agreement": agreement["id"], "people": [me["user"]]}
        refused = meridian.post("requests", {**ask, "columns": ["note"]})
        no = meridian.post(f"requests/{refused['id']}/actions/submit", expect=409)
        assert any("column" in json.dumps(r).lower() for r in no["reasons"]), no
        asked = meridian.post("requests", ask)
        meridian.post(f"requests/{asked['id']}/actions/submit")
        assert meridian.post(f"requests/{asked['id']}/actions/approve", {"reason": "Myself"}, expect=409)
        hudson.post(
            f"requests/{asked['id']}/actions/approve",
            {"reason": "In order, and no wider than what the contract allows."},
        )

        # Run, deliver, prove.
        until = time.monotonic() + 60
        while not (jobs := [j for j in meridian.get("jobs")["results"] if j["kind"] == "export"]):
            assert time.monotonic() < until
            time.sleep(0.2)
        job = meridian.wait(f"jobs/{jobs[0]['id']}", "done")
        assert job["attempt"] == 1
        delivery = meridian.get("deliveries")["results"][0]
        assert hudson.raw("POST", f"deliveries/{delivery['id']}/package")[0] == 409, "only the named person"
        code, package, headers = meridian.raw("POST", f"deliveries/{delivery['id']}/package")
        assert code == 200
        assert (
            hashlib.sha256(package).hexdigest() == delivery["package_sha256"] == headers["X-Content-SHA256"]
        )
        with zipfile.ZipFile(io.BytesIO(package)) as zipped:
            zipped.extractall(tmp_path / "got")
        script = Path(settings.BASE_DIR) / "verify.py"
        checked = subprocess.run(
            [sys.executable, script, tmp_path / "got" / "receipt.json", tmp_path / "got" / delivery["data_name"]],
            capture_output=True, text=True, env={},
        )  # fmt: skip
        assert checked.returncode == 0, checked.stdout + checked.stderr
        seen = {(e["machine"], e["action"]) for e in hudson.get("events?page_size=200")["results"]}
        assert {("dataset", "register"), ("version", "finish"), ("offer", "publish"), ("negotiation", "ask"), ("agreement", "conclude"),
                ("request", "approve"), ("job", "finish"), ("delivery", "download")} <= seen  # fmt: skip
        assert len(outsider.get("events")["results"]) < 10
        until = time.monotonic() + 20
        while outsider.get("log/head")["size"] < len(seen):
            assert time.monotonic() < until, "the log was not sealed"
            time.sleep(0.3)
        assert subprocess.run(
            [sys.executable, "manage.py", "verify_log"], cwd=settings.BASE_DIR, env=parts.supervisor.env, capture_output=True
        ).returncode == 0  # fmt: skip
