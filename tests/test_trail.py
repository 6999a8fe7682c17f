"""The audit trail's pages: filters, keys that hold while entries arrive, files; each reader sees their own."""

from __future__ import annotations

import base64
import csv
import json
import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kernel import doors, outbox, registry
from kernel.audit import selectors, trail
from kernel.audit.erase import erase
from kernel.audit.models import Event, EventParty
from kernel.audit.seal import seal_all
from kernel.audit.trail import Key, Wanted
from kernel.audit.verify import verify
from portal.models import LogCheck, SavedTrail
from portal.templatetags.portal import past
from portal.trail import checks
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.datasets import services as datasets
from trusts.rights import services as grants
from trusts.rights.models import Grant

pytestmark = pytest.mark.django_db


def client_of(cast: Cast, who: str) -> Client:
    client = Client()
    client.force_login(cast.users[who], backend=BACKEND)
    return client


def entries(cast: Cast, count: int, **columns: Any) -> list[Event]:
    """So many entries that Hudson reads, a second apart, the newest last."""
    now = timezone.now() + timedelta(days=1)
    base = {
        "machine": "dataset", "action": "edit", "subject_title": "Bulk", "actor_name": "Dana Ruiz", "door": "web",
        "actor_id": cast.users["dana"].pk, "organisation_id": cast.organisations["hudson"].pk,
    }  # fmt: skip
    made = Event.objects.bulk_create(
        Event(**{"subject_id": uuid4(), **base, **columns}, created=now + timedelta(seconds=i))
        for i in range(count)
    )
    EventParty.objects.bulk_create(EventParty.of(e, cast.organisations["hudson"].pk) for e in made)
    return made


def found(client: Client, query: str = "") -> list[Event]:
    answer = client.get(f"/audit/?{query}")
    assert answer.status_code == 200, query
    return list(answer.context["page"].events)


def test_each_filter_finds_what_it_says_and_nothing_of_others(cast: Cast) -> None:
    request = worlds.delivered(cast)
    seal_all()
    dana, contract = client_of(cast, "dana"), request.agreement
    mine = selectors.visible_to(cast.actor("dana"))
    today = timezone.localdate()
    asked = {
        "": {},
        "who=Dana+Ruiz": {"actor_id": cast.users["dana"].pk},
        f"who={cast.users['piotr'].pk}": {"actor_id": cast.users["piotr"].pk},
        "who=commonhold": {"actor_id": None},
        "organisation=meridian": {"organisation_id": cast.organisations["meridian"].pk},
        "what=request": {"machine": "request"},
        "what=agreement.conclude": {"machine": "agreement", "action": "conclude"},
        f"about={contract.pk}": {"subject_id": contract.pk},
        f"about={contract.ref.lower()}": {"subject_id": contract.pk},
        "about=flights": {"subject_title__icontains": "flights"},
        "door=worker": {"door": "worker"},
        f"from={today}&until={today}": {},
        "who=piotr&what=request&door=web": {
            "actor_id": cast.users["piotr"].pk,
            "machine": "request",
            "door": "web",
        },
    }
    for query, columns in asked.items():
        wanted = set(mine.filter(**columns).order_by("-created", "-id").values_list("pk", flat=True)[:50])
        assert wanted and {e.pk for e in found(dana, query)} == wanted, query
    for query in (f"until={today - timedelta(days=1)}", f"from={today + timedelta(days=2)}", "refused=1", "door=shell",
                  "who=Olga", "organisation=elsewhere", f"about={uuid4()}"):  # fmt: skip
        assert found(dana, query) == [], query
    # Names of people and organisations are offered only if they stand in one's own trail.
    assert b"Piotr Nowak" in dana.get("/audit/suggest/who/?who=pio").content
    assert b"Olga" not in dana.get("/audit/suggest/who/?who=olga").content
    assert b"Elsewhere" not in dana.get("/audit/suggest/organisation/?organisation=else").content


