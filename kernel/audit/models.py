"""Event: what happened. Leaf: its place in the tree. Subtree: what proofs need. Checkpoint: a signed root.

Events are written in the transaction of the change and never touched again, but for the erasure of
values; triggers in the database refuse the rest (migration 0004). Their place in the tree is a row
of its own, given by the sequencer, so writers never wait for each other. A trigger also puts each
new event on the list of those that wait for a place, so that none can be left out by forgetting.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC
from typing import Any

from django.db import models
from django.utils import timezone

from kernel.audit import entry

# The values of an event that are in the log as commitments only; so is each key of these three.
NAMED = {
    "title": "subject_title",
    "actor_name": "actor_name",
    "organisation_name": "organisation_name",
    "reason": "reason",
}
KEYED = ("before", "after", "detail")
# What the trail can be filtered by: name of the index → columns between the reader and the order.
TRAIL: dict[str, list[str]] = {
    "order": [],
    "who": ["actor_id"],
    "acting": ["acting_id"],
    "about": ["subject_id"],
    "machine": ["machine"],
    "what": ["machine", "action"],
    "door": ["door"],
}


def new_secret() -> str:
    """16 random bytes, hex: what the salts of an event's values are made of."""
    return secrets.token_hex(16)


class Event(models.Model):
    """One change (or one refusal), with who, for whom, what, before, after, why and when.

    `subject_version` is the subject's version after the change and unique per subject: the row
    is the sum of its events. A refusal changes nothing and has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now)
    machine = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_version = models.PositiveIntegerField(null=True)
    subject_title = models.CharField(max_length=200)
    from_state = models.CharField(max_length=20, blank=True, default="")
    to_state = models.CharField(max_length=20, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    organisation_id = models.UUIDField(null=True)
    organisation_name = models.CharField(max_length=200, blank=True, default="")
    door = models.CharField(max_length=12)
    reason = models.TextField(blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    detail = models.JSONField(default=dict)
    secret = models.CharField(max_length=32, blank=True, default=new_secret)
    # Filled by an erasure: the salts of the values that stay, the commitments of those that went.
    salts = models.JSONField(default=dict)
    erased = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "subject_version"], name="one_event_per_version")
        ]
        indexes = [
            models.Index(fields=["subject_id", "created"], name="event_subject"),
            models.Index(fields=["created", "id"], name="event_created"),
            models.Index(fields=["machine", "action"], name="event_what"),
        ]

    def __str__(self) -> str:
        return f"{self.machine}.{self.action} {self.subject_title}"

    def values(self) -> dict[str, Any]:
        """Path → value of everything that the log holds as a commitment and that was not erased."""
        found = {path: getattr(self, column) for path, column in NAMED.items()}
        for part in KEYED:
            found.update({f"{part}/{key}": value for key, value in getattr(self, part).items()})
        return {path: value for path, value in found.items() if path not in self.erased}

    def salt(self, path: str) -> str:
        """The salt of one value, hex; KeyError if it was erased."""
        return entry.salt_of(self.secret, path) if self.secret else str(self.salts[path])

    def payload(self) -> dict[str, Any]:
        """What the leaf hash covers, canonical-JSON ready."""
        if not self.secret and not self.salts and not self.erased:
            return self._first_form()
        commitments = {
            path: entry.commitment(self.salt(path), value) for path, value in self.values().items()
        }
        return entry.entry(self._open_part(), commitments | self.erased)

    def disclosure(self) -> dict[str, dict[str, Any]]:
        """Path → {salt, value}: what a reader needs to check the commitments. Of an event of the first form: nothing."""
        if not self.secret and not self.salts:
            return {}
        return {path: {"salt": self.salt(path), "value": value} for path, value in self.values().items()}

    def _open_part(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "created": self.created.astimezone(UTC).isoformat(),
            "machine": self.machine,
            "action": self.action,
            "subject": str(self.subject_id),
            "version": self.subject_version,
            "from": self.from_state,
            "to": self.to_state,
            "actor": str(self.actor_id) if self.actor_id else None,
            "organisation": str(self.organisation_id) if self.organisation_id else None,
            "door": self.door,
        }

    def _first_form(self) -> dict[str, Any]:
        """The entry of an event that was written before values were committed to: everything in the open."""
        return {
            **self._open_part(),
            "title": self.subject_title,
            "actor_name": self.actor_name,
            "organisation_name": self.organisation_name,
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
            "detail": self.detail,
        }


class EventParty(models.Model):
    """An organisation that may read the event. Who is not named here never learns of it. A trust's id stands for those
    who were named to audit the trust.

    What the trail is filtered by stands here again, beside the reader: so each filter has one index that begins with the
    reader and ends with the order of the trail, and a page costs the same however long the log is. Nothing here is personal
    but ids that are in the open in the entry itself.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="party_rows")
    organisation_id = models.UUIDField()
    created = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    acting_id = models.UUIDField(null=True)
    subject_id = models.UUIDField()
    machine = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    door = models.CharField(max_length=12)
    refused = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "event"], name="party_once")]
        indexes = [
            # The newest event of an organisation, asked for by every page.
            models.Index(fields=["organisation_id", "-id"], name="party_newest"),
            *(
                models.Index(fields=["organisation_id", *columns, "created", "event"], name=f"party_{name}")
                for name, columns in TRAIL.items()
            ),
            models.Index(
                fields=["organisation_id", "created", "event"],
                name="party_refused",
                condition=models.Q(refused=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} reads {self.event_id}"

    @classmethod
    def of(cls, event: Event, organisation_id: Any) -> EventParty:
        """The row that lets this organisation read this event."""
        return cls(
            event=event,
            organisation_id=organisation_id,
            created=event.created,
            actor_id=event.actor_id,
            acting_id=event.organisation_id,
            subject_id=event.subject_id,
            machine=event.machine,
            action=event.action,
            door=event.door,
            refused="refused" in event.detail,
        )


class Waiting(models.Model):
    """An event that has no place yet. Written by a trigger on events, taken away by the sequencer."""

    id = models.BigAutoField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="waiting")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.event_id)


class Leaf(models.Model):
    """An event's place: index from 0, and its leaf hash."""

    index = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf")
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["index"]
        indexes = [models.Index(fields=["leaf_hash"], name="leaf_by_hash")]

    def __str__(self) -> str:
        return f"#{self.index} {self.leaf_hash[:8]}"


class Subtree(models.Model):
    """The root of a complete subtree of 256^level leaves. With these a proof takes a few rows, however long the log."""

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    root_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="subtree_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index} {self.root_hash[:8]}"


class PortalKey(models.Model):
    """A key that signs this log's checkpoints, from a size of the log on. The handover is signed by the key before."""

    number = models.PositiveIntegerField(primary_key=True)
    public_key = models.CharField(max_length=64, unique=True)
    from_size = models.PositiveBigIntegerField()
    created = models.DateTimeField(default=timezone.now)
    handover = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.public_key[:8]}"


class Checkpoint(models.Model):
    """A signed root: after `size` leaves the tree stood at `root_hash`. `note` is the signed note of C2SP."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root_hash = models.CharField(max_length=64)
    created = models.DateTimeField(default=timezone.now)
    note = models.TextField()

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"{self.size} {self.root_hash[:8]}"
