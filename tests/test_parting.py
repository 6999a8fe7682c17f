"""A member is suspended, comes back, leaves or is expelled: what the page says before is what happens, all of it at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement, Negotiation, Offer
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel import outbox
from kernel.audit.models import Event
from kernel.rehearsal import rehearse
from tests import worlds
from tests.scenes import Scene
from tests.test_access import token
from trusts.membership import services as membership
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership

pytestmark = pytest.mark.django_db
WHY = "They passed data on."


@pytest.fixture
def scene(db: None) -> Scene:
    """Between Hudson and Meridian: a contract with an export fetched, one more job queued, a request in review, a talk."""
    scene = Scene()
    contract = scene.contract(delete_within={"days": 30})
    scene.fetch(scene.export(contract))
    scene.approve(scene.submitted(contract))
    outbox.dispatch()
    scene.submitted(contract)
    negotiations.ask(actor=scene.actor("piotr"), dataset=scene.dataset, terms=worlds.terms(), note="More?")
    return scene


def of(scene: Scene, name: str) -> Membership:
    return Membership.objects.get(trust=scene.cast.trust, organisation=scene.cast.organisations[name])


def rows() -> dict[str, int]:
    """Everything that a rehearsal must leave as it was."""
    return {
        kind.__name__: kind.objects.count()
        for kind in (Event, Agreement, Negotiation, Request, Job, outbox.Outbox)
    }


def done(since: int, but: Any) -> Counter[tuple[str, str]]:
    """Machine and new state of every other row that moved."""
    events = Event.objects.order_by("created", "pk")[since:]
    return Counter(
        (e.machine, e.to_state) for e in events if e.subject_id != but and e.to_state != e.from_state
    )


CASES = [
    ("suspend", "meridian", "ada", {"1 contract: suspended", "1 job stops", "1 export can no longer be fetched"}),
    ("suspend", "hudson", "ada", {"1 contract: suspended", "1 job stops", "1 export can no longer be fetched"}),
    ("expel", "meridian", "ada", {"1 contract: ended early", "1 negotiation: rejected", "1 duty begins", "1 request: lapsed",
                                  "1 job stops", "1 export can no longer be fetched"}),
    ("leave", "hudson", "dana", {"1 offer: withdrawn", "1 dataset: private", "1 contract: ended early", "1 negotiation: rejected",
                                 "1 duty begins", "1 request: lapsed", "1 job stops", "1 export can no longer be fetched"}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "who", "by", "said"), CASES, ids=[f"{a} {w}" for a, w, *_ in CASES])
def test_what_is_said_before_is_what_happens(
    scene: Scene, action: str, who: str, by: str, said: set[str]
) -> None:
    subject, actor = of(scene, who), scene.actor(by)
    if action == "expel":
        worlds.heard(scene.cast, subject.pk, "piotr")
    before = rows()
    effects = rehearse(MEMBERSHIP, action, subject, actor)
    assert rows() == before, "a rehearsal leaves nothing"
    assert {one.text for one in effects} == said
    page = scene.client(by).get(f"/do/membership/{subject.pk}/{action}/").content.decode()
    assert all(text in page for text in said), page
    # The trustee is told how many, and only those of its own organisation by name.
    assert by != "ada" or not any(one.named for one in effects)
    assert ("Contract C-" in page) == (by != "ada")

    since = Event.objects.count()
    assert scene.client(by).post(f"/do/membership/{subject.pk}/{action}/", {"reason": WHY}).status_code == 302
    happened = done(since, subject.pk)
    for machine, state in happened:
        entry = next(m for m in _machines() if m.name == machine)
        assert any(
            entry.label[:3] in t and (entry.state(state).label.lower() in t or "begins" in t) for t in said
        ), (machine, state)
    assert sum(happened.values()) == sum(
        one.count for one in effects if "job" not in one.text and "export" not in one.text
    )
    outbox.dispatch()
    assert Job.objects.filter(state="cancelled", kind="export").count() == 1
    delivery = Delivery.objects.get()
    assert scene.client("piotr").post(f"/deliveries/{delivery.pk}/download/").status_code == 409


def _machines() -> Any:
    from kernel import registry

    return registry.machines()


def test_a_program_is_told_beforehand_what_the_page_says(scene: Scene) -> None:
    subject, hudson = of(scene, "meridian"), of(scene, "hudson")
    ada, dana, blind, reads, olga = (
        token(scene.cast, who, scopes)
        for who, scopes in (
            ("ada", ["read", "trusts"]), ("dana", ["read", "trusts"]), ("dana", ["trusts"]), ("ada", ["read"]), ("olga", ["trusts"]),
        )
    )  # fmt: skip

    def told(of: Membership, action: str, headers: dict[str, str]) -> Any:
        return Client().get(f"/api/v1/memberships/{of.pk}/actions/{action}/foretold", **headers)

    before = rows()
    said = told(subject, "suspend", ada).json()
    assert said["allowed"] and said["command"] == "suspend"
    assert said["effects"] == [
        one.as_dict() for one in rehearse(MEMBERSHIP, "suspend", subject, scene.actor("ada"))
    ]
    left = told(hudson, "leave", dana).json()["effects"]
    assert any("C-" in title for one in left for title in one["named"])
    # Who may not read is told how many, not which.
    unnamed = told(hudson, "leave", blind).json()["effects"]
    assert [one["count"] for one in unnamed] == [one["count"] for one in left] and not any(
        o["named"] for o in unnamed
    )
    # Refused as the command would be, with its reasons and nothing else.
    refused = told(subject, "suspend", dana).json()
    assert (
        not refused["allowed"]
        and refused["reasons"][0]["code"] == "membership.role"
        and refused["effects"] == []
    )
    assert (
        told(subject, "suspend", reads).status_code == 403 and told(subject, "suspend", {}).status_code == 401
    )
    assert told(subject, "suspend", olga).json()["effects"] == []
    assert {told(subject, name, ada).status_code for name in ("change_role", "nonsense")} == {404}
    marked = {
        one["name"]: one["foretold"]
        for one in Client().get(f"/api/v1/memberships/{subject.pk}/actions", **ada).json()
    }
    assert marked["suspend"] and marked["expel"] and not marked["change_role"]
    assert rows() == before and of(scene, "meridian").version == subject.version


def test_back_again(scene: Scene) -> None:
    """A suspended member comes back: its contracts do, and nothing that had ended."""
    subject, ada = of(scene, "meridian"), scene.actor("ada")
    membership.suspend(subject.pk, actor=ada, reason=WHY)
    with pytest.raises(Exception, match="active members"):
        negotiations.ask(actor=scene.actor("piotr"), dataset=scene.dataset, terms=worlds.terms())
    said = {one.text for one in rehearse(MEMBERSHIP, "reinstate", subject, ada)}
    assert said == {"1 contract: in force", "1 export can be fetched again"}
    membership.reinstate(subject.pk, actor=ada)
    assert Agreement.objects.get().state == "in_force"


def test_a_provider_that_is_suspended_or_gone_holds_nothing_out(scene: Scene) -> None:
    subject, ada = of(scene, "hudson"), scene.actor("ada")
    membership.suspend(subject.pk, actor=ada, reason=WHY)
    scene.dataset.refresh_from_db()
    with pytest.raises(Exception, match="member"):
        negotiations.ask(actor=scene.actor("piotr"), dataset=scene.dataset, terms=worlds.terms())
    worlds.heard(scene.cast, subject.pk, "dana")
    membership.expel(subject.pk, actor=ada, reason=WHY)
    assert not Offer.objects.exclude(state="withdrawn").exists()
    page = scene.client("piotr").get("/datasets/").content.decode()
    assert scene.dataset.title_text not in page
