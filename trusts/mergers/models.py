"""Merger: one organisation goes over into another. Both consent; what was signed stays as it was signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse

from kernel.models import StatefulModel
from trusts.organisations.models import Organisation, User


class Merger(StatefulModel):
    """`leaving` goes over into `into`, if an owner there agrees."""

    ref_prefix = "G"
    leaving = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mergers_out")
    into = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mergers_in")
    reason = models.TextField()
    answer = models.TextField(blank=True, default="")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.UniqueConstraint(
                fields=["leaving"], condition=models.Q(state__in=["proposed", "done"]), name="one_merger_out"
            )
        ]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return f"Merger of {self.leaving} into {self.into}"

    def get_absolute_url(self) -> str:
        return reverse("merger", args=[self.pk])

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"leaving": [self.leaving_id], "into": [self.into_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "leaving": str(self.leaving_id), "into": str(self.into_id)}
