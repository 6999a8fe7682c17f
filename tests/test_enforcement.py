"""Contracts are kept: counters, duties with evidence, members who leave, and the portal's own copies."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from contracts.negotiations import agreements, duties, ledger
from contracts.negotiations.models import Agreement, Duty
from jobs.deliveries import erasure
from jobs.deliveries import services as deliveries
from jobs.deliveries.models import Delivery
from jobs.runs import services as runs
from jobs.runs.models import Job
from kernel import outbox, store
from kernel.actor import system
from kernel.audit.models import Event
from kernel.decision import Refused
from portal import notify
from tests import worlds
from tests.cast import Cast
from tests.scenes import later, why
from tests.test_recipes import client
from trusts.membership import services as membership
from trusts.membership.models import Membership

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
DONE = "All copies were deleted on both servers."


def duty_of(cast: Cast, **clauses: Any) -> Duty:
    """A contract with one export, ended early: its duty to delete."""
    request = worlds.delivered(cast, worlds.agreed(cast, **clauses))
    agreements.terminate(request.agreement_id, actor=cast.actor("dana"), reason="The project is over.")
    return Duty.objects.get(agreement_id=request.agreement_id)


def test_counters_never_go_over_and_what_is_given_back_comes_back(cast: Cast) -> None:
    """A hundred and twenty random steps against a plain count: exports and rows, reserved, delivered, given back."""
    chance, most = random.Random(7), {"exports": 5, "rows": 60}
    agreement = worlds.agreed(cast, exports={"at_most": 5}, rows_total={"at_most": 60})
    held: dict[Any, int] = {}
    used: dict[Any, int] = {}
    robot, refused = system("export counter"), 0
    for _ in range(120):
        step = chance.choice(["reserve", "reserve", "commit", "release", "release", "again"])
        one = chance.choice(list(held)) if held else uuid4()
        left = most["rows"] - sum(held.values()) - sum(used.values())
        full = len(held) + len(used) >= most["exports"] or left <= 0
        if step == "reserve":
            one, rows = uuid4(), chance.choice([None, 3, 20])
            try:
                ledger.reserve(agreement.pk, actor=robot, request=one, rows=rows)
                assert not full
                held[one] = left if rows is None else min(rows, left)
            except Refused:
                refused += 1
                assert full
        elif step == "again" and held:
            ledger.reserve(agreement.pk, actor=robot, request=one, rows=999)
        elif step == "commit" and held:
            rows = chance.randint(0, held[one] + 3)
            try:
                ledger.commit(agreement.pk, actor=robot, request=one, rows=rows)
                assert rows <= held[one] + left
                used[one], _ = rows, held.pop(one)
            except Refused:
                assert rows > held[one] + left
        elif step == "release":
            ledger.release(agreement.pk, actor=robot, request=one)
            held.pop(one, None)
        if len(used) > 3:
            for gone in list(used)[:3]:  # Another contract, as it were: the counters begin anew.
                agreement.uses.filter(about=gone).delete()
                used.pop(gone)
        agreement.refresh_from_db()
        exports, rows_now, _ = ledger.tallies(agreement)
        assert (exports.used, exports.reserved) == (len(used), len(held))
        assert (rows_now.used, rows_now.reserved) == (sum(used.values()), sum(held.values()))
        assert rows_now.left == 60 - sum(held.values()) - sum(used.values()) >= 0
    assert refused > 3
    assert agreement.exports_used <= 5


def test_a_failed_export_is_given_back_and_trying_again_needs_one(cast: Cast) -> None:
    agreement = worlds.agreed(cast, exports={"at_most": 1})
    bad = [{"name": "cast", "params": {"column": "carrier", "to": "integer"}}]
    other = worlds.submitted(cast, agreement)
    failing = worlds.approved(cast, agreement, recipe=bad)
    worlds.drain()
    job = Job.objects.get(request=failing)
    assert job.state == "failed"
    page = client(cast, "piotr").get(f"/contracts/{agreement.pk}/").content.decode()
    assert "1 of&nbsp;1" in page
    from contracts.sharing import services as sharing

    sharing.approve(other.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    assert "terms.exports" in why(lambda: runs.retry(job.pk, actor=cast.actor("dana")))
    worlds.drain()
    assert Delivery.objects.get().request_id == other.pk
    assert agreement.uses.filter(counter="exports", phase="committed").count() == 1


def test_a_duty_is_declared_with_evidence_questioned_and_accepted(cast: Cast) -> None:
    """By both sides in the browser: what is refused loses nothing, and only the two parties can fetch the file."""
    duty = duty_of(cast)
    piotr, dana = client(cast, "piotr"), client(cast, "dana")
    declare = f"/do/duty/{duty.pk}/fulfil/"
    for name, content, said in (
        ("proof.exe", b"MZ", "Only PDF, PNG, JPG, TXT and JSON"),
        ("proof.pdf", b"no pdf", "its content is something else"),
        ("proof.json", b"{broken", "its content is something else"),
        ("proof.txt", b"", "empty"),
        ("proof.png", b"\x89PNG\r\n\x1a\n" + b"0" * (10 << 20), "larger than 10 MB"),
    ):
        answer = piotr.post(declare, {"statement": DONE, "file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 422, name
        assert said in answer.content.decode() and DONE in answer.content.decode(), name
    assert (
        piotr.post(declare, {"statement": DONE, "file": SimpleUploadedFile("proof.pdf", PDF)}).status_code
        == 302
    )
    duty.refresh_from_db()
    proof = duty.evidence.get()
    event = Event.objects.get(subject_id=duty.pk, action="fulfil")
    assert event.detail["evidence"] == {"name": "proof.pdf", "bytes": len(PDF), "sha256": proof.sha256}
    file = f"/duties/{duty.pk}/evidence/{proof.pk}/"
    for one in (piotr, dana):
        answer = one.get(file)
        assert b"".join(answer) == PDF
        assert "attachment" in answer["Content-Disposition"]
    assert [client(cast, name).get(file).status_code for name in ("ada", "olga")] == [404, 404]
    assert "Answer, or record it" in dana.get("/inbox/").content.decode()
    dana.post(f"/do/duty/{duty.pk}/question/", {"reason": "What about the backups?"})
    duty.refresh_from_db()
    assert (duty.state, duty.question) == ("open", "What about the backups?")
    assert "What about the backups?" in piotr.get(duty.get_absolute_url()).content.decode()
    piotr.post(declare, {"statement": DONE + " The backups too."})
    dana.post(f"/do/duty/{duty.pk}/accept/")
    duty.refresh_from_db()
    assert duty.state == "done"


def test_reminders_go_out_once_each_and_late_is_told_with_what_follows(cast: Cast) -> None:
    duty = duty_of(cast, delete_within={"days": 30}, if_late={"then": ["notify_trust"]})
    sent: list[str] = []

    def told() -> list[str]:
        """Topics that went into the outbox since."""
        from kernel.models import Outbox

        found = list(Outbox.objects.order_by("id").values_list("topic", flat=True))
        new = found[len(sent) :]
        sent.extend(new)
        return [t for t in new if t.startswith("duty.")]

    told()
    for days, expected in (
        (20, []),
        (23.5, ["duty.reminder"]),
        (23.6, []),
        (29.5, ["duty.reminder"]),
        (29.9, []),
    ):
        with later(days=days) as now:
            duties.due(now)
        assert told() == expected, days
    assert client(cast, "ada").get(duty.get_absolute_url()).status_code == 404
    with later(days=30.1) as now:
        agreements.end_due(now)
        assert told() == ["duty.late", "duty.late_for_trust"]
        duty.refresh_from_db()
        assert duty.state == "late"
        ada = client(cast, "ada")
        assert duty.text in ada.get("/inbox/").content.decode()
        assert client(cast, "olga").get(duty.get_absolute_url()).status_code == 404
        assert ada.get(duty.agreement.get_absolute_url()).status_code == 404
        ada.post(f"/do/duty/{duty.pk}/take_note/")
        assert duty.text not in ada.get("/inbox/").content.decode()
        mail.outbox.clear()
        notify.send("duty.late_for_trust", {"id": str(duty.pk)})
        assert [m.to for m in mail.outbox] == [["ada@ada.example"]]


def test_the_portals_own_copies_go_and_receipts_stay(cast: Cast) -> None:
    """Same data in two exports: the bytes stay while one may be fetched. What went is in the trail, with its hash."""
    agreement = worlds.agreed(cast, delete_within={"days": 9}, exports={"at_most": 9})
    keeps = [{"name": "tokenise", "params": {"columns": ["dest"]}}]
    one, two, tokens = (
        worlds.delivered(cast, agreement, recipe=recipe).deliveries.get() for recipe in ([], [], keeps)
    )
    assert one.data_sha256 == two.data_sha256 and one.package_sha256 != two.package_sha256
    deliveries.revoke(one.pk, actor=cast.actor("dana"), reason="The wrong one.")
    erasure.erase_due(timezone.now())
    assert not store.exists(one.package_sha256)
    assert store.exists(one.data_sha256), "the other export needs these bytes"
    detail = Event.objects.get(subject_id=one.pk, action="erase").detail["deleted"]
    assert [(d["what"], d["sha256"], d.get("kept_for")) for d in detail] == [
        ("package", one.package_sha256, None), ("data", one.data_sha256, "another export"),
    ]  # fmt: skip
    assert store.exists(tokens.vault.sha256)
    agreements.terminate(agreement.pk, actor=cast.actor("dana"), reason="The project is over.")
    with later(days=9.1) as now:
        agreements.end_due(now)
        erasure.erase_due(now)
        erasure.erase_due(now)
    gone = (two.package_sha256, two.data_sha256, tokens.package_sha256, tokens.vault.sha256)
    assert not any(store.exists(sha256) for sha256 in gone)
    agreement.refresh_from_db()
    destroyed = Event.objects.get(subject_id=agreement.pk, action="destroy_keys")
    assert agreement.sealed_key == "" and destroyed.actor_name == "Robot “Delete copies”"
    assert destroyed.detail["deleted"][0]["sha256"] == tokens.vault.sha256
    assert client(cast, "olga").get(f"/receipts/{two.data_sha256}/").status_code == 200
    assert "deleted on" in client(cast, "piotr").get(f"/deliveries/{two.pk}/").content.decode()
    look = lambda: deliveries.look_up(tokens.pk, actor=cast.actor("dana"), tokens=["x"], reason="Who was it?")  # noqa: E731
    assert "vault.destroyed" in why(look)
    version = agreement.version_of_data
    assert store.exists(version.parquet_sha256) and store.exists(version.original_sha256)


def test_nothing_is_deleted_while_the_same_data_is_being_made(cast: Cast) -> None:
    agreement = worlds.agreed(cast, exports={"at_most": 9})
    delivery = worlds.delivered(cast, agreement).deliveries.get()
    deliveries.revoke(delivery.pk, actor=cast.actor("dana"), reason="The wrong one.")
    worlds.approved(cast, agreement)
    outbox.dispatch()
    assert Job.objects.filter(kind="export", state="queued").exists()
    assert erasure.erase_due(timezone.now()) == 0
    assert store.exists(delivery.package_sha256)


def meridian(cast: Cast) -> Membership:
    return Membership.objects.get(organisation=cast.organisations["meridian"], trust=cast.trust)


def test_a_member_leaves_and_everything_follows_in_one_transaction(cast: Cast, monkeypatch: Any) -> None:
    from trusts.membership import endings

    agreement = worlds.agreed(cast)
    delivery = worlds.delivered(cast, agreement).deliveries.get()
    waiting = worlds.approved(cast, agreement)
    outbox.dispatch()

    def fails(*_: Any) -> None:
        raise RuntimeError("something else goes wrong")

    monkeypatch.setattr(endings, "_followers", [*endings._followers, fails])
    with pytest.raises(RuntimeError):
        membership.leave(meridian(cast).pk, actor=cast.actor("piotr"), reason="We leave.")
    agreement.refresh_from_db()
    assert (meridian(cast).state, agreement.state) == ("active", "in_force"), "all of it, or nothing"
    monkeypatch.setattr(endings, "_followers", endings._followers[:-1])

    membership.leave(meridian(cast).pk, actor=cast.actor("piotr"), reason="We leave.")
    agreement.refresh_from_db()
    duty = agreement.duties.get()
    assert agreement.state == "terminated" and "has ended" in agreement.ended_because
    assert Event.objects.get(subject_id=agreement.pk, action="dissolve").actor_name == "membership watch"
    assert client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/").status_code == 409
    outbox.dispatch()
    assert Job.objects.get(request=waiting).state == "cancelled"
    agreement.refresh_from_db()
    assert agreement.exports_used == 1, "what was reserved for the job is given back"
    mail.outbox.clear()
    notify.send("agreement.stopped", {"id": str(agreement.pk)})
    said = next(m.body for m in mail.outbox if m.to == ["piotr@piotr.example"])
    assert f"- {duty.text}, by {duty.due:%d %B %Y}" in said
    assert duty.text in client(cast, "piotr").get("/inbox/").content.decode()


def test_a_suspended_member_stops_and_goes_on_when_it_is_back(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    delivery = worlds.delivered(cast, agreement).deliveries.get()
    held = worlds.agreed(cast)
    agreements.suspend(held.pk, actor=cast.actor("dana"), reason="We look into something.")
    membership.suspend(meridian(cast).pk, actor=cast.actor("ada"), reason="The fee is not paid.")
    agreement.refresh_from_db()
    assert (agreement.state, agreement.held_by) == ("suspended", "membership")
    assert client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/").status_code == 409
    membership.reinstate(meridian(cast).pk, actor=cast.actor("ada"))
    assert client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/").status_code == 200
    held.refresh_from_db()
    assert (held.state, held.held_by) == ("suspended", "provider"), (
        "what the provider suspended it resumes itself"
    )


def test_the_level_is_attested_by_a_trustee_and_stays_readable(cast: Cast) -> None:
    path = f"/do/membership/{meridian(cast).pk}/attest_level/"
    wrong = client(cast, "ada").post(path, {"level": "3", "on": "2999-01-01", "note": "Audit report 17"})
    assert wrong.status_code == 422 and "has not come yet" in wrong.content.decode()
    assert client(cast, "piotr").post(path, {"level": "5"}).status_code == 403
    client(cast, "ada").post(path, {"level": "3", "on": "2026-01-02", "note": "Audit report 17"})
    found = meridian(cast)
    assert (found.security_level, found.level_note, found.level_by) == (
        3,
        "Audit report 17",
        cast.users["ada"],
    )
    event = Event.objects.get(subject_id=found.pk, action="attest_level")
    assert (event.reason, event.detail["level"]) == ("Audit report 17", 3)
    members = f"/trusts/{cast.trust.slug}/members/"
    assert "Audit report 17" in client(cast, "dana").get(members).content.decode()
    assert "Audit report 17" not in client(cast, "olga").get(members).content.decode()


def test_a_running_download_is_cut_and_the_trail_says_where(cast: Cast, monkeypatch: Any) -> None:
    from jobs.deliveries import sending

    delivery = worlds.delivered(cast).deliveries.get()
    monkeypatch.setattr(sending, "PIECE", 100)
    monkeypatch.setattr(sending, "LOOK", 0.0)
    answer = client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/")
    pieces = iter(answer)
    assert len(next(pieces)) == 100
    agreements.suspend(delivery.agreement_id, actor=cast.actor("dana"), reason="We look into something.")
    with pytest.raises(sending.CutOff):
        next(pieces)
    event = Event.objects.get(subject_id=delivery.pk, action="cut")
    assert event.detail == {"bytes_sent": 100, "of": delivery.package_bytes}
    assert "suspended" in event.reason


def test_a_key_can_go_once_and_never_come_back(cast: Cast) -> None:
    """In the database itself: the key of a contract cannot be exchanged, and is emptied only with the date of it."""
    from django.db import DatabaseError, transaction

    agreement = worlds.agreed(cast)
    found = Agreement.objects.filter(pk=agreement.pk)
    for change in (
        {"sealed_key": ""},
        {"sealed_key": "other", "keys_destroyed": timezone.now()},
        {"terms": {}},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            found.update(**change)
    found.update(sealed_key="", keys_destroyed=timezone.now() + timedelta(0))
    assert found.get().sealed_key == ""
