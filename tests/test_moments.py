"""The table clause × moment: each cell happens as it says. The table names the cell, the cell's test is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contracts.negotiations import agreements, duties, ledger
from contracts.negotiations.models import Agreement, Duty
from contracts.policies import moments
from contracts.policies.clauses import CLAUSES
from contracts.policies.terms import Terms
from contracts.policies.words import sentences
from contracts.sharing import services as sharing
from contracts.sharing.access import would_be_allowed
from contracts.sharing.models import Request
from jobs.deliveries import erasure, sending
from jobs.deliveries.models import Delivery
from jobs.deliveries.package import contract_text
from kernel import store
from kernel.actor import system
from tests import worlds
from tests.scenes import GROUPED, PLAIN, Scene, later, why, world_of
from trusts.membership import services as membership
from trusts.membership.models import Membership
from trusts.organisations import services as organisations
from trusts.organisations.models import OrganisationMember

pytestmark = [pytest.mark.django_db, pytest.mark.rules]
Case = Callable[[Scene], None]
CASES: dict[tuple[str, str], Case] = {}
ALL = ["carrier", "tailnum", "dest", "distance", "arr_delay", "note"]


def cell(clause: str, moment: str) -> Callable[[Case], Case]:
    """Decorator: this tests that cell."""

    def remember(case: Case) -> Case:
        assert (clause, moment) not in CASES, "tested twice"
        CASES[clause, moment] = case
        return case

    return remember


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    from django.conf import settings

    folder, before = tmp_path_factory.mktemp("moments"), (settings.COMMONHOLD_VAR, settings.JOB_ISOLATION)
    settings.COMMONHOLD_VAR, settings.JOB_ISOLATION = folder, "none"
    with world_of(django_db_blocker) as scene:
        settings.COMMONHOLD_VAR, settings.JOB_ISOLATION = before
        yield scene, folder


@pytest.fixture
def scene(world: Any, db: None, settings: Any) -> Iterator[Scene]:
    made, settings.COMMONHOLD_VAR = world
    yield made


@pytest.mark.parametrize(
    ("clause", "moment"), [pytest.param(*one, id="-".join(one)) for one in moments.cells()]
)
def test_cell(scene: Scene, clause: str, moment: str) -> None:
    CASES[clause, moment](scene)


def test_every_clause_has_a_row_and_every_cell_a_test() -> None:
    assert set(moments.TABLE) == set(CLAUSES), "clauses without a row, or rows without a clause"
    assert set(CASES) == set(moments.cells()), "cells without a test, or tests without a cell"
    assert all(row and set(row) <= set(moments.MOMENTS) for row in moments.TABLE.values())
    # A promised clause holds by law: the table must not say that the portal makes it so.
    for code, kind in CLAUSES.items():
        if kind.badge == "promised":
            assert set(moments.TABLE[code]) == {"during"}, code


# —————————————————————————————————————————————————————————————————————————————————————————————— helpers


def page(scene: Scene, path: str, by: str = "piotr") -> str:
    answer = scene.client(by).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def changed_meanwhile(scene: Scene, clauses: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """Approved, then the request's row is changed behind the portal's back: what the job says when it starts."""
    request = scene.approve(scene.submitted(scene.contract(**clauses)))
    Request.objects.filter(pk=request.pk).update(**answers)
    job = scene.run(request)
    assert job.state == "failed"
    assert not Delivery.objects.filter(request=request).exists()
    failure: dict[str, Any] = job.failure
    return failure


def in_the_package(clause: str, value: dict[str, Any]) -> Case:
    def case(scene: Scene) -> None:
        terms = worlds.terms(**{**PLAIN, clause: value})
        said = next(
            s.text for s in sentences(Terms.from_dict(terms), "Meridian Insurance") if s.code == clause
        )
        agreement = scene.contract()
        agreement.terms = terms
        assert f"- {said}" in contract_text(agreement).decode()

    return case


def level(scene: Scene, number: int) -> None:
    found = Membership.objects.get(organisation=scene.cast.organisations["meridian"], trust=scene.cast.trust)
    membership.attest_level(
        found.pk, actor=scene.actor("ada"), level=number, on=date(2026, 1, 2), note="Audit report 17."
    )


def paid(scene: Scene, agreement: Agreement) -> Duty:
    return duties.record_payment(
        agreement.duties.get(clause="compensate").pk, actor=scene.actor("dana"), paid_on=date(2026, 1, 2),
        statement="Arrived on our account.",
    )  # fmt: skip


for _code, _value in {
    "no_onward_transfer": {}, "no_reidentification": {}, "inform_breach": {"hours": 24},
    "onward_to": {"names": ["Rheinrechner GmbH"]},
    "own": {"clauses": [{"code": "call", "mood": "must", "en": "join the quarterly call", "de": "am Gespräch teilnehmen"}]},
    "unexplained": {"parts": [{"at": "duty", "node": {"action": "https://example.org/sing"}}]},
}.items():  # fmt: skip
    cell(_code, "during")(in_the_package(_code, _value))


# ————————————————————————————————————————————————————————————————————————————————— purpose, people, place


@cell("purpose", "catalogue")
def _(scene: Scene) -> None:
    assert "Research or statistics" in page(scene, "/datasets/")


@cell("purpose", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract()
    form = page(scene, f"/requests/new/?contract={agreement.pk}")
    assert 'value="academic_research"' in form and 'value="pricing"' not in form
    assert "terms.purpose" in why(lambda: scene.submitted(agreement, purpose="pricing"))


@cell("purpose", "review")
def _(scene: Scene) -> None:
    request = scene.submitted(scene.contract())
    Request.objects.filter(pk=request.pk).update(purpose="pricing")
    assert "terms.purpose" in why(lambda: scene.approve(request))


@cell("purpose", "start")
def _(scene: Scene) -> None:
    assert changed_meanwhile(scene, {}, purpose="pricing")["code"] == "terms.purpose"


@cell("recipient", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(recipient={"who": "named_people"})
    draft = worlds.drafted(scene.cast, agreement, recipe=[])
    draft.named.all().delete()
    assert why(lambda: sharing.submit(draft.pk, actor=scene.actor("piotr"))) & {
        "terms.recipient",
        "request.people",
    }
    other = [scene.cast.users["dana"].pk]
    assert "request.people" in why(
        lambda: sharing.draft(actor=scene.actor("piotr"), agreement=agreement, people=other, **worlds.ANSWERS)
    )


@cell("recipient", "download")
def _(scene: Scene) -> None:
    delivery = scene.export(scene.contract(recipient={"who": "named_people"}))
    fetched = scene.fetch(delivery, "piotr")
    assert fetched.status_code == 200 and fetched["X-Accel-Buffering"] == "no"
    assert scene.fetch(delivery, "sam").status_code == 403
    assert sending.may_go_on(delivery.pk, scene.cast.users["piotr"].pk, delivery.consumer_id).allowed
    seat = OrganisationMember.objects.get(user=scene.cast.users["piotr"])
    organisations.change_roles(
        OrganisationMember.objects.get(user=scene.cast.users["sam"]).pk,
        actor=scene.actor("piotr"),
        roles=["owner"],
    )
    organisations.remove(seat.pk, actor=scene.actor("sam"), reason="Has left us.")
    assert not sending.may_go_on(delivery.pk, scene.cast.users["piotr"].pk, delivery.consumer_id).allowed
    # Who belongs to nobody any more is also signed out.
    assert scene.fetch(delivery, "piotr").status_code in (302, 403, 404)
    assert delivery.downloads.count() == 1


@cell("place", "catalogue")
def _(scene: Scene) -> None:
    assert "Research or statistics, EU, " in page(scene, "/datasets/")


@cell("place", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(place={"any_of": ["EU"]})
    assert "terms.place" in why(lambda: scene.submitted(agreement, place="US"))


@cell("place", "start")
def _(scene: Scene) -> None:
    assert changed_meanwhile(scene, {"place": {"any_of": ["EU"]}}, place="US")["code"] == "terms.place"


# ——————————————————————————————————————————————————————————————————————————————————————————————— period


@cell("period", "request")
def _(scene: Scene) -> None:
    draft = worlds.drafted(scene.cast, scene.contract(), recipe=[])
    with later(days=150):
        assert "agreement.over" in why(lambda: sharing.submit(draft.pk, actor=scene.actor("piotr")))


@cell("period", "review")
def _(scene: Scene) -> None:
    request = scene.submitted(scene.contract())
    with later(days=150):
        assert "agreement.over" in why(lambda: scene.approve(request))


@cell("period", "start")
def _(scene: Scene) -> None:
    request = scene.approve(scene.submitted(scene.contract()))
    with later(days=150):
        assert scene.run(request).failure["code"] == "agreement.over"


@cell("period", "during")
def _(scene: Scene) -> None:
    """The period ends while the job is at its last stage: the result is made and does not leave."""
    from unittest.mock import patch

    from jobs.deliveries import tokens

    request, clock = scene.approve(scene.submitted(scene.contract())), later(days=150)
    real = tokens.seal

    def slow(*args: Any) -> Any:
        clock.__enter__()
        return real(*args)

    with patch("jobs.deliveries.tokens.seal", slow):
        try:
            job = scene.run(request)
        finally:
            clock.__exit__(None, None, None)
    assert job.failure["code"] == "agreement.over"
    assert not Delivery.objects.filter(request=request).exists()


@cell("period", "download")
def _(scene: Scene) -> None:
    delivery = scene.export(scene.contract())
    assert delivery.expires <= delivery.agreement.ends
    who = scene.cast.users["piotr"].pk
    with later(days=150):
        assert scene.fetch(delivery).status_code in (302, 409)
        codes = {r.code for r in sending.may_go_on(delivery.pk, who, delivery.consumer_id).reasons}
        assert "agreement.over" in codes


@cell("period", "after")
def _(scene: Scene) -> None:
    agreement = scene.contract(delete_within={"days": 5})
    scene.export(agreement)
    with later(days=150) as now:
        agreements.end_due(now)
    agreement.refresh_from_db()
    assert (agreement.state, agreement.ended_at) == ("ended", agreement.ends)
    assert agreement.duties.get().due == agreement.ends + timedelta(days=5)


# ————————————————————————————————————————————————————————————————————————————— columns, rows, protection


@cell("columns", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(columns={"only": ["carrier", "dest"]})
    where = [{"column": "note", "op": "eq", "value": ["ok"]}]
    assert "terms.columns" in why(lambda: scene.submitted(agreement, columns=["carrier", "note"]))
    assert "terms.columns" in why(lambda: scene.submitted(agreement, columns=["carrier"], row_filter=where))
    sorts = [{"name": "sort", "params": {"by": ["note"]}}]
    assert why(lambda: scene.submitted(agreement, columns=["carrier"], recipe=sorts))


@cell("columns", "during")
def _(scene: Scene) -> None:
    delivery = scene.export(
        scene.contract(columns={"only": ["carrier", "dest"]}), columns=["carrier", "dest"]
    )
    assert scene.rows(delivery)[0] == ["carrier", "dest"]
    assert delivery.job.plan["demands"]["columns"] == ["carrier", "dest"]


@cell("only_rows", "during")
def _(scene: Scene) -> None:
    only = {"conditions": [{"column": "carrier", "op": "in", "value": ["AA"]}]}
    delivery = scene.export(scene.contract(only_rows=only), columns=["carrier"])
    assert scene.rows(delivery)[1:] == [["AA"], ["AA"]]


@cell("min_group_size", "during")
def _(scene: Scene) -> None:
    delivery = scene.export(
        scene.contract(min_group_size={"k": 3, "by": ["carrier"]}), columns=["carrier", "dest"]
    )
    assert {row[0] for row in scene.rows(delivery)[1:]} == {"UA"}
    assert delivery.job.plan["demands"]["min_group"] == {"k": 3, "by": ["carrier"]}


@cell("pseudonymise", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(pseudonymise={"columns": ["tailnum"]})
    where = [{"column": "tailnum", "op": "eq", "value": ["N1"]}]
    assert "terms.pseudonymise" in why(lambda: scene.submitted(agreement, row_filter=where))


@cell("pseudonymise", "during")
def _(scene: Scene) -> None:
    clause = {"pseudonymise": {"columns": ["tailnum"]}}
    one, two = (
        [row[0] for row in scene.rows(scene.export(scene.contract(**clause), columns=["tailnum"]))[1:]]
        for _ in range(2)
    )
    assert one[0] == one[1] and not {"N1", "N2"} & set(one)
    assert not set(one) & set(two), "linkable across contracts"


@cell("pseudonymise", "after")
def _(scene: Scene) -> None:
    agreement = scene.contract(pseudonymise={"columns": ["tailnum"]}, delete_within={"days": 5})
    scene.export(agreement)
    agreements.terminate(agreement.pk, actor=scene.actor("dana"), reason="It is over.")
    erasure.erase_due(timezone.now() + timedelta(days=4))
    agreement.refresh_from_db()
    assert agreement.sealed_key
    erasure.erase_due(timezone.now() + timedelta(days=6))
    agreement.refresh_from_db()
    assert agreement.sealed_key == "" and agreement.keys_destroyed is not None


@cell("generalise", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(generalise={"rules": [{"column": "distance", "how": "band", "width": "500"}]})
    where = [{"column": "distance", "op": "eq", "value": ["1400"]}]
    assert "terms.generalise" in why(
        lambda: scene.submitted(agreement, columns=["distance"], row_filter=where)
    )


@cell("generalise", "during")
def _(scene: Scene) -> None:
    coarse = {"rules": [{"column": "distance", "how": "band", "width": "500"}]}
    delivery = scene.export(scene.contract(generalise=coarse), columns=["distance"])
    found = {row[0] for row in scene.rows(delivery)[1:]}
    assert len(found) == 2 and not found & {"1400", "1089", "1576"}


@cell("aggregate_only", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(aggregate_only={"k": 2})
    assert "terms.aggregate_only" in why(lambda: scene.submitted(agreement, columns=["carrier"]))


@cell("aggregate_only", "during")
def _(scene: Scene) -> None:
    delivery = scene.export(scene.contract(aggregate_only={"k": 2}), columns=["carrier"], recipe=GROUPED)
    counts = {row[0]: row[1] for row in scene.rows(delivery)[1:]}
    assert counts["UA"] == "3"
    assert "1" not in counts.values(), "a figure that stands for one row has left"


@cell("watermark", "review")
def _(scene: Scene) -> None:
    plan = sharing.plan_for(
        scene.contract(watermark={}), scene.dataset.versions.get(), recipe=[], columns=["carrier"], row_filter=[],
        output_format="csv",
    ).as_dict()  # fmt: skip
    first = plan["steps"][0]
    assert (first["name"], first["locked"], first["clause"]) == ("watermark", True, "watermark")


@cell("watermark", "during")
def _(scene: Scene) -> None:
    # Six rows are too few for a mark; that rows are left out of a larger export stands in test_tracing.
    delivery = scene.export(scene.contract(watermark={}), columns=["carrier"])
    assert len(scene.rows(delivery)) == 1 + 6
    assert delivery.receipt["body"]["mark"] == {
        "marked": False,
        "text": "Not marked: fewer than 10,000 rows.",
    }


@cell("attribution", "during")
def _(scene: Scene) -> None:
    delivery = scene.export(scene.contract(attribution={"text": "Hudson Carriers, 2013"}))
    assert "Credit line: Hudson Carriers, 2013" in scene.read(delivery, "README.txt")


@cell("no_ai_training", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(no_ai_training={}, purpose={"any_of": ["research", "ai_training"]})
    assert "terms.forbidden" in why(lambda: scene.submitted(agreement, purpose="ai_training"))
    assert 'value="ai_training"' not in page(scene, f"/requests/new/?contract={agreement.pk}")


# ——————————————————————————————————————————————————————————————————————————————————————————————— counters


@cell("exports", "catalogue")
def _(scene: Scene) -> None:
    agreement = scene.contract(exports={"at_most": 1})
    assert would_be_allowed([scene.dataset], scene.actor("piotr"))[scene.dataset.pk].code == "contract"
    scene.approve(scene.submitted(agreement))
    assert would_be_allowed([scene.dataset], scene.actor("piotr"))[scene.dataset.pk].code == "used_up"


@cell("exports", "review")
def _(scene: Scene) -> None:
    agreement = scene.contract(exports={"at_most": 1})
    first, second = scene.submitted(agreement), scene.submitted(agreement)
    scene.approve(first)
    agreement.refresh_from_db()
    held = ledger.tallies(agreement)[0]
    assert (held.used, held.reserved, held.left) == (0, 1, 0)
    assert "terms.exports" in why(lambda: scene.approve(second))


@cell("exports", "during")
def _(scene: Scene) -> None:
    agreement = scene.contract(exports={"at_most": 2})
    scene.export(agreement)
    bad = [{"name": "cast", "params": {"column": "carrier", "to": "integer"}}]
    assert scene.run(scene.approve(scene.submitted(agreement, recipe=bad))).state == "failed"
    agreement.refresh_from_db()
    counted = ledger.tallies(agreement)[0]
    assert (counted.used, counted.reserved, counted.left) == (1, 0, 1)
    assert agreement.exports_used == 1


@cell("rows_total", "review")
def _(scene: Scene) -> None:
    agreement = scene.contract(rows_total={"at_most": 8})
    first, second, third = (scene.submitted(agreement) for _ in range(3))
    scene.approve(first)
    scene.approve(second)
    rows = ledger.tallies(agreement)[1]
    assert (rows.reserved, rows.left) == (8, 0), "six for the first, the two that are left for the second"
    assert "terms.rows_total" in why(lambda: scene.approve(third))


@cell("rows_total", "during")
def _(scene: Scene) -> None:
    agreement = scene.contract(rows_total={"at_most": 8})
    two = [{"column": "carrier", "op": "eq", "value": ["AA"]}]
    scene.export(agreement, row_filter=two)
    rows = ledger.tallies(agreement)[1]
    assert (rows.used, rows.reserved, rows.left) == (2, 0, 6)
    scene.export(agreement, row_filter=two)
    job = scene.run(scene.approve(scene.submitted(agreement)))
    assert job.failure["code"] == "terms.rows_total"
    assert "6 rows" in job.failure["text"] and "leaves 4" in job.failure["text"]
    assert ledger.tallies(agreement)[1].left == 4


@cell("formats", "request")
def _(scene: Scene) -> None:
    agreement = scene.contract(formats={"any_of": ["parquet"]})
    form = page(scene, f"/requests/new/?contract={agreement.pk}")
    assert 'value="parquet"' in form and 'value="xlsx"' not in form
    assert "terms.formats" in why(lambda: scene.submitted(agreement, format="csv"))


@cell("formats", "start")
def _(scene: Scene) -> None:
    request = scene.approve(
        scene.submitted(scene.contract(formats={"any_of": ["parquet"]}), format="parquet")
    )
    Request.objects.filter(pk=request.pk).update(format="csv")
    assert scene.run(request).failure["code"] == "terms.formats"


@cell("download_within", "download")
def _(scene: Scene) -> None:
    delivery = scene.export(scene.contract(download_within={"days": 3}))
    with later(days=2.9):
        assert scene.fetch(delivery).status_code == 200
    with later(days=3.1):
        refused = scene.fetch(delivery)
    assert refused.status_code == 409
    assert "lets exports be fetched for 3 days" in refused.content.decode()


@cell("download_within", "after")
def _(scene: Scene) -> None:
    from jobs.deliveries.services import expire_due

    delivery = scene.export(scene.contract(download_within={"days": 3}))
    assert store.exists(delivery.package_sha256)
    with later(days=3.1) as now:
        expire_due(now)
        erasure.erase_due(now)
    assert not store.exists(delivery.package_sha256)
    assert not store.exists(delivery.data_sha256)


@cell("access_mode", "request")
def _(scene: Scene) -> None:
    rooms, files = (
        scene.contract(access_mode={"any_of": ["clean_room"]}),
        scene.contract(access_mode={"any_of": ["export"]}),
    )
    assert "terms.access_mode" in why(lambda: scene.submitted(rooms, columns=["carrier"]))
    assert scene.submitted(rooms, columns=["carrier"], recipe=GROUPED).state == "submitted"
    assert "terms.access_mode" in why(lambda: scene.submitted(files, columns=["carrier"], recipe=GROUPED))


# ————————————————————————————————————————————————————————————————————————————————————————— security level


@cell("security_level", "request")
def _(scene: Scene) -> None:
    draft = worlds.drafted(scene.cast, scene.contract(security_level={"at_least": 3}), recipe=[])
    submit = lambda: sharing.submit(draft.pk, actor=scene.actor("piotr"))  # noqa: E731
    assert "terms.security_level" in why(submit)
    level(scene, 2)
    assert "terms.security_level" in why(submit)
    level(scene, 3)
    assert submit().state == "submitted"


@cell("security_level", "review")
def _(scene: Scene) -> None:
    level(scene, 4)
    request = scene.submitted(scene.contract(security_level={"at_least": 4}))
    level(scene, 3)
    assert "terms.security_level" in why(lambda: scene.approve(request))


@cell("security_level", "start")
def _(scene: Scene) -> None:
    level(scene, 4)
    request = scene.approve(scene.submitted(scene.contract(security_level={"at_least": 4})))
    level(scene, 1)
    assert scene.run(request).failure["code"] == "terms.security_level"


@cell("security_level", "download")
def _(scene: Scene) -> None:
    level(scene, 4)
    delivery = scene.export(scene.contract(security_level={"at_least": 4}))
    assert scene.fetch(delivery).status_code == 200
    level(scene, 3)
    assert scene.fetch(delivery).status_code == 409
    assert not sending.may_go_on(delivery.pk, scene.cast.users["piotr"].pk, delivery.consumer_id).allowed


# ————————————————————————————————————————————————————————————————————————————————————————————————— duties

PRICE = {"amount": "1200.00", "currency": "EUR"}


@cell("compensate", "review")
def _(scene: Scene) -> None:
    agreement = scene.contract(compensate=PRICE)
    request = scene.submitted(agreement)
    assert "duty.compensate" in why(lambda: scene.approve(request))
    assert "1200.00 EUR is not recorded" in page(scene, f"/contracts/{agreement.pk}/")
    paid(scene, agreement)
    assert scene.approve(request).state == "approved"


@cell("compensate", "start")
def _(scene: Scene) -> None:
    agreement = scene.contract(compensate=PRICE)
    duty = paid(scene, agreement)
    request = scene.approve(scene.submitted(agreement))
    Duty.objects.filter(pk=duty.pk).update(state="open")
    assert scene.run(request).failure["code"] == "duty.compensate"


@cell("report_use", "after")
def _(scene: Scene) -> None:
    agreement = scene.contract(report_use={"every_days": 30})
    first = agreement.duties.get()
    assert (first.state, first.due) == ("open", agreement.starts + timedelta(days=30))
    with later(days=23) as now:
        duties.due(now)
        duties.due(now)
    first.refresh_from_db()
    assert first.reminded == [7]
    with later(days=30) as now:
        duties.due(now)
    first.refresh_from_db()
    assert first.state == "late"
    assert agreement.duties.get(state="open").due == agreement.starts + timedelta(days=60)


@cell("delete_within", "after")
def _(scene: Scene) -> None:
    agreement = scene.contract(delete_within={"days": 5})
    delivery = scene.export(agreement)
    agreements.terminate(agreement.pk, actor=scene.actor("piotr"), reason="We are done.")
    duty = agreement.duties.get()
    duties.fulfil(duty.pk, actor=scene.actor("piotr"), statement="Deleted from both of our servers.")
    worlds.drain()
    assert not store.exists(delivery.package_sha256)
    agreement.refresh_from_db()
    assert agreement.keys_destroyed is not None


@cell("if_late", "download")
def _(scene: Scene) -> None:
    agreement = scene.contract(report_use={"every_days": 10}, if_late={"then": ["suspend_downloads"]})
    delivery, duty = scene.export(agreement), agreement.duties.get()
    duties.overdue(duty.pk, actor=system("duty clock"))
    assert scene.fetch(delivery).status_code == 409
    assert not sending.may_go_on(delivery.pk, scene.cast.users["piotr"].pk, delivery.consumer_id).allowed
    duties.fulfil(duty.pk, actor=scene.actor("piotr"), statement="Used for one study of delays.")
    assert scene.fetch(delivery).status_code == 200


@cell("if_late", "after")
def _(scene: Scene) -> None:
    then = {"then": ["suspend_agreement", "notify_trust"]}
    agreement = scene.contract(report_use={"every_days": 10}, if_late=then)
    duty = agreement.duties.get()
    duties.overdue(duty.pk, actor=system("duty clock"))
    agreement.refresh_from_db()
    assert (agreement.state, agreement.held_by) == ("suspended", "late")
    assert duty.text in page(scene, "/inbox/", "ada")
    assert "Take note" in page(scene, f"/duties/{duty.pk}/", "ada")
