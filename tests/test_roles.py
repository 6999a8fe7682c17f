"""A member does in a trust what its roles let it do: providers offer, consumers ask, observers read."""

from __future__ import annotations

import pytest

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.sharing import services as sharing
from tests import worlds
from tests.cast import Cast, admit
from tests.scenes import Scene, why
from tests.test_joining import told
from trusts.membership import parting
from trusts.membership import services as membership
from trusts.membership.models import Membership

pytestmark = pytest.mark.django_db


def of(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(trust=cast.trust, organisation=cast.organisations[name])


def change(cast: Cast, name: str, role: str, *also: str) -> None:
    membership.change_role(of(cast, name).pk, actor=cast.actor("ada"), role=role, also=also)


def test_providers_offer_consumers_ask_and_observers_read() -> None:
    scene = Scene()
    cast, data = scene.cast, scene.dataset
    admit(cast, "olga", "observer")
    asks = {"dataset": data, "terms": worlds.terms()}
    assert why(lambda: negotiations.ask(actor=cast.actor("olga"), **asks)) == {"membership.role_ask"}
    page = scene.client("olga").get(data.get_absolute_url())
    assert page.status_code == 200, "an observer reads the catalogue"

    change(cast, "hudson", "consumer")
    publish = {"terms": worlds.terms(), "trust": cast.trust}
    assert why(lambda: offers.publish(data.pk, actor=cast.actor("dana"), **publish)) == {
        "membership.role_offer"
    }
    # Nor is anything begun with what it offered before.
    assert why(lambda: negotiations.ask(actor=cast.actor("piotr"), **asks)) == {"membership.role_offer"}
    form = scene.client("dana").get(f"/do/membership/{of(cast, 'hudson').pk}/ask_role/")
    assert form.status_code == 200
    parting.ask_role(
        of(cast, "hudson").pk, actor=cast.actor("dana"), role="provider", reason="We have data to offer."
    )
    assert told("membership.role_asked", of(cast, "hudson")) == ["ada@ada.example"]
    waits = scene.client("ada").get("/inbox/").content.decode()
    assert "Answer: it asks for another role" in waits
    assert "Hudson Carriers" in waits
    assert (
        "We have data to offer."
        in scene.client("ada").get(of(cast, "hudson").get_absolute_url()).content.decode()
    )
    assert (
        "We have data to offer."
        not in scene.client("piotr").get(of(cast, "hudson").get_absolute_url()).content.decode()
    )
    assert "Waits for their decision" in scene.client("dana").get("/inbox/?show=others").content.decode()
    parting.keep_role(of(cast, "hudson").pk, actor=cast.actor("ada"), reason="Tell us first which data.")
    assert told("membership.role_kept", of(cast, "hudson")) == ["dana@dana.example"]
    assert "Answer: it asks" not in scene.client("ada").get("/inbox/").content.decode()
    parting.ask_role(
        of(cast, "hudson").pk, actor=cast.actor("dana"), role="provider", reason="All our flights."
    )
    parting.take_back_role(of(cast, "hudson").pk, actor=cast.actor("dana"))
    parting.ask_role(
        of(cast, "hudson").pk, actor=cast.actor("dana"), role="provider", reason="All our flights."
    )
    page = scene.client("ada").post(
        f"/do/membership/{of(cast, 'hudson').pk}/change_role/", {"role": "consumer", "also": ["provider"]}
    )
    assert page.status_code == 302
    assert of(cast, "hudson").role_asked == {}
    assert told("membership.role_changed", of(cast, "hudson")) == ["dana@dana.example"]
    assert (
        "consumer, provider"
        in scene.client("piotr").get(f"/trusts/{cast.trust.slug}/members/").content.decode()
    )
    assert offers.publish(data.pk, actor=cast.actor("dana"), **publish).state == "published"
    assert negotiations.ask(actor=cast.actor("piotr"), **asks).state == "requested"


def test_a_contract_stays_and_nothing_new_is_asked_under_it() -> None:
    scene = Scene()
    cast = scene.cast
    contract = scene.contract()
    export = scene.export(contract)
    draft = worlds.drafted(cast, contract, recipe=[])
    change(cast, "meridian", "observer")
    assert why(lambda: worlds.drafted(cast, contract)) == {"membership.role_ask"}
    assert why(lambda: sharing.submit(draft.pk, actor=cast.actor("piotr"))) == {"membership.role_ask"}
    assert scene.fetch(export).status_code == 200, "what was delivered is fetched"
    change(cast, "meridian", "observer", "consumer")
    assert sharing.submit(draft.pk, actor=cast.actor("piotr")).state == "submitted"


def test_the_charter_says_which_roles_may_what(cast: Cast) -> None:
    """Peers of an alliance may both by themselves; any charter may say so."""
    data = worlds.offered(cast)
    change(cast, "meridian", "provider")
    asks = {"actor": cast.actor("piotr"), "dataset": data, "terms": worlds.terms()}
    assert why(lambda: negotiations.ask(**asks)) == {"membership.role_ask"}
    roles = {"roles": {"ask": ["trustee", "provider", "consumer"]}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), governance=roles)
    data.refresh_from_db()
    assert negotiations.ask(**asks).state == "requested"