def test_refusals_are_found_and_the_old_rows_say_the_same_as_their_events(cast: Cast) -> None:
    contract = worlds.agreed(cast)
    dana = client_of(cast, "dana")
    worlds.submitted(cast, contract)
    rows = EventParty.objects.select_related("event")
    assert rows.count() > 10
    for row in rows:
        same = EventParty.of(row.event, row.organisation_id)
        assert all(
            getattr(row, f.attname) == getattr(same, f.attname)
            for f in EventParty._meta.concrete_fields
            if f.name != "id"
        )
    refused = entries(cast, 3, detail={"refused": {"outcome": "deny"}})
    assert [e.pk for e in found(dana, "refused=1")] == [e.pk for e in reversed(refused)]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=2026-02-31", "is no day"), ("until=soon", "is no day"), ("what=nonsense", "no kind of thing"), ("door=window", "no door"),
        ("older=yesterday", "no place in the trail"), ("older=99999999999999999-00", "no place in the trail"), ("organisation=nobody", "No organisation"),
        ("who=zz", "Nobody you know"), (f"who={uuid4()}", "Nobody with this id"), ("from=0001-01-01", "is no day"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_kept_in_its_field(cast: Cast, query: str, says: str) -> None:
    answer = client_of(cast, "dana").get(f"/audit/?{query}")
    assert answer.status_code == 200
    assert says in answer.content.decode().replace("&quot;", '"')


def test_pages_hold_while_new_entries_arrive(cast: Cast) -> None:
    """Older and newer lead through every entry once, whatever comes in on top; equal times are no trouble."""
    made = entries(cast, 60)
    same = timezone.now() + timedelta(days=2)
    twins = Event.objects.bulk_create(
        Event(
            machine="dataset",
            action="edit",
            subject_id=uuid4(),
            subject_title="Twin",
            actor_name="X",
            door="web",
            created=same,
        )
        for _ in range(60)
    )
    EventParty.objects.bulk_create(EventParty.of(e, cast.organisations["hudson"].pk) for e in twins)
    dana = cast.actor("dana")
    first = trail.page(dana, Wanted())
    late = Event.objects.bulk_create(
        Event(
            machine="dataset",
            action="edit",
            subject_id=uuid4(),
            subject_title="Late",
            actor_name="X",
            door="web",
            created=same + timedelta(hours=1),
        )
        for _ in range(3)
    )
    EventParty.objects.bulk_create(EventParty.of(e, cast.organisations["hudson"].pk) for e in late)
    walked, at, pages = [e.pk for e in first.events], first.older, [first]
    while at:
        one = trail.page(dana, Wanted(), at=at)
        walked += [e.pk for e in one.events]
        pages.append(one)
        at = one.older
    assert len(walked) == len(set(walked))
    assert {e.pk for e in [*made, *twins]} <= set(walked)
    assert not {e.pk for e in late} & set(walked)
    back = trail.page(dana, Wanted(), at=pages[2].newer, newer=True)
    assert [e.pk for e in back.events] == [e.pk for e in pages[1].events]
    top = trail.page(dana, Wanted(), at=pages[1].newer, newer=True)
    assert {e.pk for e in late} <= {e.pk for e in top.events} | {
        e.pk for e in trail.page(dana, Wanted(), at=pages[1].newer, newer=True, size=53).events
    }
    assert Key.read(str(pages[0].older)) == pages[0].older


def test_a_text_is_looked_for_in_stretches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "STRETCHES", (10, 10))
    monkeypatch.setattr(trail, "WINDOW", 20)
    entries(cast, 1, subject_title="A needle")
    entries(cast, 70)
    dana = client_of(cast, "dana")
    query, steps = "about=needle", 0
    while not found(dana, query):
        answer = dana.get(f"/audit/?{query}")
        assert "Looked through the entries back to" in answer.content.decode()
        query, steps = f"about=needle&older={answer.context['page'].looked_until}", steps + 1
        assert steps < 10
    assert steps >= 2
    # A file looks to the end by itself.
    lines = b"".join(dana.get("/audit/export.jsonl?about=needle").streaming_content).decode().splitlines()
    assert len(lines) == 1


