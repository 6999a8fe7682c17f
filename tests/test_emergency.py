"""An operator opens an object in an emergency: an hour, an alarm, a judgement, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from kernel import outbox, registry
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.audit.models import Event
from kernel.decision import Refused
from kernel.roles import roles_of
from kernel.transition import may
from portal import notify
from portal.inbox import items
from tests import worlds
from tests.cast import Cast
from tests.scenes import why
from tests.test_access import BACKEND
from tests.test_offers import browser
from trusts.membership import services as membership
from trusts.organisations import access
from trusts.rights import emergencies
from trusts.rights.models import Emergency

pytestmark = [pytest.mark.django_db]
REASON = "Meridian cannot open its contract and its export is due at noon; Piotr asked by telephone to look."


@pytest.fixture
def otto(cast: Cast) -> Client:
    """Olga as an operator of the portal: she has an organisation, and it is not concerned."""
    cast.users["olga"].is_staff = True
    cast.users["olga"].save()
    client = Client()
    client.force_login(cast.users["olga"], backend=BACKEND)
    return client


def opened(cast: Cast, otto: Client) -> tuple[Emergency, Emergency]:
    contract = worlds.agreed(cast)
    given = {"kind": "agreement", "what": contract.ref, "reason": REASON}
    assert otto.post("/emergency/", given).url == contract.get_absolute_url()  # type: ignore[attr-defined]
    found = Emergency.objects.all()
    hudson = found.get(organisation=cast.organisations["hudson"])
    return hudson, found.get(organisation=cast.organisations["meridian"])


def test_it_is_read_for_an_hour_with_an_alarm(cast: Cast, otto: Client) -> None:
    hudson, meridian = opened(cast, otto)
    contract = registry.entry("agreement").model._default_manager.get(pk=hudson.object_id)
    assert otto.get(contract.get_absolute_url()).status_code == 200
    operator = cast.actor("olga")
    assert roles_of(operator, contract) - {"anyone", "operator"} == {"provider.auditor", "consumer.auditor"}
    assert not any(may(registry.entry("agreement").machine, a.name, contract, operator).allowed for a in registry.entry("agreement").machine.actions)  # fmt: skip
    # Each organisation is told of its own entry, and so are the trustees, who may read what happened.
    for row in (hudson, meridian):
        notify.send("emergency.opened", {"id": str(row.pk)})
    told = [m.to[0] for m in mail.outbox]
    assert {f"{n}@{n}.example" for n in ("dana", "piotr", "ada")} <= set(told)
    assert REASON in mail.outbox[0].body
    assert audit.visible_to(cast.actor("ada")).filter(subject_id=hudson.pk).exists()
    assert outbox.Outbox.objects.filter(topic="emergency.opened").count() == 2
    assert [row.user_id for row in emergencies.emergencies(cast.actor("dana"))] == [cast.users["olga"].pk]
    # The same object once at a time.
    again = otto.post("/emergency/", {"kind": "agreement", "what": contract.ref, "reason": REASON})
    assert again.status_code == 409
    assert "opened it already" in again.content.decode()
    Emergency.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert otto.get(contract.get_absolute_url()).status_code == 404
    assert emergencies.run_out_due(timezone.now()) == 2
    assert emergencies.run_out_due(timezone.now()) == 0


def test_one_side_cuts_it_off_and_each_judges_for_itself(cast: Cast, otto: Client) -> None:
    hudson, meridian = opened(cast, otto)
    emergencies.cut_off(hudson.pk, actor=cast.actor("dana"), reason="We solved it ourselves.")
    assert {e.state for e in Emergency.objects.all()} == {"closed"}
    assert cast.actor("olga").granted == ()
    waiting = [item for item in items(cast.actor("dana")) if item.machine.name == "emergency"]
    assert [item.subject.pk for item in waiting] == [hudson.pk]
    with pytest.raises(Refused):
        emergencies.justify(meridian.pk, actor=cast.actor("dana"), reason="Not ours to judge.")
    with pytest.raises(Refused):
        emergencies.justify(hudson.pk, actor=cast.actor("olga"), reason="I say so myself.")
    emergencies.object_to(hudson.pk, actor=cast.actor("ines"), reason="A look at the log would have done.")
    emergencies.justify(meridian.pk, actor=cast.actor("piotr"), reason="It helped us.")
    assert {e.state for e in Emergency.objects.all()} == {"justified", "unjustified"}
    for row in (hudson, meridian):
        versions = Event.objects.filter(subject_id=row.pk, subject_version__isnull=False)
        assert sorted(versions.values_list("subject_version", flat=True)) == [1, 2, 3]
    page = Client()
    page.force_login(cast.users["rui"], backend=BACKEND)
    text = page.get(f"/access/agreement/{hudson.object_id}/").content.decode()
    assert "Emergency openings" in text
    assert "Olga Outsider" in text


def test_what_is_no_emergency_is_refused_and_loses_nothing(cast: Cast, otto: Client) -> None:
    dataset = worlds.registered(cast).dataset
    given = {
        "kind": "dataset",
        "what": f"https://portal.example/datasets/{dataset.slug}/",
        "reason": "I am curious.",
    }
    short = otto.post("/emergency/", given)
    assert short.status_code == 422
    assert "13 of at least 60" in short.content.decode()
    assert dataset.slug in short.content.decode()
    # A form is not the only door: the rule itself says the same.
    with pytest.raises(Refused, match="too short"):
        emergencies.open_up(
            actor=cast.actor("olga"), machine="dataset", subject=dataset, reason="short" + " " * 90
        )
    unknown = otto.post("/emergency/", given | {"what": "D-000000", "reason": REASON})
    assert unknown.status_code == 409
    assert otto.get(dataset.get_absolute_url()).status_code == 404
    assert otto.post("/emergency/", given | {"reason": REASON}).status_code == 302
    assert otto.get(dataset.get_absolute_url()).status_code == 200
    assert otto.get(f"/datasets/{dataset.slug}/quality/rows/").status_code in (403, 404)
    # Whoever is no operator opens nothing; an operator of the very organisation acts as one of its people.
    dana = Client()
    dana.force_login(cast.users["dana"], backend=BACKEND)
    assert dana.post("/emergency/", given | {"reason": REASON}).status_code == 403
    insider = cast.actor("dana")
    insider = Actor(
        user_id=insider.user_id, name="Dana", organisation_id=insider.organisation_id, is_operator=True
    )
    with pytest.raises(Refused, match="one of its people"):
        emergencies.open_up(actor=insider, machine="dataset", subject=dataset, reason=REASON)


def test_an_organisation_or_a_charter_can_forbid_openings(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    meridian = cast.organisations["meridian"]
    reason = "Nobody outside reads what concerns our customers."
    assert why(
        lambda: access.switch_emergencies(meridian.pk, actor=cast.actor("sam"), allowed=False, reason=reason)
    ) == {"organisation.role"}
    page = browser(cast, "piotr")
    posted = page.post(
        f"/do/organisation/{meridian.pk}/switch_emergencies/", {"allowed": "off", "reason": reason}
    )
    assert posted.status_code == 302
    assert "has switched emergency openings off" in page.get("/emergency/").content.decode()
    # One side of the contract is enough; what concerns only the other can still be opened.
    assert why(lambda: worlds.opened(cast, agreement)) == {"emergency.off"}
    assert worlds.opened(cast, agreement.dataset).state == "open"
    access.switch_emergencies(
        meridian.pk, actor=cast.actor("piotr"), allowed=True, reason="The audit is over."
    )
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), governance={"emergencies": False})
    with pytest.raises(Refused, match="charter of New York Air Operations Trust"):
        worlds.opened(cast, agreement)
