"""Mergers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.mergers.models import Merger


class MergerOut(serializers.ModelSerializer[Merger]):
    class Meta:
        model = Merger
        fields = [*BASE, "leaving", "into", "reason", "answer"]


class MergerIn(serializers.Serializer[Any]):
    into = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=2000)
