"""Proposals, as members read them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.proposals.effects import EFFECTS
from trusts.proposals.models import Proposal, VotingSeat


class SeatOut(serializers.ModelSerializer[VotingSeat]):
    """Who votes with how many votes. `choice` is empty in a secret ballot, and until the member has voted."""

    organisation_name = serializers.CharField(source="organisation.name", read_only=True)
    choice = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = VotingSeat
        fields = [
            "organisation",
            "organisation_name",
            "weight",
            "barred",
            "delegate",
            "voted",
            "choice",
            "reason",
        ]

    def get_choice(self, seat: VotingSeat) -> str:
        return "" if self.context.get("secret") else seat.choice

    def get_reason(self, seat: VotingSeat) -> str:
        return "" if self.context.get("secret") else seat.reason


class TrustProposalOut(serializers.ModelSerializer[Proposal]):
    seats = serializers.SerializerMethodField()

    class Meta:
        model = Proposal
        fields = [
            *BASE, "trust", "kind", "given", "member", "why", "proposer", "charter", "quorum", "majority", "secret",
            "delegation", "due", "closed", "result", "seats",
        ]  # fmt: skip

    def get_seats(self, proposal: Proposal) -> list[dict[str, Any]]:
        found = SeatOut(proposal.seats.all(), many=True, context={"secret": proposal.secret}).data
        return [dict(one) for one in found]


class TrustProposalIn(serializers.Serializer[Any]):
    trust = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(EFFECTS))
    why = serializers.CharField(min_length=10, max_length=4000)
    given = serializers.DictField(required=False, default=dict)
    member = serializers.UUIDField(required=False, default=None, allow_null=True)
