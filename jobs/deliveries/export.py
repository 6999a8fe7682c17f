"""The export job: re-check, run the frozen plan, look again, write, sign, and only then let go."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contracts.decisions.models import StoredDecision
from contracts.negotiations import ledger
from contracts.negotiations.models import Agreement
from contracts.negotiations.selectors import standing_through
from contracts.recipes.marking import marked_share
from contracts.sharing.advice import advice_on, kept
from contracts.sharing.models import Request
from contracts.sharing.services import COUNTER, must_still_follow
from jobs.deliveries import marking, package, receipt, tokens
from jobs.deliveries.dictionary import dictionary
from jobs.deliveries.models import Delivery, Vault
from jobs.deliveries.quality import quality_of
from jobs.deliveries.services import deliver
from jobs.runs import services as runs
from jobs.runs.inputs import described
from jobs.runs.models import Job
from jobs.runs.runner import Work, handles
from kernel import store
from kernel.actor import system
from kernel.audit.keyring import portal_key, portal_key_id
from kernel.audit.selectors import head
from kernel.canonical import sha256_hex
from kernel.decision import Outcome, Refused
from kernel.keys import open_secret

SOFTWARE = "commonhold/0.1.0"
KEEP_DAYS = 30


def on_approved(message: dict[str, Any]) -> None:
    """A request was approved: queue its export, once."""
    request = Request.objects.get(pk=UUID(message["id"]))
    if request.state != "approved" or request.jobs.filter(kind="export").exists():
        return
    job = Job(kind="export", holder_id=request.provider_id, consumer_id=request.consumer_id, request=request,
              version_of_data_id=request.version_of_data_id, weight=request.version_of_data.original_bytes or request.version_of_data.parquet_bytes, plan=request.plan, plan_hash=request.plan_hash)  # fmt: skip
    runs.enqueue(job, actor=system())


def on_agreement_stopped(message: dict[str, Any]) -> None:
    """A contract was suspended or ended: nothing under it goes on."""
    runs.stop_for([UUID(message["id"])], "The contract was suspended or ended.")


def _recheck(request: Request) -> None:
    """Contract, memberships, terms and bytes, as they are now. Raises Refused."""
    decision = standing_through(request.agreement)
    if not decision.allowed:
        raise Refused(decision)
    told = advice_on(request, request.named.count(), counted=1)
    kept("job", request, told)
    advice = told.decision
    # The export being made is already counted, so the counter is not asked again.
    open_reasons = [r for r in advice.reasons if r.code != "terms.exports"]
    if advice.outcome is not Outcome.ALLOW and open_reasons:
        raise Refused(advice)
    if request.plan.get("input_sha256") != request.agreement.version_of_data.parquet_sha256:
        raise Refused.because(
            "job.input", "The data is not the version that the contract names", remedy="Submit a new request"
        )
    if sha256_hex(request.plan) != request.plan_hash:
        raise Refused.because(
            "job.plan", "The plan was changed after it was approved", remedy="Submit a new request"
        )
    must_still_follow(request)


@handles("export")
def export(work: Work) -> None:
    from jobs.pipeline.faults import StepError

    job = work.job
    request = Request.objects.select_related(
        "agreement__provider", "agreement__consumer", "agreement__dataset", "agreement__version_of_data"
    ).get(pk=job.request_id)
    _recheck(request)
    agreement, plan = request.agreement, job.plan
    names = [_label(s) for s in plan["steps"]]
    shown = [*names, "Check the result", "Measure", "Write", "Seal"]

    def show(at: int, done: int, total: int) -> None:
        work.progress(shown[min(at, len(shown) - 1)], done, total, steps=shown, at=at)

    source = work.source(plan["input_sha256"])
    key = open_secret(agreement.sealed_key)
    more = tokens.folders(work, agreement, plan, key)
    with work.stage("Clean"):
        # Joins and tokens need files beside the plan, which one machine has.
        engine, where = ("jobs.pipeline.engine:run", more) if more else _engine()
        mark = marking.secrets(agreement.dataset_id, job.pk) if marked_share(plan) else {}
        result = work.do(engine, plan=plan, source=source, folder=_inner(work, "clean"), key=key, mark=mark, progress=show, **where)  # fmt: skip
    if marking.too_few(plan, result):
        with work.stage("Clean without a mark"):
            result = work.do(engine, plan=plan, source=source, folder=_inner(work, "unmarked"), key=key, progress=show, **where)  # fmt: skip
    if result["rows_out"] == 0:
        raise StepError("result.empty", "No row is left after the plan's steps.", "Widen the filter, or ask for columns with larger groups.",
                        step=next((i for i, s in enumerate(result["steps"]) if s["rows_out"] == 0), None))  # fmt: skip
    runs.check(job.pk, actor=work.actor, attempt=work.attempt)
    cleaned = Path(result["path"])
    show(len(names), 0, 1)
    with work.stage("Check the result"):
        findings = work.do("jobs.pipeline.gates:check", parquet=cleaned, demands=plan["demands"])
    if findings:
        raise StepError(
            findings[0]["code"],
            f"Stopped before leaving: {findings[0]['text']}",
            "Tell the provider's steward; nothing has left.",
        )
    show(len(names) + 1, 0, 1)
    with work.stage("Measure"):
        after = work.do("jobs.pipeline.profile:profile", parquet=cleaned, duplicates=False)
    quality = quality_of(request, plan, after)
    show(len(names) + 2, 0, 1)
    data_name = f"{agreement.dataset.slug}-v{agreement.version_of_data.number}.{plan['format']}"
    with work.stage("Write"):
        written = work.do(
            "jobs.pipeline.writers:write", parquet=cleaned, target=work.folder / "data", form=plan["format"]
        )
    show(len(names) + 3, 0, 1)
    data = work.put(written["path"])
    body = _body(job, request, agreement, result, written["neutralised_cells"], data, data_name)
    signed = receipt.sign(body, portal_key(), portal_key_id())
    texts = package.texts(data_name, agreement, dictionary(request, plan, result["columns"]), quality, signed)
    with work.stage("Seal"):
        zipped = work.do("jobs.pipeline.pack:pack", target=work.folder / "package.zip", data=Path(written["path"]),
                         data_name=data_name, texts=texts)  # fmt: skip
    kept, vault = work.put(zipped), tokens.seal(work, more.get("side"))
    _settle(work, request, kept, data, data_name, result, signed, quality, vault)


def _engine() -> tuple[str, dict[str, Any]]:
    """The function that runs plans here, and where its cluster is."""
    if settings.ENGINE == "dask":
        return "jobs.pipeline.cluster:run", {
            "scheduler": settings.DASK_SCHEDULER,
            "security": settings.DASK_TLS,
        }
    return "jobs.pipeline.engine:run", {}


def _inner(work: Work, name: str) -> Path:
    folder = work.folder / name
    folder.mkdir(exist_ok=True)
    return folder


def _label(step: dict[str, Any]) -> str:
    from contracts.recipes.steps import STEPS

    return STEPS[step["name"]].label


def _settle(work: Work, request: Request, kept: store.Stored, data: store.Stored, data_name: str, result: dict[str, Any],
            signed: dict[str, Any], quality: dict[str, Any], vault: Vault | None) -> None:  # fmt: skip
    """File first, row second: with agreement and job locked, either all of it happens or nothing."""
    with transaction.atomic():
        agreement = ledger.locked(request.agreement_id)
        decision = standing_through(agreement)
        if not decision.allowed:
            raise Refused(decision)
        rows = result["rows_out"]
        ledger.commit(agreement.pk, actor=system(COUNTER), request=request.pk, rows=rows)
        job = runs.finish(
            work.job.pk, actor=work.actor, attempt=work.attempt,
            # Exact counts of each step stay with the job, for the provider; the receipt has them masked.
            result={"rows": rows, "package": kept.sha256, "steps": receipt.steps_done(work.job.plan, result["steps"], exact=True),
                    **({"mark": mark} if (mark := marking.record(work.job.plan, result)) else {})},
        )  # fmt: skip
        made = deliver(
            Delivery(
                job=job, request=request, agreement=agreement, provider_id=request.provider_id, consumer_id=request.consumer_id,
                package_name=f"{Path(data_name).stem}-{job.ref}.zip", package_sha256=kept.sha256, package_bytes=kept.size,
                data_name=data_name, data_sha256=data.sha256, data_bytes=data.size, rows=rows, receipt=signed,
                quality=quality, expires=closes(agreement, timezone.now()),
            ),
            actor=work.actor,
        )  # fmt: skip
        if vault is not None:
            vault.delivery = made
            vault.save()


def closes(agreement: Agreement, delivered: datetime) -> datetime:
    """When downloads of an export close: by the contract's clause or after 30 days, and never after its end."""
    days = (agreement.terms.get("download_within") or {}).get("days", KEEP_DAYS)
    return min(delivered + timedelta(days=days), agreement.ends)


