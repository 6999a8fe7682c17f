"""People of the token's own organisation, who stands in for whom, and groups."""

from __future__ import annotations

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.organisations.models import Deputyship, OrganisationMember, PeopleGroup


class PersonOut(serializers.ModelSerializer[OrganisationMember]):
    user = serializers.UUIDField(source="user_id", read_only=True)
    name = serializers.CharField(source="user.get_full_name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    roles = serializers.ListField(child=serializers.CharField(), source="role_codes", read_only=True)

    class Meta:
        model = OrganisationMember
        fields = [*BASE, "user", "name", "email", "roles"]


class DeputyshipOut(serializers.ModelSerializer[Deputyship]):
    member_name = serializers.CharField(source="member.user.get_full_name", read_only=True)
    deputy_name = serializers.CharField(source="deputy.user.get_full_name", read_only=True)

    class Meta:
        model = Deputyship
        fields = [*BASE, "member", "member_name", "deputy", "deputy_name", "starts", "ends"]


class GroupOut(serializers.ModelSerializer[PeopleGroup]):
    class Meta:
        model = PeopleGroup
        fields = [*BASE, "name", "members"]
