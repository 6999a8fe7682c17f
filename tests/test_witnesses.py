"""Witnesses co-sign checkpoints; whoever rewrites the log, rolls it back or shows two of it is found out, and everybody is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client

from kernel.actor import Actor
from kernel.audit import keyring, notes, seal, tree
from kernel.audit import selectors as audit
from kernel.audit.models import Checkpoint, Event, EventParty, Leaf
from kernel.audit.seal import seal_all
from kernel.decision import Refused
from kernel.models import Outbox
from portal import notify
from portal.notices import choices
from portal.notices import post as post_
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.organisations import services as organisations
from trusts.organisations.models import User
from trusts.witnesses import handing_in, selectors, services
from trusts.witnesses.models import Cosignature, SplitView, Witness

pytestmark = pytest.mark.django_db
NAME = "hudson.example/witness"
NOW = 1_795_000_000
COSIGN = "/api/v1/log/cosign"
AUDIT = (
    "audit_event",
    "audit_leaf",
    "audit_checkpoint",
    "audit_subtree",
    "audit_eventparty",
    "audit_portalkey",
)


def by_name(client: Client, name: str, cast: Cast) -> Client:
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def post(text: str, kind: str = "text/plain") -> Any:
    return Client().post(COSIGN, data=text.encode(), content_type=kind)


def sealed() -> Checkpoint:
    seal_all()
    head = Checkpoint.objects.first()
    assert head is not None
    return head


def line(head: Checkpoint | str, name: str, key: Ed25519PrivateKey, at: int = NOW) -> str:
    """The checkpoint with this witness's line under it."""
    note = head if isinstance(head, str) else head.note
    return note + notes.cosign(notes.read(note), name, key, at).line()


def grow(cast: Cast, count: int = 3) -> Checkpoint:
    for number in range(count):
        organisations.edit(
            cast.actor("dana").organisation_id, actor=cast.actor("dana"), about=f"Changed {Event.objects.count()} {number}"
        )  # fmt: skip
    return sealed()


@pytest.fixture
def without_triggers(transactional_db: None) -> Iterator[None]:
    """As someone with the database's password could have it; afterwards they stand again."""
    kept = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in AUDIT:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%%_no_%%'"
            )
            kept = cursor.fetchall()
            for name, _ in kept:
                cursor.execute(f"DROP TRIGGER {name}")
    yield
    with connection.cursor() as cursor:
        for _, sql in kept:
            cursor.execute(sql)
        if connection.vendor == "postgresql":
            for table in AUDIT:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_line_of_a_witness_is_kept_once_and_shown_under_the_checkpoint(cast: Cast) -> None:
    key, outside = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    operator = Actor(user_id=cast.users["olga"].pk, name="Operator", is_operator=True)
    worlds.witness(cast.actor("dana"), NAME, key)
    worlds.witness(operator, "authority.example/w", outside)
    head = sealed()
    events = Event.objects.count()
    assert selectors.latest_cosigned() is None
    first = post(line(head, NAME, key))
    assert (first.status_code, first.json()["kept"]) == (200, [NAME])
    again = post(line(head, NAME, key, NOW + 60))
    assert (again.status_code, again.json()["known"], again.json()["kept"]) == (200, [NAME], [])
    both = post(line(line(head, NAME, key), "authority.example/w", outside))
    assert both.json()["kept"] == ["authority.example/w"]
    # No event: it would make a new checkpoint, which would want to be co-signed, without end.
    assert Event.objects.count() == events
    note = notes.read(Client().get("/api/v1/log/checkpoint").content.decode())
    assert [s.name for s in note.signatures] == [note.origin, "authority.example/w", NAME]
    assert notes.cosigned_at(note, note.signatures[2], key.public_key()) == NOW
    assert [(w["name"], w["organisation"]) for w in selectors.named(head)] == [("authority.example/w", None), (NAME, "Hudson Carriers")]  # fmt: skip
    grow(cast)
    assert selectors.latest_cosigned() == head
    for change in (lambda: Cosignature.objects.update(line="x"), lambda: Cosignature.objects.all()._raw_delete(using="default"),
                   lambda: Witness.objects.update(public_hex="00"), lambda: Witness.objects.all()._raw_delete(using="default")):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_what_is_no_co_signature_of_a_witness_here_is_refused_with_a_sentence(cast: Cast) -> None:
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    mine = worlds.witness(cast.actor("dana"), NAME, key)
    head = sealed()
    other = notes.sign("other.example/log", head.size, bytes.fromhex(head.root_hash), keyring.portal_key())
    forged = notes.sign(settings.PORTAL_ORIGIN, head.size, bytes.fromhex(head.root_hash), stranger)
    wrong: list[tuple[str, int, str]] = [
        ("", 400, "parse_error"), ("garbage", 400, "unreadable"), ("a\nb\nc\n\nd\n", 400, "unreadable"),
        (head.note.replace("\n\n", "\n"), 400, "unreadable"), ("x" * (handing_in.MOST_BYTES + 1), 400, "parse_error"),
        (head.note.replace("—", "-"), 400, "unreadable"), (line(other, NAME, key), 400, "origin"), (line(forged, NAME, key), 400, "signature"),
        (head.note, 400, "cosignature.none"), (line(head, NAME, stranger), 400, "cosignature"), (line(head, "who.example/w", stranger), 403, "witness.unknown"),
        (line(head, NAME, key, 2**40), 400, "time"), (line(head, NAME, key, 2**63), 400, "time"),
    ]  # fmt: skip
    for text, status, code in wrong:
        answer = post(text)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert post("{}", "application/json").status_code == 415
    assert Client().post(COSIGN, data=b"\xff\xfe", content_type="text/plain").status_code == 400
    assert Client().get(COSIGN).status_code == 405
    mixed = post(line(line(head, "who.example/w", stranger), NAME, key))
    assert mixed.json()["kept"] == [NAME]
    assert "who.example/w" in mixed.json()["left_out"][0]
    head = grow(cast)
    services.withdraw(mine.pk, actor=cast.actor("dana"), reason="The machine is gone")
    assert post(line(head, NAME, key)).json()["code"] == "witness.withdrawn"
    assert post(line(head, NAME, key)).status_code == 403
    # What it signed before stays.
    assert Cosignature.objects.count() == 1
    assert SplitView.objects.count() == 0


