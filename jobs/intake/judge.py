"""After the measuring: the steward's rules, the score, and what moved since the version before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.runs.models import Job
from jobs.runs.runner import Work, handles
from jobs.runs.services import enqueue, finish
from kernel import store
from kernel.actor import system
from trusts.datasets import services as datasets
from trusts.datasets.changes import schema_changes
from trusts.datasets.models import DatasetVersion
from trusts.datasets.quality import fingerprint, rules_of
from trusts.datasets.rulebook import newest, references, referring_to, with_freshness

Show = Callable[[str, int, int], None]
SURE = 80


def _do(work: Work, name: str, show: Show, **given: Any) -> Any:
    """Call a function of the pipeline, `module:function`, in the job's own process."""
    return work.do(name, progress=show, **given)


def judged(
    work: Work,
    version: DatasetVersion,
    parquet: Any,
    profile: dict[str, Any],
    types: dict[str, str],
    show: Show,
) -> dict[str, Any]:
    """The profile with `rules`, `score` and, if there is a version before, `drift` and `against`."""
    results, score = _ruled(work, version, parquet, profile, show)
    found = {**profile, "rules": results, "score": score}
    earlier = (
        version.dataset.versions.filter(state="profiled", number__lt=version.number)
        .order_by("-number")
        .first()
    )
    if earlier is not None and earlier.parquet_sha256:
        changes = schema_changes(earlier.column_types(), types, earlier.profile, profile)
        sure = {pair["new"]: pair["old"] for pair in changes["renamed"] if pair["confidence"] >= SURE}
        moved = _do(
            work,
            "jobs.pipeline.drift:drift",
            show,
            before=store.path_of(earlier.parquet_sha256),
            after=parquet,
            renamed=sure,
        )
        found["drift"] = {"against": earlier.number, **moved}
    return found


def _ruled(
    work: Work, version: DatasetVersion, parquet: Any, profile: dict[str, Any], show: Show
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    from jobs.pipeline.score import score

    rules = version.dataset.rules
    known = {
        key: {"path": str(store.path_of(ref["sha256"])), "column": ref["column"]}
        for key, ref in references(version.dataset).items()
    }
    results = _do(
        work, "jobs.pipeline.quality:check", show, parquet=parquet, rules=rules, references=known,
        today=timezone.now().date().isoformat(), registered=version.created.date().isoformat(),
    )  # fmt: skip
    marked = [{**result, "rule_hash": fingerprint(rule)} for rule, result in zip(rules, results, strict=True)]
    return marked, score(profile, rules, results)


def on_rules_changed(message: dict[str, Any]) -> None:
    """Rules were changed: queue a check of the newest version. One that waits already will see them."""
    from trusts.datasets.models import Dataset

    dataset = Dataset.objects.filter(pk=UUID(message["id"])).first()
    version = newest(dataset) if dataset else None
    _queue(version)


def on_version_profiled(message: dict[str, Any]) -> None:
    """A version was read: were the rules changed meanwhile, they are checked once more. So are those of other datasets
    that refer to it, because what they refer to is its newest version."""
    version = DatasetVersion.objects.select_related("dataset").get(pk=UUID(message["id"]))
    if version.state == "profiled" and any(rule["state"] == "waiting" for rule in rules_of(version)):
        _queue(version)

    if version.state == "profiled":
        for dataset in referring_to(version.dataset):
            _queue(newest(dataset))


def check_stale() -> int:
    """Queue a check where time alone has changed what a rule says of the newest version; how many. Safe to run twice."""
    found = 0
    for dataset in with_freshness():
        version = newest(dataset)
        if version is not None and any(
            rule["rule"] == "freshness" and rule["state"] != rule["recorded"] for rule in rules_of(version)
        ):
            found += _queue(version)
    return found


def _queue(version: DatasetVersion | None) -> bool:
    if version is None or version.jobs.filter(kind="check", state="queued").exists():
        return False
    enqueue(
        Job(kind="check", holder_id=version.dataset.organisation_id, version_of_data=version), actor=system()
    )
    return True


@handles("check")
def check_rules(work: Work) -> None:
    """The rules as they are now, on a version that was read before."""
    version = DatasetVersion.objects.select_related("dataset").get(pk=work.job.version_of_data_id)
    if version.state != "profiled":  # It is read anew, and the rules are checked with that.
        finish(work.job.pk, actor=work.actor, attempt=work.attempt, result={"rules": 0, "broken": 0})
        return

    def show(step: str, done: int, total: int) -> None:
        work.progress(step, done, total, steps=["Check rules", "Record"], at=0)

    # Beside a link in the work folder, because the store is not to be written to.
    parquet = work.folder / "canonical.parquet"
    parquet.unlink(missing_ok=True)
    parquet.symlink_to(store.path_of(version.parquet_sha256))
    results, score = _ruled(work, version, parquet, version.profile, show)
    broken = sum(result["state"] == "fail" for result in results)
    with transaction.atomic():
        finish(
            work.job.pk,
            actor=work.actor,
            attempt=work.attempt,
            result={"rules": len(results), "broken": broken},
        )
        datasets.record_checks(version.pk, actor=work.actor, results=results, score=score)
