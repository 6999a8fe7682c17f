"""Where allauth looks for the kinds of providers that this application brings."""

from __future__ import annotations

from trusts.organisations.oidc import Provider

provider_classes = [Provider]
