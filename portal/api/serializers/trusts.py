"""Organisations, trusts, memberships, and whom a token acts for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.membership.governance import Governance
from trusts.membership.models import Charter, Membership, Trust
from trusts.organisations.models import Organisation


class OrganisationOut(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ["id", "name", "slug", "kind", "country", "about", "website"]


class TrustOut(serializers.ModelSerializer[Trust]):
    class Meta:
        model = Trust
        fields = [*BASE, "name", "slug", "kind", "purpose", "open_to_apply"]


class TrustIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=["trust", "alliance", "room"], default="trust")
    purpose = serializers.CharField()
    charter = serializers.CharField()
    open_to_apply = serializers.BooleanField(default=True)
    governance = serializers.DictField(required=False, help_text="Over the usual of the kind")
    rules = serializers.DictField(required=False, help_text="Limits for all contracts")


class CharterOut(serializers.ModelSerializer[Charter]):
    governance = serializers.SerializerMethodField(
        help_text="Whole: what is not said is the usual of the kind"
    )

    class Meta:
        model = Charter
        fields = ["number", "created", "text", "rules", "governance"]

    def get_governance(self, charter: Charter) -> dict[str, Any]:
        return dict(Governance.of(charter.trust.kind, charter.governance).data)


class MembershipOut(serializers.ModelSerializer[Membership]):
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)

    class Meta:
        model = Membership
        fields = [
            *BASE,
            "trust",
            "organisation",
            "organisation_name",
            "role",
            "also",
            "since",
            "security_level",
        ]


class MembershipIn(serializers.Serializer[Any]):
    trust = serializers.UUIDField()
    role = serializers.ChoiceField(choices=["provider", "consumer", "observer"])
    message = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class MeOut(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    name = serializers.CharField()
    organisation = serializers.UUIDField()
    organisation_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField())
