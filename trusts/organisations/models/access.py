"""Who may come in: claimed e-mail domains, people who ask to join, and the periodic review of who still needs access."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from kernel.models import StatefulModel
from trusts.organisations.models.core import Organisation, User


class OfOrganisation(StatefulModel):
    """A row that belongs to one organisation and is shown on its page of access."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="%(class)ss")

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        return reverse("access")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}


class Domain(OfOrganisation):
    """An e-mail domain that an organisation says is its own; counts once the operator has confirmed it."""

    ref_prefix = "M"
    name = models.CharField(max_length=253)
    proof = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(state="confirmed"), name="one_holder_of_a_domain"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return f"Domain {self.name}"

    @property
    def record(self) -> str:
        """What the domain's DNS must say in a TXT record, so that the operator can believe the claim."""
        return f"commonhold-verification={self.proof}"

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "name": self.name}


class JoinRequest(OfOrganisation):
    """A person with a verified address in the organisation's domain who asks to belong to it."""

    ref_prefix = "W"
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="join_requests")
    message = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"], condition=Q(state="asked"), name="asks_to_join_once"
            )
        ]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return f"{self.user} asks to join"

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.user_id]}


class AccessReview(OfOrganisation):
    """A list of an organisation's people as they were when it began, to be answered for each: keep or remove.

    `people_then` is a list, longest away first, of `member`, `name`, `roles`, `last_access` (ISO 8601 or empty), `idle`.
    """

    ref_prefix = "V"
    idle_days = models.PositiveSmallIntegerField(default=90)
    people_then = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return f"Review of access, {self.created:%d %B %Y}"

    @property
    def idle(self) -> list[dict[str, Any]]:
        """Those who had not used it for `idle_days`."""
        return [one for one in self.people_then if one["idle"]]
