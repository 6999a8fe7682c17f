"""What an organisation arranges about its people: who stands in for whom, and named groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.organisations.models.core import Organisation, OrganisationMember


class Deputyship(StatefulModel):
    """`deputy` holds the roles of `member`, in this organisation only, from `starts` until before `ends`."""

    ref_prefix = "Y"
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="deputyships")
    member = models.ForeignKey(OrganisationMember, on_delete=models.CASCADE, related_name="deputyships")
    deputy = models.ForeignKey(OrganisationMember, on_delete=models.CASCADE, related_name="stands_in")
    starts = models.DateTimeField()
    ends = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=models.F("starts")), name="deputyship_lasts"),
            models.CheckConstraint(condition=~Q(member=models.F("deputy")), name="deputy_is_another"),
        ]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return f"{self.deputy.user} for {self.member.user}"

    def get_absolute_url(self) -> str:
        return reverse("people")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.member.user_id], "deputy": [self.deputy.user_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "starts": self.starts.isoformat(), "ends": self.ends.isoformat()}

    @staticmethod
    def lasting(now: datetime | None = None, prefix: str = "") -> Q:
        """In force at this time, as a filter; `prefix` is the way to the deputyship, ending in `__`."""
        now = now or timezone.now()
        return Q(**{
            f"{prefix}state": "standing", f"{prefix}starts__lte": now, f"{prefix}ends__gt": now,
            f"{prefix}member__state": "active", f"{prefix}deputy__state": "active",
        })  # fmt: skip

    @property
    def last_day(self) -> date:
        """In the time zone of who reads it."""
        return timezone.localtime(self.ends - timedelta(seconds=1)).date()

    @property
    def lasts(self) -> bool:
        """Whether it has begun; what is over has been ended."""
        return self.state == "standing" and self.starts <= timezone.now() < self.ends


class PeopleGroup(StatefulModel):
    """A named set of people of one organisation, chosen wherever people are named. Gives no right by itself."""

    ref_prefix = "G"
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(OrganisationMember, related_name="in_groups")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], condition=Q(state="active"), name="one_group_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return f"Group {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("people")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        people = self.members.select_related("user") if self.pk and not self._state.adding else []
        return {"state": self.state, "name": self.name, "people": sorted(str(m.user) for m in people)}
