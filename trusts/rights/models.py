"""Grant: one person's right on one object, given by an organisation that is a side of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from kernel import registry
from kernel.models import StatefulModel
from trusts.organisations.models import Organisation, User
from trusts.rights.kinds import KINDS


class Grant(StatefulModel):
    """`machine` and `object_id` name the object. `permission` is the row in guardian's table that makes it work:
    written and removed in the transaction of the grant's own change (grants.py), and without it the grant is worth nothing.
    """

    ref_prefix = "G"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    kind = models.CharField(max_length=12, choices=[(k.code, k.label) for k in KINDS.values()])
    machine = models.CharField(max_length=40)
    object_id = models.UUIDField()
    object_title = models.CharField(max_length=200)
    reason = models.TextField()
    until = models.DateTimeField()
    granted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    permission = models.ForeignKey(
        "guardian.UserObjectPermission", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_because = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["until", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "kind", "object_id"],
                condition=Q(state="active"),
                name="grant_once",
            )
        ]
        indexes = [
            models.Index(fields=["user", "state"], name="grant_person"),
            models.Index(fields=["object_id", "state"], name="grant_object"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.user} on {self.object_title}"

    def title(self) -> str:
        return f"{self.label} {self.ref} on {self.object_title}"

    @property
    def label(self) -> str:
        return KINDS[self.kind].label

    def get_absolute_url(self) -> str:
        return reverse("grants")

    @cached_property
    def object(self) -> Any:
        """What it is about. One query."""
        return registry.entry(self.machine).model._default_manager.get(pk=self.object_id)

    def frames(self) -> Collection[Any]:
        return (self.object_id,) if self.machine == "trust" else ()

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"grantor": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.user_id]}

    def grounds(self) -> Collection[Any]:
        # A right is never a ground for handing on rights.
        return ()

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "kind": self.kind,
            "person": str(self.user_id),
            "object": f"{self.machine}:{self.object_id}",
            "until": self.until.isoformat(),
        }


def trust_of(subject: Any) -> Any:
    """The trust that an object, or the contract it runs under, belongs to; None if to none."""
    return getattr(subject, "trust", None) or getattr(getattr(subject, "agreement", None), "trust", None)


class Emergency(StatefulModel):
    """One opening of an object by an operator, as it concerns one organisation: a contract has two of the same `occasion`."""

    ref_prefix = "B"
    occasion = models.UUIDField(db_index=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="emergencies")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="emergencies")
    machine = models.CharField(max_length=40)
    object_id = models.UUIDField()
    object_title = models.CharField(max_length=200)
    reason = models.TextField()
    until = models.DateTimeField()
    closed = models.DateTimeField(null=True, blank=True)
    judged_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    verdict = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["user", "state"], name="emergency_operator"),
            models.Index(fields=["organisation", "state"], name="emergency_concerned"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.object_title}"

    def title(self) -> str:
        return f"Emergency opening {self.ref} of {self.object_title}"

    def get_absolute_url(self) -> str:
        return reverse("emergency", args=[self.pk])

    @cached_property
    def object(self) -> Any:
        """What was opened. One query."""
        return registry.entry(self.machine).model._default_manager.get(pk=self.object_id)

    @property
    def state_label(self) -> str:
        return registry.machine_for(self).state(self.state).label

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"concerned": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.user_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "object": f"{self.machine}:{self.object_id}",
            "operator": str(self.user_id),
            "until": self.until.isoformat(),
        }
