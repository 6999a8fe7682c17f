"""Offers, negotiations, contracts and duties."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from contracts.negotiations.ledger import what_is_counted
from contracts.negotiations.models import Agreement, Duty, Evidence, Negotiation, Offer, Proposal
from contracts.negotiations.round_models import Participant
from portal.api.serializers.base import BASE


class OfferOut(serializers.ModelSerializer[Offer]):
    class Meta:
        model = Offer
        fields = [*BASE, "dataset", "provider", "terms", "odrl", "policy_hash"]


class OfferIn(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    trust = serializers.UUIDField()
    terms = serializers.DictField()


class ProposalOut(serializers.ModelSerializer[Proposal]):
    class Meta:
        model = Proposal
        fields = ["number", "side", "terms", "odrl", "policy_hash", "note", "also", "created"]


class PartyOut(serializers.ModelSerializer[Participant]):
    class Meta:
        model = Participant
        fields = ["organisation", "answer", "accepted_by", "accepted_at"]


class NegotiationOut(serializers.ModelSerializer[Negotiation]):
    proposals = ProposalOut(many=True, read_only=True)
    turn = serializers.CharField(read_only=True)
    parties = PartyOut(
        many=True, read_only=True, source="participants", help_text="Of a joint contract: who accepts"
    )

    class Meta:
        model = Negotiation
        fields = [
            *BASE,
            "dataset",
            "provider",
            "consumer",
            "trust",
            "due",
            "rounds",
            "apart",
            "turn",
            "ended_because",
            "kind",
            "replaces",
            "parties",
            "proposals",
        ]


class NegotiationIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    dataset = serializers.UUIDField()
    terms = serializers.DictField()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    also = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        help_text="Further datasets of the same provider",
    )
    reply_days = serializers.IntegerField(
        required=False, min_value=1, max_value=90, help_text="Days to answer; 14 if left out"
    )


class SuccessionIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=["amendment", "renewal"])
    terms = serializers.DictField()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    newest = serializers.BooleanField(
        required=False, default=False, help_text="A renewal on the newest version"
    )
    reply_days = serializers.IntegerField(
        required=False, min_value=1, max_value=90, help_text="Days to answer; 14 if left out"
    )


class AgreementOut(serializers.ModelSerializer[Agreement]):
    counters = serializers.SerializerMethodField()

    class Meta:
        model = Agreement
        fields = [*BASE, "negotiation", "dataset", "version_of_data", "trust", "provider", "consumer", "terms", "odrl", "policy_hash",
                  "payload", "jws", "starts", "ends", "exports_used", "counters", "ended_because"]  # fmt: skip

    def get_counters(self, agreement: Agreement) -> dict[str, Any]:
        """Counter → used, reserved, most and left (null without a limit)."""
        return what_is_counted(agreement)


class EvidenceOut(serializers.ModelSerializer[Evidence]):
    class Meta:
        model = Evidence
        fields = ["sha256", "size", "name", "kind", "created"]


class DutyOut(serializers.ModelSerializer[Duty]):
    evidence = EvidenceOut(many=True, read_only=True)

    class Meta:
        model = Duty
        fields = [
            *BASE,
            "agreement",
            "clause",
            "text",
            "due",
            "statement",
            "question",
            "declared",
            "evidence",
        ]
