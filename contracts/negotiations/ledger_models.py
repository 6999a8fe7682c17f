"""Use: one entry of the counters' ledger. Evidence: a file that proves that a duty was done."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from trusts.organisations.models import User

HELD, COUNTED, GIVEN_BACK = "reserved", "committed", "released"


class Use(models.Model):
    """`amount` of one counter of an agreement: reserved at approval, committed at delivery, or released.

    `about` is the request it was reserved for, or the export that was fetched; empty for what was counted before
    there was a ledger.
    """

    agreement = models.ForeignKey("negotiations.Agreement", on_delete=models.CASCADE, related_name="uses")
    counter = models.CharField(max_length=10)
    amount = models.PositiveBigIntegerField()
    phase = models.CharField(max_length=10, default=HELD)
    about = models.UUIDField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "counter", "about"],
                condition=Q(phase__in=[HELD, COUNTED], counter__in=["exports", "rows"]),
                name="use_counted_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.counter} {self.phase}"


class Evidence(models.Model):
    """A file in the store, by its SHA-256, with the name it came under. Only the two parties may fetch it."""

    duty = models.ForeignKey("negotiations.Duty", on_delete=models.CASCADE, related_name="evidence")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=60, help_text="Media type, found from the content")
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return self.name