def test_a_witness_is_whoever_holds_the_key_under_one_name_for_ever(cast: Cast) -> None:
    dana, key = cast.actor("dana"), Ed25519PrivateKey.generate()
    mine = worlds.witness(dana, NAME, key)
    sealed()
    fresh = Ed25519PrivateKey.generate()
    line_ = services.challenge(dana.organisation_id)

    def refused(signer: Ed25519PrivateKey, vkey: str, actor: Actor = dana, text: str = line_) -> str:
        with pytest.raises(Refused) as found:
            services.register(actor=actor, verifier_key=vkey, signature=signer.sign(text.encode()).hex())
        return found.value.decision.reasons[0].code

    def vkey(name: str, signer: Ed25519PrivateKey, kind: int = notes.WITNESS) -> str:
        return notes.verifier_key(name, signer.public_key(), kind)

    assert refused(fresh, vkey(NAME, fresh)) == "witness.known"
    assert refused(key, vkey("new.example/w", key)) == "witness.known"
    assert refused(fresh, vkey("new.example/w", key)) == "witness.possession"
    assert refused(fresh, vkey("new.example/w", fresh), text="Another line") == "witness.possession"
    assert refused(fresh, vkey(settings.PORTAL_ORIGIN, fresh)) == "witness.name"
    assert refused(fresh, vkey("new.example/w", fresh, notes.LOG)) == "witness.key"
    assert refused(fresh, "new.example/w+00000000+" + vkey("n", fresh).split("+", 2)[2]) == "witness.key"
    assert refused(keyring.portal_key(), vkey("new.example/w", keyring.portal_key())) == "witness.log"
    assert refused(fresh, vkey("new.example/w", fresh), cast.actor("rui")) == "witness.role"
    # Nobody's operator takes an organisation's witness away.
    operator = Actor(user_id=cast.users["olga"].pk, name="Operator", is_operator=True)
    with pytest.raises(Refused) as found:
        services.withdraw(mine.pk, actor=operator, reason="It is a nuisance")
    assert found.value.decision.reasons[0].code == "witness.theirs"


