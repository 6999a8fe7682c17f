"""Verbs of datasets and versions: the only writers."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.text import slugify

from kernel import store
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.once import once
from kernel.registry import performs
from kernel.store import Stored
from kernel.transition import creation, transition
from trusts.datasets import uploads
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Column, Dataset, DatasetVersion
from trusts.datasets.quality import changed_answers
from trusts.membership.models import Trust
from trusts.membership.roles import may_begin


@performs(DATASET, "register")
def register(
    *,
    actor: Actor,
    title: str,
    summary: str = "",
    description: str = "",
    keywords: list[str] | None = None,
    provenance: str = "",
    contact_email: str = "",
    trust: Trust | None = None,
    id: UUID | None = None,
) -> Dataset:
    """A private dataset of the organisation acted for. The same `id` twice gives the same dataset."""
    if not (begins := may_begin(actor.organisation_id)).allowed:
        raise Refused(begins)
    id = id or uuid4()
    dataset = Dataset(
        id=id,
        organisation_id=actor.organisation_id,
        trust=trust,
        title_text=title,
        # Part of the random id and not a count: nobody learns of another's dataset by its title.
        slug=f"{slugify(title)[:60] or 'dataset'}-{id.hex[:6]}",
        summary=summary,
        description=description,
        keywords=keywords or [],
        provenance=provenance,
        contact_email=contact_email or actor.email,
    )

    def make() -> Dataset:
        with creation(DATASET, "register", dataset, actor=actor):
            pass
        return dataset

    return once(lambda: Dataset.objects.filter(pk=id, organisation_id=actor.organisation_id).first(), make)


def register_with_file(
    *, actor: Actor, file: Any = None, upload: UUID | None = None, **about: Any
) -> Dataset:
    """A dataset and its first version together, or neither. The file is kept first, outside the
    transaction, so that nobody waits for a long copy. Sent twice, it is done once. Raises Refused."""
    made = Dataset.objects.filter(pk=about.get("id"), organisation_id=actor.organisation_id).first()
    if made is not None and made.versions.exists():
        return made
    stored, name = _found(file, upload, actor)
    with transaction.atomic():
        dataset = register(actor=actor, **about)
        if not dataset.versions.exists():
            with transition(DATASET, "add_version", dataset.pk, actor=actor) as change:
                change.detail = {"name": name, "sha256": stored.sha256}
                register_version(dataset.pk, actor=actor, stored=stored, name=name)
                if not file and upload:
                    uploads.use(upload, actor=actor)
    return dataset


@performs(VERSION, "register")
def register_version(
    dataset_id: UUID, *, actor: Actor, stored: Stored, name: str, place: dict[str, Any] | None = None
) -> DatasetVersion:
    """The next version, from a file that is already kept, or from the place where the data stays. A worker will read it."""
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update(of=("self",)).get(pk=dataset_id)
        if dataset.state == "retired":
            raise Refused.because("dataset.retired", "This dataset is retired", remedy="Register a new one")
        last = dataset.versions.order_by("-number").first()
        version = DatasetVersion(
            dataset=dataset,
            number=(last.number if last else 0) + 1,
            registered_by_id=actor.user_id,
            original_name=name[:200],
            original_sha256=stored.sha256,
            original_bytes=stored.size,
            place=place or {},
        )
        with creation(VERSION, "register", version, actor=actor) as change:
            change.detail = {"name": version.original_name, "bytes": stored.size}
    return version


@performs(VERSION, "start")
def start_reading(version_id: UUID, *, actor: Actor, seen: int | None = None) -> DatasetVersion:
    with transition(VERSION, "start", version_id, actor=actor) as change:
        pass
    return change.subject


@performs(VERSION, "finish")
def finish_reading(
    version_id: UUID,
    *,
    actor: Actor,
    parquet: Stored,
    rows: int,
    columns: list[dict[str, Any]],
    reading: dict[str, Any],
    profile: dict[str, Any],
    preview: dict[str, Any] | None = None,
    misfits: dict[str, dict[str, int]] | None = None,
    misfit_list: Stored | None = None,
    source: dict[str, Any] | None = None,
    fingerprint: str = "",
    seen: int | None = None,
) -> DatasetVersion:
    """The typed, measured version. `columns`: name, type, personal; words are kept from the last version,
    and from this one if it was read before. `source`, `fingerprint`: what was read, if it was read in place."""
    with transition(VERSION, "finish", version_id, actor=actor) as change:
        version: DatasetVersion = change.subject
        version.parquet_sha256, version.parquet_bytes, version.rows = parquet.sha256, parquet.size, rows
        version.reading, version.profile, version.failure = reading, profile, {}
        version.preview, version.misfits = preview or {}, misfits or {}
        version.misfits_sha256 = misfit_list.sha256 if misfit_list else ""
        version.source, version.source_fingerprint = source or {}, fingerprint
        earlier = (
            version.dataset.versions.filter(state="profiled", number__lt=version.number)
            .order_by("-number")
            .first()
        )
        known = {c.name: c for c in earlier.columns.all()} if earlier else {}
        known |= {c.name: c for c in version.columns.all()}
        version.columns.all().delete()
        for position, found in enumerate(columns):
            before = known.get(found["name"])
            Column.objects.create(
                version=version,
                position=position,
                name=found["name"],
                type=found["type"],
                personal=before.personal if before else bool(found.get("personal")),
                description=before.description if before else "",
                unit=before.unit if before else "",
            )
        change.detail = {"columns": len(columns), "format": reading.get("format", "")}
    return change.subject


@performs(VERSION, "fail")
def fail_reading(
    version_id: UUID,
    *,
    actor: Actor,
    failure: dict[str, Any],
    reading: dict[str, Any] | None = None,
    preview: dict[str, Any] | None = None,
    seen: int | None = None,
) -> DatasetVersion:
    """`failure`: code, text, row, column, remedy. The guess and the first rows, if a look at the file gave any."""
    with transition(VERSION, "fail", version_id, actor=actor, reason=failure.get("text", "")) as change:
        change.subject.failure, change.subject.preview = failure, preview or {}
        change.subject.reading = reading or change.subject.reading
    return change.subject


@performs(VERSION, "ask_choice")
def ask_choice(
    version_id: UUID,
    *,
    actor: Actor,
    failure: dict[str, Any],
    reading: dict[str, Any],
    seen: int | None = None,
) -> DatasetVersion:
    """Nothing is wrong, but a person must say which of several tables is meant. `reading`: with what there is to choose."""
    with transition(VERSION, "ask_choice", version_id, actor=actor, reason=failure.get("text", "")) as change:
        change.subject.failure, change.subject.reading, change.subject.preview = failure, reading, {}
    return change.subject


@performs(VERSION, "correct")
def correct_reading(
    version_id: UUID, *, actor: Actor, reading: dict[str, Any], seen: int | None = None
) -> DatasetVersion:
    """Have the file read anew as `reading` says. What was made of it is given up; the dictionary's words stay."""
    with transition(VERSION, "correct", version_id, actor=actor, seen=seen) as change:
        version: DatasetVersion = change.subject
        version.reading, version.failure, version.profile = reading, {}, {}
        version.parquet_sha256, version.parquet_bytes, version.rows = "", 0, None
        version.preview, version.misfits, version.misfits_sha256 = {}, {}, ""
        change.detail = {"corrected": reading.get("corrected", [])}
    return change.subject


