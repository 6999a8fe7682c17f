"""Does a source in place still hold what the newest version holds? Only if not, the next version is made of it."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jobs.intake.services import reading_for, weight_of
from jobs.runs.models import Job
from jobs.runs.runner import Work, handles
from jobs.runs.services import enqueue, finish
from kernel.actor import system
from kernel.decision import Refused
from trusts.datasets import sources
from trusts.datasets.models import DatasetVersion, Source
from trusts.datasets.rulebook import newest

ALIVE = ("queued", "running", "checking")


def on_source_look(message: dict[str, Any]) -> None:
    """A source's time has come. Where no version holds what this address gave, there is nothing to compare: it is read."""
    source = Source.objects.select_related("dataset").get(pk=UUID(message["id"]))
    if source.state != "connected":
        return
    version = newest(source.dataset)
    if version is None or version.place != source.address:
        _read(source.pk)
    elif not version.jobs.filter(kind="look", state__in=ALIVE).exists():
        job = Job(kind="look", holder_id=source.dataset.organisation_id, version_of_data=version, weight=weight_of(version))  # fmt: skip
        enqueue(job, actor=system())


def _read(source_id: UUID) -> bool:
    """The next version; not while one is being read, or where the operator does not allow the place any more."""
    try:
        sources.read(source_id, actor=system())
    except Refused:
        return False
    return True


@handles("look")
def look(work: Work) -> None:
    """Read the source aside, as the next version would be, and compare it with the version byte by byte."""
    from jobs.pipeline.faults import Fault

    version = DatasetVersion.objects.select_related("dataset__source").get(pk=work.job.version_of_data_id)

    def show(step: str, done: int, total: int) -> None:
        work.progress(step, done, total, steps=["Read", "Compare"], at=0)

    try:
        given = sources.for_worker(version)
    except Refused as refused:
        reason = refused.decision.reasons[0]
        raise Fault(reason.code, f"{reason.text}.", f"{reason.remedy}.") from None
    found = work.folder / "look.parquet"
    work.do(
        "jobs.pipeline.places:snapshot", **given, target=found, misfits=work.folder / "look.csv.gz",
        reading=reading_for(version), seconds=settings.DATA_QUERY_SECONDS, progress=show,
    )  # fmt: skip
    with found.open("rb") as content:
        same = hashlib.file_digest(content, "sha256").hexdigest() == version.parquet_sha256
    source: Source = version.dataset.source  # type: ignore[attr-defined]
    with transaction.atomic():
        result = {"changed": not same, "version": version.number}
        finish(work.job.pk, actor=work.actor, attempt=work.attempt, result=result)
        if same:
            sources.found_same(source.pk, actor=work.actor, version=version.number)
    if not same:
        _read(source.pk)
