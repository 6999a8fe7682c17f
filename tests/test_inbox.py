"""What waits: for me, for others, by when; the number on every page; one action on many, each with its own result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contracts.negotiations import duties
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Negotiation
from kernel import doors
from kernel.actor import system
from kernel.machine import Action, Machine, State
from portal import notify
from portal.inbox import KINDS, ME, OTHERS, gather, items
from portal.inbox.registry import BULK, safe, without_form
from portal.views.inbox import grouped
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from tests.test_lists import copies

pytestmark = pytest.mark.django_db


def client(cast: Cast, name: str) -> Client:
    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def waits(cast: Cast, name: str, whom: str = ME) -> list[tuple[str, str]]:
    return [(one.verb, one.counterpart) for one in items(cast.actor(name), waits_for=whom)]


def test_what_one_side_has_to_do_the_other_side_waits_for(cast: Cast) -> None:
    """Along the road each waiting thing stands once on each side, and never twice on one."""
    dataset = worlds.offered(cast)
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms())
    assert waits(cast, "dana") == [("Answer the request", "Meridian Insurance")]
    assert waits(cast, "piotr", OTHERS) == [("Waits for their answer", "Hudson Carriers")]
    negotiations.make_offer(asked.pk, actor=cast.actor("dana"), terms=worlds.terms(exports={"at_most": 2}))
    assert waits(cast, "piotr") == [("Answer the offer", "Hudson Carriers")]
    assert waits(cast, "dana", OTHERS) == [("Waits for their answer", "Meridian Insurance")]
    request = worlds.submitted(cast)
    assert ("Review the request", "Meridian Insurance") in waits(cast, "rui")
    assert ("Waits for their review", "Hudson Carriers") in waits(cast, "piotr", OTHERS)
    duty = duties.begin(
        request.agreement, "delete_within", "Delete it", timezone.now() + timedelta(days=3), actor=system()
    )
    assert ("Do what the contract asks", "Hudson Carriers") in waits(cast, "piotr")
    assert ("They have to do it", "Meridian Insurance") in waits(cast, "dana", OTHERS)
    duties.fulfil(duty.pk, actor=cast.actor("piotr"), statement="All of it is gone.")
    assert ("Answer, or record it", "Meridian Insurance") in waits(cast, "dana")
    assert ("Waits for them to accept it", "Hudson Carriers") in waits(cast, "piotr", OTHERS)
    for name in cast.users:
        mine, others = ({one.key for one in items(cast.actor(name), waits_for=w)} for w in (ME, OTHERS))
        assert not mine & others, name
    assert not items(cast.actor("olga")) and not items(cast.actor("olga"), waits_for=OTHERS)


def test_it_is_grouped_by_date_and_filtered_by_kind(cast: Cast) -> None:
    worlds.asked(cast)
    now = timezone.now()
    found = items(cast.actor("dana"))
    labels = [[g["label"] for g in grouped(found, now + timedelta(days=d))] for d in (0, 10, 20)]
    assert labels == [["Later"], ["This week"], ["Overdue"]]
    page = client(cast, "dana").get("/inbox/?kind=negotiations").content.decode()
    assert "Answer the request" in page and "Negotiations (1)" in page
    assert "Nothing of this kind waits" in client(cast, "dana").get("/inbox/?kind=duties").content.decode()
    others = client(cast, "piotr").get("/inbox/?show=others").content.decode()
    assert "Waits for their answer" in others and "Who moves next" in others


def test_much_that_waits_is_counted_whole_and_shown_page_by_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is that of all; a page loads its own lines; of more than can be gathered, what is due soonest."""
    first = worlds.asked(cast)
    copies(first, 69, due=lambda i: first.due + timedelta(hours=i + 1))
    lines = gather(cast.actor("dana"))
    assert len(lines) == 70 and not any(line.item for line in lines)
    assert [line.due for line in lines] == sorted(n.due for n in Negotiation.objects.all())
    dana = client(cast, "dana")
    pages = [dana.get(f"/inbox/?page={n}").content.decode() for n in (1, 2)]
    assert [page.count("Answer the request") for page in pages] == [50, 20]
    assert all("Negotiations (70)" in page or "of 2, 70 in all" in page for page in pages)
    assert b"70<span" in dana.get("/inbox/count/").content
    monkeypatch.setattr("portal.inbox.registry.MOST", 30)
    assert [line.pk for line in gather(cast.actor("dana"))] == [line.pk for line in lines[:30]]
    assert b"30+<span" in dana.get("/inbox/count/").content and b"30+" in dana.get("/trusts/").content