@performs(DATASET, "enlist")
def enlist(
    dataset_id: UUID, *, actor: Actor, trust: Trust, terms_summary: str, seen: int | None = None
) -> Dataset:
    """List in a trust's catalogue. Called when an offer is published."""
    with transition(DATASET, "enlist", dataset_id, actor=actor) as change:
        change.subject.trust, change.subject.terms_summary = trust, terms_summary
    return change.subject


@performs(DATASET, "unlist")
def unlist(dataset_id: UUID, *, actor: Actor, seen: int | None = None) -> Dataset:
    """Take out of the catalogue. Called when the last offer is withdrawn."""
    with transition(DATASET, "unlist", dataset_id, actor=actor) as change:
        change.subject.terms_summary = ""
    return change.subject


@performs(DATASET, "describe")
def describe(dataset_id: UUID, *, actor: Actor, seen: int | None = None, **values: Any) -> Dataset:
    """Change title, summary, description, keywords, provenance or contact. A version never changes."""
    with transition(DATASET, "describe", dataset_id, actor=actor, seen=seen) as change:
        for name, value in values.items():
            setattr(change.subject, name, value)
    return change.subject


@performs(DATASET, "set_rules")
def set_rules(
    dataset_id: UUID, *, actor: Actor, rules: list[dict[str, Any]], seen: int | None = None
) -> Dataset:
    """Replace the quality rules, already cleaned by `rulebook.all_cleaned`. A worker checks them."""
    with transition(DATASET, "set_rules", dataset_id, actor=actor, seen=seen) as change:
        change.detail = {"before": len(change.subject.rules), "after": len(rules)}
        change.subject.rules = rules
    return change.subject


