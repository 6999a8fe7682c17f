"""What was made from an export is not offered to others while the contract of that export lets nobody else have it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.negotiations.rules import Bound, MadeFrom, may_be_passed_on
from contracts.policies.clauses import CLAUSES
from jobs.provenance import services
from kernel.decision import Outcome, Refused
from tests import worlds
from tests.cast import Cast
from tests.test_access import token
from tests.test_lineage import browser, derived
from tests.test_rounds import shown
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.membership import services as membership

pytestmark = pytest.mark.django_db


def own_terms(**changes: Any) -> dict[str, Any]:
    return worlds.terms(columns=None, min_group_size=None, pseudonymise=None, **changes)


def made_of(cast: Cast, **terms: Any) -> tuple[Agreement, Dataset]:
    """Meridian, which may offer data now, registered what it made of an export of Hudson under these terms."""
    place = cast.trust.memberships.get(organisation_id=cast.actor("piotr").organisation_id)
    membership.change_role(place.pk, actor=cast.actor("ada"), role=place.role, also=["provider"])
    request = worlds.delivered(cast, worlds.agreed(cast, **terms))
    back = derived(cast, request.deliveries.get(), listed=False)
    return request.agreement, Dataset.objects.get(pk=back.dataset_id)


def refusal(cast: Cast, dataset: Dataset) -> str:
    with pytest.raises(Refused) as caught:
        offers.publish(dataset.pk, actor=cast.actor("piotr"), terms=own_terms(), trust=cast.trust)
    return caught.value.decision.sentence


def test_the_rule_names_the_contract_only_to_who_may_know_it() -> None:
    plain = Bound("no_onward_transfer", "C-1", "Hudson Carriers")
    assert may_be_passed_on(MadeFrom()).allowed
    assert may_be_passed_on(MadeFrom((Bound("", "C-2", "Hudson Carriers"),))).allowed, "it forbids nothing"
    told = may_be_passed_on(MadeFrom((plain, Bound("onward_to"))))
    assert told.outcome is Outcome.DENY and [r.code for r in told.reasons] == ["offer.onward"] * 2
    named, unnamed = told.reasons
    assert (
        "C-1" in named.text
        and "Ask Hudson Carriers" in named.remedy
        and named.source == "clause no_onward_transfer"
    )
    assert "C-1" not in unnamed.text + unnamed.remedy and "Hudson" not in unnamed.text + unnamed.remedy


def test_both_doors_say_why_before_and_when_it_is_published(cast: Cast) -> None:
    agreement, dataset = made_of(cast)
    piotr, says = browser(cast, "piotr"), f"contract {agreement.ref} lets nobody else have that"
    # Before: where one would begin, and where one writes the terms.
    for address in (dataset.get_absolute_url(), f"/datasets/{dataset.slug}/offer/new/"):
        page = piotr.get(address).content.decode()
        assert says in page and "Ask Hudson Carriers for its agreement" in page
    body = {"dataset": str(dataset.pk), "trust": str(cast.trust.pk), "terms": own_terms()}
    answer = Client().post("/api/v1/offers", body, content_type="application/json", **token(cast, "piotr", ["negotiations"]))  # fmt: skip
    assert answer.status_code == 409 and answer.json()["reasons"][0]["code"] == "offer.onward"
    assert says in answer.json()["reasons"][0]["text"]
    dataset.refresh_from_db()
    assert dataset.state == "private" and not dataset.offers.exists()
    # Who has no right to publish it finds no button and no word of the contract.
    assert browser(cast, "sam").get(f"/datasets/{dataset.slug}/offer/new/").status_code == 403
    assert agreement.ref not in browser(cast, "sam").get(dataset.get_absolute_url()).content.decode().split("Terms on offer")[1].split("</section>")[0]  # fmt: skip


def test_the_providers_agreement_lets_it_be_published(cast: Cast) -> None:
    agreement, dataset = made_of(cast)
    assert agreement.ref in refusal(cast, dataset)
    wider = {k: v for k, v in agreement.terms.items() if k != "no_onward_transfer"}
    talk = negotiations.succeed(
        agreement.pk, actor=cast.actor("piotr"), kind="amendment", terms=wider, note="May we?"
    )
    assert agreement.ref in refusal(cast, dataset), "asked is not agreed"
    negotiations.accept_request(talk.pk, actor=cast.actor("dana"), policy_hash=shown(talk), confirmed=CLAUSES)
    offers.publish(dataset.pk, actor=cast.actor("piotr"), terms=own_terms(), trust=cast.trust)


def test_processors_named_in_the_contract_are_nobody_elses_leave(cast: Cast) -> None:
    agreement, dataset = made_of(cast, no_onward_transfer=None, onward_to={"names": ["Cloud Ltd"]})
    assert agreement.ref in refusal(cast, dataset)


def test_what_no_contract_forbids_is_published(cast: Cast) -> None:
    _, dataset = made_of(cast, no_onward_transfer=None)
    offer = offers.publish(dataset.pk, actor=cast.actor("piotr"), terms=own_terms(), trust=cast.trust)
    assert (
        "could not be published" not in browser(cast, "piotr").get(offer.get_absolute_url()).content.decode()
    )


def test_terms_that_stand_say_so_and_do_not_come_back_once_paused(cast: Cast) -> None:
    """The holder says what the data was made from when the terms are out already: nothing stops by that."""
    agreement, dataset = made_of(cast)
    version, origin = dataset.versions.get(), agreement.deliveries.get()
    services.made_from(version.pk, actor=cast.actor("piotr"), deliveries=[])
    offer = offers.publish(dataset.pk, actor=cast.actor("piotr"), terms=own_terms(), trust=cast.trust)
    services.made_from(version.pk, actor=cast.actor("piotr"), deliveries=[origin.pk])
    page = browser(cast, "piotr").get(offer.get_absolute_url()).content.decode()
    assert "could not be published now" in page and agreement.ref in page
    assert agreement.ref not in browser(cast, "dana").get(offer.get_absolute_url()).content.decode()
    offers.pause(offer.pk, actor=cast.actor("piotr"))
    with pytest.raises(Refused, match="lets nobody else have that"):
        offers.resume(offer.pk, actor=cast.actor("piotr"))
    # A version that was made from nothing of others is what is offered from now on.
    datasets.add_version(
        dataset.pk, actor=cast.actor("piotr"), file=worlds.upload(b"carrier,delay\nUA,1\n", "own.csv")
    )
    worlds.drain()
    offers.resume(offer.pk, actor=cast.actor("piotr"))
