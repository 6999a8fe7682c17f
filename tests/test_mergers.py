"""Two organisations become one: both consent, everything follows in one transaction, what was signed stays as it was signed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from jobs.deliveries import services as deliveries
from jobs.deliveries.models import Delivery
from kernel.audit.models import Event
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from kernel.decision import Refused
from kernel.rehearsal import rehearse
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from tests.test_joining import told
from trusts.datasets import services as datasets
from trusts.membership import services as membership
from trusts.membership.models import Membership
from trusts.mergers import services as mergers
from trusts.mergers.machines import MERGER
from trusts.mergers.models import Merger
from trusts.organisations.models import Organisation, OrganisationMember

pytestmark = pytest.mark.django_db


def refused(code: str, work: Any) -> None:
    with pytest.raises(Refused) as told:
        work()
    assert code in [reason.code for reason in told.value.decision.reasons]


@pytest.fixture
def third(cast: Cast) -> Organisation:
    """Elsewhere, a member of the trust beside Hudson and Meridian."""
    applied = membership.apply(cast.trust.pk, actor=cast.actor("olga"), role="consumer")
    membership.admit(applied.pk, actor=cast.actor("ada"))
    return cast.organisations["elsewhere"]


def test_what_was_signed_goes_on_and_nothing_new_begins(cast: Cast, third: Organisation) -> None:
    """Meridian, which receives Hudson's data, merges into a third member."""
    request = worlds.delivered(cast)
    delivery = Delivery.objects.get(request=request)
    merger = mergers.propose(actor=cast.actor("piotr"), into=third.slug, reason="We have become one company.")
    olga = cast.actor("olga")
    follows = rehearse(MERGER, "agree", merger, olga)
    assert Merger.objects.get(pk=merger.pk).state == "proposed"
    assert follows, "the page says what follows"
    done = mergers.agree(merger.pk, actor=olga, name="Meridian Insurance")
    assert done.state == "done"
    meridian = Organisation.objects.get(pk=merger.leaving_id)
    assert meridian.merged_into == third
    # Its people act for the other too; owners there decide on owners.
    places = OrganisationMember.objects.filter(organisation=third, state="active")
    assert {p.user_id for p in places} >= {cast.users[name].pk for name in ("olga", "piotr", "sam")}
    piotr = places.get(user=cast.users["piotr"])
    assert "owner" not in set(piotr.roles.values_list("role", flat=True))
    # One voice in the trust.
    place = Membership.objects.get(organisation=meridian, trust=cast.trust)
    assert (place.state, place.role, place.also) == ("active", "observer", [])
    # The contract goes on: what was delivered is fetched, and it can be used until it ends.
    deliveries.download(delivery.pk, actor=cast.actor("piotr"))
    again = worlds.submitted(cast, request.agreement)
    assert again.state == "submitted"
    # Nothing new begins.
    refused(
        "organisation.merged",
        lambda: negotiations.ask(
            actor=cast.actor("piotr"), dataset=request.agreement.dataset, terms=worlds.terms()
        ),
    )
    refused(
        "organisation.merged",
        lambda: membership.found(
            actor=cast.actor("piotr"), name="New trust", kind="trust", purpose="x", charter="x"
        ),
    )
    refused("organisation.merged", lambda: datasets.register(actor=cast.actor("piotr"), title="More flights"))
    # The other members are told, and read it in the list of members.
    assert set(told("membership.merged", place)) == {
        "ada@ada.example",
        "dana@dana.example",
        "olga@olga.example",
    }
    for event in Event.objects.filter(subject_id=merger.pk):
        assert event.subject_version
    seal_all()
    assert verify().holds


def test_who_is_no_member_applies_and_the_trust_decides(cast: Cast) -> None:
    merger = mergers.propose(actor=cast.actor("piotr"), into="elsewhere-ltd", reason="One company.")
    mergers.agree(merger.pk, actor=cast.actor("olga"), name="Meridian Insurance")
    applied = Membership.objects.get(organisation=cast.organisations["elsewhere"], trust=cast.trust)
    assert (applied.state, applied.role) == ("applied", "consumer")
    assert "takes the place of Meridian Insurance" in applied.message


