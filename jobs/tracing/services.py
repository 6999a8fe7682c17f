"""Verbs of traces, and the worker's part."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from jobs.runs import services as runs
from jobs.runs.models import Job
from jobs.runs.runner import handles
from jobs.runs.work import Work
from jobs.tracing.machines import TRACE
from jobs.tracing.models import Trace
from jobs.tracing.search import exports, trace
from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import creation, may_create, transition
from trusts.datasets.models import Dataset
from trusts.datasets.services import keep


def may_trace(dataset: Dataset, actor: Actor) -> bool:
    """Whether this person may trace files to exports of the dataset: its holder's owners and stewards."""
    own = actor.organisation_id is not None and dataset.organisation_id == actor.organisation_id
    return own and may_create(TRACE, "ask", actor, organisation_id=dataset.organisation_id)


@performs(TRACE, "ask")
def ask(*, actor: Actor, dataset: Dataset, file: Any) -> Trace:
    """Keep the file and queue its comparison with the dataset's exports. Raises Refused."""
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    if not may_trace(dataset, actor):
        raise Refused.because("trace.role", "Only owners and stewards of the data's holder may trace a file",
                              remedy="Ask one of them")  # fmt: skip
    if version is None:
        raise Refused.because(
            "trace.version", "This dataset has no version that was read", remedy="Nothing can have leaked"
        )
    stored = keep(file)
    with transaction.atomic():
        job = Job(kind="trace", holder_id=dataset.organisation_id, version_of_data=version,
                  weight=version.original_bytes or version.parquet_bytes)  # fmt: skip
        runs.enqueue(job, actor=system())
        made = Trace(organisation_id=dataset.organisation_id, asked_by_id=actor.user_id, dataset=dataset, job=job,
                     name=file.name[:200], sha256=stored.sha256, bytes=stored.size)  # fmt: skip
        with creation(TRACE, "ask", made, actor=actor) as change:
            change.detail = {"dataset": str(dataset.pk), "sha256": stored.sha256, "bytes": stored.size}
    return made


@performs(TRACE, "finish")
def finish(trace_id: UUID, *, actor: Actor, found: dict[str, Any], seen: int | None = None) -> Trace:
    """Keep the answer. The event says which exports were named, for the holder's audit trail."""
    with transition(TRACE, "finish", trace_id, actor=actor) as change:
        made: Trace = change.subject
        made.result = found
        change.detail = {"verdict": found["verdict"], "named": [one["id"] for one in found["named"]]}
    return made


@performs(TRACE, "told_at_shell")
def told_at_shell(*, actor: Actor, name: str, sha256: str, size: int, found: dict[str, Any]) -> list[Trace]:
    """What an operator found at the shell, for the holder of each dataset whose export it is: one trace each, and its event.

    The file stays with the operator. Holders of other exports learn nothing, since nothing was found about them.
    """
    theirs: dict[Dataset, set[str]] = {}
    ids = [one["id"] for one in (*found["named"], *found["same"])]
    for one in exports().filter(pk__in=ids):
        theirs.setdefault(one.agreement.dataset, set()).add(str(one.pk))
    made = []
    for dataset, own in theirs.items():
        part = {name: [one for one in found[name] if one["id"] in own] for name in ("named", "same")}
        result = {**found, **part, "unmarked": 0, "unmarked_refs": [], "not_judged": []}
        row = Trace(organisation_id=dataset.organisation_id, dataset=dataset, name=name[:200], sha256=sha256, bytes=size,
                    result=result)  # fmt: skip
        with creation(TRACE, "told_at_shell", row, actor=actor) as change:
            change.detail = {
                "dataset": str(dataset.pk),
                "sha256": sha256,
                "verdict": found["verdict"],
                "named": sorted(own),
            }
        made.append(row)
    return made


@handles("trace")
def compare(work: Work) -> None:
    made = Trace.objects.select_related("dataset").get(job_id=work.job.pk)
    among = exports().filter(provider_id=made.organisation_id, agreement__dataset_id=made.dataset_id)
    found = trace(work, work.source(made.sha256), made.name, among)
    with transaction.atomic():
        runs.finish(work.job.pk, actor=work.actor, attempt=work.attempt, result={"trace": str(made.pk)})
        finish(made.pk, actor=work.actor, found=found)
