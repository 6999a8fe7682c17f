"""The catalogue's line on each dataset: would I be allowed, does it need an agreement first, or is it closed to me?

The published offer's policy, or the held contract's, is decided by the same evaluator as a request, with nothing said
yet about purpose and columns. At most four queries, however many datasets; policies are kept ready by their hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from contracts.decisions.situation import used_so_far
from contracts.negotiations import ledger
from contracts.negotiations.models import Agreement, Offer
from contracts.negotiations.selectors import agreements, offers
from contracts.policies.deciding.asking import planned, request_for
from contracts.policies.deciding.documents import is_prepared, prepared_as
from contracts.policies.deciding.facts import World
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.wording import failing, sentence
from contracts.policies.language.faults import PolicyError
from kernel.actor import Actor
from kernel.decision import ALLOW
from kernel.iris import iri
from trusts.datasets.models import Dataset
from trusts.membership.roles import ASK, lets_in


@dataclass(frozen=True, slots=True)
class Access:
    """One line on a catalogue card: code, words, tone, and the contract if there is one."""

    code: str
    text: str
    tone: str
    agreement_id: UUID | None = None


def would_be_allowed(
    datasets: Sequence[Dataset], actor: Actor, now: datetime | None = None, places: list[Any] | None = None
) -> dict[UUID, Access]:
    """For each dataset whether this organisation may have it now. At most four queries, one fewer with its `places`."""
    moment = now or timezone.now()
    others = [dataset for dataset in datasets if dataset.organisation_id != actor.organisation_id]
    ids = [dataset.pk for dataset in others]
    mine = agreements(actor).filter(dataset_id__in=ids, consumer_id=actor.organisation_id).order_by("created")
    held = {a.dataset_id: a for a in ledger.with_rows(mine.select_related(None)).only(
        "dataset_id", "state", "starts", "ends", "exports_used", "policy_hash", "odrl")}  # fmt: skip
    open_ones = offers(actor).filter(dataset_id__in=[i for i in ids if i not in held], state="published")
    offered = {
        o.dataset_id: o
        for o in open_ones.select_related(None).order_by("created").only("dataset_id", "policy_hash")
    }
    texts = _texts([o for o in offered.values() if not is_prepared(o.policy_hash)])
    me = iri(actor.organisation_id or "")
    lets = lets_in(actor.organisation_id, ASK, places) if len(held) < len(ids) else {}
    found: dict[UUID, Access] = {}
    for dataset in datasets:
        if dataset.organisation_id == actor.organisation_id:
            found[dataset.pk] = Access("own", "Yours", "neutral")
        elif (agreement := held.get(dataset.pk)) is not None and agreement.state in ("in_force", "suspended"):
            found[dataset.pk] = _under_contract(agreement, dataset, me, moment)
        elif dataset.state == "listed" and not (role := lets.get(dataset.trust_id, ALLOW)).allowed:
            found[dataset.pk] = _not_in_this_role(role)
        else:
            found[dataset.pk] = _on_offer(offered.get(dataset.pk), dataset, me, moment, texts)
    return found


def _texts(missing: list[Offer]) -> dict[UUID, Any]:
    """The policies that are not ready yet, in one query."""
    return (
        dict(Offer.objects.filter(pk__in=[o.pk for o in missing]).values_list("pk", "odrl"))
        if missing
        else {}
    )


def _decided(
    sha256: str, document: Callable[[], Any], me: str, dataset: Dataset, used: dict[str, int], now: datetime
) -> Decision | None:
    """The decision with nothing said yet; None for a policy that cannot be read."""
    try:
        prepared = prepared_as(sha256, document)
    except PolicyError:
        return None
    duties, facts = planned(prepared)
    world = World.from_json({"counters": used, "duties": duties, "facts": facts})
    return prepared.decide(request_for(assignee=me, target=dataset.iri), world, as_of=now)


def _under_contract(agreement: Agreement, dataset: Dataset, me: str, now: datetime) -> Access:
    if agreement.state == "suspended":
        return Access("suspended", "Your contract is suspended", "care", agreement.pk)
    told = _decided(agreement.policy_hash, lambda: agreement.odrl, me, dataset, used_so_far(agreement), now)
    if told is None or told.verdict != "deny":
        return Access("contract", "You have a contract: request an export", "good", agreement.pk)
    against = [
        p
        for rule in told.rules
        if rule.kind == "permission"
        for p in failing(rule.premises)
        if p.holds is False
    ]
    if any(p.left == "count" for p in against) and all(p.left in ("count", "action") for p in against):
        return Access("used_up", "All exports of your contract are used", "care", agreement.pk)
    return Access("denied", f"Your contract does not allow it now: {_why(told)}", "care", agreement.pk)


def _not_in_this_role(role: Any) -> Access:
    if role.reasons[0].code == "organisation.merged":
        return Access("role", "Your organisation has merged into another, which asks", "care")
    return Access("role", "Your role in the trust does not let you ask for it", "care")


def _on_offer(
    offer: Offer | None, dataset: Dataset, me: str, now: datetime, texts: dict[UUID, Any]
) -> Access:
    if dataset.state != "listed":
        return Access("closed", "Not offered now", "neutral")
    if offer is not None:
        told = _decided(offer.policy_hash, lambda: texts[offer.pk], me, dataset, {"count": 0, "rows": 0}, now)
        if told is not None and told.verdict == "deny":
            return Access(
                "negotiate", f"Not allowed on the terms offered ({_why(told)}): ask for others", "care"
            )
    return Access("negotiate", "Needs a contract: ask for terms", "active")


def _why(told: Decision) -> str:
    """The first thing in the way that is certain."""
    for rule in told.rules:
        for premise in failing(rule.premises):
            if rule.kind == "permission" and premise.holds is False:
                text = sentence(premise)[0]
                return text[:1].lower() + text[1:]
    return "it is forbidden"
