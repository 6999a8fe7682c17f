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


def words_of(scene: Scene, name: str, url: str) -> str:
    page = scene.client(name).get(url)
    assert page.status_code == 200, url
    return " ".join(page.content.decode().split())


def closed(page: str, label: str) -> bool:
    """Whether the page shows the button, and shows it as not possible now, with the reason below."""
    assert label in page
    return f">{label}</button>" in page and f"<b>{label}</b> is not possible now" in page


def test_who_may_not_ask_reads_so_on_the_button_and_gets_no_form() -> None:
    scene = Scene()
    cast, data = scene.cast, scene.dataset
    page, form = data.get_absolute_url(), f"/negotiations/new/?dataset={data.slug}"
    offer = data.offers.get(state="published").get_absolute_url()
    assert not closed(words_of(scene, "piotr", page), "Ask for terms")
    assert "Send to Hudson Carriers" in words_of(scene, "piotr", form)

    change(cast, "meridian", "observer")
    told = "Meridian Insurance is observer in New York Air Operations Trust, where data is asked for by"
    for url, label in ((page, "Ask for terms"), (offer, "Ask for these or other terms")):
        assert closed(words_of(scene, "piotr", url), label)
        assert told in words_of(scene, "piotr", url)
    assert told in words_of(scene, "piotr", form)
    assert "<textarea" not in words_of(scene, "piotr", form), "no form to fill in for nothing"
    assert "Your role in the trust does not let you ask for it" in words_of(scene, "piotr", "/datasets/")

    # The provider lost its own role: whoever would ask in vain is told as well.
    change(cast, "meridian", "consumer")
    change(cast, "hudson", "consumer")
    assert closed(words_of(scene, "piotr", page), "Ask for terms")
    assert "Hudson Carriers is consumer" in words_of(scene, "piotr", form)


def test_who_may_not_offer_reads_so_on_the_button_and_gets_no_form() -> None:
    scene = Scene()
    cast, data = scene.cast, scene.dataset
    page, form, to = (
        f"/datasets/{data.slug}/",
        f"/datasets/{data.slug}/offer/new/",
        f"/datasets/{data.slug}/offer/to/",
    )
    admit(cast, "olga", "observer")
    assert not closed(words_of(scene, "dana", page), "Publish other terms")
    partners = words_of(scene, "dana", to)
    assert ">Meridian Insurance</option>" in partners
    assert ">Elsewhere Ltd</option>" not in partners, "whoever may not ask cannot be offered anything"
    assert "Elsewhere Ltd is observer" in partners

    change(cast, "hudson", "consumer")
    told = "Hudson Carriers is consumer in New York Air Operations Trust, where data is offered by"
    shown = words_of(scene, "dana", page)
    assert closed(shown, "Publish other terms")
    assert closed(shown, "Offer to a partner")
    for url in (page, form, to):
        assert told in words_of(scene, "dana", url)
    assert "<textarea" not in words_of(scene, "dana", form) + words_of(scene, "dana", to)

    # In another trust its role lets it: the page is open, and says where it is not.
    membership.found(actor=cast.actor("dana"), name="Hudson Circle", kind="alliance", purpose="Learn", charter="We share.")  # fmt: skip
    open_ = words_of(scene, "dana", form)
    assert ">Hudson Circle</option>" in open_
    assert ">New York Air Operations Trust</option>" not in open_
    assert told in open_


def test_requests_and_renewals_say_beforehand_what_the_role_does_not_let() -> None:
    scene = Scene()
    contract = scene.contract()
    page = contract.get_absolute_url()
    request, renew = f"/requests/new/?contract={contract.pk}", f"/contracts/{contract.pk}/renew/"
    assert not closed(words_of(scene, "piotr", page), "Request an export")
    assert not closed(words_of(scene, "piotr", page), "Renew")

    change(scene.cast, "meridian", "observer")
    shown = words_of(scene, "piotr", page)
    assert closed(shown, "Request an export")
    assert closed(shown, "Renew")
    assert not closed(shown, "Propose a change"), "what was agreed can be changed by whoever agreed"
    assert closed(words_of(scene, "piotr", scene.dataset.get_absolute_url()), "Request an export")
    for url in (request, renew):
        assert "Meridian Insurance is observer" in words_of(scene, "piotr", url)
        assert "<textarea" not in words_of(scene, "piotr", url)
    assert "<textarea" in words_of(scene, "piotr", f"/contracts/{contract.pk}/amend/")


def test_the_trusts_page_shows_what_one_does_about_ones_own_place() -> None:
    """Also to who runs the trust, and without what there is nothing to do about."""
    scene = Scene()
    page = scene.client("ada").get(scene.cast.trust.get_absolute_url()).content.decode()
    mine = page[page.index("<h2>Your organisation</h2>") :]
    assert "Ask for another role" in mine
    assert not [
        label
        for label in ("Open a hearing", "Attest the security level", "Take the notice back", "Suspend<")
        if label in mine
    ]
