"""Trace: a file that turned up somewhere, compared with the exports of one dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse

from jobs.runs.models import Job
from kernel.models import StatefulModel
from trusts.datasets.models import Dataset
from trusts.organisations.models import Organisation, User


class Trace(StatefulModel):
    """`sha256` is the file's, which is kept as evidence; `result` is what `search.trace` says. The holder's alone."""

    ref_prefix = "K"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="traces")
    job = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="trace")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.ref

    def title(self) -> str:
        return f"Trace {self.ref}"

    def get_absolute_url(self) -> str:
        return reverse("trace", args=[self.pk])

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "sha256": self.sha256}
