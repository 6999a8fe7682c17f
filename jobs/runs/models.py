"""Job: one run of a worker. The row decides who works on it, never the broker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from contracts.sharing.models import Request
from kernel.models import StatefulModel
from trusts.datasets.models import DatasetVersion
from trusts.organisations.models import Organisation

KINDS = [
    ("intake", "Read and profile"),
    ("export", "Clean and export"),
    ("trial", "Try on a sample"),
    ("check", "Check rules"),
    ("look", "Look at the source"),
    ("trace", "Trace a leaked file"),
    ("withdraw", "Find withdrawn rows"),
]


class Job(StatefulModel):
    """`attempt` counts claims and never goes back; a worker may only write while its attempt holds the lease.

    `earlier`: attempts before the last "Try again". `weight`: bytes of the file it reads, to tell large jobs from
    small. `stages`: what this attempt finished or took over. `usage`: wall and cpu seconds, memory_mb (peak),
    bytes read and written.
    """

    ref_prefix = "J"
    kind = models.CharField(max_length=10, choices=KINDS)
    holder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="jobs")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    plan = models.JSONField(default=dict)
    plan_hash = models.CharField(max_length=64, blank=True, default="")
    attempt = models.PositiveIntegerField(default=0)
    earlier = models.PositiveIntegerField(default=0)
    weight = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict)
    log = models.JSONField(default=list)
    stages = models.JSONField(default=list)
    usage = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    failure = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["state", "lease_until"], name="job_lease"),
            models.Index(fields=["started"], name="job_started"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(kind="export", state__in=["queued", "running", "checking", "done"]),
                name="one_live_export_per_request",
            )
        ]

    def __str__(self) -> str:
        return self.ref

    def title(self) -> str:
        return f"Job {self.ref} ({self.get_kind_display().lower()})"

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.version_of_data.dataset_id,)

    def frames(self) -> Collection[Any]:
        return self.request.frames() if self.request else ()

    def parties(self) -> Mapping[str, Collection[Any]]:
        sides: dict[str, Collection[Any]] = {"holder": [self.holder_id]}
        if self.consumer_id:
            sides["consumer"] = [self.consumer_id]
        return sides

    def overseers(self) -> Mapping[str, Collection[Any]]:
        """Those of the contract under which it runs."""
        return self.request.agreement.overseers() if self.request is not None else {}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "attempt": self.attempt, "plan_hash": self.plan_hash}


class WorkerBeat(models.Model):
    """When a worker was last heard of, so that a page can say that none is there."""

    worker = models.CharField(max_length=120, primary_key=True)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
