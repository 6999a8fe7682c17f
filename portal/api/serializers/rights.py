"""Rights on single objects."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.rights.kinds import KINDS
from trusts.rights.models import Emergency, Grant


class GrantOut(serializers.ModelSerializer[Grant]):
    person = serializers.CharField(source="user.get_full_name", read_only=True)

    class Meta:
        model = Grant
        fields = [*BASE, "organisation", "user", "person", "kind", "machine", "object_id", "object_title", "reason", "until", "ended_because"]  # fmt: skip


class EmergencyOut(serializers.ModelSerializer[Emergency]):
    operator = serializers.CharField(source="user.get_full_name", read_only=True)

    class Meta:
        model = Emergency
        fields = [*BASE, "occasion", "organisation", "operator", "machine", "object_id", "object_title", "reason", "until", "closed", "verdict"]  # fmt: skip


class GrantIn(serializers.Serializer[Any]):
    machine = serializers.ChoiceField(choices=sorted({m for kind in KINDS.values() for m in kind.on}))
    object = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    person = serializers.EmailField(help_text="The address with which the person signs in")
    until = serializers.DateField(help_text="The last day, in UTC; at most 366 days from now")
    reason = serializers.CharField(min_length=5, max_length=2000)
