"""A found file against the exports that may have leaked. The data work is done by the pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, cast

from django.db.models import Q, QuerySet

from contracts.recipes.marking import marked_share
from jobs.deliveries import marking
from jobs.deliveries.models import Delivery
from jobs.runs.inputs import joined, prepared
from jobs.runs.work import Work
from kernel import store
from kernel.canonical import sha256_hex
from kernel.decision import Refused
from kernel.keys import open_secret

# Steps whose result depends on the contract's own key.
KEYED = frozenset({"pseudonymise", "perturb", "tokenise"})
LISTED = 20


class Worker(Protocol):
    """What runs pipeline functions: a job's `Work`, or whoever stands at the shell."""

    folder: Path

    def do(self, function: str, **args: Any) -> Any: ...

    def source(self, sha256: str) -> Path: ...

    def stage(self, name: str) -> AbstractContextManager[None]: ...


def exports() -> QuerySet[Delivery]:
    """Every export, with all that a trace says of it."""
    return Delivery.objects.select_related(
        "agreement__dataset", "agreement__version_of_data", "provider", "consumer", "request", "job"
    ).order_by("created")


def trace(worker: Worker, file: Path, name: str, among: QuerySet[Delivery]) -> dict[str, Any]:
    """What can be said of the file, as JSON: the verdict (`jobs.pipeline.tracing.verdict`) with each named export's
    facts; `same`: exports whose file it is byte for byte; `unmarked`: those that no trace can tell; `not_judged`.

    Raises Fault where the file cannot be read.
    """
    from jobs.pipeline.faults import Fault
    from jobs.pipeline.tracing.verdict import verdict

    every = list(among)
    by_id = {str(one.pk): one for one in every}
    marked = [one for one in every if one.job.result.get("mark")]
    sha256 = _sha256(file)
    same = _same(sha256, among)
    compared: list[dict[str, Any]] = []
    not_judged: list[dict[str, str]] = []
    rows = 0
    if marked:
        with worker.stage("Read the file"):
            leak = worker.do(
                "jobs.pipeline.tracing:read", file=file, name=name, folder=worker.folder / "leak"
            )
        rows = leak["rows"]
        for number, group in enumerate(_groups(marked)):
            try:
                with worker.stage(f"Compare with {group[0].ref}" + (f" and {len(group) - 1} more" if len(group) > 1 else "")):  # fmt: skip
                    found = _compared(worker, leak, group, number)
            except Fault as fault:
                not_judged += [{"ref": one.ref, "text": f"{fault.text} {fault.remedy}"} for one in group]
            except Refused as refused:
                not_judged += [{"ref": one.ref, "text": refused.decision.sentence} for one in group]
            else:
                text = "The portal's secret key is not the one it was made with."
                not_judged += [{"ref": by_id[pk].ref, "text": text} for pk in found["unsure"]]
                if found["marks"] or not found["unsure"]:
                    compared.append(found)
    said = verdict(compared, rows)
    if not_judged and not compared:
        said |= {"verdict": "cannot_tell", "text": "No marked export could be made again to compare the file with.",
                 "remedy": "See below why."}  # fmt: skip
    if original := _original(sha256, every):
        said |= {"verdict": "source", "named": [], "text": f"The file is byte for byte the data of {original}, as it was before any export.",
                 "remedy": "It comes from the provider, or from somebody who had the source."}  # fmt: skip
    unmarked = [one for one in every if not one.job.result.get("mark")]
    return {
        **said, "sha256": sha256, "named": [{**one, **facts(by_id[one["id"]])} for one in said["named"]], "same": [facts(one) for one in same[:LISTED]],
        "unmarked": len(unmarked), "unmarked_refs": [one.ref for one in unmarked[:LISTED]], "not_judged": not_judged,
    }  # fmt: skip


def facts(one: Delivery) -> dict[str, Any]:
    """Who received an export and under what, as JSON."""
    fetched = one.downloads.select_related("user").order_by("created")
    return {
        "id": str(one.pk), "export": one.ref, "provider": one.provider.name, "dataset": one.agreement.dataset.title_text,
        "version": one.agreement.version_of_data.number, "consumer": one.consumer.name, "contract": one.agreement.ref,
        "request": one.request.ref, "made": one.created.isoformat(timespec="seconds"),
        "people": sorted(str(person.user) for person in one.request.named.select_related("user")),
        "fetched": [{"by": str(d.user), "at": d.created.isoformat(timespec="seconds")} for d in fetched[:LISTED]],
    }  # fmt: skip


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _original(sha256: str, every: list[Delivery]) -> str:
    """The version that these exports were made from and whose own file it is; empty if it is none."""
    for one in every:
        version = one.agreement.version_of_data
        if sha256 in (version.original_sha256, version.parquet_sha256):
            return f"{one.agreement.dataset.title_text}, version {version.number}"
    return ""


def _same(sha256: str, among: QuerySet[Delivery]) -> list[Delivery]:
    return list(among.filter(Q(data_sha256=sha256) | Q(package_sha256=sha256)))


def _groups(marked: Iterable[Delivery]) -> list[list[Delivery]]:
    """Exports for which the same table is made again: same data, same steps, and the same key where it matters."""
    found: dict[str, list[Delivery]] = {}
    for one in marked:
        plan = one.job.plan
        own = _keyed(plan)
        steps = [[step["name"], step["params"]] for step in plan["steps"]]
        of = [plan["input_sha256"], steps, str(one.agreement_id) if own else ""]
        found.setdefault(sha256_hex(of), []).append(one)
    return list(found.values())


def _keyed(plan: Mapping[str, Any]) -> bool:
    """Whether the contract's own key has a part in what the plan makes."""
    return joined(plan) or any(step["name"] in KEYED for step in plan["steps"])


def _compared(worker: Worker, leak: Mapping[str, Any], group: list[Delivery], number: int) -> dict[str, Any]:
    """Raises Fault or Refused where the exports cannot be made again."""
    from jobs.pipeline.faults import Fault

    first = group[0]
    plan, agreement = first.job.plan, first.agreement
    if not store.exists(plan["input_sha256"]):
        raise Fault(
            "trace.input", "The data that it was made from is no longer kept.", "It cannot be compared."
        )
    if not agreement.sealed_key and _keyed(plan):
        raise Fault("trace.key", "The keys of its contract were deleted as agreed.", "It cannot be compared.")
    key = open_secret(agreement.sealed_key) if agreement.sealed_key else b""
    marks = [
        {"id": str(one.pk), "own": marking.secrets(one.agreement.dataset_id, one.job_id)["own"],
         "rows": one.job.result["mark"]["rows"], "left_out": one.job.result["mark"]["left_out"]}
        for one in group
    ]  # fmt: skip
    found: dict[str, Any] = worker.do(
        "jobs.pipeline.tracing:compare", leak=leak, plan=plan, source=worker.source(plan["input_sha256"]),
        folder=worker.folder / f"compare-{number}", pool=marking.secrets(agreement.dataset_id, first.job_id)["pool"],
        share=marked_share(plan), marks=marks, key=key,
        inputs=prepared(cast(Work, worker), agreement, plan, key) if joined(plan) else {},
    )  # fmt: skip
    return found