def test_files_honour_the_filters_and_no_cell_is_a_formula(cast: Cast) -> None:
    worlds.agreed(cast)
    entries(cast, 1200, subject_title="=cmd()", reason="-2+3")
    seal_all()
    dana = client_of(cast, "dana")
    text = b"".join(dana.get("/audit/export.csv?what=dataset.edit").streaming_content).decode()
    rows = list(csv.DictReader(StringIO(text)))
    assert len([r for r in rows if r["about"] == "'=cmd()"]) == 1200
    assert all(r["what"] == "dataset.edit" and r["number"] for r in rows)
    assert not any(cell[:1] in "=+-@" for r in rows for cell in r.values() if cell)
    listed = json.loads(b"".join(dana.get("/audit/export.json?what=agreement").streaming_content))
    lines = b"".join(dana.get("/audit/export.jsonl?what=agreement").streaming_content).decode().splitlines()
    assert listed == [json.loads(line) for line in lines]
    assert {one["entry"]["machine"] for one in listed} == {"agreement"}
    assert json.loads(b"".join(dana.get("/audit/export.json?door=shell").streaming_content)) == []
    assert dana.get("/audit/export.xlsx").status_code == 404
    # Nobody else's: the outsider's file names nothing of it.
    assert b"=cmd" not in b"".join(client_of(cast, "olga").get("/audit/export.csv").streaming_content)


def test_the_calendar_counts_what_the_trail_of_that_day_shows(cast: Cast) -> None:
    worlds.agreed(cast)
    dana, olga = client_of(cast, "dana"), client_of(cast, "olga")
    today = timezone.localdate()
    for query in ("", "what=agreement", "who=piotr", "refused=1"):
        page = dana.get(f"/audit/activity/?{query}&year={today.year}")
        days = [day for month in page.context["months"] for day in month.days]
        assert len(days) in (365, 366)
        shown = {day.day: day for day in days if day.count}
        for day in shown.values():
            assert len(found(dana, day.query)) == min(day.count, trail.PER_PAGE), (query, day)
            assert f"{day.count} entr" in page.content.decode()
        # Made today, a second ago at most.
        assert (today in shown) is (query != "refused=1"), query
    quiet = olga.get("/audit/activity/?what=agreement").context
    assert quiet["total"] == 0
    assert "is no year" in dana.get("/audit/activity/?year=soon").content.decode()
    assert dana.get("/audit/activity/?year=2000&from=nonsense").status_code == 200


def test_an_entry_is_read_in_words_with_its_neighbours_and_its_proof(cast: Cast) -> None:
    from kernel.audit import entry, tree

    dataset = worlds.registered(cast).dataset
    dana = cast.actor("dana")
    old = "Departures from New York in the year 2013 with their delays as the carriers reported them to the authority."
    datasets.describe(
        dataset.pk,
        actor=dana,
        title_text=dataset.title_text,
        summary="Short",
        description=old,
        keywords=["air", "delay"],
    )
    datasets.describe(
        dataset.pk,
        actor=dana,
        title_text=dataset.title_text,
        summary="Short",
        description=old.replace("delays", "delays and causes"),
        keywords=["air", "weather"],
    )
    seal_all()
    edits = Event.objects.filter(subject_id=dataset.pk, action="describe").order_by("created")
    first, second = edits[0], edits[1]
    client = client_of(cast, "dana")
    answer = client.get(f"/audit/{second.pk}/")
    text = answer.content.decode()
    rows = {row.label: row for row in answer.context["moved"]}
    assert rows["Keywords"].gone == ("delay",) and rows["Keywords"].new == ("weather",)
    assert [(p.how, p.text.strip()) for p in rows["Description"].pieces if p.how != "same"] == [
        ("new", "and causes")
    ]
    assert f"/audit/{first.pk}/" in text
    assert "What it does not prove" in text
    file = json.loads(client.get(f"/audit/{second.pk}/entry.json").content)
    for path, one in file["disclosed"].items():
        assert entry.commitment(one["salt"], one["value"]) == file["entry"]["values"][path]
    proof = file["proof"]
    root = tree.root_from_inclusion(
        proof["index"],
        proof["size"],
        bytes.fromhex(entry.leaf_hash(file["entry"])),
        [bytes.fromhex(h) for h in proof["path"]],
    )
    assert root and file["checkpoint"].splitlines()[2] == base64.b64encode(root).decode()
    # Whom it does not concern gets neither page nor file.
    for path in (f"/audit/{second.pk}/", f"/audit/{second.pk}/entry.json"):
        assert client_of(cast, "olga").get(path).status_code == 404
    # What is erased says so, and the rest can still be read and proven.
    erase(second.pk, ["before/keywords", "after/keywords", "actor_name"])
    text = client.get(f"/audit/{second.pk}/").content.decode()
    assert "Erased at the person" in text
    assert "weather" not in text
    assert client.get(f"/audit/{second.pk}/entry.json").status_code == 200


