"""Event: what happened. Leaf: its place in the chain. Checkpoint: a signed head.

Events are written in the transaction of the change and never touched again; triggers in the
database refuse it (migration 0002). Their place in the chain is a row of its own, given by the
sequencer, so writers never wait for each other.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone


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

    def payload(self) -> dict[str, Any]:
        """What the leaf hash covers: every column, canonical-JSON ready."""
        return {
            "id": str(self.id),
            "created": self.created.isoformat(),
            "machine": self.machine,
            "action": self.action,
            "subject": str(self.subject_id),
            "version": self.subject_version,
            "title": self.subject_title,
            "from": self.from_state,
            "to": self.to_state,
            "actor": str(self.actor_id) if self.actor_id else None,
            "actor_name": self.actor_name,
            "organisation": str(self.organisation_id) if self.organisation_id else None,
            "organisation_name": self.organisation_name,
            "door": self.door,
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
            "detail": self.detail,
        }


class EventParty(models.Model):
    """An organisation that may read the event. Who is not named here never learns of it."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="party_rows")
    organisation_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "event"], name="party_once")]
        # The newest event of an organisation, asked for by every page.
        indexes = [models.Index(fields=["organisation_id", "-id"], name="party_newest")]

    def __str__(self) -> str:
        return f"{self.organisation_id} reads {self.event_id}"


class Leaf(models.Model):
    """An event's place: index from 0, its leaf hash, and the link over all before it."""

    index = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf")
    leaf_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["index"]

    def __str__(self) -> str:
        return f"#{self.index} {self.link_hash[:8]}"


class Checkpoint(models.Model):
    """A signed head: after `size` leaves the chain stood at `link_hash`."""

    size = models.PositiveBigIntegerField(primary_key=True)
    link_hash = models.CharField(max_length=64)
    created = models.DateTimeField(default=timezone.now)
    note = models.TextField()

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"{self.size} {self.link_hash[:8]}"
