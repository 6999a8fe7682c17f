"""Somebody with the database's password changes the log. Each way is detected, and each has its own words."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.test import Client, override_settings
from django.utils import timezone

from kernel.audit import entry, keyring, notes
from kernel.audit.erase import ERASED, erase
from kernel.audit.models import Checkpoint, Event, EventParty, Leaf, Subtree, Waiting
from kernel.audit.seal import seal_all
from kernel.audit.verify import Break, verify
from kernel.keys import signing_seeds
from tests import worlds
from tests.cast import Cast

pytestmark = pytest.mark.django_db
TABLES = (
    "audit_event",
    "audit_eventparty",
    "audit_leaf",
    "audit_checkpoint",
    "audit_subtree",
    "audit_portalkey",
)


def without_triggers() -> None:
    """As someone with the database's password could have it; the end of the test takes it back."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_waits")
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
        for (name,) in cursor.fetchall():
            if not name.endswith("_waits"):
                cursor.execute(f"DROP TRIGGER {name}")


@pytest.fixture
def log(cast: Cast) -> Cast:
    worlds.agreed(cast)
    seal_all()
    worlds.asked(cast)
    seal_all()
    assert verify().holds
    assert Checkpoint.objects.count() == 2
    without_triggers()
    return cast


def broken() -> Break:
    found = verify()
    assert found.broken is not None
    return found.broken


def test_an_edited_row(log: Cast) -> None:
    leaf = Leaf.objects.get(index=3)
    Event.objects.filter(pk=leaf.event_id).update(actor_name="Somebody Else")
    assert (broken().index, broken().what) == (3, "the event was changed")


def test_an_edited_row_with_its_leaf(log: Cast) -> None:
    """Whoever also corrects the leaf is found by the root."""
    leaf = Leaf.objects.select_related("event").get(index=3)
    Event.objects.filter(pk=leaf.event_id).update(actor_name="Somebody Else")
    leaf.event.refresh_from_db()
    Leaf.objects.filter(pk=3).update(leaf_hash=entry.leaf_hash(leaf.event.payload()))
    assert broken().what == "a seal disagrees with the entries"


def test_a_deleted_row(log: Cast) -> None:
    leaf = Leaf.objects.get(index=3)
    Leaf.objects.filter(pk=3)._raw_delete(using="default")
    EventParty.objects.filter(event_id=leaf.event_id)._raw_delete(using="default")
    Event.objects.filter(pk=leaf.event_id)._raw_delete(using="default")
    assert (broken().index, broken().what) == (3, "an entry is missing")


def test_the_newest_rows_deleted(log: Cast) -> None:
    last = Leaf.objects.latest("index")
    Leaf.objects.filter(pk=last.pk)._raw_delete(using="default")
    Waiting.objects.create(event_id=last.event_id)
    assert broken().what == "entries that were sealed are gone"


def test_swapped_rows(log: Cast) -> None:
    _swap()
    assert (broken().index, broken().what) == (3, "the entry changed places with entry 4")


def test_swapped_rows_with_their_leaves(log: Cast) -> None:
    _swap()
    one, other = Leaf.objects.get(index=3).leaf_hash, Leaf.objects.get(index=4).leaf_hash
    Leaf.objects.filter(pk=3).update(leaf_hash=other)
    Leaf.objects.filter(pk=4).update(leaf_hash=one)
    assert broken().what == "a seal disagrees with the entries"


def _swap() -> None:
    spare = Event.objects.filter(leaf__index=5).get()
    one, other = Leaf.objects.get(index=3).event_id, Leaf.objects.get(index=4).event_id
    Leaf.objects.filter(pk=5)._raw_delete(using="default")
    Leaf.objects.filter(pk=3).update(event=spare)
    Leaf.objects.filter(pk=4).update(event_id=one)
    Leaf.objects.filter(pk=3).update(event_id=other)
    Leaf.objects.create(index=5, event=spare, leaf_hash=entry.leaf_hash(spare.payload()))


def test_an_event_kept_out_of_the_log(log: Cast) -> None:
    worlds.asked(log)
    Waiting.objects.all().delete()
    assert broken().what == "an event was kept out of the log"


