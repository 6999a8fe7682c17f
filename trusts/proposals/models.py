"""Proposal, the seats of those who may vote on it, and what was said about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from kernel.models import StatefulModel
from trusts.membership.models import Membership, Trust
from trusts.organisations.models import Organisation, User
from trusts.proposals.counting import ABSTAIN, AGAINST, FOR, Seat, Tally, count

KINDS = [
    ("admit", "Admit a member"), ("expel", "Expel a member"), ("charter", "Change the charter"),
    ("trustee", "Appoint a trustee"), ("wind_up", "Wind up"), ("exception", "Exception to the charter"),
]  # fmt: skip
CHOICES = [(FOR, "For it"), (AGAINST, "Against it"), (ABSTAIN, "Abstain")]


class Proposal(StatefulModel):
    """What the members are asked. How it is decided is copied from the charter when it opens, and stays."""

    ref_prefix = "B"
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, related_name="proposals")
    kind = models.CharField(max_length=10, choices=KINDS)
    given = models.JSONField(
        default=dict,
        help_text="What would be done; for a charter its text, rules, governance; for an exception which one",
    )
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="proposals")
    why = models.TextField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    proposer = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    charter = models.PositiveIntegerField(help_text="The version under which it was opened")
    quorum = models.PositiveSmallIntegerField(help_text="Percent of all votes that have to take part")
    majority = models.CharField(max_length=20)
    secret = models.BooleanField(default=False)
    delegation = models.BooleanField(default=True)
    due = models.DateTimeField()
    closed = models.DateTimeField(null=True)
    result = models.JSONField(default=dict, help_text="Counted when it closed; see counting.Tally")

    class Meta:
        indexes = [models.Index(fields=["state", "due"], name="proposals_due")]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        about = (
            str(self.member.organisation) if self.member_id and self.member else self.given.get("about", "")
        )
        return f"{self.get_kind_display()}: {about}" if about else self.get_kind_display()

    def get_absolute_url(self) -> str:
        return reverse("proposal", args=[self.pk])

    def concerned_ids(self) -> list[str]:
        """The organisations whose own affair it is: the member it is about, the parties of a contract. They do not vote."""
        about = [str(self.member.organisation_id)] if self.member_id and self.member else []
        return [*about, *self.given.get("concerned", [])]

    def frames(self) -> Collection[Any]:
        return (self.trust_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        """An applicant does not see what members say of it; a member whose place is at stake does."""
        standing = self.trust.parties()["member"]
        if not hasattr(self, "_voters"):
            new = self._state.adding
            self._voters = list(
                self.trust.voters() if new else [seat.organisation_id for seat in self.seats.all()]
            )
        concerned = [self.member.organisation_id] if self.member and self.kind != "admit" else []
        return {"voter": self._voters, "member": standing, "concerned": concerned,
                "author": [self.proposer_id] if self.proposer_id else []}  # fmt: skip

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "kind": self.kind, "due": self.due.isoformat(), "charter": self.charter}

    def tally(self) -> Tally:
        """The votes as they stand, of those who are active members now."""
        return count(self.counted())

    def counted(self) -> list[Seat]:
        active = set(self.trust.parties()["member"])
        return [
            Seat(seat.organisation_id, seat.weight, seat.choice, seat.delegate_id,
                 not seat.barred and seat.organisation_id in active)
            for seat in self.seats.all()
        ]  # fmt: skip


class VotingSeat(models.Model):
    """A member's place in one vote, set when it opened. In a secret ballot its choice is erased when it closes."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="seats")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveIntegerField()
    barred = models.CharField(max_length=10, blank=True, default="")
    barred_because = models.TextField(blank=True, default="")
    delegate = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    choice = models.CharField(max_length=10, blank=True, default="", choices=[("", "Not yet"), *CHOICES])
    code = models.CharField(
        max_length=32, blank=True, default="", help_text="Of a secret ballot: known to the voter"
    )
    reason = models.TextField(blank=True, default="")
    voted = models.DateTimeField(null=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["organisation__name"]
        constraints = [models.UniqueConstraint(fields=["proposal", "organisation"], name="one_seat_each")]

    def __str__(self) -> str:
        return f"{self.organisation_id} in {self.proposal_id}"


class Comment(models.Model):
    """What a member says about a proposal, to all members."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="comments")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created"]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.text[:40]}"
