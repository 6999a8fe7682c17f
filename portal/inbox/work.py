"""Requests for exports, jobs, exports to fetch and data to look at that wait."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.sharing import reviewing
from contracts.sharing import selectors as shared
from contracts.sharing.machines import REQUEST
from jobs.deliveries import selectors as delivered
from jobs.deliveries.machines import DELIVERY
from jobs.runs import selectors as runs
from jobs.runs.machines import JOB
from kernel.actor import Actor
from portal.inbox.registry import OTHERS, Item, item, safe, source, to_move
from trusts.datasets import selectors as datasets
from trusts.datasets.machines import VERSION
from trusts.datasets.models import light

# The plan and its approval stay as they were: to try once more can only do what was allowed already.
AGAIN, READ_AGAIN = safe(JOB, "retry"), safe(VERSION, "retry")


@source("requests", "Requests")
def requests(actor: Actor, limit: int) -> Iterator[Item]:
    mine = actor.organisation_id
    found = shared.requests(actor).order_by("due", "pk")
    waiting = found.filter(state="submitted").exclude(consumer_id=mine).prefetch_related("reviews")
    yield from to_move(
        actor, REQUEST, [row for row in waiting[:limit] if reviewing.waits_for(row, actor)], "Review the request",
        lambda r: r.consumer.name,
    )  # fmt: skip
    ours = found.filter(state__in=["returned", "draft"], consumer_id=mine)[:limit]
    for row in ours:
        verb = "Answer the questions" if row.state == "returned" else "Finish your draft"
        yield from to_move(actor, REQUEST, [row], verb, lambda r: r.provider.name)


@source("requests", "Requests", OTHERS)
def requests_in_review(actor: Actor, limit: int) -> Iterator[Item]:
    mine = actor.organisation_id
    found = shared.requests(actor).order_by("due", "pk")
    for row in found.filter(state="submitted", consumer_id=mine)[:limit]:
        yield item(actor, REQUEST, row, "Waits for their review", row.provider.name)
    for row in found.filter(state="returned", provider_id=mine)[:limit]:
        yield item(actor, REQUEST, row, "Waits for their answers", row.consumer.name)


@source("data", "Data")
def data(actor: Actor, limit: int) -> Iterator[Item]:
    found = (
        datasets.versions(actor)
        .filter(state__in=["failed", "choosing"], dataset__organisation_id=actor.organisation_id)
        .defer(*light())
    )
    for row in found[:limit]:
        if row.state == "failed":
            yield from to_move(actor, VERSION, [row], "See why it could not be read", bulk=READ_AGAIN)
        else:
            yield from to_move(actor, VERSION, [row], "Choose what to read")


@source("jobs", "Jobs and exports")
def jobs(actor: Actor, limit: int) -> Iterator[Item]:
    failed = runs.jobs(actor).filter(state="failed", kind="export")
    yield from to_move(
        actor,
        JOB,
        failed[:limit],
        "See why it failed",
        lambda j: j.consumer.name if j.consumer else "",
        AGAIN,
    )
    for row in delivered.fresh_for(actor)[:limit]:
        yield Item(DELIVERY, row, "Fetch the export", row.provider.name, row.created, row.expires)


@source("jobs", "Jobs and exports", OTHERS)
def jobs_running(actor: Actor, limit: int) -> Iterator[Item]:
    """Exports that a worker has still to make."""
    found = runs.jobs(actor).filter(kind="export", state__in=["queued", "running", "checking"])
    for row in found.order_by("created")[:limit]:
        yield item(actor, JOB, row, "Waits for a worker", "The portal")
