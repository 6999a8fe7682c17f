"""Questions to the database, each one query: what was made from a version, directly or by way of derived datasets.

The steps in between are followed only where the actor may see both ends; what is hidden ends the way.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTransform

from contracts.negotiations.models import Duty
from jobs.deliveries.models import Delivery
from jobs.deliveries.selectors import deliveries
from jobs.provenance.models import Withdrawal, WithdrawnRows
from kernel.actor import Actor
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset, DatasetVersion, light

# Which version went into which export: the one that was asked for, and those that its plan joined. Their hashes are
# in the receipt exactly if they were joined, so the receipt's text is asked.
MADE = """made(version_id, delivery_id) AS (
  SELECT j.version_of_data_id, d.id FROM deliveries_delivery d JOIN runs_job j ON j.id = d.job_id
  UNION ALL
  SELECT c.version_of_data_id, d.id FROM deliveries_delivery d
    JOIN negotiations_agreement a ON a.id = d.agreement_id
    JOIN negotiations_companion c ON c.negotiation_id = a.negotiation_id
    JOIN datasets_datasetversion v ON v.id = c.version_of_data_id
    WHERE v.parquet_sha256 <> '' AND CAST(d.receipt AS TEXT) LIKE '%%' || v.parquet_sha256 || '%%')"""
SEEN = "o.delivery_id IN ({deliveries}) AND o.version_id IN ({versions})"
DOWN = """down(id) AS (SELECT id FROM datasets_datasetversion WHERE id IN ({roots}) UNION
  SELECT o.version_id FROM down JOIN made m ON m.version_id = down.id
    JOIN provenance_origin o ON o.delivery_id = m.delivery_id WHERE {seen})"""
UP = """up(id) AS (SELECT id FROM datasets_datasetversion WHERE id IN ({roots}) UNION
  SELECT m.version_id FROM up JOIN provenance_origin o ON o.version_id = up.id
    JOIN made m ON m.delivery_id = o.delivery_id WHERE {seen})"""
ORIGINS = "SELECT o.delivery_id FROM up JOIN provenance_origin o ON o.version_id = up.id WHERE {seen}"
TAKEN = "SELECT m.delivery_id FROM made m JOIN down ON down.id = m.version_id"


def _sql(found: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The ids of these rows as SQL to put into another query."""
    try:
        return found.order_by().values("pk").query.sql_with_params()  # type: ignore[attr-defined, no-any-return]
    except EmptyResultSet:
        return "SELECT NULL WHERE 1 = 0", ()


def _walk(actor: Actor, roots: QuerySet[Any], way: str, taken: str) -> RawSQL:
    parts = {
        "roots": _sql(roots),
        "deliveries": _sql(deliveries(actor)),
        "versions": _sql(datasets.versions(actor)),
    }
    params: list[Any] = []

    def put(place: re.Match[str]) -> str:
        sql, own = parts[place[1]]
        params.extend(own)
        return sql

    text = re.sub(r"\{(\w+)\}", put, f"WITH RECURSIVE {MADE}, {way} {taken}".replace("{seen}", SEEN))
    return RawSQL(text, params)  # noqa: S611 (fixed text; what is asked for are parameters)


def made_from(roots: QuerySet[DatasetVersion], actor: Actor) -> QuerySet[Delivery]:
    """Exports that the actor may see and that were made from these versions, also by way of derived datasets."""
    return deliveries(actor).filter(pk__in=_walk(actor, roots, DOWN, TAKEN))


def around(
    roots: QuerySet[DatasetVersion], actor: Actor
) -> tuple[QuerySet[DatasetVersion], QuerySet[Delivery]]:
    """What these versions came from and what came of them: the versions and the exports that the actor may see."""
    below, above = "SELECT id FROM down", "SELECT id FROM up"
    found = datasets.versions(actor).filter(
        Q(pk__in=_walk(actor, roots, DOWN, below)) | Q(pk__in=_walk(actor, roots, UP, above))
    )
    origins = Q(pk__in=_walk(actor, roots, UP, ORIGINS))
    return found, deliveries(actor).filter(origins | Q(pk__in=_walk(actor, roots, DOWN, TAKEN)))


