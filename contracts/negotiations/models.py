"""Offer, Negotiation with its Proposals and thread, Agreement, Duty. What rounds add is in `round_models`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse
from django.utils import timezone

from contracts.negotiations.round_models import (  # noqa: F401 (models are found here)
    AnswerRule,
    Participant,
    PrivateNote,
    RuleAnswer,
)
from kernel import jws
from kernel.models import StatefulModel
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership.models import Trust
from trusts.organisations.models import Organisation, User


class Offer(StatefulModel):
    """Terms that a provider holds out for a dataset. Text never changes; new terms, new offer."""

    ref_prefix = "F"
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="offers")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()
    odrl = models.JSONField()
    policy_hash = models.CharField(max_length=64)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.ref} for {self.dataset}"

    def title(self) -> str:
        return f"Offer {self.ref} for {self.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("offer", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.dataset_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"provider": [self.provider_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "policy_hash": self.policy_hash}


KINDS = [
    ("new", "New contract"),
    ("amendment", "Change of a contract in force"),
    ("renewal", "Renewal of a contract"),
]


class Negotiation(StatefulModel):
    """Turns towards an agreement of one provider with one consumer, or with several (`seats`), on one dataset."""

    ref_prefix = "N"
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="negotiations")
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.SET_NULL, null=True, blank=True)
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    due = models.DateTimeField(null=True, blank=True, help_text="Reply by; afterwards it lapses")
    rounds = models.PositiveIntegerField(default=0)
    apart = models.PositiveIntegerField(default=0, help_text="Terms in which the last two proposals differ")
    ended_because = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10, choices=KINDS, default="new")
    replaces = models.ForeignKey(
        "negotiations.Agreement", on_delete=models.PROTECT, null=True, blank=True, related_name="successions"
    )
    seats = models.PositiveSmallIntegerField(default=1, help_text="How many consumers the contract binds")
    reminded = models.PositiveSmallIntegerField(
        default=0, help_text="Days before the end of the last reminder"
    )

    class Meta:
        ordering = ["-changed"]
        indexes = [
            models.Index(fields=["provider", "state"], name="negotiation_provider"),
            models.Index(fields=["consumer", "state"], name="negotiation_consumer"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.dataset}"

    def title(self) -> str:
        return f"Negotiation {self.ref} on {self.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("negotiation", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.dataset_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"provider": [self.provider_id], "consumer": self.consumer_ids()}

    def consumer_ids(self) -> list[Any]:
        """Every consumer's id; a query only if there are several and they were not fetched along."""
        if self.seats < 2:
            return [self.consumer_id]
        return [one.organisation_id for one in self.participants.all()] or [self.consumer_id]

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"author": [self.opened_by_id]}

    @property
    def turn(self) -> str:
        """The side that moves next, or empty when it is over."""
        return {"requested": "provider", "offered": "consumer"}.get(self.state, "")

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "round": self.rounds,
            "due": self.due.isoformat() if self.due else None,
        }


class Companion(models.Model):
    """A further dataset of the same provider under the same terms, by its exact version.

    `alias` is what recipes call it when they join it. A row never changes; a later turn may choose another set.
    """

    negotiation = models.ForeignKey(Negotiation, on_delete=models.CASCADE, related_name="companions")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    alias = models.CharField(max_length=40)

    class Meta:
        ordering = ["alias"]
        constraints = [
            models.UniqueConstraint(fields=["negotiation", "alias"], name="companion_alias_once"),
            models.UniqueConstraint(fields=["negotiation", "dataset"], name="companion_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alias}: {self.version_of_data}"


class Proposal(models.Model):
    """One turn: a complete policy put forward by one side. Never changed."""

    negotiation = models.ForeignKey(Negotiation, on_delete=models.CASCADE, related_name="proposals")
    number = models.PositiveIntegerField()
    side = models.CharField(max_length=10)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    terms = models.JSONField()
    odrl = models.JSONField()
    policy_hash = models.CharField(max_length=64)
    note = models.TextField(blank=True, default="")
    also = models.JSONField(
        null=True, help_text="The further datasets of this turn: alias, id, title, version"
    )
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["negotiation", "number"], name="turn_once")]

    def __str__(self) -> str:
        return f"Offer {self.number}"


