"""What was recorded stays as it was: the databases refuse, the log notices, and only the parties read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from contracts.negotiations.models import Agreement, Proposal
from jobs.deliveries.models import Delivery
from kernel.audit.models import Checkpoint, Event, EventParty, Leaf
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from portal import notify
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from trusts.datasets.models import DatasetVersion

pytestmark = pytest.mark.django_db


def test_the_database_itself_refuses_to_change_what_was_recorded(cast: Cast) -> None:
    worlds.delivered(cast)
    seal_all()
    attempts: list[tuple[Any, dict[str, Any]]] = [
        (Event, {"reason": "It was different"}), (Leaf, {"leaf_hash": "0" * 64}), (Checkpoint, {"note": "x"}),
        (Agreement, {"terms": {}}), (Agreement, {"payload": {}}), (Agreement, {"jws": {}}), (Proposal, {"note": "I never said this"}),
        (DatasetVersion, {"original_sha256": "0" * 64}), (DatasetVersion, {"parquet_sha256": "0" * 64}), (Delivery, {"receipt": {}}),
    ]  # fmt: skip
    for model, change in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**change)
    for model in (Event, EventParty, Leaf, Checkpoint):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all()._raw_delete(using="default")
    assert verify().holds


def test_a_changed_byte_is_found_and_named(cast: Cast) -> None:
    """With the triggers out of the way, as someone with the database's password could have them."""
    worlds.agreed(cast)
    seal_all()
    assert verify().holds
    leaf = Leaf.objects.order_by("index")[3]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER audit_event_no_update")
    Event.objects.filter(pk=leaf.event_id).update(reason="forged")
    found = verify()
    assert not found.holds
    assert str(leaf.index) in str(found)
    with pytest.raises(CommandError, match=f"Entry {leaf.index}"):
        call_command("verify_log")
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    page = client.post("/audit/verify/").content.decode()
    assert "does not hold" in page or "broken" in page.lower() or "changed" in page.lower()


def test_every_row_is_the_sum_of_its_events(cast: Cast) -> None:
    """Replaying the events of each object gives its state, and none is missing in between."""
    from kernel import registry

    worlds.delivered(cast)
    checked = 0
    for machine in registry.machines():
        for subject in registry.entry(machine.name).model._default_manager.all():
            events = list(
                Event.objects.filter(machine=machine.name, subject_id=subject.pk)
                .exclude(action="refused")
                .order_by("subject_version")
            )
            assert [e.subject_version for e in events] == list(range(1, subject.version + 1)), subject
            assert events[-1].to_state == subject.state, subject
            for earlier, later in pairwise(events):
                assert later.from_state == earlier.to_state, subject
            checked += 1
    assert checked > 20


def test_both_parties_read_of_it_and_nobody_else(cast: Cast) -> None:
    from kernel.audit import selectors

    agreement = worlds.agreed(cast)
    for who, sees in (("dana", True), ("ines", True), ("piotr", True), ("ada", False), ("olga", False)):
        found = selectors.visible_to(cast.actor(who)).filter(subject_id=agreement.pk)
        assert found.exists() is sees, who


def test_mail_goes_to_those_who_must_act_and_carries_no_data(cast: Cast) -> None:
    request = worlds.submitted(cast)
    mail.outbox.clear()
    told = notify.send("request.submitted", {"id": str(request.pk)})
    assert told == len(mail.outbox) == 2
    assert {m.to[0] for m in mail.outbox} == {cast.users["dana"].email, cast.users["rui"].email}
    text = mail.outbox[0].body
    assert request.get_absolute_url() in text
    assert "A study of delays" not in text
    mail.outbox.clear()
    notify.send("request.returned", {"id": str(request.pk)})
    assert [m.to[0] for m in mail.outbox] == [cast.users["piotr"].email]


def test_an_invitation_by_mail_is_good_once_and_for_its_time(cast: Cast) -> None:
    import re
    from datetime import timedelta

    from django.utils import timezone

    from kernel.models import Outbox
    from trusts.organisations import services as organisations
    from trusts.organisations.models import Invitation, OrganisationMember, User

    newcomer = User.objects.create_user("nora@nora.example", "correct horse battery", name="Nora New")
    dana = cast.actor("dana")
    for late in (True, False):
        mail.outbox.clear()
        organisations.invite_person(dana.organisation_id, actor=dana, email=newcomer.email, roles=["analyst"])
        notify.send("invitation.mail", Outbox.objects.filter(topic="invitation.mail").latest("id").payload)
        path = re.search(r"/invitations/\S+", mail.outbox[0].body).group(0)  # type: ignore[union-attr]
        if late:
            assert organisations.lapse_invitations(timezone.now() + timedelta(days=15)) == 1
            assert Invitation.objects.filter(state="lapsed").count() == 1
        client = Client()
        client.force_login(newcomer, backend=BACKEND)
        assert client.get(path).status_code == 200
        assert client.get(path[:-5] + "wrong/").status_code == 404
        answer = client.post(path)
        assert answer.status_code == (409 if late else 302)
        assert client.post(path).status_code == 409
    assert OrganisationMember.objects.filter(user=newcomer, state="active").count() == 1