def _rewrite_tail(key: Ed25519PrivateKey) -> None:
    """Change an event, and make leaf, tree and checkpoints fit, signed with a key."""
    leaf = Leaf.objects.select_related("event").get(index=3)
    Event.objects.filter(pk=leaf.event_id).update(actor_name="Somebody Else")
    leaf.event.refresh_from_db()
    Leaf.objects.filter(pk=3).update(leaf_hash=entry.leaf_hash(leaf.event.payload()))
    from kernel.audit.proofs import Reader

    for head in Checkpoint.objects.all():
        root = Reader().root(head.size)
        Checkpoint.objects.filter(pk=head.size).update(
            root_hash=root.hex(), note=notes.sign(settings.PORTAL_ORIGIN, head.size, root, key)
        )


def test_a_rewritten_tail_signed_by_another(log: Cast) -> None:
    _rewrite_tail(Ed25519PrivateKey.generate())
    assert broken().what == "a seal is signed with a key that is not this portal's"


def test_a_rewritten_tail_signed_by_the_portal_is_left_to_the_witnesses(log: Cast) -> None:
    """What the page says it cannot see: the operator with the key. A kept checkpoint shows it."""
    kept = notes.read(Checkpoint.objects.earliest("size").note)
    _rewrite_tail(keyring.portal_key())
    assert verify().holds
    now = notes.read(Checkpoint.objects.get(size=kept.size).note)
    assert now.log_signature(keyring.portal_key().public_key())
    assert now.root != kept.root


def test_a_forged_signature(log: Cast) -> None:
    head = Checkpoint.objects.earliest("size")
    text, _, line = head.note.partition("\n\n")
    newer = Checkpoint.objects.latest("size").note.partition("\n\n")[2]
    Checkpoint.objects.filter(pk=head.size).update(note=f"{text}\n\n{newer}")
    assert line != newer
    assert broken().what == "a seal's signature does not hold"
    Checkpoint.objects.filter(pk=head.size).update(note="no note")
    assert broken().what.startswith("a seal cannot be read")


def test_a_changed_part_of_the_tree(log: Cast) -> None:
    for _ in range(300):
        worlds_event(log)
    seal_all()
    assert verify().holds
    Subtree.objects.filter(level=1, index=0).update(root_hash="0" * 64)
    assert broken().what == "a stored part of the tree was changed"


def worlds_event(cast: Cast) -> None:
    from kernel.audit.record import note

    note("thing", "happen", worlds_subject(cast), cast.actor("dana"))


def worlds_subject(cast: Cast) -> Any:
    return cast.trust


def test_a_key_that_was_replaced(log: Cast) -> None:
    """Another key in the settings signs nothing; another key in the table is not the one that signed."""
    with override_settings(SECRET_KEY="another secret, that somebody put in its place, 0123456789"):
        worlds_event(log)
        with pytest.raises(ImproperlyConfigured, match="signed with another key"):
            seal_all()
        late = timezone.now() + timedelta(minutes=2)
        with patch("django.utils.timezone.now", lambda: late):
            assert "signed with another key" in Client().get("/status/").content.decode()
    seal_all()
    keyring.PortalKey.objects.update(public_key=keyring.public_hex(Ed25519PrivateKey.generate()))
    assert broken().what == "a seal is signed with a key that is not this portal's"


def test_an_old_key_after_its_rotation(log: Cast) -> None:
    old = keyring.portal_key()
    call_command("rotate_signing_key")
    worlds_event(log)
    seal_all()
    assert verify().holds
    assert keyring.public_hex(keyring.portal_key()) != keyring.public_hex(old)
    head = Checkpoint.objects.latest("size")
    note = notes.read(head.note)
    Checkpoint.objects.filter(pk=head.size).update(note=notes.sign(note.origin, note.size, note.root, old))
    assert broken().what == "a seal is signed with key 1, which does not sign at this length of the log"


def test_a_forged_handover(log: Cast) -> None:
    call_command("rotate_signing_key")
    row = keyring.PortalKey.objects.latest("number")
    keyring.PortalKey.objects.filter(pk=row.pk).update(handover={**row.handover, "old": row.handover["new"]})
    assert (
        broken().what
        == "the signing keys do not follow from each other: key 2 was not handed over by the key before it"
    )


