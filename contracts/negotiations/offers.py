"""Verbs of offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from contracts.charters.services import must_be_met
from contracts.negotiations.machines import OFFER
from contracts.negotiations.models import Offer
from contracts.policies.authoring import contradictions
from contracts.policies.odrl import policy_hash, to_odrl
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import summary
from contracts.recipes.compile import terms_on_columns
from kernel.actor import Actor
from kernel.decision import Decision, Outcome, Reason, Refused
from kernel.registry import performs
from kernel.roles import roles_of
from kernel.transition import creation, transition, would_create
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership.models import Trust
from trusts.membership.roles import OFFER as OFFERS
from trusts.membership.roles import must_be_let


def read_terms(given: dict[str, Any], version: DatasetVersion, more: Sequence[DatasetVersion] = ()) -> Terms:
    """Terms that fit the dataset's columns. Raises Refused with one reason per clause.

    Pseudonyms may also be asked for columns of the further datasets, `more`.
    """
    try:
        terms = Terms.from_dict(given)
    except TermsError as problem:
        reasons = tuple(
            Reason(f"terms.{e.clause}", e.text, e.remedy, f"clause {e.clause}", e.clause)
            for e in problem.errors
        )
        raise Refused(Decision(Outcome.DENY, reasons)) from problem
    if found := contradictions(terms):
        raise Refused(Decision(Outcome.DENY, found))
    known = set(version.column_types())
    elsewhere = {name for one in more for name in one.column_types()}
    secret = set((terms.get("pseudonymise") or {}).get("columns", ()))
    unknown = sorted(terms.columns_named() - known - (secret & elsewhere))
    if unknown:
        raise Refused.because(
            "terms.columns",
            f"The dataset has no column {listed(unknown)}",
            remedy="Choose from its columns",
            field="columns",
        )
    if faults := terms_on_columns(terms, version.column_types()):
        raise Refused(Decision(Outcome.DENY, tuple(faults)))
    return terms


def ready_version(dataset: Dataset) -> DatasetVersion:
    """The newest version that was read and measured. Raises Refused if there is none."""
    found = dataset.versions.filter(state="profiled").order_by("-number").first()
    if found is None:
        raise Refused.because(
            "dataset.not_ready",
            "No version of this dataset has been read yet",
            remedy="Wait for the worker, or upload a file",
        )
    return found


def hold(versions: Iterable[UUID]) -> None:
    """Inside a transaction: nobody has these versions read anew until it ends. Raises Refused if one is not ready."""
    wanted = sorted(set(versions))
    held = DatasetVersion.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk")
    if [v.state for v in held] != ["profiled"] * len(wanted):
        raise Refused.because(
            "dataset.not_ready",
            "The dataset is being read anew",
            remedy="Try again when its newest version is ready",
        )


def may_publish(dataset: Dataset, actor: Actor) -> Decision | None:
    """Whether terms for it may be published now, with the reasons if not; None for those whose role does not let them ask."""
    draft = Offer(dataset=dataset, provider_id=dataset.organisation_id)
    if not OFFER.fits(OFFER.action("publish"), "", roles_of(actor, draft)):
        return None
    return would_create(OFFER, "publish", actor, dataset=dataset, provider_id=dataset.organisation_id)


@performs(OFFER, "publish")
def publish(
    dataset_id: UUID, *, actor: Actor, terms: dict[str, Any], trust: Trust, seen: int | None = None
) -> Offer:
    """Hold out terms for a dataset in a trust's catalogue. Raises Refused with a reason per clause."""
    with transaction.atomic():
        dataset = (
            Dataset.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=dataset_id)
        )
        checked = read_terms(terms, ready_version(dataset))
        if trust.pk not in actor.trust_ids:
            raise Refused.because(
                "membership.inactive",
                f"Your organisation is not an active member of {trust}",
                remedy="Join it first",
                field="trust",
            )
        must_be_let(trust, actor.organisation_id, OFFERS)
        must_be_met(checked, dataset, trust)
        offer = Offer(
            dataset=dataset,
            provider_id=dataset.organisation_id,
            terms=checked.as_dict(),
            author_id=actor.user_id,
        )
        offer.odrl = to_odrl(checked, uid=offer.iri, target=dataset.iri, assigner=dataset.organisation.iri)
        offer.policy_hash = policy_hash(offer.odrl)
        with creation(OFFER, "publish", offer, actor=actor) as change:
            change.detail = {"trust": trust.name, "clauses": checked.codes()}
        for older in dataset.offers.filter(state__in=["published", "paused"]).exclude(pk=offer.pk):
            with transition(
                OFFER, "withdraw", older.pk, actor=actor, reason=f"Replaced by offer {offer.ref}"
            ):
                pass
        datasets.enlist(dataset.pk, actor=actor, trust=trust, terms_summary=summary(checked))
    return offer


@performs(OFFER, "pause")
def pause(offer_id: UUID, *, actor: Actor, seen: int | None = None) -> Offer:
    with transition(OFFER, "pause", offer_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(OFFER, "resume")
def resume(offer_id: UUID, *, actor: Actor, seen: int | None = None) -> Offer:
    with transition(OFFER, "resume", offer_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(OFFER, "withdraw")
def withdraw_offer(offer_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Offer:
    """No longer held out; without another offer the dataset leaves the catalogue."""
    with transition(OFFER, "withdraw", offer_id, actor=actor, seen=seen, reason=reason) as change:
        offer: Offer = change.subject
        others = offer.dataset.offers.filter(state__in=["published", "paused"]).exclude(pk=offer.pk)
        if not others.exists() and offer.dataset.state == "listed":
            datasets.unlist(offer.dataset_id, actor=actor)
    return offer
