"""What a bundle is about: a contract, a dataset, a person, or a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import Q, QuerySet

from contracts.decisions import selectors as decisions
from contracts.decisions.models import StoredDecision
from contracts.negotiations import selectors as negotiations
from contracts.negotiations.models import Agreement
from contracts.sharing import selectors as sharing
from jobs.deliveries import selectors as deliveries
from jobs.deliveries.models import Delivery
from jobs.runs import selectors as runs
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.audit.erase import holding
from kernel.audit.models import Event
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset
from trusts.organisations.models import OrganisationMember, User

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """`about`: in words. `subjects`: ids of the objects whose entries belong in; None for all in the period."""

    about: str
    subjects: frozenset[UUID] | None = None
    events: frozenset[UUID] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    agreements: tuple[Agreement, ...] = field(default=())
    deliveries: tuple[Delivery, ...] = field(default=())


def of_agreement(agreement: Agreement, reader: Actor) -> Scope:
    """A contract with its negotiation, requests, jobs, exports and duties."""
    return _contracts(f"contract {agreement.ref}", [agreement], {agreement.negotiation_id}, reader)


def of_dataset(dataset: Dataset, reader: Actor) -> Scope:
    """A dataset with its versions, offers, and every contract on it that the reader may see."""
    found = list(negotiations.agreements(reader).filter(dataset=dataset).order_by("created"))
    mine = {dataset.pk, *datasets.versions(reader).filter(dataset=dataset).values_list("pk", flat=True)}
    mine |= set(negotiations.offers(reader).filter(dataset=dataset).values_list("pk", flat=True))
    mine |= set(negotiations.negotiations(reader).filter(dataset=dataset).values_list("pk", flat=True))
    mine |= set(runs.jobs(reader).filter(version_of_data__dataset=dataset).values_list("pk", flat=True))
    return _contracts(f"dataset {dataset.title_text}", found, mine, reader)


def of_person(user: User) -> Scope:
    """What the log holds of a person: what they did, what was done about them, where they are named."""
    own = {user.pk, *OrganisationMember.objects.filter(user=user).values_list("pk", flat=True)}
    named = {event for event, _ in holding(user.pk, [user.get_full_name(), user.email])}
    return Scope(f"the data of {user.get_full_name()}", frozenset(own), frozenset(named))


def of_period(start: datetime | None, end: datetime | None, reader: Actor) -> Scope:
    """Everything from `start` up to but not including `end`, with the contracts concluded, the exports and the decisions
    made in it."""
    said = [f"from {start:%-d %B %Y %H:%M}" if start else "", f"to {end:%-d %B %Y %H:%M}" if end else ""]
    within = {**({"created__gte": start} if start else {}), **({"created__lt": end} if end else {})}
    return Scope(
        " ".join(["everything", *filter(None, said)]),
        start=start,
        end=end,
        agreements=tuple(negotiations.agreements(reader).filter(**within).order_by("created")),
        deliveries=tuple(deliveries.deliveries(reader).filter(**within).order_by("created")),
    )


def _contracts(about: str, found: list[Agreement], more: set[UUID], reader: Actor) -> Scope:
    ids = [a.pk for a in found]
    requests = sharing.requests(reader).filter(agreement__in=ids)
    exports = list(deliveries.deliveries(reader).filter(agreement__in=ids).order_by("created"))
    jobs = runs.jobs(reader).filter(request__agreement__in=ids)
    duties = negotiations.duties(reader).filter(agreement__in=ids)
    subjects = {*ids, *more, *(d.pk for d in exports)}
    for rows in (requests, jobs, duties):
        subjects |= set(rows.values_list("pk", flat=True))
    return Scope(about, frozenset(subjects), agreements=tuple(found), deliveries=tuple(exports))


def entries(scope: Scope, reader: Actor, size: int) -> Iterator[Event]:
    """The events of a scope that this reader may see and that have a place below `size`, in the order of the log."""
    found: QuerySet[Event] = (
        Event.objects.select_related("leaf") if reader.is_system else audit.visible_to(reader)
    )
    found = found.filter(leaf__index__lt=size)
    if scope.start:
        found = found.filter(created__gte=scope.start)
    if scope.end:
        found = found.filter(created__lt=scope.end)
    if scope.subjects is None:
        yield from found.order_by("leaf__index").iterator(chunk_size=AT_ONCE)
        return
    # Lists of ids are long: asked for in parts, put in the log's order here.
    places: set[tuple[int, UUID]] = set()
    subjects, events = iter(sorted(scope.subjects)), iter(sorted(scope.events))
    while part := list(islice(subjects, AT_ONCE)):
        places |= set(found.filter(subject_id__in=part).values_list("leaf__index", "pk"))
    while part := list(islice(events, AT_ONCE)):
        places |= set(found.filter(pk__in=part).values_list("leaf__index", "pk"))
    ordered = iter([pk for _, pk in sorted(places)])
    while part := list(islice(ordered, AT_ONCE)):
        yield from found.filter(Q(pk__in=part)).order_by("leaf__index")


def decided(scope: Scope, reader: Actor) -> Iterator[StoredDecision]:
    """The kept decisions on the objects of a scope that this reader may see; of a period those that were made in it."""
    found = decisions.decisions(reader)
    if scope.start:
        found = found.filter(created__gte=scope.start)
    if scope.end:
        found = found.filter(created__lt=scope.end)
    if scope.subjects is None:
        yield from found.iterator(chunk_size=AT_ONCE)
        return
    subjects = iter(sorted(scope.subjects))
    while part := list(islice(subjects, AT_ONCE)):
        yield from found.filter(subject__in=part).iterator(chunk_size=AT_ONCE)