def test_the_number_beside_the_inbox_is_right_and_costs_one_query(cast: Cast) -> None:
    dana = client(cast, "dana")
    page = dana.get("/trusts/").content.decode()
    assert 'hx-get="/inbox/count/"' in page, "not known yet: fetched after the page is shown"
    assert dana.get("/inbox/count/").content.strip() == b""
    worlds.asked(cast)
    assert 'hx-get="/inbox/count/"' in dana.get("/trusts/").content.decode(), "the change is seen at once"
    assert b"1<span" in dana.get("/inbox/count/").content
    with CaptureQueriesContext(connection) as queries:
        page = dana.get("/trusts/").content.decode()
    assert '1<span class="visually-hidden"> waiting' in page and "/inbox/count/" not in page
    asked = [q["sql"] for q in queries if "audit_eventparty" in q["sql"]]
    assert len(asked) == 1 and "negotiations_negotiation" not in str(queries.captured_queries)


def test_one_action_on_many_shows_what_became_of_each_and_loses_nothing(cast: Cast) -> None:
    dataset, piotr = worlds.offered(cast), client(cast, "piotr")
    # A second request on the same dataset is refused while one is open: the other one is for another dataset.
    other = worlds.offered(cast)
    soon = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms())
    late = negotiations.ask(actor=cast.actor("piotr"), dataset=other, terms=worlds.terms(), reply_days=88)
    stale = f"negotiation:{soon.pk}:{soon.version - 1}"
    keys = [one.key for one in items(cast.actor("piotr"), waits_for=OTHERS)]
    assert len(keys) == 2
    page = piotr.get("/inbox/?show=others").content.decode()
    assert 'value="negotiation.grant_time"' in page and all(f'value="{key}"' in page for key in keys)
    before = {n.pk: n.due for n in Negotiation.objects.all()}
    answer = piotr.post(
        "/inbox/bulk/", {"do": "negotiation.grant_time", "item": [*keys, stale, "negotiation:x:1", keys[0]]}
    )
    text = answer.content.decode()
    assert answer.status_code == 200 and "1 of 4 done." in text
    assert "Nobody waits longer than 90 days" in text and "changed by someone else" in text
    soon.refresh_from_db(), late.refresh_from_db()
    assert soon.due == before[soon.pk] + timedelta(days=7) and late.due == before[late.pk]
    # Nobody else's, nothing that is not for many, nothing without a mark.
    key = f"negotiation:{late.pk}:{late.version}"
    assert (
        "no longer there"
        in client(cast, "olga")
        .post("/inbox/bulk/", {"do": "negotiation.grant_time", "item": key})
        .content.decode()
    )
    for data in (
        {"do": "negotiation.grant_time"},
        {"do": "request.approve", "item": key},
        {"do": "nonsense", "item": key},
        {"do": "duty.take_note", "item": key},
    ):
        back = piotr.post("/inbox/bulk/", data, follow=True)
        assert "Nothing was changed" in back.content.decode(), data


def test_only_what_asks_for_nothing_and_ends_nothing_is_for_many() -> None:
    assert BULK and not without_form()
    assert all(doors.form_for(_machine(m), a) is doors.ActionForm for m, a in BULK)
    states = (State("a", "A", means="."), State("b", "B", means="."))
    by = frozenset({"anyone"})
    table = Machine(
        "toy", "x.Toy", "toy", states, frozenset({"b"}), (Action("make", "Make", by, frozenset({""}), to="a"),),
        (Action("end", "End", by, frozenset({"a"}), to="b", kind="danger"), Action("tell", "Tell", by, frozenset({"a"}), asks=True)),
    )  # fmt: skip
    for name in ("end", "tell"):
        with pytest.raises(ValueError, match="not safe"):
            safe(table, name)
    assert {source for kind in KINDS.values() for source in kind.sources} == {ME, OTHERS}


def test_a_program_reads_the_same_inbox_and_the_owners_notices(cast: Cast) -> None:
    request = worlds.submitted(cast)
    notify.send("request.submitted", {"id": str(request.pk)})
    dana, piotr, narrow = (
        token(cast, *who) for who in (("dana", ["read"]), ("piotr", ["read"]), ("dana", ["datasets"]))
    )
    found = Client().get("/api/v1/inbox", **dana).json()
    assert [(one["what"], one["kind_of_object"], one["id"]) for one in found["results"]] == [
        ("Review the request", "request", str(request.pk))
    ]
    others = Client().get("/api/v1/inbox?waits_for=others", **piotr).json()["results"]
    assert [(one["what"], one["who"]) for one in others] == [("Waits for their review", "Hudson Carriers")]
    told = Client().get("/api/v1/notices", **dana).json()
    assert told["count"] == 1 and told["results"][0]["object"] == str(request.pk)
    assert Client().get("/api/v1/notices", **piotr).json()["count"] == 0
    for path in ("inbox", "notices"):
        assert (
            Client().get(f"/api/v1/{path}").status_code == 401
            and Client().get(f"/api/v1/{path}", **narrow).status_code == 403
        )
    wrong = Client().get("/api/v1/inbox?waits_for=nobody", **dana)
    assert wrong.status_code == 400 and "waits_for" in wrong.json()["fields"]


def _machine(name: str) -> Any:
    from kernel import registry

    return registry.entry(name).machine