def test_every_event_of_the_road_has_a_page(cast: Cast) -> None:
    worlds.delivered(cast)
    for who in ("dana", "piotr"):
        client = client_of(cast, who)
        for event in selectors.visible_to(cast.actor(who)):
            assert client.get(f"/audit/{event.pk}/").status_code == 200, event


def test_everything_about_a_contract_a_dataset_and_a_person(cast: Cast) -> None:
    request = worlds.delivered(cast)
    contract, dataset = request.agreement, request.agreement.dataset
    dana, piotr, olga = (client_of(cast, who) for who in ("dana", "piotr", "olga"))
    parts = {
        contract.pk,
        contract.negotiation_id,
        request.pk,
        request.jobs.get().pk,
        request.deliveries.get().pk,
    }
    assert parts <= {e.subject_id for e in found(dana, f"of=agreement.{contract.pk}")}
    whole = {e.subject_id for e in found(dana, f"of=dataset.{dataset.pk}")}
    assert parts | {dataset.pk} <= whole
    theirs = {e.subject_id for e in found(piotr, f"of=dataset.{dataset.pk}")}
    assert contract.pk in theirs and dataset.pk not in theirs
    for of in (f"agreement.{contract.pk}", "agreement.x", f"dataset.{uuid4()}", f"nothing.{contract.pk}"):
        assert found(olga, f"of={of}") == [], of
    # A person's: their own, and for owners of their organisation; nobody else's.
    rui = cast.users["rui"].pk
    did = {e.pk for e in found(client_of(cast, "rui"), f"of=person.{rui}")}
    assert did and did == {e.pk for e in found(dana, f"of=person.{rui}")}
    assert all(e.actor_id == rui or e.machine in ("member", "grant") for e in found(dana, f"of=person.{rui}"))
    for who in ("piotr", "ines", "olga"):
        assert found(client_of(cast, who), f"of=person.{rui}") == [], who
    # It narrows further, and the page of the object leads here.
    assert {e.machine for e in found(dana, f"of=agreement.{contract.pk}&what=job")} == {"job"}
    assert f"of=agreement.{contract.pk}" in dana.get(contract.get_absolute_url()).content.decode()
    assert f"of=dataset.{dataset.pk}" in dana.get(dataset.get_absolute_url()).content.decode()
    assert f"of=person.{rui}" in dana.get("/organisation/people/").content.decode()
    assert f"of=person.{rui}" in client_of(cast, "rui").get("/settings/").content.decode()


