"""DecidedPolicy: a policy's text, once. StoredDecision: what was decided on it, from what, with the answer's bytes."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from trusts.organisations.models import Organisation

MOMENTS = [
    ("submit", "When it was submitted"), ("approve", "When it was approved"), ("send_back", "When it was returned"),
    ("refuse", "When it was refused"), ("job", "When the job started"), ("download", "When it was fetched"),
    ("state_fact", "When a fact was stated"),
]  # fmt: skip


class DecidedPolicy(models.Model):
    """The document as it was, by the hash of its canonical form. Many decisions share one."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    document = models.JSONField()

    def __str__(self) -> str:
        return self.sha256


class StoredDecision(models.Model):
    """Everything that went into a decision, and what came out. A trigger in the database refuses any change.

    `kind` and `subject` name the object that it was about; the two organisations may see it, nobody else.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    moment = models.CharField(max_length=12, choices=MOMENTS)
    kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(DecidedPolicy, on_delete=models.PROTECT, related_name="+")
    request = models.JSONField()
    world = models.JSONField()
    as_of = models.CharField(max_length=40, help_text="The moment that the decision was made for, ISO 8601")
    engine = models.CharField(max_length=40)
    output = models.JSONField()
    verdict = models.CharField(max_length=20)
    request_sha256 = models.CharField(max_length=64)
    world_sha256 = models.CharField(max_length=64)
    output_sha256 = models.CharField(max_length=64)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]
        indexes = [
            models.Index(fields=["kind", "subject", "created"], name="decision_subject"),
            models.Index(fields=["created"], name="decision_created"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.kind} {self.subject}"
