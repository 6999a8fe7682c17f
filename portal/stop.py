"""What runs now and what this person may stop: contracts and jobs of their own organisation's data, and those under the
trusts whose trustees they act for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from contracts.negotiations.machines import AGREEMENT
from contracts.negotiations.models import Agreement
from jobs.runs.machines import JOB, LIVE
from jobs.runs.models import Job
from kernel import doors
from kernel.actor import Actor
from kernel.roles import OWNER, STEWARD
from trusts.datasets.models import light
from trusts.membership.selectors import overseen_trust_ids

STOP, RESUME = "stop", "resume"
# kind of object → what is asked for → the machine and its action
ACTIONS: dict[tuple[str, str], tuple[Any, str]] = {
    ("agreement", STOP): (AGREEMENT, "suspend"),
    ("agreement", RESUME): (AGREEMENT, "resume"),
    ("job", STOP): (JOB, "cancel"),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Over whose things this person has a word: their organisation's (None: no such role), single datasets and contracts,
    and trusts."""

    own: UUID | None
    single: tuple[UUID, ...]
    trusts: tuple[UUID, ...]

    @classmethod
    def of(cls, actor: Actor) -> Reach:
        """One query."""
        decides = actor.holds(OWNER, STEWARD)
        single = tuple(one.object_id for one in actor.granted if one.role == STEWARD)
        trusts = overseen_trust_ids(actor.organisation_id) if decides else []
        return cls(actor.organisation_id if decides else None, single, tuple(trusts))

    @property
    def empty(self) -> bool:
        return not (self.own or self.single or self.trusts)

    def agreements(self) -> QuerySet[Agreement]:
        """Contracts on which this person has a word. Of others' contracts a trustee learns who deals on what, no more."""
        found = Agreement.objects.select_related("dataset", "provider", "consumer", "trust").defer(
            "terms", "odrl", "payload", "jws"
        )
        return found.filter(self._where("", "pk", "dataset_id", "provider_id", "consumer_id", "trust_id"))

    def jobs(self) -> QuerySet[Job]:
        found = Job.objects.select_related(
            "holder", "consumer", "version_of_data__dataset", "request__agreement__trust"
        )
        under = "request__agreement__"
        where = self._where(
            under, f"{under}pk", "version_of_data__dataset_id", "holder_id", "consumer_id", f"{under}trust_id"
        )
        return found.defer(*light("version_of_data"), "plan", "request__plan", "request__advice").filter(
            where
        )

    def _where(self, under: str, contract: str, dataset: str, giver: str, taker: str, trust: str) -> Q:
        where = Q(pk__in=[])
        if self.own:
            where |= Q(**{giver: self.own})
        if self.single:
            where |= Q(**{f"{contract}__in": self.single}) | Q(**{f"{dataset}__in": self.single})
        if self.trusts and self.own:
            party = Q(**{f"{under}provider_id": self.own}) | Q(**{f"{under}consumer_id": self.own})
            where |= Q(**{f"{trust}__in": self.trusts}) & ~party
        return where


def lists(reach: Reach) -> dict[str, QuerySet[Any]]:
    """The three lists of the page, newest first."""
    agreements = reach.agreements().order_by("-created", "pk")
    return {
        "contracts": agreements.filter(state="in_force"),
        "jobs": reach.jobs().filter(state__in=LIVE).order_by("-created", "pk"),
        "stopped": agreements.filter(state="suspended", held_by__in=["provider", "trust"]),
    }


def find(reach: Reach, kind: str, pk: UUID) -> Any:
    """The contract or job, in whatever state it is by now. Raises Http404 for what this person has no word on."""
    found: QuerySet[Any] = reach.agreements() if kind == "agreement" else reach.jobs()
    subject = found.filter(pk=pk).first()
    if subject is None:
        raise Http404
    return subject


def perform(actor: Actor, reach: Reach, *, do: str, kind: str, pk: UUID, reason: str) -> Any:
    """Stop or resume it. Raises NotValid, Refused, Http404."""
    if (kind, do) not in ACTIONS:
        raise Http404
    machine, action = ACTIONS[kind, do]
    subject = find(reach, kind, pk)
    return doors.perform(machine, action, subject, actor=actor, data={"reason": reason})
