"""Who watches the log, and what disagreed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.witnesses.models import SplitView, Witness


class WitnessOut(serializers.ModelSerializer[Witness]):
    verifier_key = serializers.CharField(read_only=True)

    class Meta:
        model = Witness
        fields = [*BASE, "organisation", "name", "verifier_key", "withdrawn_because"]


class WitnessIn(serializers.Serializer[Any]):
    verifier_key = serializers.CharField(max_length=300)
    signature = serializers.CharField(max_length=300)
    outside = serializers.BooleanField(default=False)


class ChallengeOut(serializers.Serializer[Any]):
    line = serializers.CharField()
    outside = serializers.CharField()


class SplitViewOut(serializers.ModelSerializer[SplitView]):
    class Meta:
        model = SplitView
        fields = [*BASE, "kind", "size", "theirs", "ours", "our_root", "handed_in_by", "answer"]