def _decided(request: Request) -> dict[str, Any]:
    """The last kept decision of the contract's policy on this request: its id, its answer and their hashes."""
    found = StoredDecision.objects.filter(
        kind="request", subject=request.pk, moment__in=("approve", "job")
    ).last()
    if found is None:
        return {}
    return {"decision": {"id": str(found.pk), "moment": found.moment, "verdict": found.verdict, "output_sha256": found.output_sha256,
                         "policy_sha256": found.policy_id, "engine": found.engine}}  # fmt: skip


def _body(
    job: Job,
    request: Request,
    agreement: Agreement,
    result: dict[str, Any],
    neutralised: int,
    data: store.Stored,
    data_name: str,
) -> dict[str, Any]:
    version, checkpoint = agreement.version_of_data, head()
    return {
        "issued": timezone.now().isoformat(), "software": SOFTWARE, "portal": settings.SITE_URL,
        "job": {"id": str(job.pk), "attempt": job.attempt}, "request": str(request.pk),
        "input": {"dataset": agreement.dataset.title_text, "version": version.number, **version.hashes(), "rows": result["rows_in"]},
        **({"joined": more} if (more := described(agreement, job.plan)) else {}),
        "plan": {"sha256": job.plan_hash, "steps": receipt.steps_done(job.plan, result["steps"])},
        **({"mark": mark} if (mark := marking.said(agreement.terms, job.plan, bool(marking.record(job.plan, result)))) else {}),
        "agreement": {"id": agreement.iri, "policy_sha256": agreement.policy_hash, "payload_sha256": sha256_hex(agreement.payload),
                      "provider": agreement.provider.name, "consumer": agreement.consumer.name},
        "approved_by": [{"name": r.said_by, "verdict": r.verdict, "at": r.created.isoformat()}
                        for r in request.reviews.filter(verdict="approve", counts=True).select_related("reviewer")],
        **_decided(request),
        "recipients": sorted(str(p.user) for p in request.named.select_related("user")),
        "purpose": request.purpose,
        "output": {"name": data_name, "format": job.plan["format"], "sha256": data.sha256, "bytes": data.size,
                   "rows": result["rows_out"], "rows_removed": result["rows_in"] - result["rows_out"],
                   "columns": [c["name"] for c in result["columns"]], "neutralised_cells": neutralised},
        "log": {"size": checkpoint.size, "root_hash": checkpoint.root_hash} if checkpoint else None,
    }  # fmt: skip
