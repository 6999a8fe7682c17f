"""A condition that no portal can know: the reviewer says what is so, and approval, job and download go by it."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from contracts.decisions.keeping import replay
from contracts.decisions.models import StoredDecision
from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.policies.clauses import CLAUSES
from contracts.policies.odrl import from_odrl
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast
from tests.test_offers import MOON, browser, policy
from trusts.membership import services as membership

pytestmark = pytest.mark.django_db
FULL, NEW = "full", "new"


def under_the_moon(cast: Cast, **answers: object) -> Request:
    """A submitted request under a contract that permits use only when the moon is full."""
    given = policy()
    given["permission"][0]["constraint"].append(MOON)
    terms = from_odrl(given).as_dict()
    dataset = worlds.registered(cast).dataset
    offers.publish(dataset.pk, actor=cast.actor("dana"), terms=terms, trust=cast.trust)
    dataset.refresh_from_db()
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=terms)
    seen = asked.proposals.get().policy_hash
    contract = negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=seen, confirmed=[*CLAUSES, "unexplained"]
    )
    return worlds.submitted(cast, contract, **answers)


def test_what_no_portal_can_know_is_stated_by_a_reviewer_and_every_decision_names_it(cast: Cast) -> None:
    request = under_the_moon(cast)
    rui, piotr = browser(cast, "rui"), browser(cast, "piotr")
    with pytest.raises(Refused, match=r"moon phase is not said yet"):
        sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    page = rui.get(f"/requests/{request.pk}/").content.decode()
    assert "What only people can know" in page and "A reviewer of the provider states what is so" in page

    form = f"/do/request/{request.pk}/state_fact/"
    assert piotr.get(form).status_code in (403, 404)  # who asks does not answer this
    bad = rui.post(form, {"operand": MOON["leftOperand"], "value": "", "reason": "I looked up."})
    assert bad.status_code == 422 and "I looked up." in bad.content.decode()
    assert rui.post(form, {"operand": "purpose", "value": "x", "reason": "I looked up."}).status_code == 422
    # A first statement that does not fit is a no, and is corrected by saying it again.
    said = {"operand": MOON["leftOperand"], "reason": "I looked up."}
    assert rui.post(form, {**said, "value": NEW}).status_code == 302
    with pytest.raises(Refused, match="moon phase is new"):
        sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    assert rui.post(form, {**said, "value": FULL}).status_code == 302
    page = piotr.get(f"/requests/{request.pk}/").content.decode()
    assert "stated by Rui Costa" in page and "I looked up." in page and "(a reviewer)" in page

    sharing.approve(request.pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER)
    worlds.drain()
    delivery = Delivery.objects.get(request=request)
    assert piotr.post(f"/deliveries/{delivery.pk}/download/").status_code == 200
    kept = list(StoredDecision.objects.filter(world__stated__isnull=False))
    assert {one.moment for one in kept} == {"state_fact", "approve", "job", "download"}
    assert all(replay(one).same for one in kept)
    assert any('"source": "stated"' in json.dumps(one.output) for one in kept)


def test_nobody_states_what_the_portal_knows(cast: Cast) -> None:
    request = worlds.submitted(cast)
    with pytest.raises(Refused, match="nothing that only a person can know"):
        sharing.stating.state_fact(
            request.pk, actor=cast.actor("rui"), operand="purpose", value="x", reason="Because."
        )
    assert "state_fact" not in browser(cast, "rui").get(f"/requests/{request.pk}/").content.decode()


def attest(cast: Cast, level: int) -> None:
    """The trust's word on Meridian's security."""
    standing = cast.trust.memberships.get(organisation=cast.organisations["meridian"])
    today = timezone.localdate()
    membership.attest_level(
        standing.pk, actor=cast.actor("ada"), level=level, on=today, note="We looked at it."
    )


def test_a_refusal_is_kept_with_its_inputs_for_those_whom_it_concerns(cast: Cast) -> None:
    """A no at submission is the asker's alone; a no at the download is both sides'."""
    attest(cast, 3)
    contract = worlds.agreed(cast, security_level={"at_least": 3})
    draft = worlds.drafted(cast, contract, place="US")
    piotr = browser(cast, "piotr")
    answer = piotr.post(f"/do/request/{draft.pk}/submit/")
    assert answer.status_code == 409 and "outside the contract" in answer.content.decode()
    refused = StoredDecision.objects.get()
    assert refused.verdict == "deny" and replay(refused).same
    assert piotr.get(f"/decisions/{refused.pk}/").status_code == 200
    assert browser(cast, "dana").get(f"/decisions/{refused.pk}/").status_code == 404

    delivery = Delivery.objects.get(request=worlds.delivered(cast, contract))
    attest(cast, 2)
    assert piotr.post(f"/deliveries/{delivery.pk}/download/").status_code == 409
    kept = StoredDecision.objects.get(moment="download")
    assert kept.verdict == "deny" and replay(kept).same and delivery.downloads.count() == 0
    assert browser(cast, "dana").get(f"/decisions/{kept.pk}/").status_code == 200
