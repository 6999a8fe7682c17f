"""From a registered version to a job, and from the job to a typed, measured version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from jobs.intake.judge import judged
from jobs.runs.models import Job
from jobs.runs.runner import Work, handles
from jobs.runs.services import enqueue, finish
from kernel.actor import system
from trusts.datasets import services as datasets
from trusts.datasets.models import DatasetVersion
from trusts.datasets.selectors import remembered

STEPS = [
    "Open the file",
    "Read types",
    "Write",
    "Measure columns",
    "Check rules",
    "Compare versions",
    "Record",
]


def on_registered(message: dict[str, Any]) -> None:
    """A version was registered: queue its reading, once."""
    with transaction.atomic():
        version = (
            DatasetVersion.objects.select_for_update(of=("self",))
            .select_related("dataset")
            .get(pk=UUID(message["id"]))
        )
        alive = version.jobs.filter(kind="intake", state__in=["queued", "running", "checking"]).exists()
        if version.state == "registered" and not alive:
            job = Job(kind="intake", holder_id=version.dataset.organisation_id, version_of_data=version,
                      weight=version.original_bytes)  # fmt: skip
            enqueue(job, actor=system())


@handles("intake")
def read_version(work: Work) -> None:
    """Original → canonical Parquet → profile → ready version, or a failure with row and remedy."""
    from jobs.pipeline.faults import IntakeError

    job = work.job
    version = DatasetVersion.objects.get(pk=job.version_of_data_id)
    if version.state in ("registered", "profiling"):
        datasets.start_reading(version.pk, actor=work.actor)

    def show(step: str, done: int, total: int) -> None:
        work.progress(step, done, total, steps=STEPS, at=STEPS.index(step) if step in STEPS else 0)

    target, misfits = work.folder / "canonical.parquet", work.folder / "misfits.csv.gz"
    reading = reading_for(version)
    try:
        with work.stage("Read"):
            found = work.do("jobs.pipeline.intake:to_parquet", original=work.source(version.original_sha256),
                            name=version.original_name, target=target, misfits=misfits, reading=reading, progress=show)  # fmt: skip
            preview = work.do("jobs.pipeline.intake.preview:head", parquet=target)
        with work.stage("Measure"):
            measured = work.do("jobs.pipeline.profile:profile", parquet=target, progress=show)
        types = {column["name"]: column["type"] for column in found["columns"]}
        with work.stage("Judge"):
            measured = judged(work, version, target, measured, types, show)
    except IntakeError as fault:
        datasets.fail_reading(
            version.pk, actor=work.actor, failure=fault.as_dict(), **_looked(work, version, reading)
        )
        raise
    show("Record", 1, 1)
    kept = work.put(target)
    listed = work.put(misfits) if misfits.exists() else None
    personal = {c["name"] for c in measured["columns"] if c.get("personal")}
    columns = [{**column, "personal": column["name"] in personal} for column in found["columns"]]
    with transaction.atomic():
        finish(
            job.pk,
            actor=work.actor,
            attempt=work.attempt,
            result={"rows": found["rows"], "columns": len(columns), "notes": found["notes"]},
        )
        datasets.finish_reading(version.pk, actor=work.actor, parquet=kept, rows=found["rows"], columns=columns,
                                reading=found["reading"], profile=measured, preview=preview,
                                misfits=found["misfits"], misfit_list=listed)  # fmt: skip


def reading_for(version: DatasetVersion) -> dict[str, Any] | None:
    """What binds the reader: the steward's corrections of this version, else of the last corrected one before."""
    if version.reading.get("corrected") or version.reading.get("anew"):
        return dict(version.reading)
    return remembered(version) or None


def _looked(work: Work, version: DatasetVersion, reading: dict[str, Any] | None) -> dict[str, Any]:
    """The guess and the first rows of a file that could not be read, so that a person sees what to correct."""
    from jobs.pipeline.faults import IntakeError

    try:
        found = work.do("jobs.pipeline.intake.preview:look", original=work.source(version.original_sha256),
                        name=version.original_name, folder=work.folder, known=reading)  # fmt: skip
    except IntakeError:
        return {}
    if reading and reading.get("anew"):
        found["reading"]["anew"] = True
    return {"reading": found["reading"], "preview": found["preview"]}
