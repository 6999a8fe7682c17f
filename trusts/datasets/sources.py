"""Verbs of sources: where a dataset's data stays, and reading it once more.

Only workers open a source. What they read becomes a version with bytes of its own.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from kernel.actor import Actor
from kernel.decision import Decision, Outcome, Refused
from kernel.keys import open_secret, seal_secret
from kernel.once import once
from kernel.registry import performs
from kernel.store import Stored
from kernel.transition import creation, transition
from trusts.datasets import places, services
from trusts.datasets.machines import DATASET, SOURCE
from trusts.datasets.models import Dataset, DatasetVersion, Source
from trusts.organisations import robots

BEING_READ = ("registered", "profiling")
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7)}
NOTHING = Stored("", 0)


@performs(SOURCE, "connect")
def connect(*, actor: Actor, dataset: Dataset, address: dict[str, Any], secrets: dict[str, str]) -> Source:
    """The dataset's source; its first reading is a version. Raises Refused if it has one, or may not be read."""
    _must_be_allowed(address, dataset)
    source = Source(dataset=dataset, address=address, sealed=_sealed(secrets))
    with transaction.atomic():
        Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
        if Source.objects.filter(dataset=dataset).exists():
            raise Refused.because(
                "source.there",
                "This dataset has a source already",
                remedy="Change that one on the dataset's page",
            )
        with creation(SOURCE, "connect", source, actor=actor) as change:
            change.detail = {"kind": address["kind"]}
        take_version(dataset.pk, actor=actor)
    return source


def register_with_source(
    *, actor: Actor, address: dict[str, Any], secrets: dict[str, str], **about: Any
) -> Dataset:
    """A dataset, its source and its first version together, or none of them; sent twice, it is done once."""

    def made() -> Dataset | None:
        return Dataset.objects.filter(pk=about.get("id"), organisation_id=actor.organisation_id).first()

    def make() -> Dataset:
        dataset = services.register(actor=actor, **about)
        connect(actor=actor, dataset=dataset, address=address, secrets=secrets)
        return dataset

    return once(made, make)


@performs(SOURCE, "read")
def read(source_id: UUID, *, actor: Actor, seen: int | None = None) -> DatasetVersion:
    """The next version, as the source is when a worker comes to it. Raises Refused while the last one is being read."""
    with transition(SOURCE, "read", source_id, actor=actor, seen=seen) as change:
        source: Source = change.subject
        _must_be_allowed(source.address, source.dataset)
        last = source.dataset.versions.order_by("-number").first()
        if last is not None and last.state in BEING_READ:
            raise Refused.because(
                "source.reading",
                f"Version {last.number} is being read just now",
                remedy="Wait until it is done",
            )
        version = take_version(source.dataset_id, actor=actor)
        change.detail = {"version": version.number}
    return version


@performs(SOURCE, "change")
def change_source(
    source_id: UUID,
    *,
    actor: Actor,
    address: dict[str, Any],
    secrets: dict[str, str],
    seen: int | None = None,
) -> Source:
    """Another address or key. Nothing is read by that. The old key is gone, so it never reaches another host."""
    with transition(SOURCE, "change", source_id, actor=actor, seen=seen) as change:
        _must_be_allowed(address, change.subject.dataset)
        change.subject.address, change.subject.sealed = address, _sealed(secrets)
    return change.subject


@performs(SOURCE, "forget")
def forget(source_id: UUID, *, actor: Actor, seen: int | None = None) -> Source:
    """Delete the sealed keys; the address stays as a record."""
    with transition(SOURCE, "forget", source_id, actor=actor, seen=seen) as change:
        change.subject.sealed = ""
    return change.subject


@performs(SOURCE, "schedule")
def schedule(source_id: UUID, *, actor: Actor, every: str, seen: int | None = None) -> Source:
    """Look every `day` or `week` whether it changed, or (empty) never. The first time is one such span from now."""
    with transition(SOURCE, "schedule", source_id, actor=actor, seen=seen) as change:
        change.subject.every, change.subject.looked = every, timezone.now()
    return change.subject


def look_due(now: datetime) -> int:
    """Tell the workers of the sources whose time has come; how many. Safe to run twice at once."""
    told = 0
    for every, span in SPANS.items():
        due = Source.objects.filter(every=every, looked__lte=now - span, state="connected")
        for pk in due.exclude(dataset__state="retired").values_list("pk", flat=True):
            try:
                look(pk, actor=robots.actor("look_at_sources"), before=now - span)
                told += 1
            except Refused:
                continue
    return told


@performs(SOURCE, "look")
def look(source_id: UUID, *, actor: Actor, before: datetime, seen: int | None = None) -> Source:
    """Have a worker look whether it changed. Raises Refused if that was done after `before`."""
    with transition(SOURCE, "look", source_id, actor=actor) as change:
        if change.subject.looked is not None and change.subject.looked > before:
            raise Refused.because("source.looked", "It was looked at already", remedy="Nothing to do")
        change.subject.looked = timezone.now()
    return change.subject


@performs(SOURCE, "same")
def found_same(source_id: UUID, *, actor: Actor, version: int, seen: int | None = None) -> Source:
    """A worker looked, and the source holds what version `version` holds."""
    with transition(SOURCE, "same", source_id, actor=actor) as change:
        change.detail = {"version": version}
    return change.subject


@performs(DATASET, "take_version")
def take_version(dataset_id: UUID, *, actor: Actor, seen: int | None = None) -> DatasetVersion:
    """The next version, to be read from the dataset's source as it is now. Called when it is connected or read."""
    source = Source.objects.get(dataset=dataset_id)
    name = places.name_of(source.address)
    with transition(DATASET, "take_version", dataset_id, actor=actor) as change:
        change.detail = {"name": name, "kind": source.address["kind"]}
        return services.register_version(
            dataset_id, actor=actor, stored=NOTHING, name=name, place=dict(source.address)
        )


def _must_be_allowed(address: dict[str, Any], dataset: Dataset) -> None:
    reason = places.refusal(address, dataset.organisation.slug)
    if reason is not None:
        raise Refused(Decision(Outcome.DENY, (reason,)))


def _sealed(secrets: dict[str, str]) -> str:
    given = {name: value for name, value in secrets.items() if value}
    return seal_secret(json.dumps(given).encode()) if given else ""


def for_worker(version: DatasetVersion) -> dict[str, Any]:
    """Arguments of `jobs.pipeline.places:snapshot`: place, secrets, roots, hosts; asked anew what the operator allows.

    Raises Refused if the source is forgotten, changed since, or not allowed any more.
    """
    source = Source.objects.select_related("dataset__organisation").filter(dataset=version.dataset_id).first()
    if source is None or source.state != "connected":
        raise Refused.because("source.forgotten", "The access to the source was forgotten", remedy="Give the key again, then read the source again")  # fmt: skip
    if source.address != version.place:
        raise Refused.because("source.changed", "The source's address was changed since", remedy="Read the source again, for a new version")  # fmt: skip
    _must_be_allowed(version.place, source.dataset)
    kept = json.loads(open_secret(source.sealed)) if source.sealed else {}
    place, secrets = places.for_reader(version.place, kept)
    host = (
        place.get("endpoint", "").rpartition("://")[2]
        if place["kind"] == "s3"
        else version.place.get("host", "")
    )
    roots = places.roots_of(source.dataset.organisation.slug)
    return {"place": place, "secrets": json.dumps(secrets).encode(), "roots": roots, "hosts": [host]}
