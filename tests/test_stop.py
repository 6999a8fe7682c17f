"""Stopping what runs, at once and with a reason: by the provider, and by the trustees of the trust that it runs under."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.negotiations import agreements
from contracts.negotiations.models import Agreement
from contracts.sharing import services as sharing
from jobs.runs.models import Job
from kernel import outbox
from kernel.audit.models import Event
from tests import worlds
from tests.cast import Cast
from tests.scenes import why
from tests.test_access import token
from tests.test_offers import browser
from trusts.membership import services as membership

pytestmark = pytest.mark.django_db
REASON = "Something looks wrong with it."


def post(cast: Cast, name: str, kind: str, subject: Any, reason: str = REASON, do: str = "stop") -> Any:
    return browser(cast, name).post(
        "/stop/", {"kind": kind, "id": str(subject.pk), "do": do, "reason": reason}
    )


def test_a_trustee_stops_a_contract_it_cannot_read_and_a_download_with_it(
    cast: Cast, monkeypatch: Any
) -> None:
    from jobs.deliveries import sending

    delivery = worlds.delivered(cast).deliveries.get()
    agreement = delivery.agreement
    monkeypatch.setattr(sending, "PIECE", 100)
    monkeypatch.setattr(sending, "LOOK", 0.0)
    pieces = iter(browser(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/"))
    assert len(next(pieces)) == 100
    ada = browser(cast, "ada")
    assert agreement.ref in ada.get("/stop/").content.decode()
    assert ada.get(f"/contracts/{agreement.pk}/").status_code == 404, "it learns who deals on what, no more"
    assert post(cast, "ada", "agreement", agreement, "no").status_code == 422
    assert post(cast, "ada", "agreement", agreement).status_code == 302
    with pytest.raises(sending.CutOff):
        next(pieces)
    agreement.refresh_from_db()
    assert (agreement.state, agreement.held_by) == ("suspended", "trust")
    event = Event.objects.get(subject_id=agreement.pk, action="suspend")
    assert (event.actor_name, event.reason) == ("Ada Lind", REASON)
    # The trust's stop is not the provider's to undo.
    assert why(lambda: agreements.resume_agreement(agreement.pk, actor=cast.actor("dana"))) == {
        "agreement.held_by_trust"
    }
    assert post(cast, "dana", "agreement", agreement, do="resume").status_code == 409
    assert post(cast, "ada", "agreement", agreement, do="resume").status_code == 302
    assert Agreement.objects.get(pk=agreement.pk).state == "in_force"


def test_the_provider_stops_and_a_trustee_cannot_undo_it(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    assert post(cast, "dana", "agreement", agreement).status_code == 302
    assert why(lambda: agreements.resume_agreement(agreement.pk, actor=cast.actor("ada"))) == {
        "agreement.held_by_party"
    }
    assert post(cast, "dana", "agreement", agreement, do="resume").status_code == 302


def test_a_running_job_is_stopped_and_what_it_reserved_comes_back(cast: Cast) -> None:
    request = worlds.approved(cast)
    outbox.dispatch()
    job = Job.objects.get(request=request)
    assert post(cast, "ada", "job", job).status_code == 302
    job.refresh_from_db()
    assert job.state == "cancelled" and job.failure["text"] == REASON
    other = sharing.approve(
        worlds.submitted(cast, request.agreement).pk, actor=cast.actor("rui"), reason=worlds.IN_ORDER
    )
    outbox.dispatch()
    second = Job.objects.get(request=other)
    running = browser(cast, "dana").get("/stop/?show=jobs").content.decode()
    assert second.ref in running and job.ref not in running
    said = token(cast, "dana", ["read", "negotiations"])
    assert browser(cast, "dana").get("/api/v1/running", **said).json()["count"] == 2
    body = {"kind": "job", "id": str(second.pk), "reason": REASON}
    answer = browser(cast, "dana").post("/api/v1/running", body, content_type="application/json", **said)
    assert answer.json() == {"id": str(second.pk), "state": "cancelled"}
    assert (
        browser(cast, "dana")
        .post("/api/v1/running", body, content_type="application/json", **said)
        .status_code
        == 409
    )


@pytest.mark.parametrize("name", ["rui", "ines", "sam", "piotr", "olga"])
def test_nobody_else_stops_anything(cast: Cast, name: str) -> None:
    agreement = worlds.agreed(cast)
    assert post(cast, name, "agreement", agreement).status_code == 404
    assert agreement.ref not in browser(cast, name).get("/stop/").content.decode()
    assert Agreement.objects.get(pk=agreement.pk).state == "in_force"
    assert why(lambda: agreements.suspend(agreement.pk, actor=cast.actor(name), reason=REASON)) == {
        "agreement.role"
    }


def test_peers_who_run_an_alliance_together_do_not_stop_each_other(cast: Cast) -> None:
    """Only those in the role of a trustee, also where the charter lets all members govern."""
    from tests.cast import admit

    everyone = {"governed_by": ["trustee", "provider", "consumer"]}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), governance=everyone)
    agreement = worlds.agreed(cast)
    admit(cast, "olga", "consumer")
    assert why(lambda: agreements.suspend(agreement.pk, actor=cast.actor("olga"), reason=REASON)) == {
        "agreement.role"
    }
    assert agreements.suspend(agreement.pk, actor=cast.actor("ada"), reason=REASON).state == "suspended"
