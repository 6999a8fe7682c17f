"""A trust ends as its charter says: at once with everything in it, or when its last contract has run out. Nothing new begins."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.negotiations import agreements, offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement, Duty, Negotiation, Offer
from kernel.actor import system
from kernel.audit.models import Event
from portal.notify import TOPICS
from tests import worlds
from tests.scenes import Scene, why
from trusts.membership import services, winding
from trusts.membership.models import Membership, Trust

pytestmark = pytest.mark.django_db
REASON = "The members have voted for it."


def ends(scene: Scene, contracts: str) -> tuple[Agreement, Negotiation]:
    """The charter says how; there is a contract, and a negotiation that is under way."""
    trust = scene.cast.trust
    services.change_charter(
        trust.pk,
        actor=scene.actor("ada"),
        governance={"dissolution": {"contracts": contracts, "data": "Deleted."}},
    )
    contract = scene.contract(delete_within={"days": 20})
    asked = negotiations.ask(actor=scene.actor("piotr"), dataset=scene.dataset, terms=worlds.terms())
    assert "votes.wind_up" in why(lambda: winding.wind_up(trust.pk, actor=scene.actor("ada"), reason=REASON))
    return contract, asked


def states(kind: Any, **which: Any) -> set[str]:
    return set(kind.objects.filter(**which).values_list("state", flat=True))


def test_contracts_and_memberships_end_with_it_in_one_transaction() -> None:
    scene = Scene()
    contract, asked = ends(scene, "end")
    export = scene.export(contract)
    assert scene.fetch(export).status_code == 200
    services.apply(
        scene.cast.trust.pk, actor=scene.actor("olga"), role="consumer", message="Let us in, please."
    )
    found = winding.wind_up(scene.cast.trust.pk, actor=system("vote"), reason=REASON)
    assert found.state == "wound_up"
    contract.refresh_from_db()
    asked.refresh_from_db()
    assert contract.state == "terminated" and asked.state not in ("requested", "offered", "accepted")
    assert Duty.objects.filter(agreement=contract, clause="delete_within", state="open").exists()
    assert scene.fetch(export).status_code >= 400
    assert states(Offer, dataset__trust=found) <= {"withdrawn"}
    assert states(Membership, trust=found) == {"left"}
    told = {u.email for u in TOPICS["trust.winding_up"][1](found)}
    assert {"dana@dana.example", "piotr@piotr.example", "ada@ada.example"} <= told
    actions = list(
        Event.objects.filter(subject_id=found.pk).order_by("subject_version").values_list("action", flat=True)
    )
    assert actions[-2:] == ["wind_up", "finish"]
    # Former members still read what became of it, and nothing new begins.
    assert scene.client("dana").get(found.get_absolute_url()).content.decode().count("Wound up")
    assert "trust.state" in why(lambda: winding.wind_up(found.pk, actor=system("vote"), reason=REASON))
    assert "trust.ending" in why(
        lambda: services.apply(
            found.pk, actor=scene.actor("olga"), role="consumer", message="Let us in, please."
        )
    )


def test_contracts_run_out_first_where_the_charter_says_so() -> None:
    scene = Scene()
    contract, asked = ends(scene, "run_out")
    found = winding.wind_up(scene.cast.trust.pk, actor=system("vote"), reason=REASON)
    assert found.state == "winding_up" and states(Membership, trust=found) == {"active"}
    contract.refresh_from_db()
    asked.refresh_from_db()
    assert contract.state == "in_force" and asked.state not in ("requested", "offered", "accepted")
    # What runs goes on, and nothing new begins.
    assert scene.export(contract).state == "available"
    refused = (
        lambda: negotiations.ask(actor=scene.actor("piotr"), dataset=scene.dataset, terms=worlds.terms()),
        lambda: offers.publish(
            scene.dataset.pk, actor=scene.actor("dana"), terms=worlds.terms(), trust=scene.cast.trust
        ),
        lambda: services.apply(
            found.pk, actor=scene.actor("olga"), role="consumer", message="Let us in, please."
        ),
    )
    for work in refused:
        assert "trust.ending" in why(work)
    assert "trust.running" in why(lambda: winding.finish(found.pk, actor=system("timer")))
    assert winding.finish_due(found.changed) == 0
    agreements.terminate(contract.pk, actor=scene.actor("piotr"), reason="We have what we need.")
    assert winding.finish_due(found.changed) == 1
    assert Trust.objects.get(pk=found.pk).state == "wound_up" and states(Membership, trust=found) == {"left"}
