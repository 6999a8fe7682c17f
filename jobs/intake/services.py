"""From a registered version to a job, and from the job to a typed, measured version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jobs.intake.choosing import TO_CHOOSE
from jobs.intake.judge import judged
from jobs.runs.models import Job
from jobs.runs.runner import Work, handles
from jobs.runs.services import enqueue, finish
from kernel.actor import system
from kernel.decision import Refused
from trusts.datasets import services as datasets
from trusts.datasets import sources
from trusts.datasets.models import DatasetVersion
from trusts.datasets.selectors import remembered

Show = Callable[[str, int, int], None]
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
                      weight=weight_of(version))  # fmt: skip
            enqueue(job, actor=system())


def weight_of(version: DatasetVersion) -> int:
    """Bytes to read. What a place holds is not known beforehand: as much as the last time, at first too much to be small."""
    if not version.place:
        return version.original_bytes
    last = version.dataset.versions.filter(number__lt=version.number).order_by("-number").first()
    return last.parquet_bytes if last and last.parquet_bytes else (settings.JOB_SMALL_MB << 20) + 1


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
            read = _taken if version.place else _converted
            found = read(work, version, target, misfits, reading, show)
            preview = work.do("jobs.pipeline.intake.preview:head", parquet=target)
        with work.stage("Measure"):
            measured = work.do("jobs.pipeline.profile:profile", parquet=target, progress=show)
        types = {column["name"]: column["type"] for column in found["columns"]}
        with work.stage("Judge"):
            measured = judged(work, version, target, measured, types, show)
    except IntakeError as fault:
        looked = _looked(work, version, reading)
        # Of an object on S3 no list is made: its names are in the text, and one of them can be typed.
        begin = looked.get("reading", dict(reading or {}) if version.place else None)
        if fault.code in TO_CHOOSE and begin is not None:
            with transaction.atomic():
                finish(job.pk, actor=work.actor, attempt=work.attempt, result={"choose": fault.code})
                datasets.ask_choice(version.pk, actor=work.actor, failure=fault.as_dict(), reading=begin)
            return
        datasets.fail_reading(version.pk, actor=work.actor, failure=fault.as_dict(), **looked)
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
                                misfits=found["misfits"], misfit_list=listed,
                                source={"at": found["taken"], **found["source"]} if version.place else None,
                                fingerprint=found["fingerprint"] if version.place else "")  # fmt: skip


def reading_for(version: DatasetVersion) -> dict[str, Any] | None:
    """What binds the reader: the steward's corrections of this version, else of the last corrected one before."""
    if version.reading.get("corrected") or version.reading.get("anew"):
        return dict(version.reading)
    return remembered(version) or None


def _converted(
    work: Work, version: DatasetVersion, target: Path, misfits: Path, reading: Any, show: Show
) -> dict[str, Any]:
    """The uploaded file."""
    found: dict[str, Any] = work.do(
        "jobs.pipeline.intake:to_parquet", original=work.source(version.original_sha256), name=version.original_name,
        target=target, misfits=misfits, reading=reading, progress=show,
    )  # fmt: skip
    return found


def _taken(
    work: Work, version: DatasetVersion, target: Path, misfits: Path, reading: Any, show: Show
) -> dict[str, Any]:
    """The data from the place where it stays. A version that was read before is read again from the same state only."""
    from jobs.pipeline.faults import IntakeError

    try:
        given = sources.for_worker(version)
    except Refused as refused:
        reason = refused.decision.reasons[0]
        raise IntakeError(reason.code, f"{reason.text}.", f"{reason.remedy}.") from None
    found: dict[str, Any] = work.do(
        "jobs.pipeline.places:snapshot", **given, target=target, misfits=misfits, reading=reading,
        seconds=settings.DATA_QUERY_SECONDS, progress=show,
    )  # fmt: skip
    if version.source_fingerprint and found["fingerprint"] != version.source_fingerprint:
        raise IntakeError("source.moved_on", "The source has changed since this version was read.",
                          "Read the source again, for a new version.")  # fmt: skip
    return found


def _looked(work: Work, version: DatasetVersion, reading: dict[str, Any] | None) -> dict[str, Any]:
    """The guess and the first rows of a file that could not be read, so that a person sees what to correct."""
    from jobs.pipeline.faults import IntakeError

    if version.place:
        return {}
    try:
        found = work.do("jobs.pipeline.intake.preview:look", original=work.source(version.original_sha256),
                        name=version.original_name, folder=work.folder, known=reading)  # fmt: skip
    except IntakeError:
        return {}
    if not found:
        return {}
    if reading and reading.get("anew"):
        found["reading"]["anew"] = True
    return {"reading": found["reading"], "preview": found["preview"]}