@performs(VERSION, "record_checks")
def record_checks(
    version_id: UUID,
    *,
    actor: Actor,
    results: list[dict[str, Any]],
    score: dict[str, Any],
    seen: int | None = None,
) -> DatasetVersion:
    """What a worker found when it checked the rules on a version that was read before: they were changed, or what they
    refer to, or time has passed. The holder's stewards are told only if an answer is another than it was."""
    with transition(VERSION, "record_checks", version_id, actor=actor) as change:
        changed = changed_answers(change.subject.profile.get("rules", []), results)
        if changed:
            change.publish("version.answer_changed", id=str(version_id), machine=VERSION.name)
        change.subject.profile = {**change.subject.profile, "rules": results, "score": score}
        broken = sum(r["state"] == "fail" for r in results)
        change.detail = {"rules": len(results), "broken": broken, "changed": changed}
    return change.subject


def keep(file: Any) -> Stored:
    """The uploaded file under its hash. Raises Refused if it is empty or the disk is full."""
    try:
        stored = store.put_stream(file.chunks(store.CHUNK))
    except store.StoreFull as problem:
        raise Refused.because(
            "store.full", str(problem), remedy="Tell the operator; nothing was kept"
        ) from problem
    if stored.size == 0:
        raise Refused.because(
            "file.empty", f"{file.name} is empty", remedy="Choose another file", field="file"
        )
    return stored


def _found(file: Any, upload: UUID | None, actor: Actor) -> tuple[Stored, str]:
    """What the form brought, kept in the store, and its name. A file goes before an upload. Raises Refused."""
    if file or upload is None:
        return keep(file), file.name
    return uploads.take(upload, actor=actor)


@performs(DATASET, "add_version")
def add_version(
    dataset_id: UUID,
    *,
    actor: Actor,
    file: Any = None,
    upload: UUID | None = None,
    seen: int | None = None,
) -> DatasetVersion:
    """Register the file, or the complete upload, as the next version. Raises Refused if the disk is full."""
    stored, name = _found(file, upload, actor)
    with transition(DATASET, "add_version", dataset_id, actor=actor, seen=seen) as change:
        change.detail = {"name": name, "sha256": stored.sha256}
        version = register_version(dataset_id, actor=actor, stored=stored, name=name)
        if not file and upload:
            uploads.use(upload, actor=actor)
    return version


@performs(DATASET, "retire")
def retire(dataset_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Dataset:
    """No new negotiations; contracts run on. The reason is kept."""
    with transition(DATASET, "retire", dataset_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(VERSION, "retry")
def read_again(version_id: UUID, *, actor: Actor, seen: int | None = None) -> DatasetVersion:
    """Queue a version that could not be read once more."""
    with transition(VERSION, "retry", version_id, actor=actor, seen=seen) as change:
        change.subject.failure = {}
    return change.subject


@performs(VERSION, "retire")
def retire_version(version_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> DatasetVersion:
    with transition(VERSION, "retire", version_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(VERSION, "describe_columns")
def describe_columns(
    version_id: UUID, *, actor: Actor, columns: dict[str, dict[str, Any]], seen: int | None = None
) -> DatasetVersion:
    """Write the dictionary. `columns`: name → any of description, unit, personal."""
    with transition(VERSION, "describe_columns", version_id, actor=actor, seen=seen) as change:
        changed: dict[str, Any] = {}
        for column in change.subject.columns.select_for_update(of=("self",)):
            given = columns.get(column.name, {})
            moved = {
                k: v
                for k, v in given.items()
                if k in ("description", "unit", "personal") and getattr(column, k) != v
            }
            if moved:
                for key, value in moved.items():
                    setattr(column, key, value)
                column.save()
                changed[column.name] = moved
        change.detail = {"columns": changed}
    return change.subject
