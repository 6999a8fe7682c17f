"""Everything about a dataset, a contract, a trust or a person: the objects whose entries belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Model

from contracts.charters.models import Exemption
from contracts.negotiations.models import Agreement, Duty, Negotiation, Offer
from contracts.negotiations.selectors import agreements
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from jobs.tracing.models import Trace
from jobs.trials.models import Trial
from kernel.actor import Actor
from trusts.datasets.models import DatasetVersion, Source
from trusts.datasets.selectors import datasets
from trusts.membership.models import Membership
from trusts.membership.selectors import trusts
from trusts.organisations.models import Deputyship, JoinRequest, OrganisationMember, User
from trusts.proposals.models import Proposal
from trusts.rights.models import Emergency, Grant

# More ids than this make a page slow; the newest objects of each kind count.
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Belonging:
    """What an object's trail is made of. `person`: what this person did belongs to it as well."""

    heading: str
    url: str
    subjects: tuple[UUID, ...]
    says: str
    person: UUID | None = None
    cut: bool = False


def belonging(of: str, actor: Actor) -> Belonging | None:
    """What `kind.id` names, if the reader may see it. Whose entries one may read is decided entry by entry besides."""
    kind, _, text = of.partition(".")
    look = KINDS.get(kind)
    try:
        return look(UUID(text), actor) if look else None
    except ValueError:
        return None


def _dataset(pk: UUID, actor: Actor) -> Belonging | None:
    found = datasets(actor).filter(pk=pk).first()
    if not found:
        return None
    contracts = _ids(Agreement, dataset_id=pk)
    ids = [
        [pk], _ids(DatasetVersion, dataset_id=pk), _ids(Source, dataset_id=pk), _ids(Offer, dataset_id=pk), _ids(Negotiation, dataset_id=pk),
        _ids(Exemption, dataset_id=pk), contracts, _ids(Trace, dataset_id=pk), _ids(Trial, version_of_data__dataset_id=pk),
        _ids(Job, version_of_data__dataset_id=pk), *_under(contracts), *_rights([pk, *contracts]),
    ]  # fmt: skip
    return _made(
        found.title_text, found.get_absolute_url(), ids, "The dataset, its versions, offers, negotiations, contracts, requests, jobs, exports and duties."
    )  # fmt: skip


def _agreement(pk: UUID, actor: Actor) -> Belonging | None:
    found = agreements(actor).filter(pk=pk).first()
    if not found:
        return None
    ids = [[pk, found.negotiation_id], *_under([pk]), *_rights([pk])]
    return _made(
        found.title(), found.get_absolute_url(), ids, "The contract, its negotiation, requests, jobs, exports, duties, and rights on it."
    )  # fmt: skip


def _trust(pk: UUID, actor: Actor) -> Belonging | None:
    found = trusts(actor).filter(pk=pk).first()
    if not found:
        return None
    contracts = _ids(Agreement, trust_id=pk)
    ids = [
        [pk], _ids(Membership, trust_id=pk), _ids(Proposal, trust_id=pk), _ids(Exemption, trust_id=pk), _ids(Negotiation, trust_id=pk),
        contracts, *_under(contracts), *_rights([pk]),
    ]  # fmt: skip
    return _made(
        found.name, found.get_absolute_url(), ids, "The trust, its memberships, votes, contracts, requests, jobs, exports and duties."
    )  # fmt: skip


def _person(pk: UUID, actor: Actor) -> Belonging | None:
    """For the person themself, and for owners of an organisation about its people."""
    places = OrganisationMember.objects.filter(user_id=pk)
    if actor.user_id != pk:
        places = places.filter(organisation_id=actor.organisation_id)
        if not actor.holds("owner") or not places.exists():
            return None
    user = User.objects.get(pk=pk)
    members = list(places.values_list("pk", flat=True)[:MOST])
    ids = [
        members, _ids(Grant, user_id=pk), _ids(Emergency, user_id=pk), _ids(JoinRequest, user_id=pk),
        _ids(Deputyship, member_id__in=members), _ids(Deputyship, deputy_id__in=members),
    ]  # fmt: skip
    return _made(
        user.get_full_name(), "", ids, "What this person did, and what was done about their place, roles, rights and deputies.", person=pk
    )  # fmt: skip


KINDS: dict[str, Callable[[UUID, Actor], Belonging | None]] = {
    "dataset": _dataset, "agreement": _agreement, "trust": _trust, "person": _person,
}  # fmt: skip


def _ids(model: type[Model], **columns: Any) -> list[UUID]:
    rows = model._default_manager.filter(**columns).order_by("-created", "pk")
    return list(rows.values_list("pk", flat=True)[: MOST + 1])


def _under(contracts: list[UUID]) -> list[list[UUID]]:
    """What was asked for, worked on, delivered and owed under these contracts."""
    return [
        _ids(Request, agreement_id__in=contracts),
        _ids(Job, request__agreement_id__in=contracts),
        _ids(Delivery, agreement_id__in=contracts),
        _ids(Duty, agreement_id__in=contracts),
    ]


def _rights(objects: list[UUID]) -> list[list[UUID]]:
    return [_ids(Grant, object_id__in=objects), _ids(Emergency, object_id__in=objects)]


def _made(heading: str, url: str, ids: list[list[UUID]], says: str, person: UUID | None = None) -> Belonging:
    cut = any(len(one) > MOST for one in ids)
    subjects = tuple(dict.fromkeys(chain.from_iterable(one[:MOST] for one in ids)))
    return Belonging(heading, url, subjects, says, person, cut)