def test_filters_are_kept_by_name_each_for_their_person(cast: Cast) -> None:
    dana, rui = client_of(cast, "dana"), client_of(cast, "rui")
    kept = lambda client: [one.name for one, _ in client.get("/audit/").context["saved"]]  # noqa: E731
    dana.post(
        "/audit/saved/",
        {"name": " Ended  contracts ", "query": "what=agreement.end&door=worker&older=1-2&x=y"},
    )
    one = SavedTrail.objects.get()
    assert (one.name, one.fields) == ("Ended contracts", {"what": "agreement.end", "door": "worker"})
    assert kept(dana) == ["Ended contracts"] and kept(rui) == []
    for name, query, says in (
        ("", "door=web", "Give it a name"),
        ("x" * 81, "door=web", "1 to 80"),
        ("Nothing", "", "no filter"),
    ):
        assert (
            says in dana.post("/audit/saved/", {"name": name, "query": query}, follow=True).content.decode()
        )
    dana.post("/audit/saved/", {"name": "Other", "query": "door=api"})
    assert "already" in dana.post(f"/audit/saved/{one.pk}/", {"name": "Other"}, follow=True).content.decode()
    dana.post(f"/audit/saved/{one.pk}/", {"name": "Closed"})
    assert kept(dana) == ["Closed", "Other"]
    assert rui.post(f"/audit/saved/{one.pk}/", {"do": "delete"}).status_code == 404
    dana.post(f"/audit/saved/{one.pk}/", {"do": "delete"})
    assert kept(dana) == ["Other"]


def test_a_long_log_is_verified_by_a_worker_one_at_a_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds.agreed(cast)
    seal_all()
    dana, rui = client_of(cast, "dana"), client_of(cast, "rui")
    assert "Unbroken" in dana.post("/audit/verify/").content.decode()
    monkeypatch.setattr(checks, "AT_ONCE", 5)
    sent: list[str] = []
    monkeypatch.setattr("portal.tasks.check_log.apply_async", lambda args, **more: sent.append(args[0]))
    where = dana.post("/audit/verify/").url
    assert rui.post("/audit/verify/").url == where, "a second one begins while the first is under way"
    outbox.dispatch()
    check = LogCheck.objects.get()
    assert sent == [str(check.pk)]
    assert "Waiting for a worker" in rui.get(where).content.decode()
    checks.run(check.pk)
    checks.run(check.pk)
    page = rui.get(where).content.decode()
    assert "Unbroken" in page and "does not prove" in page
    assert rui.get(where, headers={"HX-Request": "true"}).status_code == 286
    # One whose worker died is given up, and says nothing about the log.
    silent = checks.begin(None)
    LogCheck.objects.filter(pk=silent.pk).update(
        started=timezone.now(), beat=timezone.now() - timedelta(minutes=9)
    )
    assert "did not end" in rui.get(f"/audit/verify/{silent.pk}/").content.decode()
    assert checks.begin(None).pk != silent.pk


@pytest.mark.django_db(transaction=True)
def test_a_byte_changed_in_a_copy_is_found_and_the_log_stays(cast: Cast, settings: Any) -> None:
    worlds.agreed(cast)
    seal_all()
    ines = client_of(cast, "ines")
    settings.DEMO = False
    assert ines.post("/audit/tamper/").status_code == 404
    settings.DEMO = True
    done = ines.post("/audit/tamper/").context["done"]
    assert done.found, done.said
    assert "unbroken" in done.said_before
    assert sum(a != b for a, b in zip(done.before, done.after, strict=True)) == 1
    assert verify().holds
    hidden = Event.objects.exclude(pk__in=selectors.visible_to(cast.actor("ines")).values("pk")).first()
    assert (
        "no sealed entry" in ines.post("/audit/tamper/", {"event": hidden.pk}, follow=True).content.decode()
    )


