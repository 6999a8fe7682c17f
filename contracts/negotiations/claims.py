"""Which versions of data are named by an offer, a negotiation, a contract or a companion of one."""

from __future__ import annotations

from uuid import UUID

from contracts.negotiations.models import Agreement, Companion, Negotiation, Offer
from trusts.datasets.claims import claims
from trusts.datasets.models import DatasetVersion


@claims
def named(version_id: UUID) -> bool:
    """Turns and contracts name a version for ever. An offer names the dataset: while it stands, it binds the
    readable versions that were there when it was published; one uploaded later is free until somebody asks for it."""
    if any(
        model.objects.filter(version_of_data_id=version_id).exists()
        for model in (Negotiation, Agreement, Companion)
    ):
        return True
    version = DatasetVersion.objects.only("dataset_id", "created", "state").get(pk=version_id)
    if version.state != "profiled":
        return False
    standing = Offer.objects.filter(dataset_id=version.dataset_id, state__in=["published", "paused"])
    return standing.filter(created__gte=version.created).exists()
