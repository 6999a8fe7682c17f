"""Reads: which datasets and versions an actor may know of."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from kernel.actor import Actor
from kernel.registry import sees
from trusts.datasets.machines import DATASET, SOURCE, UPLOAD, VERSION
from trusts.datasets.models import Column, Dataset, DatasetVersion, Source, Upload

UNFINISHED = ("open", "checking", "complete")


@sees(DATASET)
def datasets(actor: Actor) -> QuerySet[Dataset]:
    """One's own organisation's, those listed in one's trusts, and those on which one was granted a right."""
    found = Dataset.objects.select_related("organisation", "trust")
    if actor.is_system:
        return found
    granted = Q(pk__in=actor.granted_ids)
    if actor.organisation_id is None:
        return found.filter(granted) if actor.granted else found.none()
    seen = Q(organisation_id=actor.organisation_id) | Q(state="listed", trust_id__in=actor.trust_ids)
    return found.filter(seen | granted if actor.granted else seen)


def matching(found: QuerySet[Dataset], words: str) -> QuerySet[Dataset]:
    """Those in which every word is found: in what they say of themselves, or in a readable version's columns."""
    for word in words.split()[:8]:
        named = Column.objects.filter(version__dataset=OuterRef("pk"), version__state="profiled")
        named = named.filter(Q(name__icontains=word) | Q(description__icontains=word))
        said = Q(title_text__icontains=word) | Q(summary__icontains=word) | Q(description__icontains=word)
        said |= Q(keywords__icontains=word) | Q(organisation__name__icontains=word)
        found = found.filter(said | Exists(named))
    return found


@sees(VERSION)
def versions(actor: Actor) -> QuerySet[DatasetVersion]:
    """All versions of one's own datasets; ready versions of listed ones, and of those on which one was granted a right."""
    found = DatasetVersion.objects.select_related("dataset", "dataset__organisation")
    if actor.is_system:
        return found
    granted = Q(dataset_id__in=actor.granted_ids, state="profiled")
    if actor.organisation_id is None:
        return found.filter(granted) if actor.granted else found.none()
    own = Q(dataset__organisation_id=actor.organisation_id)
    seen = own | Q(dataset__state="listed", dataset__trust_id__in=actor.trust_ids, state="profiled")
    return found.filter(seen | granted if actor.granted else seen)


def remembered(version: DatasetVersion) -> dict[str, Any]:
    """How the last corrected version before this one was read, or nothing."""
    earlier = DatasetVersion.objects.filter(dataset_id=version.dataset_id, number__lt=version.number)
    for reading in earlier.order_by("-number").values_list("reading", flat=True)[:50]:
        if reading.get("corrected"):
            return dict(reading)
    return {}


@sees(SOURCE)
def sources(actor: Actor) -> QuerySet[Source]:
    """One's own organisation's."""
    found = Source.objects.select_related("dataset")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(dataset__organisation_id=actor.organisation_id)


@sees(UPLOAD)
def uploads(actor: Actor) -> QuerySet[Upload]:
    """One's own organisation's."""
    if actor.is_system:
        return Upload.objects.all()
    if actor.organisation_id is None:
        return Upload.objects.none()
    return Upload.objects.filter(organisation_id=actor.organisation_id)


def unfinished(actor: Actor) -> QuerySet[Upload]:
    """Uploads that were not yet registered, the newest first."""
    return uploads(actor).filter(state__in=UNFINISHED).order_by("-created")
