"""An exception from a trust's charter: for these terms of this dataset, asked for and decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.datasets.models import Dataset
from trusts.membership.models import Trust
from trusts.organisations.models import Organisation, User
from trusts.proposals.models import Proposal


class Exemption(StatefulModel):
    """It holds for exactly these terms, by their hash; other terms need another one."""

    ref_prefix = "E"
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, related_name="exemptions")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="exemptions")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    terms = models.JSONField()
    terms_hash = models.CharField(max_length=64, db_index=True)
    charter = models.PositiveIntegerField(help_text="The version of the charter that it is an exception from")
    excesses = models.JSONField(help_text="Clause, what the charter says, what the terms say, what it takes")
    takes_trustee = models.BooleanField(default=False)
    takes_second = models.BooleanField(default=False)
    takes_vote = models.BooleanField(default=False)
    why = models.TextField()
    second = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    trustee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # Where it takes the members: who else is concerned, the vote, and whether they were for it.
    partners = models.ManyToManyField(Organisation, related_name="+")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, related_name="exemptions")
    members_agreed = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.ref} {self.dataset}"

    def title(self) -> str:
        return f"Exception {self.ref} for {self.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("exemption", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.dataset_id,)

    def frames(self) -> Collection[Any]:
        return (self.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        # Trustees and members learn of it only if it takes them.
        return {
            "provider": [self.provider_id],
            "trustee": self.trust.trustees() if self.takes_trustee else [],
            "voter": self.voters() if self.takes_vote else [],
        }

    def voters(self) -> list[Any]:
        """The active members but for the provider, who reads of it anyway."""
        members = {one for found in self.trust.standing().values() for one in found}
        return sorted(members - {self.provider_id}, key=str)

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"author": [self.author_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "terms_hash": self.terms_hash, "charter": self.charter}


class Vote(models.Model):
    """One member's vote from when exceptions had votes of their own. Read only: since then the members vote on a proposal."""

    exemption = models.ForeignKey(Exemption, on_delete=models.CASCADE, related_name="votes")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    agrees = models.BooleanField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exemption", "organisation"], name="exemption_vote_once")
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {'for' if self.agrees else 'against'}"
