from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from contracts.negotiations.duties import downloads_are_open
from contracts.negotiations.selectors import standing_through
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery, Vault
from jobs.deliveries.rules import DeliveryFacts
from kernel.actor import Actor
from kernel.registry import loads_facts


def time_and_contract(delivery: Delivery) -> DeliveryFacts:
    """All but the tokens. Two queries at most."""
    return DeliveryFacts(
        standing=standing_through(delivery.agreement),
        expires=delivery.expires,
        downloads_made=delivery.downloads_made,
        downloads_allowed=delivery.downloads_allowed,
        as_of=timezone.now(),
        duties=downloads_are_open(delivery.agreement),
        clause_days=(delivery.agreement.terms.get("download_within") or {}).get("days"),
        keys_destroyed=delivery.agreement.keys_destroyed is not None,
    )


@loads_facts(DELIVERY)
def facts(delivery: Delivery, actor: Actor) -> DeliveryFacts:
    entries = Vault.objects.filter(delivery=delivery).values_list("entries", flat=True).first()
    return replace(time_and_contract(delivery), tokens=entries or 0)
