"""Evidence that a stranger checks: bundles and receipts hold as given, and every byte changed is found and named."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

import verify as verifier
from contracts.decisions.models import StoredDecision
from contracts.negotiations.models import Agreement
from jobs.deliveries import receipt as deliveries_receipt
from jobs.deliveries.models import Delivery
from jobs.evidence import bundle, receipts, scope
from kernel import store
from kernel.actor import system
from kernel.audit import keyring, notes
from kernel.audit.models import Checkpoint, Event, Leaf
from kernel.audit.seal import seal_all, sequencing
from kernel.canonical import sha256_hex
from kernel.decision import Refused
from kernel.keys import signing_seeds
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.membership.models import Membership

pytestmark = pytest.mark.django_db
SCRIPT = Path(settings.BASE_DIR) / "verify.py"


def unpacked(tmp_path: Path, about: scope.Scope, reader: Any, name: str = "bundle") -> Path:
    with (tmp_path / f"{name}.zip").open("w+b") as file:
        bundle.write(about, reader, file)
    folder = tmp_path / name
    with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
        archive.extractall(folder)
    return folder


def said(capsys: Any, *arguments: Any) -> tuple[bool, str]:
    """Whether `verify.py` holds it, and what it printed."""
    try:
        verifier.main([str(a) for a in arguments])
        held = True
    except SystemExit as stopped:
        assert stopped.code == 1
        held = False
    return held, capsys.readouterr().out


def test_a_bundle_holds_and_every_changed_byte_is_named(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    request = worlds.delivered(cast)
    folder = unpacked(tmp_path, scope.of_agreement(request.agreement, cast.actor("ines")), cast.actor("ines"))
    alone = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True, env={"PATH": ""}
    )
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert "contracts     1, exports 1" in alone.stdout
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    key = keyring.public_hex(keyring.portal_key())
    assert said(capsys, folder, "--key", key)[0]
    assert said(capsys, folder, "--key", "0" * 64) == (
        False,
        "DOES NOT HOLD: it was signed by another key than the one you gave\n",
    )
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    assert {"report.html", "verify.py", "README.txt", "manifest.json", "manifest.sig.json"} <= {
        p.name for p in files
    }
    chance = random.Random(6)
    for path in files:
        good = path.read_bytes()
        places = {0, len(good) // 2, len(good) - 1, *(chance.randrange(len(good)) for _ in range(4))}
        for place in places:
            path.write_bytes(
                good[:place] + bytes([good[place] ^ 1 << chance.randrange(8)]) + good[place + 1 :]
            )
            held, text = said(capsys, folder)
            assert not held, (path, place)
            assert path.name in text, (path, place, text)
        path.unlink()
        held, text = said(capsys, folder)
        assert not held
        assert path.name in text
        path.write_bytes(good)
    (folder / "more.txt").write_text("I was not here")
    assert said(capsys, folder) == (False, "DOES NOT HOLD: more.txt: it does not belong to the bundle\n")


def test_a_bundle_shows_a_reader_what_the_reader_may_see(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    agreement = worlds.agreed(cast)
    worlds.delivered(cast, agreement)
    for who, sees in (("dana", True), ("piotr", True), ("ada", False)):
        reader = cast.actor(who)
        about = scope.of_dataset(agreement.dataset, reader)
        if not sees:
            with pytest.raises(Refused, match="no entry about this"):
                unpacked(tmp_path, about, reader, who)
            continue
        folder = unpacked(tmp_path, about, reader, who)
        assert said(capsys, folder)[0]
        lines = [json.loads(line) for line in (folder / "log/entries.jsonl").read_text().splitlines()]
        shown = {line["entry"]["id"] for line in lines}
        mine = {
            str(e)
            for e in Event.objects.filter(party_rows__organisation_id=reader.organisation_id).values_list(
                "pk", flat=True
            )
        }
        assert shown <= mine
        kinds = {line["entry"]["machine"] for line in lines}
        assert ("version" in kinds) is (who == "dana")
        assert {"agreement", "request", "delivery"} <= kinds
    whole = unpacked(tmp_path, scope.of_period(None, None, system("operator")), system("operator"), "whole")
    assert said(capsys, whole)[0]
    assert len((whole / "log/entries.jsonl").read_text().splitlines()) == Leaf.objects.count()


def test_a_bundle_of_a_period_holds_the_decisions_made_in_it(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    """As the contract's own bundle does, for those who may see it; an earlier and a later decision stay out."""
    request = worlds.delivered(cast)
    reader, auditor = cast.actor("dana"), cast.actor("ines")
    kept = list(StoredDecision.objects.order_by("created"))
    assert len(kept) > 2 and {d.kind for d in kept} >= {"request"}

    def ids(about: scope.Scope, actor: Any, name: str) -> set[str]:
        folder = unpacked(tmp_path, about, actor, name)
        held, text = said(capsys, folder)
        assert held, text
        files = list((folder / "decisions").glob("*.json"))
        found = [json.loads(one.read_text()) for one in files]
        report = (folder / "report.html").read_text()
        for verdict in {one["verdict"] for one in found}:
            said_so = report.count(f": <b>{verdict}</b>")
            assert said_so == sum(one["verdict"] == verdict for one in found), verdict
        return {one["id"] for one in found}

    whole = ids(scope.of_period(None, None, auditor), auditor, "whole")
    assert whole == {str(d.pk) for d in kept}
    assert whole >= ids(scope.of_agreement(request.agreement, reader), reader, "contract") != set()
    # From the second decision to before the last.
    part = scope.of_period(kept[1].created, kept[-1].created, reader)
    assert ids(part, reader, "part") == {str(d.pk) for d in kept if kept[1].created <= d.created < kept[-1].created}  # fmt: skip
    # A member that is no party to the contract has entries of its own, and none of these decisions.
    ada = cast.actor("ada")
    assert ids(scope.of_period(None, None, ada), ada, "other") == set()
    # A changed decision is named.
    one = next((tmp_path / "whole" / "decisions").glob("*.json"))
    stored = json.loads(one.read_text())
    one.write_text(json.dumps(stored | {"world": stored["world"] | {"counted": 99}}))
    held, text = said(capsys, tmp_path / "whole")
    assert not held and one.name in text


