"""Trial: a plan tried on a sample of one version, for a request or with a recipe on one's own data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse

from contracts.library.models import RecipeVersion
from contracts.sharing.models import Request
from jobs.runs.models import Job
from kernel.models import StatefulModel
from trusts.datasets.models import DatasetVersion
from trusts.organisations.models import Organisation, User


class Trial(StatefulModel):
    """`result` holds counts, `rows` the before and after of some rows, which only the data's holder sees."""

    ref_prefix = "Y"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, null=True, blank=True, related_name="trials"
    )
    recipe = models.ForeignKey(
        RecipeVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="trials"
    )
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="trials")
    job = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="trial")
    plan = models.JSONField(default=dict)
    plan_hash = models.CharField(max_length=64)
    result = models.JSONField(default=dict)
    rows = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.ref

    def title(self) -> str:
        return f"Dry run {self.ref}"

    def get_absolute_url(self) -> str:
        return reverse("trial", args=[self.pk])

    def parties(self) -> Mapping[str, Collection[Any]]:
        # As with the request: what is tried with a draft is the asker's own affair.
        sides: dict[str, Collection[Any]] = {"asker": [self.organisation_id]}
        if self.request is not None and self.request.reached_provider:
            sides["provider"], sides["consumer"] = [self.request.provider_id], [self.request.consumer_id]
        return sides

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "plan_hash": self.plan_hash}
