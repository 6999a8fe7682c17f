"""Requests for exports, jobs, exports to fetch and data to look at that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from contracts.sharing import reviewing
from contracts.sharing import selectors as shared
from contracts.sharing.machines import REQUEST
from jobs.deliveries import selectors as delivered
from jobs.deliveries.machines import DELIVERY
from jobs.runs import selectors as runs
from jobs.runs.machines import JOB
from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, moved_by, safe, source
from trusts.datasets import selectors as datasets
from trusts.datasets.machines import VERSION
from trusts.datasets.models import light

# The plan and its approval stay as they were: to try once more can only do what was allowed already.
AGAIN, READ_AGAIN = safe(JOB, "retry"), safe(VERSION, "retry")
Rows = QuerySet[Any]


def _submitted(actor: Actor) -> Rows:
    return shared.requests(actor).filter(state="submitted").exclude(consumer_id=actor.organisation_id)


def _reviewed_by(actor: Actor, ids: list[UUID]) -> set[UUID]:
    return {row.pk for row in reviewing.light(ids) if reviewing.waits_for(row, actor)}


@source("requests", "Requests", rows=_submitted, due="due", sift=_reviewed_by)
def to_review(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield item(actor, REQUEST, row, "Review the request", row.consumer.name)


def _ours(actor: Actor) -> Rows:
    mine = Q(consumer_id=actor.organisation_id)
    return shared.requests(actor).filter(
        mine,
        moved_by(actor, REQUEST, "returned", "consumer", "agreement_id")
        | moved_by(actor, REQUEST, "draft", "consumer", "agreement_id"),
    )


@source("requests", "Requests", rows=_ours, due="due")
def to_finish(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        verb = "Answer the questions" if row.state == "returned" else "Finish your draft"
        yield item(actor, REQUEST, row, verb, row.provider.name)


def _in_review(actor: Actor) -> Rows:
    mine = actor.organisation_id
    submitted = Q(state="submitted", consumer_id=mine)
    return shared.requests(actor).filter(submitted | Q(state="returned", provider_id=mine))


@source("requests", "Requests", OTHERS, rows=_in_review, due="due")
def requests_in_review(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        if row.state == "submitted":
            yield item(actor, REQUEST, row, "Waits for their review", row.provider.name)
        else:
            yield item(actor, REQUEST, row, "Waits for their answers", row.consumer.name)


def _versions(actor: Actor) -> Rows:
    stuck = moved_by(actor, VERSION, "failed", "holder", "dataset_id")
    stuck |= moved_by(actor, VERSION, "choosing", "holder", "dataset_id")
    return (
        datasets.versions(actor).filter(stuck, dataset__organisation_id=actor.organisation_id).defer(*light())
    )


@source("data", "Data", rows=_versions)
def data(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        if row.state == "failed":
            yield item(actor, VERSION, row, "See why it could not be read", "", READ_AGAIN)
        else:
            yield item(actor, VERSION, row, "Choose what to read", "")


def _failed(actor: Actor) -> Rows:
    mine = actor.organisation_id
    held = Q(holder_id=mine) & moved_by(actor, JOB, "failed", "holder", "version_of_data__dataset_id")
    asked = Q(consumer_id=mine) & moved_by(actor, JOB, "failed", "consumer", "version_of_data__dataset_id")
    return runs.jobs(actor).filter(held | asked, kind="export")


@source("jobs", "Jobs and exports", rows=_failed)
def jobs(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield item(actor, JOB, row, "See why it failed", row.consumer.name if row.consumer else "", AGAIN)


@source("jobs", "Jobs and exports", rows=delivered.fresh_for, due="expires", since="created")
def exports(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    for row in rows:
        yield Item(DELIVERY, row, "Fetch the export", row.provider.name, row.created, row.expires)


def _not_made(actor: Actor) -> Rows:
    return runs.jobs(actor).filter(kind="export", state__in=["queued", "running", "checking"])


@source("jobs", "Jobs and exports", OTHERS, rows=_not_made)
def jobs_running(actor: Actor, rows: list[Any]) -> Iterator[Item]:
    """Exports that a worker has still to make."""
    for row in rows:
        yield item(actor, JOB, row, "Waits for a worker", "The portal")