def test_a_forged_checkpoint_is_kept_for_ever_and_answered_once(cast: Cast) -> None:
    head = sealed()
    forged = worlds.forged(head.size, b"\2" * 32)
    answer = post(forged)
    assert answer.status_code == 409
    assert "another root" in answer.json()["title"]
    assert post(forged).status_code == 409
    longer = worlds.forged(head.size + 1_000, b"\3" * 32)
    assert "fewer now" in post(longer).json()["title"]
    assert {(s.kind, s.theirs) for s in SplitView.objects.all()} == {("fork", forged), ("longer", longer)}
    split = SplitView.objects.get(kind="fork")
    assert (split.our_root, split.ours) == (head.root_hash, head.note)
    for change in (lambda: SplitView.objects.update(theirs="x"), lambda: SplitView.objects.all()._raw_delete(using="default")):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(Refused):
        services.acknowledge(split.pk, actor=cast.actor("dana"), reason="Not mine to say")
    operator = Actor(user_id=cast.users["olga"].pk, name="Operator", is_operator=True)
    services.acknowledge(split.pk, actor=operator, reason="A drill with the real key")
    assert post(forged).status_code == 409
    assert selectors.unanswered().count() == 1
    page = by_name(Client(), "sam", cast).get(split.get_absolute_url()).content.decode()
    assert "A drill with the real key" in page
    assert head.note.splitlines()[2] in page


def test_proofs_for_anyone(cast: Cast) -> None:
    first = sealed()
    second = grow(cast)
    client = Client()
    proof = client.get(f"/api/v1/log/consistency?from={first.size}&to={second.size}").json()["proof"]
    assert tree.is_consistent(
        first.size, second.size, bytes.fromhex(first.root_hash), bytes.fromhex(second.root_hash), [bytes.fromhex(h) for h in proof]
    )  # fmt: skip
    for query in ("", "?from=0&to=1", "?from=2&to=1", f"?from=1&to={second.size + 1}", "?from=a&to=1", "?from=1&to=" + "9" * 40, "?from=-1&to=²"):  # fmt: skip
        answer = client.get(f"/api/v1/log/consistency{query}")
        assert answer.status_code == 400, query
    leaf = Leaf.objects.get(index=first.size - 1)
    for size, root in ((first.size, first.root_hash), ("", second.root_hash)):
        query = f"?size={size}" if size else ""
        found = client.get(f"/api/v1/log/inclusion/{leaf.leaf_hash}{query}").json()
        path = [bytes.fromhex(h) for h in found["path"]]
        assert tree.root_from_inclusion(found["index"], found["size"], bytes.fromhex(leaf.leaf_hash), path) == bytes.fromhex(root)  # fmt: skip
    assert client.get(f"/api/v1/log/inclusion/{leaf.leaf_hash}?size=1").status_code == 400
    assert client.get("/api/v1/log/inclusion/nothing").status_code == 404
    keys = client.get("/api/v1/log/keys").json()
    assert notes.read_verifier_key(keys["verifier_key"], notes.LOG)[1].hex() == keys["keys"][0]["public_key"]


class Watcher:
    """A real witness.py with files of its own."""

    def __init__(self, folder: Path, site: str, name: str = NAME) -> None:
        self.folder, self.site, self.state = folder, site, folder / "state.json"
        self.key = folder / "witness.key"
        self.run("--new-key", str(self.key), "--name", name)

    def run(self, *given: str) -> subprocess.CompletedProcess[str]:
        program = Path(settings.BASE_DIR) / "witness.py"
        return subprocess.run([sys.executable, str(program), *given], capture_output=True, text=True, cwd=self.folder, timeout=60)  # fmt: skip

    def register(self, actor: Actor) -> Witness:
        printed = self.run("--key", str(self.key), "--register", services.challenge(actor.organisation_id))
        vkey, signature = printed.stdout.splitlines()
        return services.register(actor=actor, verifier_key=vkey, signature=signature)

    def look(self, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.site, "--key", str(self.key), "--state", str(self.state), *more)


@pytest.fixture
def watcher(tmp_path: Path, live_server: Any, cast: Cast) -> Watcher:
    found = Watcher(tmp_path, live_server.url)
    found.register(cast.actor("dana"))
    return found


