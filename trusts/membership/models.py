"""Trust (or alliance, or room), its Charter in versions, and each organisation's Membership."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.membership.governance import Governance
from trusts.organisations.models import Organisation, User

KINDS = [("trust", "Data trust"), ("alliance", "Data alliance"), ("room", "Bilateral room")]
ROLES = [
    ("trustee", "Trustee: decides who joins"),
    ("provider", "Provider: offers data"),
    ("consumer", "Consumer: asks for data"),
    ("observer", "Observer: reads the catalogue"),
]
STANDING = ("invited", "applied", "active", "suspended")


class Trust(StatefulModel):
    """Organisations that share data under one charter. The kind is data, not a branch in code."""

    ref_prefix = "T"
    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=KINDS, default="trust")
    purpose = models.TextField()
    founder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="founded")
    open_to_apply = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("trust", args=[self.slug])

    def standing(self) -> dict[str, list[Any]]:
        """Active memberships by role, read once per instance: role → organisation ids."""
        if not hasattr(self, "_standing"):
            rows = self.memberships.filter(state="active").values_list("role", "organisation_id")
            known: dict[str, list[Any]] = {}
            for role, organisation in rows:
                known.setdefault(role, []).append(organisation)
            self._standing = known
        return self._standing

    def governance(self) -> Governance:
        """What the newest charter says on how the trust governs itself, read once per instance."""
        if not hasattr(self, "_governance"):
            newest = self.charters.order_by("-number").values_list("governance", flat=True).first()
            self._governance = Governance.of(self.kind, newest)
        return self._governance

    def trustees(self) -> list[Any]:
        """The active members that run it: those in the roles that the charter names."""
        governing = self.governance()["governed_by"]
        return [
            organisation
            for role, found in self.standing().items()
            if role in governing
            for organisation in found
        ]

    def overseers_of_contracts(self) -> list[Any]:
        """Who may stop what runs in it: those in the role of a trustee, where they run it. Peers do not stop peers."""
        return self.standing().get("trustee", []) if "trustee" in self.governance()["governed_by"] else []

    def voters(self) -> dict[Any, int]:
        """The active members that vote, each with its votes."""
        governance = self.governance()
        weights = {role: governance.weight(role) for role in self.standing()}
        return {pk: weights[role] for role, found in self.standing().items() for pk in found if weights[role]}

    def frames(self) -> Collection[Any]:
        return (self.pk,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        everyone = [organisation for found in self.standing().values() for organisation in found]
        # While it is being founded there is no membership yet; the founder is its trustee.
        return {"trustee": self.trustees() or [self.founder_id], "member": everyone or [self.founder_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "name": self.name, "kind": self.kind, "purpose": self.purpose}


class Charter(models.Model):
    """One version of a trust's rules: in words, and as data that the portal holds contracts to. Never changed."""

    trust = models.ForeignKey(Trust, on_delete=models.CASCADE, related_name="charters")
    number = models.PositiveIntegerField()
    text = models.TextField()
    rules = models.JSONField(
        default=dict, help_text="Limits for all contracts; see contracts.policies.charter"
    )
    governance = models.JSONField(
        default=dict, help_text="How the trust governs itself, over the usual of its kind; see governance.py"
    )
    created = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["trust", "number"], name="charter_number_once")]

    def __str__(self) -> str:
        return f"Charter {self.number}"


class Membership(StatefulModel):
    """An organisation's place in a trust."""

    ref_prefix = "M"
    trust = models.ForeignKey(Trust, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=ROLES, default="consumer")
    also = models.JSONField(default=list, help_text="Further roles; who governs and votes goes by the first")
    message = models.TextField(blank=True, default="")
    since = models.DateTimeField(null=True, blank=True)
    security_level = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 to 5, attested by a trustee; empty: not attested"
    )
    level_on = models.DateField(null=True, blank=True)
    level_note = models.TextField(blank=True, default="")
    level_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    # What it handed in, what the trust looked at, and what it asked for; see joining.py and parting.py.
    evidence = models.JSONField(default=list, help_text="[{code, label, text, sha256, name, size, by, on}]")
    checks = models.JSONField(default=dict, help_text="{code: {ok, note, by, on}}")
    conditions = models.JSONField(default=list, help_text="[{text, due, outcome, by, on, note}]")
    probation_until = models.DateField(null=True, blank=True)
    # And, once it came to nothing: closed, closed_by, closed_because.
    hearing = models.JSONField(default=dict, help_text="{grounds, until, by, reply, replied, reply_by}")
    role_asked = models.JSONField(default=dict, help_text="{role, reason, on}, until it is answered")
    leaves_on = models.DateTimeField(null=True, blank=True, help_text="When its notice has run")
    leaving_because = models.TextField(blank=True, default="")
    quiet_told = models.DateTimeField(
        null=True, blank=True, help_text="When the trust was told of its silence"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trust", "organisation"],
                condition=Q(state__in=STANDING),
                name="one_standing_membership",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation} in {self.trust}"

    def title(self) -> str:
        return str(self)

    def get_absolute_url(self) -> str:
        return reverse("membership", args=[self.pk])

    def frames(self) -> Collection[Any]:
        return (self.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"candidate": [self.organisation_id], "trustee": self.trust.trustees()}

    def audit_fields(self) -> dict[str, Any]:
        level: dict[str, Any] = {"security_level": self.security_level} if self.security_level else {}
        dates = {
            "probation_until": self.probation_until.isoformat() if self.probation_until else None,
            "leaves_on": self.leaves_on.isoformat() if self.leaves_on else None,
        }
        level |= {"also": self.also} if self.also else {}
        return {"state": self.state, "role": self.role, **level, **{k: v for k, v in dates.items() if v}}

    @property
    def roles(self) -> frozenset[str]:
        return frozenset({self.role, *self.also})

    def said_roles(self) -> str:
        """All its roles with what they mean, for people."""
        labels = dict(ROLES)
        return "; ".join(labels[role] for role in (self.role, *self.also))

    def open_conditions(self) -> list[dict[str, Any]]:
        """Those that are neither met nor waived, with their place in the list."""
        return [{**one, "number": n} for n, one in enumerate(self.conditions) if not one.get("outcome")]
