"""Rights on one object: given, seen with their reasons, used there and nowhere else, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from contracts.negotiations.machines import OFFER
from contracts.negotiations.models import Offer
from contracts.negotiations.selectors import agreements
from contracts.sharing import services as sharing
from contracts.sharing.machines import REQUEST
from jobs.deliveries.selectors import deliveries
from kernel import doors, registry
from kernel.actor import system
from kernel.audit import selectors as audit
from kernel.audit import trail
from kernel.audit.models import Event
from kernel.audit.trail import Wanted
from kernel.decision import Refused
from kernel.roles import roles_of
from kernel.transition import may, may_create
from portal import notify
from portal.models import Notice
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.datasets import services as datasets
from trusts.datasets.machines import DATASET
from trusts.membership import services as membership
from trusts.membership.models import Membership, Trust
from trusts.mergers import services as mergers
from trusts.organisations import services as organisations
from trusts.organisations.models import OrganisationMember
from trusts.rights import grants
from trusts.rights import services as rights
from trusts.rights.models import Grant

pytestmark = [pytest.mark.django_db]


def as_(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def test_a_delegated_steward_acts_on_that_dataset_and_on_no_other(cast: Cast) -> None:
    dataset = worlds.offered(cast)
    other = datasets.register(actor=cast.actor("dana"), title="Another")
    assert not may(DATASET, "describe", dataset, cast.actor("rui")).allowed
    right = worlds.granted(cast, "steward", "rui", dataset)
    rui = cast.actor("rui")
    assert may(DATASET, "describe", dataset, rui).allowed
    assert not may(DATASET, "describe", other, rui).allowed
    assert may_create(OFFER, "publish", rui, dataset=dataset, provider_id=dataset.organisation_id)
    assert not may_create(OFFER, "publish", rui, dataset=other, provider_id=other.organisation_id)
    assert may(OFFER, "pause", Offer.objects.get(dataset=dataset), rui).allowed
    # What was granted cannot be handed on, and nobody grants to themselves.
    assert not may_create_right(cast, "rui", "ines", dataset).allowed
    assert may_create_right(cast, "dana", "dana", dataset).reasons[0].code == "grant.self"
    assert grants.holds(cast.users["rui"], "steward", dataset)
    page = as_(cast, "rui").get(dataset.get_absolute_url()).content.decode()
    assert "/do/dataset/" in page
    rights.revoke(right.pk, actor=cast.actor("dana"), reason="The project is over.")
    assert not grants.holds(cast.users["rui"], "steward", dataset)
    assert not may(DATASET, "describe", dataset, cast.actor("rui")).allowed
    assert Event.objects.filter(subject_id=right.pk, subject_version__isnull=False).count() == 2


def may_create_right(cast: Cast, by: str, person: str, subject: Any) -> Any:
    try:
        worlds.granted(cast, "steward", person, subject, by=by)
    except Refused as refused:
        return refused.decision
    raise AssertionError("granted")


def test_a_named_reviewer_decides_under_that_contract_and_is_told_of_its_requests(cast: Cast) -> None:
    request = worlds.submitted(cast)
    other = worlds.submitted(cast)
    worlds.granted(cast, "reviewer", "ines", request.agreement)
    ines = cast.actor("ines")
    assert "approve" in {c.name for c in doors.choices(REQUEST, request, ines) if c.enabled}
    assert "approve" not in {c.name for c in doors.choices(REQUEST, other, ines)}
    told = {u.email for u in notify.TOPICS["request.submitted"][1](request)}
    assert cast.users["ines"].email in told
    sharing.approve(request.pk, actor=ines, reason=worlds.IN_ORDER)
    # The partner may not name reviewers of the provider's data.
    with pytest.raises(Refused, match="is not for your organisation"):
        worlds.granted(cast, "reviewer", "sam", request.agreement, by="piotr")


def test_an_auditor_from_outside_reads_one_contract_and_changes_nothing(cast: Cast) -> None:
    request = worlds.delivered(cast)
    contract, other = request.agreement, worlds.agreed(cast)
    draft = worlds.drafted(cast, contract)
    client = as_(cast, "olga")
    paths = [
        contract.get_absolute_url(),
        request.get_absolute_url(),
        request.deliveries.get().get_absolute_url(),
    ]
    assert {client.get(path).status_code for path in paths} == {404}
    right = worlds.granted(cast, "auditor", "olga", contract)
    assert {client.get(path).status_code for path in paths} == {200}
    olga = cast.actor("olga")
    assert list(agreements(olga)) == [contract]
    assert [d.request_id for d in deliveries(olga)] == [request.pk]
    assert draft.ref not in client.get(contract.get_absolute_url()).content.decode()
    assert client.get(draft.get_absolute_url()).status_code == 404
    assert client.get(other.get_absolute_url()).status_code == 404
    assert client.get(f"/access/agreement/{contract.pk}/").status_code == 404
    # As owner, steward and reviewer of her own organisation she is nothing but an auditor here.
    assert roles_of(olga, contract) - {"anyone"} == {"provider.auditor"}
    assert not any(may(m.machine, a.name, s, olga).allowed for m, s in ((registry.entry("agreement"), contract), (registry.entry("request"), request))
                   for a in m.machine.actions)  # fmt: skip
    assert audit.history(contract.pk, olga).exists()
    assert audit.history(request.pk, olga, request.grounds()).exists()
    assert audit.visible_to(olga).filter(subject_id=contract.pk).exists()
    assert not audit.visible_to(olga).filter(subject_id=other.pk).exists()
    listed = client.get("/contracts/").content.decode()
    assert "reading only" in listed
    assert contract.get_absolute_url() in client.get(f"/access/{right.pk}/", follow=False).url  # type: ignore[attr-defined]
    # She gives it back herself, and it is as if it had never been.
    assert client.post(f"/do/grant/{right.pk}/give_back/").status_code == 302
    assert {client.get(path).status_code for path in paths} == {404}


def test_it_ends_by_itself_and_with_the_place_in_the_organisation(cast: Cast) -> None:
    dataset = worlds.offered(cast)
    short = worlds.granted(cast, "steward", "rui", dataset, days=1)
    long = worlds.granted(cast, "steward", "ines", dataset, days=60)
    Grant.objects.filter(pk=short.pk).update(until=timezone.now() - timedelta(seconds=1))
    # Past its time it holds no longer, before any sweep.
    assert cast.actor("rui").granted == ()
    assert rights.expire_due(timezone.now()) == 1
    assert rights.expire_due(timezone.now()) == 0
    notify.send("grant.ended", {"id": str(short.pk)})
    assert {m.to[0] for m in mail.outbox} == {cast.users["rui"].email, cast.users["dana"].email}
    assert "Flights" not in mail.outbox[0].body.replace(short.object_title, "")
    place = OrganisationMember.objects.get(user=cast.users["ines"])
    organisations.remove(place.pk, actor=cast.actor("dana"), reason="She has left us.")
    assert rights.expire_due(timezone.now()) == 1
    long.refresh_from_db()
    assert (long.state, long.permission_id) == ("expired", None)
    with pytest.raises(Refused, match="within a year"):
        worlds.granted(cast, "steward", "rui", dataset, days=900)
    with pytest.raises(Refused, match="must belong to your organisation"):
        worlds.granted(cast, "steward", "olga", dataset)


def test_holder_and_grantor_are_told_a_week_and_a_day_before_it_ends(cast: Cast) -> None:
    dataset, now = worlds.offered(cast), timezone.now()
    worlds.granted(cast, "steward", "rui", dataset, days=30)
    brief = worlds.granted(cast, "steward", "ines", dataset, days=5)
    told: list[tuple[int, set[str]]] = []
    for days in (0, 20, 23, 24, 28, 29, 29, 30):
        mail.outbox.clear()
        # The short one's week before its end was over when it was given: it has its day before alone.
        moment = now + timedelta(days=days, hours=1)
        notify.remind(moment)
        told.append((days, {m.to[0] for m in mail.outbox}))
    both = {cast.users["rui"].email, cast.users["dana"].email}
    assert [(days, who) for days, who in told if who] == [(23, both), (29, both)]
    mail.outbox.clear()
    notify.remind(now + timedelta(days=4, hours=1))
    assert {m.to[0] for m in mail.outbox} == {cast.users["ines"].email, cast.users["dana"].email}
    assert "A right on one object ends soon." in mail.outbox[0].body
    assert dataset.title() not in mail.outbox[0].body.replace(brief.object_title, "")
    # Whoever gave it has left: the owners are told, and the right itself runs on.
    Notice.objects.all().delete()
    place = OrganisationMember.objects.get(user=cast.users["dana"])
    OrganisationMember.objects.filter(pk=place.pk).update(state="removed")
    assert {u.email for u in notify.TOPICS["grant.ending"][1](brief)} & both == set()
    OrganisationMember.objects.filter(pk=place.pk).update(state="active")
    rights.revoke(brief.pk, actor=cast.actor("dana"), reason="The project is over.")
    mail.outbox.clear()
    notify.remind(now + timedelta(days=4, hours=2))
    assert not mail.outbox, "what has ended already needs no reminder"


def test_the_access_page_says_who_and_why_and_grants(cast: Cast) -> None:
    request = worlds.submitted(cast)
    contract = request.agreement
    page = f"/access/dataset/{contract.dataset_id}/"
    dana = as_(cast, "dana")
    text = dana.get(page).content.decode()
    for said in (
        "Rui Costa",
        "reviewer at Hudson",
        "Meridian Insurance",
        contract.ref,
        "Members of New York",
    ):
        assert said in text, said
    assert "Piotr" not in text
    given = {
        "kind": "steward",
        "person": "nobody@nowhere.example",
        "until": "2001-01-01",
        "reason": "For the study.",
    }
    answer = dana.post(page, given)
    assert answer.status_code == 422
    assert "For the study." in answer.content.decode()
    given |= {"person": "rui@rui.example"}
    answer = dana.post(page, given)
    assert answer.status_code == 409
    assert "ends within a year" in answer.content.decode()
    given |= {"until": str(timezone.localdate() + timedelta(days=20))}
    assert dana.post(page, given).status_code == 302
    text = dana.get(page).content.decode()
    assert "delegated steward" in text
    assert "For the study." in text
    assert "Delegated steward" in as_(cast, "rui").get("/access/").content.decode()
    # Colleagues without a role to give it see the page, and no form; a stranger sees nothing.
    ines = as_(cast, "ines")
    assert "Grant a right" not in ines.get(page).content.decode()
    assert ines.post(page, given).status_code == 403
    assert as_(cast, "olga").get(page).status_code == 404
    assert as_(cast, "piotr").get(page).status_code == 404


def test_a_program_grants_and_takes_back(cast: Cast) -> None:
    contract = worlds.agreed(cast)
    headers = token(cast, "dana", ["read", "organisation"])
    body = {"machine": "agreement", "object": str(contract.pk), "kind": "auditor", "person": "olga@olga.example",
            "until": str(timezone.localdate() + timedelta(days=9)), "reason": "The yearly audit."}  # fmt: skip
    made = Client().post("/api/v1/grants", body, content_type="application/json", **headers)
    assert made.status_code == 201, made.content
    one = f"/api/v1/grants/{made.json()['id']}"
    assert Client().get(one, **headers).json()["commands"]["allowed"] == ["revoke"]
    assert (
        Client().post("/api/v1/grants", body, content_type="application/json", **headers).status_code == 409
    )
    done = Client().post(f"{one}/actions/revoke", {"reason": "It is over."}, content_type="application/json", **headers)  # fmt: skip
    assert done.json()["state"] == "revoked"
    with pytest.raises(Refused):
        rights.expire(Grant.objects.get().pk, actor=system(), reason="too late")


def _two_trustees(cast: Cast) -> tuple[Membership, Grant]:
    """Hudson governs beside the weather office, and has named Olga auditor of the trust."""
    place = Membership.objects.get(trust=cast.trust, organisation=cast.organisations["hudson"])
    membership.change_role(place.pk, actor=cast.actor("ada"), role="trustee")
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return place, worlds.granted(cast, "auditor", "olga", cast.trust)


@pytest.mark.parametrize("how", ["suspend", "leave", "expel", "role", "charter"])
def test_auditors_go_with_the_place_of_the_organisation_that_named_them(cast: Cast, how: str) -> None:
    place, right = _two_trustees(cast)
    kept = worlds.granted(cast, "auditor", "sam", cast.trust, by="ada")
    on_contract = worlds.granted(cast, "auditor", "olga", worlds.agreed(cast))
    ada = cast.actor("ada")
    if how == "charter":
        before = {"governed_by": ["trustee", "provider"]}
        membership.change_charter(cast.trust.pk, actor=ada, governance=before)
        membership.change_role(place.pk, actor=ada, role="provider")
        right.refresh_from_db()
        assert right.state == "active", "its new role governs as well"
        membership.change_charter(cast.trust.pk, actor=ada, governance={})
    elif how == "role":
        membership.change_role(place.pk, actor=ada, role="provider")
    elif how == "leave":
        membership.leave(place.pk, actor=cast.actor("dana"), reason="We are done.")
    else:
        if how == "expel":
            worlds.heard(cast, place.pk, "dana")
        foretold = as_(cast, "ada").get(f"/do/membership/{place.pk}/{how}/").content.decode()
        assert "1 right: taken back" in foretold, "it is said before"
        right.refresh_from_db()
        assert right.state == "active"
        getattr(membership, how)(place.pk, actor=ada, reason="They broke the charter.")
    right.refresh_from_db()
    assert right.state == "revoked" and "no longer governs" in right.ended_because
    event = Event.objects.get(subject_id=right.pk, action="fall")
    assert event.actor_name == "membership watch"
    read = {e.machine for e in trail.every(cast.actor("olga"), Wanted())}
    assert "membership" not in read, "it holds no longer from the next request on"
    assert Grant.objects.get(pk=kept.pk).state == "active", "whoever still governs keeps its auditor"
    # A right on a contract is not the trust's: what becomes of the contract decides on it.
    assert Grant.objects.get(pk=on_contract.pk).state == "active"
    notify.send("grant.ended", {"id": str(right.pk)})
    assert "olga@olga.example" in {to for m in mail.outbox for to in m.to}


def test_auditors_go_when_the_organisation_merges_and_not_when_the_trust_ends(cast: Cast) -> None:
    _, right = _two_trustees(cast)
    kept = worlds.granted(cast, "auditor", "sam", cast.trust, by="ada")
    merger = mergers.propose(actor=cast.actor("dana"), into="elsewhere-ltd", reason="One company.")
    page = as_(cast, "olga").get(f"/do/merger/{merger.pk}/agree/").content.decode()
    assert "1 right: taken back" in page
    mergers.agree(merger.pk, actor=cast.actor("olga"), name="Hudson Carriers")
    assert Grant.objects.get(pk=right.pk).state == "revoked"
    assert Grant.objects.get(pk=kept.pk).state == "active"