def exports_of(versions: QuerySet[Any]) -> QuerySet[Delivery]:
    """Every export that one of these versions went into, for the portal itself; `versions`: a query for their ids."""
    sql, params = versions.query.sql_with_params()  # type: ignore[attr-defined]
    text = f"WITH {MADE} SELECT m.delivery_id FROM made m WHERE m.version_id IN ({sql})"  # noqa: S608 (as below)
    return Delivery.objects.filter(pk__in=RawSQL(text, params))  # noqa: S611 (fixed text; what is asked for are parameters)


def versions_in(delivery: Delivery) -> RawSQL:
    """The ids of the versions that went into an export, as a query."""
    key = Delivery._meta.pk.get_db_prep_value(delivery.pk, connection)
    return RawSQL(f"WITH {MADE} SELECT m.version_id FROM made m WHERE m.delivery_id = %s", (key,))  # noqa: S608, S611 (fixed text)


def said_deleted() -> Exists:
    """Whether the receiver of an export said that it deleted its copies."""
    done = Duty.objects.filter(
        agreement=OuterRef("agreement"), clause="delete_within", state__in=["declared", "done"]
    )
    return Exists(done)


def withdrawn(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """Versions of the dataset that hold rows which were withdrawn."""
    return DatasetVersion.objects.filter(
        Exists(WithdrawnRows.objects.filter(version=OuterRef("pk"), rows__gt=0)), dataset=dataset
    )


def with_withdrawn(dataset: Dataset, actor: Actor) -> QuerySet[Delivery]:
    """Which exports contain rows that were withdrawn: made from a version that holds some, before or after that was said."""
    return made_from(withdrawn(dataset), actor)


def holders(version: DatasetVersion, actor: Actor) -> QuerySet[Delivery]:
    """Who holds data made from this version: the exports of it, with to whom they went."""
    return made_from(DatasetVersion.objects.filter(pk=version.pk), actor)


def withdrawals(dataset: Dataset) -> list[Withdrawal]:
    """What was withdrawn, newest first, with what was counted in each version (`found`). Its holder's."""
    rows = (
        WithdrawnRows.objects.select_related("version").defer(*light("version")).order_by("-version__number")
    )
    found = dataset.withdrawals.select_related("stated_by").prefetch_related(Prefetch("found", queryset=rows))
    return list(found)


HEAVY = ("receipt", "quality", "agreement__payload", "agreement__terms", "agreement__odrl", "agreement__jws", "agreement__sealed_key", "request__plan", "request__advice",
         "request__workflow", "request__recipe", "job__plan", "job__log", "job__stages", "job__progress", "job__result",
         "agreement__dataset__rules")  # fmt: skip


def told(found: QuerySet[Delivery], newest: int | None = None) -> QuerySet[Delivery]:
    """With what the receipt says of columns and joined data, and whether the receiver said that it deleted its copies."""
    at = "job__version_of_data"
    if newest is not None:
        # Sorted by their ids alone, and only those that are wanted are read in full.
        taken = found.order_by("-created", "pk").values("pk")[:newest]
        found = Delivery.objects.filter(pk__in=taken)
    whole = ("agreement__dataset", "provider", "consumer", "request", f"{at}__dataset__organisation")
    return (
        found.select_related(*whole)
        .defer(*HEAVY, *light(at))
        .annotate(
            joined=KeyTransform("joined", KeyTransform("body", "receipt")),
            output=KeyTransform("output", KeyTransform("body", "receipt")),
            said_deleted=said_deleted(),
        )
        .order_by("-created", "pk")
    )


__all__ = ["around", "exports_of", "holders", "made_from", "said_deleted", "told", "versions_in", "with_withdrawn", "withdrawals",
           "withdrawn"]  # fmt: skip
