"""Domains, requests to join and reviews of access of the token's organisation."""

from __future__ import annotations

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.organisations.models import AccessReview, Domain, JoinRequest, SignInProvider


class DomainOut(serializers.ModelSerializer[Domain]):
    record = serializers.CharField(read_only=True)

    class Meta:
        model = Domain
        fields = [*BASE, "organisation", "name", "record"]


class JoinRequestOut(serializers.ModelSerializer[JoinRequest]):
    name = serializers.CharField(source="user.get_full_name", read_only=True)

    class Meta:
        model = JoinRequest
        fields = [*BASE, "organisation", "user", "name", "message"]


class AccessReviewOut(serializers.ModelSerializer[AccessReview]):
    people = serializers.JSONField(source="people_then", read_only=True)

    class Meta:
        model = AccessReview
        fields = [*BASE, "organisation", "idle_days", "people"]


class ProviderOut(serializers.ModelSerializer[SignInProvider]):
    """Without the secret, which nobody reads back."""

    class Meta:
        model = SignInProvider
        fields = [*BASE, "organisation", "issuer", "client_id", "required"]