def test_a_key_of_ones_own_takes_over_and_hands_on(cast: Cast) -> None:
    worlds.agreed(cast)
    seal_all()
    first, second = ("11" * 32, "22" * 32)
    with override_settings(SIGNING_KEY=first):
        call_command("rotate_signing_key")
        worlds_event(cast)
        seal_all()
        with pytest.raises(Exception, match="signs already or has signed before"):
            call_command("rotate_signing_key")
    with override_settings(SIGNING_KEY=f"{first},{second}"):
        call_command("rotate_signing_key")
        worlds_event(cast)
        seal_all()
        assert verify().holds
        assert verify().keys == 3
    with override_settings(SIGNING_KEY=second):
        worlds_event(cast)
        seal_all()
        assert verify().holds
    assert signing_seeds(1)[0] != first


def test_erased_values_leave_a_log_that_verifies(cast: Cast) -> None:
    """Value and salt are gone, commitment and tree stay; the database lets nothing else change."""
    agreement = worlds.agreed(cast)
    seal_all()
    before = Checkpoint.objects.latest("size").root_hash
    event = Event.objects.get(machine="agreement", action="conclude", subject_id=agreement.pk)
    for change in (
        {"actor_name": "Somebody"},
        {"machine": "x"},
        {"created": timezone.now() + timedelta(days=1)},
        {"secret": ""},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Event.objects.filter(pk=event.pk).update(**change)
    leaf = event.payload()
    assert erase(event.pk, ["actor_name", "detail/accepted_by"]) == ["actor_name", "detail/accepted_by"]
    assert erase(event.pk, ["actor_name"]) == []
    event.refresh_from_db()
    assert event.actor_name == ERASED
    assert "accepted_by" not in event.detail
    assert event.detail["payload_sha256"]
    assert event.payload() == leaf
    assert "actor_name" not in event.disclosure()
    assert event.secret == ""
    assert verify().holds
    assert Checkpoint.objects.latest("size").root_hash == before
    with pytest.raises(KeyError):
        erase(event.pk, ["detail/nothing"])
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(erased={})
    without_triggers()
    Event.objects.filter(pk=event.pk).update(erased={**event.erased, "actor_name": "0" * 64})
    assert broken().what == "the event was changed"


def test_who_asked_to_be_forgotten_is(cast: Cast) -> None:
    from portal.models import Notice, SavedTrail
    from portal.trail import saved
    from trusts.organisations import services as organisations
    from trusts.organisations.models import OrganisationMember, User

    worlds.delivered(cast)
    seal_all()
    piotr = cast.users["piotr"]
    with pytest.raises(CommandError, match="may still act for an organisation"):
        call_command("erase_person", piotr.email, reason="Asked by letter of 3 May", yes=True)
    owner = OrganisationMember.objects.get(user=cast.users["sam"])
    place = OrganisationMember.objects.get(user=piotr)
    organisations.change_roles(owner.pk, actor=cast.actor("piotr"), roles=["owner", "analyst"])
    organisations.leave(place.pk, actor=cast.actor("piotr"))
    seal_all()
    with pytest.raises(CommandError, match="no person"):
        call_command("erase_person", "nobody@nowhere.example", reason="x", yes=True)
    kept = saved.save(cast.users["dana"], "What he did", {"who": "piotr nowak"})
    other = saved.save(cast.users["dana"], "Another", {"who": "Piotr Nowakowski"})
    Notice.objects.create(
        user=cast.users["dana"], topic="request.submitted", machine="request", subject_id=piotr.pk, title="Flights",
        text=f"{piotr.name} asks back.", url="/", once="1", way="portal",
    )  # fmt: skip
    told = StringIO()
    call_command("erase_person", piotr.email, reason="Asked by letter of 3 May", yes=True, stdout=told)
    assert "deliverys: receipt (1)" in told.getvalue() or "deliveries: receipt (1)" in told.getvalue()
    assert not SavedTrail.objects.filter(pk=kept.pk).exists()
    assert SavedTrail.objects.filter(pk=other.pk).exists(), "somebody else's name"
    assert not Notice.objects.filter(Q(text__contains="Piotr") | Q(title__contains="Piotr")).exists()
    seal_all()
    assert verify().holds
    told = " ".join(str(e.values()) for e in Event.objects.all())
    assert "Piotr" not in told
    assert piotr.email not in told
    assert "Dana Ruiz" in told
    gone = User.objects.get(pk=piotr.pk)
    assert not gone.is_active
    assert "piotr" not in gone.email
    last = Event.objects.get(machine="person", action="erase")
    assert last.subject_title == ERASED
    assert last.detail["values"] > 10
