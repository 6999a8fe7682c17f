"""Delivery: a produced package that named people may fetch, and its Downloads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from contracts.negotiations.models import Agreement
from contracts.sharing.models import Request
from jobs.runs.models import Job
from kernel.models import StatefulModel
from trusts.organisations.models import Organisation, User


class Delivery(StatefulModel):
    """What left the portal: package and data by hash, receipt signed by the portal."""

    ref_prefix = "E"
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="delivery")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="deliveries")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="deliveries")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    package_name = models.CharField(max_length=200)
    package_sha256 = models.CharField(max_length=64)
    package_bytes = models.PositiveBigIntegerField()
    data_name = models.CharField(max_length=200)
    data_sha256 = models.CharField(max_length=64, db_index=True)
    data_bytes = models.PositiveBigIntegerField()
    rows = models.PositiveBigIntegerField()
    receipt = models.JSONField()
    quality = models.JSONField(default=dict)
    expires = models.DateTimeField()
    downloads_allowed = models.PositiveIntegerField(default=10)
    downloads_made = models.PositiveIntegerField(default=0)
    erased = models.DateTimeField(null=True, blank=True, help_text="When the portal deleted its own copy")
    withdrawn_told = models.DateTimeField(
        null=True, blank=True, help_text="When its receiver was last told that rows in it were withdrawn"
    )

    class Meta:
        ordering = ["-created"]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return self.ref

    def title(self) -> str:
        return f"Export {self.ref}"

    def get_absolute_url(self) -> str:
        return reverse("delivery", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.agreement_id, self.agreement.dataset_id)

    def frames(self) -> Collection[Any]:
        return (self.agreement.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"provider": [self.provider_id], "consumer": [self.consumer_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"named": [person.user_id for person in self.request.named.all()]}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "package_sha256": self.package_sha256,
            "data_sha256": self.data_sha256,
            "downloads_made": self.downloads_made,
            **({"erased": self.erased.isoformat()} if self.erased else {}),
            **({"withdrawn_told": self.withdrawn_told.isoformat()} if self.withdrawn_told else {}),
        }


class Vault(models.Model):
    """The sealed tokens of an export (see `vault.py`). The provider's; nobody else can look into it."""

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="vault")
    sha256 = models.CharField(max_length=64)
    entries = models.PositiveBigIntegerField()
    columns = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Tokens of {self.delivery}"


class Download(models.Model):
    """One fetch of a package by one named person."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="downloads")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return f"{self.user} {self.created:%F %T}"