@pytest.mark.django_db(transaction=True)
class TestProgram:
    def test_it_co_signs_as_the_log_grows_and_follows_its_keys(
        self, watcher: Watcher, cast: Cast, settings: Any
    ) -> None:
        first = sealed()
        done = watcher.look()
        assert (done.returncode, done.stderr) == (0, "")
        assert "believed and remembered" in done.stdout
        second = grow(cast, 5)
        again = watcher.look("--pin", keyring.ring().keys[0].public_key)
        assert again.returncode == 0
        assert "believed" not in again.stdout
        assert watcher.look().returncode == 0
        assert [(c.size, c.root_hash) for c in Cosignature.objects.order_by("size")] == [(h.size, h.root_hash) for h in (first, second)]  # fmt: skip
        old, new = keyring.signing_seeds(1)[-1], "11" * 32
        settings.SIGNING_KEY = f"{old},{new}"
        with seal.sequencing():
            keyring.hand_over()
        third = grow(cast)
        assert watcher.look().returncode == 0
        assert Cosignature.objects.filter(size=third.size).exists()
        assert watcher.look("--pin", "ab" * 32).returncode == 1
        assert watcher.run("http://127.0.0.1:9", "--key", str(watcher.key), "--state", str(watcher.state)).returncode == 2  # fmt: skip

    def test_it_finds_a_rewritten_tail_and_the_portal_tells_everybody(
        self, watcher: Watcher, cast: Cast, without_triggers: None
    ) -> None:
        grow(cast)
        honest = grow(cast)
        assert watcher.look().returncode == 0
        # The operator changes an old entry, forges the tree above it and signs it with the real key.
        Event.objects.filter(pk=Leaf.objects.order_by("-index")[1].event_id).update(reason="It was different")
        events = list(Event.objects.filter(leaf__isnull=False).order_by("leaf__index"))
        Checkpoint.objects.all()._raw_delete(using="default")
        Leaf.objects.all()._raw_delete(using="default")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO audit_waiting (event_id) VALUES (%s)", [(e.pk.hex if connection.vendor == "sqlite" else e.pk,) for e in events])  # fmt: skip
        forged = sealed()
        assert forged.size == honest.size
        found = watcher.look()
        assert found.returncode == 1
        assert "rewritten" in found.stderr
        kept = json.loads(watcher.state.read_text())["disagreements"][0]
        assert (kept["remembered"], kept["given"]) == (honest.note, forged.note)
        split = SplitView.objects.get()
        assert (split.kind, split.handed_in_by) == ("fork", NAME)
        assert notes.read(split.theirs).text == notes.read(honest.note).text
        # It goes on saying so, also when the log has grown.
        grow(cast)
        assert watcher.look().returncode == 1
        assert SplitView.objects.count() == 1

    def test_it_finds_a_log_that_was_rolled_back(
        self, watcher: Watcher, cast: Cast, without_triggers: None
    ) -> None:
        first = grow(cast)
        second = grow(cast)
        assert watcher.look().returncode == 0
        Checkpoint.objects.filter(size=second.size)._raw_delete(using="default")
        gone = list(Leaf.objects.filter(index__gte=first.size).values_list("event_id", flat=True))
        Leaf.objects.filter(index__gte=first.size)._raw_delete(using="default")
        EventParty.objects.filter(event_id__in=gone)._raw_delete(using="default")
        Event.objects.filter(pk__in=gone)._raw_delete(using="default")
        found = watcher.look()
        assert found.returncode == 1
        assert "shrank" in found.stderr
        assert SplitView.objects.get().kind == "longer"

    def test_it_finds_another_key_that_nobody_handed_over_to(
        self, watcher: Watcher, cast: Cast, settings: Any, without_triggers: None
    ) -> None:
        sealed()
        assert watcher.look().returncode == 0
        with connection.cursor() as cursor:
            stranger = Ed25519PrivateKey.generate()
            settings.SIGNING_KEY = stranger.private_bytes_raw().hex()
            cursor.execute("UPDATE audit_portalkey SET public_key = %s", [keyring.public_hex(stranger)])
        grow(cast)
        found = watcher.look()
        assert found.returncode == 1
        assert "another key" in found.stderr

    def test_two_posts_at_once_keep_one_line(self, watcher: Watcher, cast: Cast) -> None:
        key = Ed25519PrivateKey.generate()
        worlds.witness(cast.actor("ada"), "weather.example/w", key)
        head = sealed()
        text, answers = line(head, "weather.example/w", key), []
        start = threading.Barrier(6)

        def send() -> None:
            start.wait()
            try:
                answers.append(post(text).status_code)
                answers.append(post(worlds.forged(head.size, b"\5" * 32)).status_code)
            finally:
                connection.close()

        threads = [threading.Thread(target=send) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(answers) == [200] * 6 + [409] * 6
        assert Cosignature.objects.count() == SplitView.objects.count() == 1


def test_the_page_says_who_watches_and_how(cast: Cast) -> None:
    key = Ed25519PrivateKey.generate()
    dana = by_name(Client(), "dana", cast)
    page = dana.get("/organisation/witness/").content.decode()
    assert "No witness yet" in page
    form = dana.get("/organisation/witness/new/").content.decode()
    challenge = services.challenge(cast.actor("dana").organisation_id)
    assert challenge in form
    sent = {
        "verifier_key": notes.verifier_key(NAME, key.public_key(), notes.WITNESS),
        "signature": key.sign(challenge.encode()).hex(),
    }
    bad = dana.post("/organisation/witness/new/", {**sent, "signature": "00"})
    assert bad.status_code == 409
    assert sent["verifier_key"].split("+")[0] in bad.content.decode()
    assert dana.post("/organisation/witness/new/", {}).status_code == 422
    assert dana.post("/organisation/witness/new/", sent).status_code == 302
    post(line(sealed(), NAME, key))
    for name in ("dana", "olga"):
        page = by_name(Client(), name, cast).get("/organisation/witness/").content.decode()
        assert NAME in page
    assert b"def main" in Client().get("/witness.py").content
    assert dana.get("/organisation/witness/new/?outside=1").status_code == 403
    cast.users["olga"].is_staff = True
    cast.users["olga"].save()
    assert by_name(Client(), "olga", cast).get("/organisation/witness/new/?outside=1").status_code == 200
    # An operator who belongs to no organisation makes an outside witness known, and withdraws it.
    nobody = User.objects.create_user("ops@portal.example", "correct horse battery", is_staff=True)
    operator, theirs = Client(), Ed25519PrivateKey.generate()
    operator.force_login(nobody, backend=BACKEND)
    assert "Register an outside witness" in operator.get("/organisation/witness/").content.decode()
    assert operator.get("/organisation/witness/new/").status_code == 403
    sent = {
        "verifier_key": notes.verifier_key("authority.example/w", theirs.public_key(), notes.WITNESS),
        "signature": theirs.sign(services.challenge(None).encode()).hex(),
    }
    assert operator.post("/organisation/witness/new/?outside=1", sent).status_code == 302
    outside = Witness.objects.get(organisation=None)
    withdraw = f"/do/witness/{outside.pk}/withdraw/"
    assert withdraw in operator.get("/organisation/witness/").content.decode()
    assert dana.get(withdraw).status_code == 403
    assert operator.post(withdraw, {"reason": "It was closed down"}).status_code == 302


def test_everybody_is_told_and_every_page_warns_until_the_operator_says_why(cast: Cast) -> None:
    olga = cast.users["olga"]
    olga.is_staff = True
    olga.save()
    split = worlds.disagreed()
    message = Outbox.objects.get(topic="split_view.found").payload
    assert notify.send("split_view.found", message) == len(mail.outbox) == 5
    # Owners and auditors of every organisation; Olga as owner and operator once.
    assert {m.to[0].partition("@")[0] for m in mail.outbox} == {"dana", "ines", "piotr", "ada", "olga"}
    assert split.get_absolute_url() in mail.outbox[0].body
    assert choices.ways_for("split_view.found") == choices.ways_for("agreement.stopped")
    warning = "audit log is contradicted"
    for name in cast.users:
        assert warning in by_name(Client(), name, cast).get("/contracts/").content.decode(), name
    nobody = User.objects.create_user("ops@portal.example", "correct horse battery", is_staff=True)
    operator = Client()
    operator.force_login(nobody, backend=BACKEND)
    assert warning in operator.get("/status/").content.decode()
    assert warning not in Client().get("/").content.decode()
    # It is an event of everybody's, and so is the answer.
    for name in cast.users:
        assert audit.visible_to(cast.actor(name)).filter(machine="split_view", subject_id=split.pk).count() == 1  # fmt: skip
    path = f"/do/split_view/{split.pk}/acknowledge/"
    assert operator.post(path, {"reason": "no"}).status_code == 422
    assert operator.post(path, {"reason": "Restored the backup of 3 March"}).status_code == 302
    assert warning not in by_name(Client(), "sam", cast).get("/contracts/").content.decode()
    assert warning not in operator.get("/status/").content.decode()
    assert notify.send("split_view.answered", message) == 6


def test_a_program_registers_a_witness_and_reads_what_disagreed(cast: Cast) -> None:
    client, key = Client(), Ed25519PrivateKey.generate()
    owner, reader = token(cast, "dana", ["organisation"]), token(cast, "olga", ["read"])
    line_ = client.get("/api/v1/witnesses/challenge", **owner).json()["line"]
    sent = {
        "verifier_key": notes.verifier_key(NAME, key.public_key(), notes.WITNESS),
        "signature": key.sign(line_.encode()).hex(),
    }
    url = "/api/v1/witnesses"
    kind = "application/json"
    assert client.post(url, json.dumps({**sent, "signature": "00"}), kind, **owner).status_code == 409
    assert client.post(url, json.dumps(sent), kind, **reader).status_code == 403
    assert client.post(url, json.dumps({**sent, "outside": True}), kind, **owner).status_code == 409
    made = client.post(url, json.dumps(sent), kind, **owner)
    assert made.status_code == 201
    assert made.json()["verifier_key"] == sent["verifier_key"]
    assert client.get(url, **reader).json()["count"] == 1
    gone = client.post(f"{url}/{made.json()['id']}/actions/withdraw", json.dumps({"reason": "Moved away"}), kind, **owner)  # fmt: skip
    assert gone.json()["state"] == "withdrawn"
    split = worlds.disagreed()
    assert client.get("/api/v1/split-views", **reader).json()["results"][0]["theirs"] == split.theirs


def test_the_checkpoint_leaves_the_portal_every_day_and_on_contracts(cast: Cast) -> None:
    key = Ed25519PrivateKey.generate()
    worlds.witness(cast.actor("dana"), NAME, key)
    agreement = worlds.agreed(cast)
    head = sealed()
    post(line(head, NAME, key))
    page = by_name(Client(), "piotr", cast).get(agreement.get_absolute_url()).content.decode()
    foot = page[page.index("The audit log when this page was made") :]
    assert head.root_hash in foot
    assert f"co-signed by {NAME}" in foot
    sam = by_name(Client(), "sam", cast)
    shown = sam.get("/notices/settings/").content.decode()
    assert "to keep outside the portal" in shown
    fields = {f: choices.of(cast.users["sam"].pk).get(f, choices.usual(f)) for f in [*notify.TOPICS, choices.CHECKPOINT] if f != "invitation.mail"}  # fmt: skip
    assert choices.CHECKPOINT not in choices.of(cast.users["sam"].pk)
    assert sam.post("/notices/settings/", {**fields, choices.CHECKPOINT: "now"}).status_code == 422
    assert sam.post("/notices/settings/", {**fields, choices.CHECKPOINT: "daily"}).status_code == 302
    mail.outbox.clear()
    morning = datetime(2030, 1, 2, 12, tzinfo=UTC)
    assert post_.digests(morning) == 1
    assert post_.digests(morning) == 0
    assert selectors.cosigned(head).strip() in mail.outbox[0].body.replace("\r\n", "\n")
    assert "the log's checkpoint" in mail.outbox[0].subject
    assert choices.stop_mail(cast.users["sam"].pk, choices.DIGEST) == [choices.CHECKPOINT]
    assert post_.digests(datetime(2030, 1, 3, 12, tzinfo=UTC)) == 0