def test_the_shell_writes_the_same_and_says_what_is_wrong(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    agreement = worlds.agreed(cast)
    for chosen in ({"agreement": str(agreement.pk)}, {"agreement": agreement.ref}, {"dataset": str(agreement.dataset_id)},
                   {"person": cast.users["piotr"].email}, {"start": "2020-01-01", "end": "2099-12-31"}):  # fmt: skip
        out = tmp_path / "evidence.zip"
        call_command("evidence_bundle", out=str(out), **chosen)
        with zipfile.ZipFile(out) as archive:
            archive.extractall(tmp_path / out.stem)
        assert said(capsys, tmp_path / out.stem)[0], chosen
        shutil.rmtree(tmp_path / out.stem)
    for wrong, text in (({}, "Say one of"), ({"agreement": "C-000000"}, "There is no agreement"), ({"start": "31.1.2026"}, "is no day"),
                        ({"person": "nobody@nowhere.example"}, "no person"), ({"start": "2001-01-01", "end": "2001-01-02"}, "no entry")):  # fmt: skip
        with pytest.raises(CommandError, match=text):
            call_command("evidence_bundle", out=str(tmp_path / "none.zip"), **wrong)
    assert [p.name for p in tmp_path.glob("*.zip")] == ["evidence.zip"]
    assert not list(tmp_path.glob("*.part"))


def _written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(document))
    return path


def test_receipts_of_an_export_a_contract_an_admission_and_a_deletion(
    cast: Cast, tmp_path: Path, capsys: Any
) -> None:
    request = worlds.delivered(cast)
    delivery = Delivery.objects.get(request=request)
    assert receipts.export_receipt(delivery) == delivery.receipt  # nothing is sealed yet
    seal_all()
    document = receipts.export_receipt(delivery)
    with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
        package.extractall(tmp_path / "package")
    data = tmp_path / "package" / delivery.data_name
    held, text = said(capsys, _written(tmp_path, document), data)
    assert held
    assert f"HOLDS: {delivery.data_name}, {delivery.rows} rows" in text
    body = document["signed"]["body"]
    assert body["decision"]["verdict"] == "permitted" or body["decision"]["output_sha256"]
    assert said(capsys, _written(tmp_path, document), tmp_path / "package" / "README.txt")[1].startswith(
        "in the log"
    )
    for event in receipts.about(request.agreement_id, cast.actor("ines")):
        assert said(capsys, _written(tmp_path, receipts.receipt_of(event)))[0]
    admitted = Membership.objects.filter(state="active").first()
    found = Event.objects.filter(subject_id=admitted.pk, action__in=["admit", "accept"]).first()  # type: ignore[union-attr]
    if found is not None:
        assert said(capsys, _written(tmp_path, receipts.receipt_of(found)))[0]


