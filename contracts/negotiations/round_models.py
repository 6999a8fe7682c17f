"""What rounds need beside the turns: the parties of a joint contract, private notes, answers by rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.organisations.models import Organisation, User

ANSWERS = [("open", "Has not answered"), ("accepted", "Accepted"), ("refused", "Refused")]


class Participant(models.Model):
    """One consumer of a contract with several, and whether it accepts the newest terms.

    A contract between two has none of these: there the negotiation's own state says everything.
    """

    negotiation = models.ForeignKey(
        "negotiations.Negotiation", on_delete=models.CASCADE, related_name="participants"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=ANSWERS, default="open")
    accepted_by = models.CharField(max_length=150, blank=True, default="", help_text="The person's name")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["negotiation", "organisation"], name="participant_once")
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.answer}"


class PrivateNote(StatefulModel):
    """A note on a negotiation for one's own organisation. No other side ever learns that it exists."""

    ref_prefix = "P"
    negotiation = models.ForeignKey("negotiations.Negotiation", on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return self.text[:60]

    def title(self) -> str:
        return f"Private note {self.ref}"

    def get_absolute_url(self) -> str:
        return f"{reverse('negotiation', args=[self.negotiation_id])}#notes"

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"author": [self.author_id]}


class AnswerRule(StatefulModel):
    """What a provider lets the portal answer by itself on one offer.

    `refuses` maps a test (see `contracts.negotiations.answer_rules.TESTS`) to its limit.
    """

    ref_prefix = "L"
    offer = models.ForeignKey("negotiations.Offer", on_delete=models.CASCADE, related_name="rules")
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    accepts = models.BooleanField(default=True, help_text="Accept what is not wider than the standing offer")
    refuses = models.JSONField(default=dict)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer"], condition=models.Q(state__in=["on", "off"]), name="one_rule_per_offer"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return f"Rule “{self.name}”"

    def get_absolute_url(self) -> str:
        return reverse("offer", args=[self.offer_id])

    def grounds(self) -> Collection[Any]:
        return (self.offer.dataset_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"provider": [self.provider_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "accepts": self.accepts, "refuses": self.refuses}


class RuleAnswer(models.Model):
    """What a rule made of one turn: at most one for each, so nothing is ever answered twice."""

    proposal = models.OneToOneField(
        "negotiations.Proposal", on_delete=models.CASCADE, related_name="rule_answer"
    )
    rule = models.ForeignKey(AnswerRule, on_delete=models.PROTECT, related_name="answers")
    outcome = models.CharField(max_length=10, help_text="accept, reject or person")
    because = models.JSONField(default=list, help_text="Sentences")
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.rule}: {self.outcome}"
