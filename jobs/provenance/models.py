"""What a version was made from, and which rows were withdrawn."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from jobs.deliveries.models import Delivery
from kernel.iris import iri
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.organisations.models import User


class Origin(models.Model):
    """Stated by its holder: this version was made from an export that it received."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="origins")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="derived")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "delivery"], name="origin_once")]

    def __str__(self) -> str:
        return f"{self.version} from {self.delivery}"


class Withdrawal(models.Model):
    """Rows that may no longer be used: those with one of some values in one column.

    The values are as a rule what identifies a person, so they are sealed; a worker opens them to count.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="withdrawals")
    column = models.CharField(max_length=200)
    sealed = models.TextField(help_text="The values as a JSON list, encrypted")
    values_count = models.PositiveIntegerField()
    reason = models.TextField()
    stated_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.values_count} values of {self.column}"

    @property
    def iri(self) -> str:
        return iri(self.pk)


class WithdrawnRows(models.Model):
    """How many of a version's rows a withdrawal is about, as a worker counted them."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.CASCADE, related_name="found")
    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="withdrawn")
    rows = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["withdrawal", "version"], name="withdrawn_once")]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.version}"


class Told(models.Model):
    """The receiver of an export was told that a withdrawal is about rows in it: once for each of both."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.CASCADE, related_name="told")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="told")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["withdrawal", "delivery"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.delivery} of {self.withdrawal}"
