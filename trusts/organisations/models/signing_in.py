"""An organisation's own OpenID provider."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from kernel.keys import open_secret
from trusts.organisations.models.access import OfOrganisation


class SignInProvider(OfOrganisation):
    """Where people of an organisation sign in: issuer and client of OpenID Connect. The client's secret is sealed."""

    ref_prefix = "Z"
    issuer = models.URLField(max_length=400)
    client_id = models.CharField(max_length=191)
    sealed_secret = models.TextField(blank=True, default="")
    # Whether this is the only way to act for the organisation.
    required = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=~Q(state="removed"), name="one_provider_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.host

    def title(self) -> str:
        return f"Sign-in through {self.host}"

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state, "issuer": self.issuer, "client_id": self.client_id, "required": self.required
        }  # fmt: skip

    @property
    def host(self) -> str:
        return urlsplit(self.issuer).netloc

    @property
    def provider_id(self) -> str:
        """What accounts at this provider are filed under. A new issuer is a new row, so accounts never mix."""
        return f"organisation-{self.pk}"

    @property
    def secret(self) -> str:
        return open_secret(self.sealed_secret).decode() if self.sealed_secret else ""