class Message(models.Model):
    """A remark in the thread, about the whole or about one term."""

    negotiation = models.ForeignKey(Negotiation, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=40, blank=True, default="")
    text = models.TextField()
    said_by = models.CharField(
        max_length=150, blank=True, default="", help_text="The rule that speaks, if no person"
    )
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class Agreement(StatefulModel):
    """The signed, immutable result. It names the exact bytes: a version by its hash.

    A negotiation with several consumers ends in one for each, with the same terms.
    """

    ref_prefix = "C"
    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="agreements")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="agreements")
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()
    odrl = models.JSONField()
    policy_hash = models.CharField(max_length=64)
    payload = models.JSONField(help_text="What all signatures cover")
    jws = models.JSONField(help_text="JWS general JSON serialisation, one signature for each party")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    exports_used = models.PositiveIntegerField(default=0)
    sealed_key = models.TextField(
        help_text="Pseudonym key of this agreement, encrypted; empty once destroyed"
    )
    ended_because = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it ran out or was ended early")
    held_by = models.CharField(
        max_length=12,
        blank=True,
        default="",
        help_text="Who suspended it: provider, trust, late or membership",
    )
    keys_destroyed = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["provider", "state"], name="agreement_provider"),
            models.Index(fields=["consumer", "state"], name="agreement_consumer"),
        ]
        constraints = [models.UniqueConstraint(fields=["negotiation", "consumer"], name="one_agreement_each")]

    def __str__(self) -> str:
        return f"{self.ref} {self.dataset}"

    def title(self) -> str:
        return f"Contract {self.ref} on {self.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("contract", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.pk, self.dataset_id)

    def frames(self) -> Collection[Any]:
        return (self.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        found: dict[str, list[Any]] = {"provider": [self.provider_id], "consumer": [self.consumer_id]}
        for party in self.payload.get("signers", []):
            one = UUID(party["id"].removeprefix("urn:uuid:"))
            if one not in found.setdefault(party["side"], []):
                found[party["side"]].append(one)
        return {**found, "signer": self.unsigned()} if self.state == "signing" else found

    def overseers(self) -> Mapping[str, Collection[Any]]:
        """The trustees of the trust that it runs under. Two queries."""
        return {"trustee": self.trust.overseers_of_contracts()} if self.trust_id else {}

    def unsigned(self) -> list[UUID]:
        """The organisations that sign with a key of their own and have not done so yet."""
        signed = set()
        for one in self.jws.get("signatures", []):
            signed.add(one.get("header", {}).get("for") or jws.read_header(one["protected"]).get("party"))
        return [
            UUID(p["id"].removeprefix("urn:uuid:"))
            for p in self.payload.get("signers", [])
            if p["key_held_by"] == "own" and p["id"] not in signed
        ]

    @property
    def due(self) -> datetime | None:
        """Until when all must have signed, while that is awaited."""
        return self.negotiation.due if self.state == "signing" else None

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "policy_hash": self.policy_hash, "exports_used": self.exports_used}

    @property
    def also(self) -> list[dict[str, Any]]:
        """The further datasets as they were signed: alias, id, title, version, both hashes."""
        return list(self.payload.get("also", []))


class Duty(StatefulModel):
    """Something a party must do, by a date or before something else; such as deleting its copies.

    `due` is None for what must come before the first export. `reminded`: days before the due date for which a
    reminder went out. `told_trust`: the trust's trustees were told that it is late, and may see it since.
    """

    ref_prefix = "U"
    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="duties")
    clause = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    due = models.DateTimeField(null=True, blank=True)
    statement = models.TextField(blank=True, default="")
    question = models.TextField(blank=True, default="")
    declared = models.DateTimeField(null=True, blank=True)
    reminded = models.JSONField(default=list)
    told_trust = models.BooleanField(default=False)
    seen_by_trust = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due", "created"]

    def __str__(self) -> str:
        return self.text

    def title(self) -> str:
        return f"Duty {self.ref}: {self.text}"

    def get_absolute_url(self) -> str:
        return reverse("duty", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.agreement_id, self.agreement.dataset_id)

    def frames(self) -> Collection[Any]:
        return (self.agreement.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        sides: dict[str, Collection[Any]] = dict(self.agreement.parties())
        if self.told_trust and self.agreement.trust is not None:
            sides["trustee"] = self.agreement.trust.trustees()
        return sides

    def audit_fields(self) -> dict[str, Any]:
        due = self.due.isoformat() if self.due else None
        return {"state": self.state, "due": due, "statement": self.statement, "question": self.question}


# The counters' ledger and what proves a duty: models of this app, in a file of their own.
from contracts.negotiations.ledger_models import Evidence, Use  # noqa: E402

__all__ = ["Agreement", "Companion", "Duty", "Evidence", "Message", "Negotiation", "Offer", "Proposal", "Use"]
