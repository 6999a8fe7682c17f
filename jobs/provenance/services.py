"""Verbs: what a version was made from, and that rows are withdrawn."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from jobs.deliveries.models import Delivery
from jobs.provenance.models import Origin, Withdrawal, WithdrawnRows
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.keys import seal_secret
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Column, Dataset, DatasetVersion

MOST_VALUES = 1_000


def received(version: DatasetVersion) -> Any:
    """Exports that the version's holder received before it registered the version: what it can be made from."""
    mine = Delivery.objects.filter(consumer_id=version.dataset.organisation_id, created__lte=version.created)
    return mine.order_by("-created")


@performs(VERSION, "made_from")
def made_from(
    version_id: UUID, *, actor: Actor, deliveries: Collection[Any], seen: int | None = None
) -> DatasetVersion:
    """Replace what is stated. `deliveries`: ids or rows; empty takes it back. Raises Refused for an export that the
    holder did not receive, or received later."""
    ids = {getattr(one, "pk", one) for one in deliveries}
    with transition(VERSION, "made_from", version_id, actor=actor, seen=seen) as change:
        version: DatasetVersion = change.subject
        known = set(received(version).filter(pk__in=ids).values_list("pk", flat=True))
        if known != ids:
            raise Refused.because("origin.unknown", "An export is not one that your organisation received before",
                                  remedy="Choose from the list", field="deliveries")  # fmt: skip
        version.origins.exclude(delivery_id__in=ids).delete()
        there = set(version.origins.values_list("delivery_id", flat=True))
        Origin.objects.bulk_create(Origin(version=version, delivery_id=pk) for pk in sorted(ids - there))
        change.detail = {"deliveries": sorted(str(pk) for pk in ids)}
    return version


@performs(DATASET, "withdraw_rows")
def withdraw_rows(
    dataset_id: UUID, *, actor: Actor, column: str, values: list[str], reason: str, seen: int | None = None
) -> Dataset:
    """Note that the rows with these values are withdrawn. The event says how many values, never which."""
    with transition(DATASET, "withdraw_rows", dataset_id, actor=actor, seen=seen, reason=reason) as change:
        if not Column.objects.filter(version__dataset=dataset_id, name=column).exists():
            raise Refused.because("withdraw.column", f"No version has a column {column}",
                                  remedy="Choose a column of the dataset", field="column")  # fmt: skip
        Withdrawal.objects.create(
            dataset_id=dataset_id, column=column, sealed=seal_secret(json.dumps(values).encode()),
            values_count=len(values), reason=reason, stated_by_id=actor.user_id,
        )  # fmt: skip
        change.detail = {"column": column, "values": len(values)}
    return change.subject


@performs(VERSION, "count_withdrawn")
def count_withdrawn(
    version_id: UUID, *, actor: Actor, rows: Mapping[UUID, int], seen: int | None = None
) -> DatasetVersion:
    """What a worker counted: withdrawal id → rows of this version."""
    with transition(VERSION, "count_withdrawn", version_id, actor=actor) as change:
        for pk, count in rows.items():
            WithdrawnRows.objects.update_or_create(
                withdrawal_id=pk, version=change.subject, defaults={"rows": count}
            )
        change.detail = {"withdrawals": {str(pk): count for pk, count in sorted(rows.items())}}
    return change.subject
