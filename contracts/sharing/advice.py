"""What the engine says about a request, and what it would say before one is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from contracts.negotiations.models import Agreement
from contracts.negotiations.selectors import agreements, standing
from contracts.policies.evaluate import Ask, World, evaluate, turning
from contracts.policies.terms import Terms
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.decision import Decision
from trusts.datasets.models import Dataset


def advise(request: Request, people: int, now: datetime | None = None) -> Decision:
    """The decision on a request as it stands, with every premise in its trace."""
    moment = now or timezone.now()
    agreement = request.agreement
    stands = standing(agreement, moment)
    inactive = any(reason.code == "membership.inactive" for reason in stands.reasons)
    return evaluate(
        Terms.from_dict(agreement.terms),
        Ask(request.purpose or None, request.place or None, tuple(request.columns) or None, people),
        World(agreement.exports_used, agreement.state == "in_force", not inactive),
        as_of=moment,
    )


def advice_record(decision: Decision) -> dict[str, Any]:
    """What is kept with a request or review: outcome, reasons, premises, the change that would turn it."""
    return {**decision.as_dict(), "premises": decision.trace.get("premises", []), "as_of": decision.trace.get("as_of"),
            "engine": decision.trace.get("engine"), "turning": turning(decision)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """One line on a catalogue card: code, words, tone, and the contract if there is one."""

    code: str
    text: str
    tone: str
    agreement_id: UUID | None = None


def would_be_allowed(
    datasets: Sequence[Dataset], actor: Actor, now: datetime | None = None
) -> dict[UUID, Access]:
    """For each dataset whether this organisation may have it now. One query, however many datasets."""
    moment = now or timezone.now()
    held: dict[UUID, Agreement] = {}
    ids = [dataset.pk for dataset in datasets]
    for agreement in (
        agreements(actor).filter(dataset_id__in=ids, consumer_id=actor.organisation_id).order_by("created")
    ):
        held[agreement.dataset_id] = agreement
    found: dict[UUID, Access] = {}
    for dataset in datasets:
        agreement = held.get(dataset.pk)
        if dataset.organisation_id == actor.organisation_id:
            found[dataset.pk] = Access("own", "Yours", "neutral")
        elif (
            agreement is not None
            and agreement.state == "in_force"
            and agreement.starts <= moment < agreement.ends
        ):
            used, most = agreement.exports_used, (agreement.terms.get("exports") or {}).get("at_most")
            if most is not None and used >= most:
                found[dataset.pk] = Access(
                    "used_up", "All exports of your contract are used", "care", agreement.pk
                )
            else:
                found[dataset.pk] = Access(
                    "contract", "You have a contract: request an export", "good", agreement.pk
                )
        elif agreement is not None and agreement.state == "suspended":
            found[dataset.pk] = Access("suspended", "Your contract is suspended", "care", agreement.pk)
        elif dataset.state == "listed":
            found[dataset.pk] = Access("negotiate", "Needs a contract: ask for terms", "active")
        else:
            found[dataset.pk] = Access("closed", "Not offered now", "neutral")
    return found
