"""The stateful row, and the outbox that carries what should happen next."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from kernel.iris import iri


class StatefulModel(models.Model):
    """A row whose state a machine governs. Only `kernel.transition` writes state and version.

    The primary key is random, so a reference never tells how many others exist.
    """

    ref_prefix = "X"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=20, db_index=True)
    version = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now, editable=False)
    changed = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def ref(self) -> str:
        """A short name for people: a letter and six hex digits, such as R-4F7A2C."""
        return f"{self.ref_prefix}-{self.id.hex[:6].upper()}"

    @property
    def iri(self) -> str:
        """What documents that leave the portal call it."""
        return iri(self.pk)

    def parties(self) -> Mapping[str, Collection[Any]]:
        """Side → organisation ids. Decides relative roles and who sees the events."""
        raise AttributeError(f"{type(self).__name__} does not say its parties")

    def people(self) -> Mapping[str, Collection[Any]]:
        """Relation → user ids, for ties that are personal (author, named recipient)."""
        return {}

    def overseers(self) -> Mapping[str, Collection[Any]]:
        """Side → organisations that may step in though they are no party: they read neither the object nor its events."""
        return {}

    def grounds(self) -> Collection[Any]:
        """The ids of the objects on which a right reaches this one: itself, and what it belongs to."""
        return (self.pk,)

    def frames(self) -> Collection[Any]:
        """The ids of the trusts within which its events happen: who was named to audit one of them reads these events."""
        return ()

    def audit_fields(self) -> dict[str, Any]:
        """The values whose change an event must show, JSON without floats."""
        return {"state": self.state}

    def title(self) -> str:
        """What the object is called in a sentence."""
        return self.ref


class Outbox(models.Model):
    """A topic that still has to reach its listeners. Written in the transaction of its cause."""

    topic = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now)
    sent = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["sent", "id"], name="outbox_pending")]

    def __str__(self) -> str:
        return f"{self.topic} {self.payload}"


class IdempotencyRecord(models.Model):
    """What a POST with this Idempotency-Key answered, so that its repetition answers the same."""

    token_id = models.UUIDField()
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_id", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key