def test_an_auditor_of_a_trust_reads_what_happened_in_it_and_nothing_else(cast: Cast) -> None:
    """Olga's organisation is outside the trust; a trustee names her, until a day, and every member can see it."""
    request = worlds.delivered(cast)
    contract = request.agreement
    olga, ada, dana = (client_of(cast, who) for who in ("olga", "ada", "dana"))
    before = {e.pk for e in found(olga)}
    talks = Event.objects.filter(machine="negotiation").values_list("pk", flat=True)
    given = {
        "kind": "auditor",
        "person": cast.users["olga"].email,
        "until": str(timezone.localdate() + timedelta(days=30)),
        "reason": "The yearly audit.",
    }
    # A member that does not govern the trust cannot name one, nor can anybody outside.
    assert dana.post(f"/access/trust/{cast.trust.pk}/", given).status_code == 403
    assert olga.post(f"/access/trust/{cast.trust.pk}/", given).status_code == 404
    assert ada.post(f"/access/trust/{cast.trust.pk}/", given).status_code == 302
    grant = Grant.objects.get()
    for client in (ada, dana):
        assert "Olga Outsider" in client.get(f"/access/trust/{cast.trust.pk}/").content.decode()
    assert Event.objects.get(machine="grant", action="grant").pk in {e.pk for e in found(dana, "what=grant")}
    # Contracts, requests, exports and members of the trust, also between others; not their talks, not what is outside it.
    read = list(trail.every(cast.actor("olga"), Wanted()))
    assert {"trust", "membership", "agreement", "request", "job", "delivery"} <= {e.machine for e in read}
    assert not {e.pk for e in read} & set(talks)
    assert "organisation" not in {e.machine for e in read if e.pk not in before}
    assert {e.pk for e in read} == set(selectors.visible_to(cast.actor("olga")).values_list("pk", flat=True))
    in_trust = EventParty.objects.filter(organisation_id=cast.trust.pk).values_list("event_id", flat=True)
    assert {e.pk for e in read} == before | set(in_trust)
    for event in read:
        page = olga.get(f"/audit/{event.pk}/")
        assert page.status_code == 200
    assert contract.pk in {e.subject_id for e in found(olga, f"about={contract.pk}")}
    assert b"conclude" in b"".join(olga.get("/audit/export.csv").streaming_content)
    # Facts, not data, and no button: neither the objects themselves nor anything to do on the trust's pages.
    for path in (contract, request, request.jobs.get(), request.deliveries.get(), contract.dataset):
        assert olga.get(path.get_absolute_url()).status_code == 404, path
    actor = cast.actor("olga")
    assert doors.choices(registry.machine_for(cast.trust), cast.trust, actor) == doors.choices(
        registry.machine_for(cast.trust), cast.trust, replace(actor, granted=())
    )
    assert doors.choices(registry.machine_for(contract), contract, actor) == []
    # It ends by itself.
    Grant.objects.filter(pk=grant.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert {e.pk for e in found(olga)} == before
    assert olga.get(f"/audit/{read[0].pk}/").status_code == (200 if read[0].pk in before else 404)


def test_the_api_lists_the_same_in_the_same_order(cast: Cast) -> None:
    worlds.agreed(cast)
    answer = Client().get("/api/v1/events?page_size=30", **token(cast, "dana", ["read"]))
    assert [row["id"] for row in answer.json()["results"]] == [
        str(e.pk) for e in found(client_of(cast, "dana"))
    ][:30]


def test_the_api_leads_through_the_whole_trail_at_the_same_cost_for_each_page(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    reads, client = token(cast, "dana", ["read"]), Client()
    whole = [str(pk) for pk in selectors.visible_to(cast.actor("dana")).order_by("-created", "-id").values_list("pk", flat=True)]  # fmt: skip
    assert len(whole) > 12

    def walk(address: str | None, way: str, most: int = 100) -> tuple[list[list[str]], set[int]]:
        pages, cost = [], set()
        while address and len(pages) < most:
            with CaptureQueriesContext(connection) as asked:
                answer = client.get(address, **reads).json()
            assert not any("COUNT(" in one["sql"] or "OFFSET" in one["sql"] for one in asked)
            cost.add(len(asked))
            pages.append([row["id"] for row in answer["results"]])
            address = answer[way]
        return pages, cost

    walk("/api/v1/events", "next")  # the token's first use is noted once
    pages, cost = walk("/api/v1/events?page_size=5", "next")
    assert [pk for page in pages for pk in page] == whole and all(len(page) == 5 for page in pages[:-1])
    assert len(cost) == 1, "the last page costs what the first does"
    # Back again, from the third page; entries that come in on top meanwhile move nothing.
    second = client.get("/api/v1/events?page_size=5", **reads).json()["next"]
    third = client.get(second, **reads).json()["next"]
    datasets.describe(agreement.dataset_id, actor=cast.actor("dana"), summary="Another text")
    back = client.get(third, **reads).json()["previous"]
    assert [row["id"] for row in client.get(back, **reads).json()["results"]] == pages[1]
    # One object alone, through all its pages.
    address = f"/api/v1/events?subject={agreement.dataset_id}&page_size=2"
    of_one = [pk for page in walk(address, "next")[0] for pk in page]
    there = selectors.visible_to(cast.actor("dana")).filter(subject_id=agreement.dataset_id)
    assert of_one == [str(e.pk) for e in there.order_by("-created", "-id")] and len(of_one) > 2
    for wrong in ("page=2", "older=yesterday", "newer=1-x", "subject=flights"):
        assert client.get(f"/api/v1/events?{wrong}", **reads).status_code == 400, wrong
    assert len(client.get("/api/v1/events?page_size=none", **reads).json()["results"]) <= 50


# What the trail says that somebody did, by the first word. A new action whose label makes another one is read here first.
DID = set(re.findall(r"\S+", """
    accepted admitted adopted agreed agreed: allowed answered applied approved asked attested became began cancelled carried changed checked
    claimed closed commented concluded confirmed copied corrected could counted created cut declared declined deleted delivered destroyed did
    discarded dissolved downloaded dropped edited ended entered expelled expired extended failed fell finished forgot found founded gave granted
    had handed invited joined kept lapsed left lets listed looked made marked merged named no offered opened parted passed paused proposed
    published put queued ran read recorded refused registered reinstated rejected reminded removed renewed replaced replied reported requested
    reserved resumed retired returned reviewed revoked said saved set shared signed signs started stated stepped stopped submitted suspended
    switched tested took traced tried uploaded voted warned was withdrew wound wrote
"""))  # fmt: skip


def test_what_happened_is_said_in_words() -> None:
    said = {
        past(a.label): f"{m.name}.{a.name}" for m in registry.machines() for a in (*m.creates, *m.actions)
    }
    odd = {text: name for text, name in said.items() if text.split()[0] not in DID}
    assert not odd, "see WHOLE and PAST in portal/templatetags/portal.py"
    assert said["found it unchanged"] == "source.same"
    assert said["founded a trust"] == "trust.found"


def test_what_a_page_lists_of_its_history_can_be_opened(cast: Cast) -> None:
    """Also by the auditor of one contract: what happened under it, and no more than its pages list."""
    request = worlds.delivered(cast)
    contract, olga = request.agreement, client_of(cast, "olga")
    until = timezone.now() + timedelta(days=9)
    grants.grant(actor=cast.actor("dana"), machine="agreement", object_id=contract.pk, kind="auditor", person=cast.users["olga"],
                 until=until, reason="The yearly audit.")  # fmt: skip
    seal_all()
    listed = set()
    for one in (contract, request, request.deliveries.get()):
        page = olga.get(one.get_absolute_url())
        assert page.status_code == 200
        listed |= set(re.findall(r"/audit/([0-9a-f-]{36})/", page.content.decode()))
    for pk in listed:
        assert olga.get(f"/audit/{pk}/").status_code == 200
    deliver = Event.objects.get(machine="delivery", action="deliver")
    assert listed
    by_api = f"/api/v1/events/{deliver.pk}/proof"
    assert olga.get(by_api, **token(cast, "olga", ["read"])).json()["entry"]["subject"] == str(
        deliver.subject_id
    )
    talk = Event.objects.filter(machine="negotiation").first()
    private = Event.objects.filter(machine="version").first()
    assert talk is not None and private is not None
    for event in (talk, private):
        assert olga.get(f"/audit/{event.pk}/").status_code == 404
    Grant.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert olga.get(f"/audit/{deliver.pk}/").status_code == 404