def test_each_forged_receipt_has_its_own_message(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    """For another file, replayed with another entry, another key, an old key after its rotation, a changed entry."""
    agreement = worlds.agreed(cast)
    worlds.delivered(cast, agreement)
    worlds.delivered(cast, agreement)
    seal_all()
    one, other = (receipts.export_receipt(d) for d in Delivery.objects.order_by("created"))

    def message(document: Any, *more: Any) -> str:
        held, text = said(capsys, _written(tmp_path, document), *more)
        assert not held, text
        return text.splitlines()[-1].removeprefix("DOES NOT HOLD: ")

    wrong = tmp_path / "other.csv"
    wrong.write_text("not what was delivered")
    assert message(one, wrong).startswith("the data: its SHA-256 is")
    assert "is of another receipt" in message({**one, "signed": other["signed"]})
    changed = json.loads(json.dumps(one))
    changed["signed"]["body"]["output"]["rows"] += 1
    assert message(changed) == "the signature over the receipt"
    changed = json.loads(json.dumps(one))
    changed["log"]["item"]["entry"]["created"] = "2020-01-01T00:00:00+00:00"
    assert "it was changed" in message(changed)
    changed = json.loads(json.dumps(one))
    changed["log"]["item"]["disclosed"]["actor_name"]["value"] = "Somebody Else"
    assert "the value of actor_name is not the one that was recorded" in message(changed)
    changed = json.loads(json.dumps(one))
    changed["log"]["item"]["proof"]["index"] += 1
    assert "it is not in the log that the checkpoint signs" in message(changed)
    changed = json.loads(json.dumps(one))
    changed["log"]["checkpoint"] = (
        changed["log"]["checkpoint"]
        .replace("\n\n", "\n\n", 1)
        .replace(changed["log"]["checkpoint"].split("\n")[1], "9", 1)
    )
    assert message(changed) == "the checkpoint: its signature"
    changed = json.loads(json.dumps(one))
    changed["log"]["keys"][0]["public_key"] = keyring.public_hex(Ed25519PrivateKey.generate())
    assert message(changed) == "the checkpoint: it was signed with a key that is not this portal's"
    assert message(one, "--key", "0" * 64) == "it was signed by another key than the one you gave"
    with sequencing():
        keyring.hand_over()
    worlds.agreed(cast)
    seal_all()
    fresh = receipts.export_receipt(Delivery.objects.order_by("created")[0])
    assert said(capsys, _written(tmp_path, fresh))[0]
    first = fresh["log"]["keys"][0]["public_key"]
    assert said(capsys, _written(tmp_path, fresh), "--key", first)[0]
    changed = json.loads(json.dumps(fresh))
    changed["log"]["keys"][1]["handover"]["old"] = changed["log"]["keys"][1]["handover"]["new"]
    assert message(changed) == "the portal's key 2: the key before it did not hand over to it"
    # A checkpoint of today, signed with the key of yesterday by who stole it.
    stolen = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signing_seeds(1)[0]))
    note = notes.read(fresh["log"]["checkpoint"])
    changed = json.loads(json.dumps(fresh))
    changed["log"]["checkpoint"] = notes.sign(note.origin, note.size, note.root, stolen)
    assert (
        message(changed)
        == "the checkpoint: it was signed with a key that did not sign at that length of the log"
    )


