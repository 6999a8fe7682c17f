"""Request: a consumer's wish to receive something specific under an agreement; and its reviews."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse
from django.utils import timezone

from contracts.negotiations.models import Agreement
from kernel.models import StatefulModel
from trusts.datasets.models import DatasetVersion
from trusts.organisations.models import Organisation, User

FORMATS = [("csv", "CSV"), ("parquet", "Parquet"), ("jsonl", "JSON Lines"), ("xlsx", "Excel (XLSX)")]


class Request(StatefulModel):
    """Purpose, people, columns, rows, recipe, format; frozen into a plan when submitted."""

    ref_prefix = "R"
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="requests")
    version_of_data = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    purpose = models.CharField(max_length=60, blank=True, default="")
    purpose_note = models.TextField(blank=True, default="")
    place = models.CharField(max_length=10, blank=True, default="")
    columns = models.JSONField(default=list)
    row_filter = models.JSONField(default=list)
    recipe = models.JSONField(default=list)
    format = models.CharField(max_length=10, choices=FORMATS, default="csv")
    plan = models.JSONField(default=dict)
    plan_hash = models.CharField(max_length=64, blank=True, default="")
    advice = models.JSONField(default=dict)
    stated = models.JSONField(
        default=dict, help_text="By left operand what a reviewer vouched for: {IRI: {value, by, why, on}}"
    )
    previous = models.JSONField(default=dict, help_text="The answers as last reviewed")
    workflow = models.JSONField(
        default=dict,
        help_text="How it is reviewed, frozen when submitted: sensitivity, stages, checklist, shortened",
    )
    trustees = models.ManyToManyField(
        Organisation, related_name="+", blank=True, help_text="Asked in a stage of the trust"
    )
    due = models.DateTimeField(null=True, blank=True)
    decided = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-changed"]
        indexes = [
            models.Index(fields=["provider", "state"], name="request_provider"),
            models.Index(fields=["consumer", "state"], name="request_consumer"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.agreement.dataset}"

    def title(self) -> str:
        return f"Request {self.ref} for {self.agreement.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("request", args=[self.pk])

    def grounds(self) -> Collection[Any]:
        return (self.pk, self.agreement_id, self.agreement.dataset_id)

    def frames(self) -> Collection[Any]:
        # A draft is the asker's own affair.
        return (self.agreement.trust_id,) if self.reached_provider else ()

    def parties(self) -> Mapping[str, Collection[Any]]:
        # A draft is the asker's own affair, also when it is withdrawn: the provider learns of it when it is
        # submitted, and that gives it a plan.
        sides: dict[str, Collection[Any]] = {"consumer": [self.consumer_id]}
        if self.reached_provider:
            sides["provider"] = [self.provider_id]
            # In the frozen workflow as text, so that nobody has to ask the database who someone is.
            if trustees := self.workflow.get("trustees"):
                sides["trustee"] = [UUID(one) for one in trustees]
        return sides

    @property
    def reached_provider(self) -> bool:
        return self.state not in {"", "draft"} and bool(self.plan_hash)

    def people(self) -> Mapping[str, Collection[Any]]:
        found: dict[str, Collection[Any]] = {"author": [self.author_id]}
        # Whoever answers in somebody's place may hold no role here; in which stage, the rules say.
        steps = self.workflow.get("stages", ()) if self.state == "submitted" else ()
        if named := [UUID(one["person"]) for stage in steps for one in stage.get("instead", ())]:
            found["substitute"] = named
        return found

    def answers(self) -> dict[str, Any]:
        """What the asker answered, for comparison after a return."""
        names = ("purpose", "purpose_note", "place", "columns", "row_filter", "recipe", "format")
        people = sorted(str(person.user_id) for person in self.named.all()) if self.pk else []
        return {name: getattr(self, name) for name in names} | {"people": people}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "plan_hash": self.plan_hash,
            "purpose": self.purpose,
            "format": self.format,
        }


class NamedPerson(models.Model):
    """A person of the consumer who may fetch the export."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="named")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="named_once")]

    def __str__(self) -> str:
        return str(self.user)


class Review(models.Model):
    """One reviewer's answer: approve, return or refuse, with the reason and the advice they saw."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    verdict = models.CharField(max_length=10)
    reason = models.TextField(blank=True, default="")
    checklist = models.JSONField(default=list)
    advice = models.JSONField(default=dict)
    robot = models.CharField(
        max_length=200, blank=True, default="", help_text="The robot that answered, if none of the people"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    stage = models.PositiveSmallIntegerField(default=0)
    counts = models.BooleanField(default=True, help_text="False for a review of answers that changed since")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.said_by}"

    @property
    def said_by(self) -> str:
        return self.robot or str(self.reviewer or "somebody who has left")


class Remark(models.Model):
    """A question or answer in the request's thread, seen by both sides."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="remarks")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return self.text[:60]
