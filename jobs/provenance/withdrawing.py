"""The worker's part: how many rows of each version the withdrawals are about, and telling those who hold them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import transaction

from jobs.provenance.models import Withdrawal
from jobs.provenance.services import count_withdrawn
from jobs.provenance.telling import tell
from jobs.runs import services as runs
from jobs.runs.models import Job
from jobs.runs.runner import handles
from jobs.runs.work import Work
from kernel.actor import system
from kernel.keys import open_secret
from trusts.datasets.models import DatasetVersion, light

STEPS = ["Count", "Record", "Tell the receivers"]


def on_rows_withdrawn(message: dict[str, Any]) -> None:
    """Rows of a dataset were withdrawn: count them in every version."""
    _queue(UUID(message["id"]))


def on_version_profiled(message: dict[str, Any]) -> None:
    """A version was read: it may hold what was withdrawn before."""
    dataset = DatasetVersion.objects.values_list("dataset_id", flat=True).get(pk=UUID(message["id"]))
    if Withdrawal.objects.filter(dataset_id=dataset).exists():
        _queue(dataset)


def _read(dataset_id: UUID) -> Any:
    found = DatasetVersion.objects.filter(dataset_id=dataset_id, state__in=["profiled", "retired"])
    return found.exclude(parquet_sha256="").select_related("dataset").defer(*light())


def _queue(dataset_id: UUID) -> None:
    """One job for all versions; one that waits already will see this withdrawal too."""
    version = _read(dataset_id).first()
    waiting = Job.objects.filter(kind="withdraw", state="queued", version_of_data__dataset_id=dataset_id)
    if version is not None and not waiting.exists():
        job = Job(kind="withdraw", holder_id=version.dataset.organisation_id, version_of_data=version,
                  weight=sum(_read(dataset_id).values_list("parquet_bytes", flat=True)))  # fmt: skip
        runs.enqueue(job, actor=system())


@handles("withdraw")
def find(work: Work) -> None:
    """Every withdrawal in every version, each version in one scan."""
    dataset_id = work.job.version_of_data.dataset_id
    withdrawals = list(Withdrawal.objects.filter(dataset_id=dataset_id))
    asked = [
        {"column": w.column, "values": sorted(set(json.loads(open_secret(w.sealed))))} for w in withdrawals
    ]
    versions = list(_read(dataset_id))
    counted: list[tuple[DatasetVersion, list[int]]] = []
    for at, version in enumerate(versions):
        work.progress("Count", at, len(versions), steps=STEPS, at=0)
        # Beside a link in the work folder, because the store is not to be written to.
        parquet = work.folder / f"{version.number}.parquet"
        parquet.unlink(missing_ok=True)
        parquet.symlink_to(work.source(version.parquet_sha256))
        counted.append((version, work.do("jobs.pipeline.withdrawn:count", parquet=parquet, asked=asked)))
    work.look()
    with transaction.atomic():
        for version, rows in counted:
            found = {w.pk: n for w, n in zip(withdrawals, rows, strict=True)}
            count_withdrawn(version.pk, actor=work.actor, rows=found)
    # Before the job is done: whoever goes on after a worker that died counts again and tells the rest, nobody twice.
    told = tell(dataset_id, lambda done, of: work.progress("Tell the receivers", done, of, steps=STEPS, at=2))
    result = {"versions": len(versions), "told": told}
    runs.finish(work.job.pk, actor=work.actor, attempt=work.attempt, result=result)