def test_the_agreement_of_a_bundle_is_the_one_that_was_concluded(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    event = Event.objects.get(machine="agreement", action="conclude", subject_id=agreement.pk)
    assert event.detail["payload_sha256"] == sha256_hex(Agreement.objects.get(pk=agreement.pk).payload)


def test_bundles_in_the_browser_are_for_those_who_may_read(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    agreement = worlds.agreed(cast)
    worlds.delivered(cast, agreement)
    places = {"contract": agreement.pk, "dataset": agreement.dataset_id}
    for who, sees in (("piotr", True), ("ines", True), ("olga", False)):
        client = Client()
        client.force_login(cast.users[who], backend=BACKEND)
        for kind, pk in places.items():
            answer: Any = client.post(f"/evidence/{kind}/{pk}/")
            assert answer.status_code == (200 if sees else 404), (who, kind)
            if not sees:
                continue
            (tmp_path / "b.zip").write_bytes(b"".join(answer.streaming_content))
            shutil.rmtree(tmp_path / "b", ignore_errors=True)
            with zipfile.ZipFile(tmp_path / "b.zip") as archive:
                archive.extractall(tmp_path / "b")
            assert said(capsys, tmp_path / "b")[0]
        assert client.post("/evidence/me/").status_code == 200
        assert client.post("/evidence/period/", {"start": "2020-01-01"}).status_code == 200
        assert (
            client.post("/evidence/period/", {"start": "2020-01-02", "end": "2020-01-01"}).status_code == 400
        )
        assert client.post("/evidence/period/", {}).status_code == 400
        assert (
            client.post("/evidence/period/", {"start": "1999-01-01", "end": "1999-01-02"}).status_code == 409
        )
        assert client.post("/evidence/nothing/").status_code == 404
    taken = Event.objects.filter(machine="evidence", action="take", subject_id=agreement.pk)
    assert {e.actor_name for e in taken} == {"Piotr Nowak", "Ines Vogel"}
    assert Client().post(f"/evidence/contract/{agreement.pk}/").status_code == 302


def test_the_public_page_judges_receipts(cast: Cast) -> None:
    """Ours with and without its proof, not ours, changed, of a log that was rewritten, and no receipt at all."""
    request = worlds.delivered(cast)
    delivery = Delivery.objects.get(request=request)
    seal_all()
    good = receipts.export_receipt(delivery)

    def answer(document: Any) -> str:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        page = Client().post(
            "/check/", {"receipt": SimpleUploadedFile("receipt.json", content)}, headers={"X-Fragment": "1"}
        )
        assert page.status_code == 200
        return page.content.decode()

    assert f'data-sha256="{delivery.data_sha256}"' in answer(good)
    assert "It holds, and its entry is in the log" in answer(good)
    assert "came without its place in the log" in answer(delivery.receipt)
    event = Event.objects.get(machine="agreement", action="conclude", subject_id=request.agreement_id)
    assert "It holds, and its entry is in the log: agreement, conclude" in answer(receipts.receipt_of(event))
    changed = json.loads(json.dumps(good))
    changed["signed"]["body"]["output"]["sha256"] = "0" * 64
    assert "What fails: the signature over the receipt" in answer(changed)
    for nonsense in (
        b"",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b'{"format": "commonhold-receipt/2"}',
        b'{"format": ["x"]}',
        b"[" * 3000,
    ):
        assert 'data-tone="bad"' in answer(nonsense), nonsense
    other = Ed25519PrivateKey.generate()
    foreign = deliveries_receipt.sign(
        delivery.receipt["body"], other, keyring.short_name(keyring.public_hex(other))
    )
    assert "This receipt is not ours" in answer(foreign)
    # Another tree, signed with the portal's own key.
    forged = json.loads(json.dumps(good))
    note = notes.read(forged["log"]["checkpoint"])
    leaf = forged["log"]["item"]["proof"]["leaf_hash"]
    forged["log"]["item"]["proof"] |= {"index": 0, "size": 1, "path": []}
    forged["log"]["checkpoint"] = notes.sign(note.origin, 1, bytes.fromhex(leaf), keyring.portal_key())
    assert "This receipt and the portal&#x27;s log disagree" in answer(forged)
    assert Client().post("/check/").status_code == 422
    assert Client().get("/check/").status_code == 200


def test_the_api_gives_receipts_proofs_and_bundles(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    request = worlds.delivered(cast)
    delivery = Delivery.objects.get(request=request)
    reads = token(cast, "piotr", ["read", "requests", "negotiations", "datasets"])
    outside = token(cast, "olga", ["read", "requests", "negotiations", "datasets"])
    client = Client()
    event = Event.objects.get(machine="agreement", action="conclude", subject_id=request.agreement_id)
    plain = Event.objects.get(machine="request", action="submit", subject_id=request.pk)
    assert client.get(f"/api/v1/events/{event.pk}/proof", **reads).status_code == 409
    assert client.get(f"/api/v1/deliveries/{delivery.pk}/receipt", **reads).json() == delivery.receipt
    seal_all()
    for path in (f"events/{event.pk}/receipt", f"deliveries/{delivery.pk}/receipt"):
        assert said(capsys, _written(tmp_path, client.get(f"/api/v1/{path}", **reads).json()))[0]
        assert client.get(f"/api/v1/{path}", **outside).status_code == 404
        assert client.get(f"/api/v1/{path}").status_code == 401
    proof = client.get(f"/api/v1/events/{plain.pk}/proof", **reads).json()
    assert proof["proof"]["leaf_hash"] == Leaf.objects.get(event=plain).leaf_hash
    assert client.get(f"/api/v1/events/{plain.pk}/receipt", **reads).status_code == 409
    for kind, pk in (("agreements", request.agreement_id), ("datasets", request.agreement.dataset_id)):
        answer: Any = client.post(f"/api/v1/{kind}/{pk}/evidence", **reads)
        assert answer.status_code == 200, answer.content
        (tmp_path / "b.zip").write_bytes(b"".join(answer.streaming_content))
        with zipfile.ZipFile(tmp_path / "b.zip") as archive:
            archive.extractall(tmp_path / kind)
        assert said(capsys, tmp_path / kind)[0]
        assert client.post(f"/api/v1/{kind}/{pk}/evidence", **outside).status_code == 404


def test_witnesses_stand_on_receipts_and_in_bundles(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    """Also when the log has grown since: the bundle proves that it goes on from what the witness co-signed."""
    agreement = worlds.agreed(cast)
    key = Ed25519PrivateKey.generate()
    worlds.witness(cast.actor("piotr"), "meridian.example/w", key)
    seal_all()
    head = Checkpoint.objects.latest("size")
    line = notes.cosign(notes.read(head.note), "meridian.example/w", key, 1_795_000_000).line()
    sent = Client().post("/api/v1/log/cosign", data=(head.note + line).encode(), content_type="text/plain")
    assert sent.status_code == 200, sent.content
    reader = cast.actor("dana")
    same = unpacked(tmp_path, scope.of_agreement(agreement, reader), reader, "same")
    assert "meridian.example/w at 2026-11-18" in said(capsys, same)[1]
    worlds.asked(cast)
    seal_all()
    event = Event.objects.get(machine="agreement", action="conclude", subject_id=agreement.pk)
    document = receipts.receipt_of(event)
    held, text = said(capsys, _written(tmp_path, document))
    assert held
    assert "co-signed by  meridian.example/w at 2026-11-18" in text
    grown = unpacked(tmp_path, scope.of_agreement(agreement, reader), reader, "grown")
    held, text = said(capsys, grown)
    assert held, text
    assert f"(the first {head.size} entries)" in text
    earlier = json.loads((grown / "log/witnessed.json").read_text())
    ring = json.loads((grown / "log/keys.json").read_text())
    size, root, _ = verifier.checkpoint_of((grown / "log/checkpoint.txt").read_text(), ring, [])
    for change in ({"path": [*earlier["path"][::-1], "00" * 32]}, {"size": size + 1}, {"path": []}):
        with pytest.raises(verifier.DoesNotHold, match="not the continuation"):
            verifier.witnessed_earlier(earlier | change, ring, size, root)
    with pytest.raises(verifier.DoesNotHold, match="is not among those named"):
        verifier.witnessed_earlier(earlier | {"witnesses": []}, ring, size, root)
    forged = earlier["checkpoint"].replace(
        line,
        notes.cosign(notes.read(head.note), "meridian.example/w", Ed25519PrivateKey.generate(), 1).line(),
    )
    with pytest.raises(verifier.DoesNotHold, match="the signature of the witness"):
        verifier.witnessed_earlier(earlier | {"checkpoint": forged}, ring, size, root)
