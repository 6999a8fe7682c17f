"""Who receives an export is told when rows in it were withdrawn. The portal says so by itself; nothing stops by that.

Told is who received an export of a version that holds such rows, whenever it was made. Who received something made from
that export in turn is told by its own provider, who alone knows whether those rows are still in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from contracts.negotiations.agreements import attempt
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery
from jobs.provenance.models import Told, Withdrawal, WithdrawnRows
from jobs.provenance.selectors import exports_of, said_deleted, versions_in
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets.models import Dataset
from trusts.organisations import robots


def news(delivery: Delivery) -> QuerySet[Withdrawal]:
    """Withdrawals of rows in this export that its receiver has not been told of."""
    there = WithdrawnRows.objects.filter(
        withdrawal=OuterRef("pk"), rows__gt=0, version__in=versions_in(delivery)
    )
    return Withdrawal.objects.filter(Exists(there)).exclude(told__delivery=delivery)


@performs(DELIVERY, "say_withdrawn")
def say_withdrawn(delivery_id: UUID, *, actor: Actor, seen: int | None = None) -> Delivery:
    """Tell the receiver once of all withdrawals that are new to it. Raises Refused if none is.

    The event is read by both sides, so it says neither what was withdrawn nor how much.
    """
    with transition(DELIVERY, "say_withdrawn", delivery_id, actor=actor) as change:
        delivery: Delivery = change.subject
        found, now = list(news(delivery)), timezone.now()
        if not found:
            raise Refused.because(
                "withdrawn.told", "Its receiver knows already", remedy="There is nothing to do"
            )
        Told.objects.bulk_create(Told(withdrawal=one, delivery=delivery, created=now) for one in found)
        delivery.withdrawn_told = now
    return delivery


def to_tell(dataset: Dataset | UUID) -> QuerySet[Delivery]:
    """Exports whose receivers hold rows of the dataset that were withdrawn, and do not know of one withdrawal at least.

    Not who said that it deleted its copies, nor who never fetched one and no longer can.
    """
    pairs = WithdrawnRows.objects.filter(withdrawal__dataset=dataset, rows__gt=0)
    wanted: set[Any] = set()
    for withdrawal in set(pairs.values_list("withdrawal", flat=True)):
        versions = pairs.filter(withdrawal=withdrawal).values("version")
        known = Told.objects.filter(withdrawal=withdrawal).values("delivery")
        wanted |= set(exports_of(versions).exclude(pk__in=known).values_list("pk", flat=True))
    found = Delivery.objects.filter(pk__in=wanted).exclude(said_deleted())
    return found.exclude(downloads_made=0, state__in=["expired", "revoked"]).order_by("created")


def tell(dataset: Dataset | UUID, say: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Tell every receiver that does not know, each in a transaction of its own; returns how many. May be done again."""
    ids = list(to_tell(dataset).values_list("pk", flat=True))
    told = 0
    for at, pk in enumerate(ids):
        say(at, len(ids))
        told += attempt(say_withdrawn, pk, actor=robots.actor("tell_withdrawn"))
    return told


def on_delivered(message: dict[str, Any]) -> None:
    """A new export may be of a version that is known to hold such rows."""
    delivery = Delivery.objects.get(pk=UUID(message["id"]))
    if news(delivery).exists():
        attempt(say_withdrawn, delivery.pk, actor=robots.actor("tell_withdrawn"))


def told_by(found: Iterable[Withdrawal]) -> dict[UUID, list[dict[str, Any]]]:
    """For the holder: of each withdrawal which organisations were told, of how many exports, and when last. One query."""
    rows = Told.objects.filter(withdrawal__in=list(found)).order_by("delivery__consumer__name")
    by: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows.values("withdrawal", "delivery__consumer__name").annotate(
        exports=Count("pk"), last=Max("created")
    ):
        by.setdefault(row["withdrawal"], []).append(
            {"name": row["delivery__consumer__name"], "exports": row["exports"], "last": row["last"]}
        )
    return by