def test_what_stands_in_the_way_is_named_and_nothing_changes(cast: Cast, third: Organisation) -> None:
    agreement = worlds.agreed(cast)
    refused(
        "merger.same",
        lambda: mergers.propose(actor=cast.actor("piotr"), into="meridian-insurance", reason="x"),
    )
    refused("merger.unknown", lambda: mergers.propose(actor=cast.actor("piotr"), into="nobody", reason="x"))
    merger = mergers.propose(actor=cast.actor("piotr"), into="hudson-carriers", reason="One company.")
    refused("merger.open", lambda: mergers.propose(actor=cast.actor("piotr"), into=third.slug, reason="x"))
    with pytest.raises(Refused, match=agreement.ref):
        mergers.agree(merger.pk, actor=cast.actor("dana"), name="Meridian Insurance")
    assert Organisation.objects.get(pk=merger.leaving_id).merged_into is None
    mergers.decline(merger.pk, actor=cast.actor("dana"), reason="We stay two.")
    only = worlds.merging(cast, leaving="ada", into="hudson-carriers")
    refused("merger.alone", lambda: mergers.agree(only.pk, actor=cast.actor("dana"), name=only.leaving.name))
    mergers.withdraw(only.pk, actor=cast.actor("ada"))
    assert set(Merger.objects.values_list("state", flat=True)) == {"declined", "withdrawn"}


def test_pages_and_api(cast: Cast, third: Organisation) -> None:
    client = Client()
    client.force_login(cast.users["piotr"], backend=BACKEND)
    assert "Hudson Carriers" in client.get("/organisation/mergers/").content.decode()
    assert client.post("/organisation/mergers/", {"into": "", "reason": ""}).status_code == 422
    sent = client.post("/organisation/mergers/", {"into": third.slug, "reason": "One company."})
    assert sent.status_code == 302
    merger = Merger.objects.get()
    olga = Client()
    olga.force_login(cast.users["olga"], backend=BACKEND)
    assert "Agree or decline" in olga.get("/inbox/").content.decode()
    page = olga.get(f"/do/merger/{merger.pk}/agree/").content.decode()
    assert "cannot be undone" in page
    wrong = olga.post(f"/do/merger/{merger.pk}/agree/", {"name": "Somebody", "seen": merger.version})
    assert wrong.status_code == 422
    assert "This is not its name" in wrong.content.decode()
    assert "What happens when you confirm" in wrong.content.decode(), "it is said again"
    assert (
        olga.post(
            f"/do/merger/{merger.pk}/agree/", {"name": "Meridian Insurance", "seen": merger.version}
        ).status_code
        == 302
    )
    assert "Merged" in olga.get(f"/mergers/{merger.pk}/").content.decode()
    client.post("/organisation/switch/", {"organisation": str(merger.leaving_id)})
    mine = client.get("/organisation/mergers/").content.decode()
    assert "Propose it" not in mine, "what has merged cannot merge again"
    assert "begin what is new for Elsewhere" in mine
    for page, form in (("/datasets/", "/datasets/new/"), ("/trusts/", "/trusts/new/")):
        assert (
            "is not possible now: Meridian Insurance has merged into Elsewhere"
            in client.get(page).content.decode()
        )
        told = client.get(form).content.decode()
        assert "Meridian Insurance has merged into Elsewhere" in told
        assert "<textarea" not in told, "no form to fill in for nothing"
    members = olga.get(f"/trusts/{cast.trust.slug}/members/").content.decode()
    assert "has merged into Elsewhere" in members
    outsider = token(cast, "dana", ["read", "organisation"])
    assert Client().get("/api/v1/mergers", **outsider).json()["count"] == 0
    inside = token(cast, "olga", ["read", "organisation"])
    assert Client().get("/api/v1/mergers", **inside).json()["count"] == 1


def test_offers_are_refused_too(cast: Cast, third: Organisation) -> None:
    """Hudson, which offers data, merges: what it offered stays, it publishes nothing more."""
    dataset = worlds.offered(cast)
    merger = mergers.propose(actor=cast.actor("dana"), into=third.slug, reason="One company.")
    mergers.agree(merger.pk, actor=cast.actor("olga"), name="Hudson Carriers")
    refused(
        "organisation.merged",
        lambda: offers.publish(dataset.pk, actor=cast.actor("dana"), terms=worlds.terms(), trust=cast.trust),
    )
