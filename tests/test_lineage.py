"""Lineage: who sees which part of the graph, what came back, who holds what, and what was withdrawn."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contracts.negotiations import services as negotiations
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from jobs.deliveries.models import Delivery
from jobs.deliveries.services import revoke
from jobs.provenance import selectors, services
from jobs.provenance.graph import Edge, Graph, Node
from jobs.provenance.load import lineage
from kernel import outbox
from kernel.audit.models import Event
from portal import notify
from portal.models import Notice
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from tests.test_companions import agreed_with_planes
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership import services as membership
from trusts.rights import services as grants

pytestmark = pytest.mark.django_db
# Owners and stewards of Meridian Insurance.
MERIDIAN = ["piotr@piotr.example"]


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def derived(cast: Cast, delivery: Delivery, listed: bool = True) -> DatasetVersion:
    """Meridian registers what it made of the export, and says so; the others of the trust may see it, or not."""
    piotr = cast.actor("piotr")
    made = datasets.register(actor=piotr, title="Delays by carrier")
    version = datasets.add_version(
        made.pk, actor=piotr, file=worlds.upload(b"carrier,delay\nUA,16\nAA,7\n", "means.csv")
    )
    worlds.drain()
    services.made_from(version.pk, actor=piotr, deliveries=[delivery.pk])
    if listed:
        datasets.enlist(made.pk, actor=piotr, trust=cast.trust, terms_summary="On request")
    version.refresh_from_db()
    return version


def kinds(dataset: Dataset, cast: Cast, name: str) -> list[str]:
    graph, more = lineage(dataset, cast.actor(name))
    assert not more
    return [node.kind for node in graph.of("file", "version", "job", "delivery")]


def test_the_graph_goes_from_the_file_to_what_came_back(cast: Cast) -> None:
    request = worlds.delivered(cast)
    dataset, delivery = request.agreement.dataset, request.deliveries.get()
    back = derived(cast, delivery)
    assert sorted(kinds(dataset, cast, "dana")) == ["delivery", "file", "job", "job", "version", "version"]
    # The receiver does not see from what and by which job the provider's data was read.
    assert sorted(kinds(dataset, cast, "piotr")) == ["delivery", "job", "version", "version"]
    graph, _ = lineage(dataset, cast.actor("dana"))
    assert [n.title for n in graph.later(delivery.iri, "derived_from")] == ["Delays by carrier, version 1"]
    assert [n.iri for n in graph.earlier(delivery.iri, "under")] == [request.agreement.iri]
    # From the other end: what it was made from, without the provider's file and reading.
    graph, _ = lineage(back.dataset, cast.actor("piotr"))
    assert dataset.versions.get().iri in graph.upstream([back.iri])
    assert [n.title for n in graph.of("file")] == ["means.csv"]
    event = Event.objects.get(machine="version", action="made_from")
    assert event.detail["deliveries"] == [str(delivery.pk)]


def test_what_is_hidden_is_neither_shown_nor_counted(cast: Cast) -> None:
    request = worlds.delivered(cast)
    dataset, delivery = request.agreement.dataset, request.deliveries.get()
    back = derived(cast, delivery, listed=False)
    assert sorted(kinds(dataset, cast, "dana")) == ["delivery", "file", "job", "job", "version"]
    # A third member sees that the dataset is there, and nothing of who has it.
    assert kinds(dataset, cast, "ada") == ["version"]
    page = browser(cast, "ada").get(f"/datasets/{dataset.slug}/lineage/").content.decode()
    for word in ("Meridian", delivery.ref, request.agreement.ref, "flights.csv", back.dataset.title_text):
        assert word not in page
    datasets.enlist(back.dataset_id, actor=cast.actor("piotr"), trust=cast.trust, terms_summary="On request")
    assert kinds(back.dataset, cast, "ada") == ["version"]
    assert browser(cast, "olga").get(f"/datasets/{dataset.slug}/lineage/").status_code == 404


def test_only_an_export_that_was_received_before_can_be_an_origin(cast: Cast) -> None:
    request = worlds.delivered(cast)
    delivery, dana = request.deliveries.get(), browser(cast, "dana")
    mine = request.agreement.version_of_data
    # Not the provider: it received nothing.
    answer = dana.post(f"/do/version/{mine.pk}/made_from/", {"deliveries": [str(delivery.pk)]})
    assert answer.status_code == 422 and "received before" in answer.content.decode()
    back = derived(cast, delivery, listed=False)
    page = browser(cast, "piotr").get(f"/do/version/{back.pk}/made_from/").content.decode()
    assert delivery.ref in page and "checked" in page
    services.made_from(back.pk, actor=cast.actor("piotr"), deliveries=[])
    assert not back.origins.exists()


def test_who_holds_data_made_from_a_version(cast: Cast, django_assert_num_queries: Any) -> None:
    request = worlds.delivered(cast)
    version, delivery = request.agreement.version_of_data, request.deliveries.get()
    again = datasets.add_version(version.dataset_id, actor=cast.actor("dana"), file=worlds.upload())
    worlds.drain()
    dana, ada = cast.actor("dana"), cast.actor("ada")
    with django_assert_num_queries(1):
        found = list(selectors.told(selectors.holders(version, dana)))
    assert [(d.pk, d.consumer.name) for d in found] == [(delivery.pk, "Meridian Insurance")]
    assert not selectors.holders(again, dana).exists() and not selectors.holders(version, ada).exists()
    answer = Client().get(f"/api/v1/versions/{version.pk}/holders", **token(cast, "dana", ["read"])).json()
    assert [(one["iri"], one["held_by"]["name"]) for one in answer["results"]] == [
        (delivery.iri, "Meridian Insurance")
    ]
    graph = (
        Client().get(f"/api/v1/datasets/{version.dataset_id}/lineage", **token(cast, "ada", ["read"])).json()
    )
    assert [n["kind"] for n in graph["nodes"] if n["kind"] not in ("dataset", "organisation", "offer")] == [
        "version",
        "version",
    ]
    page = browser(cast, "dana").get(f"/datasets/{version.dataset.slug}/lineage/?version=1").content.decode()
    assert (
        "Who holds data made from version 1?" in page and delivery.ref in page and "not fetched yet" in page
    )


def test_which_exports_contain_rows_that_were_withdrawn(cast: Cast, django_assert_num_queries: Any) -> None:
    request = worlds.delivered(cast)
    dataset, delivery, dana = request.agreement.dataset, request.deliveries.get(), browser(cast, "dana")
    address = f"/datasets/{dataset.slug}/lineage/"
    told = {"column": "tailnum", "values": "N3\nN4\nN3\n\nN77", "reason": "The owner took it back."}
    answer = dana.post(f"/do/dataset/{dataset.pk}/withdraw_rows/", told)
    assert answer.status_code == 302
    worlds.drain()
    withdrawal = dataset.withdrawals.get()
    assert [(f.version.number, f.rows) for f in withdrawal.found.all()] == [(1, 2)]
    assert withdrawal.values_count == 3 and "N77" not in withdrawal.sealed
    assert not any("N77" in str(vars(event)) for event in Event.objects.all())
    holder = cast.actor("dana")
    with django_assert_num_queries(1):
        found = list(selectors.told(selectors.with_withdrawn(dataset, holder)))
    assert [d.pk for d in found] == [delivery.pk]
    page = dana.get(address).content.decode()
    assert delivery.ref in page and "version 1: 2 rows" in page and "holds withdrawn rows" in page
    # The receiver learns that, and neither how many rows nor of which column.
    page = browser(cast, "piotr").get(address).content.decode()
    assert "holds withdrawn rows" in page and "2 rows" not in page and "took it back" not in page
    # Who received none learns nothing.
    assert "holds withdrawn rows" not in browser(cast, "ada").get(address).content.decode()
    # The next version is looked at too: one that has none of them, and one that has.
    clean = b"carrier,tailnum\nUA,N1\n"
    for content in (clean, worlds.CSV):
        datasets.add_version(dataset.pk, actor=cast.actor("dana"), file=worlds.upload(content))
        worlds.drain()
    assert [(f.version.number, f.rows) for f in withdrawal.found.order_by("version__number")] == [
        (1, 2),
        (2, 0),
        (3, 2),
    ]
    assert [v.number for v in selectors.withdrawn(dataset)] == [3, 1]


@pytest.fixture
def told_at_once(by_hand: None) -> None:
    """People are told in this process, as the worker for errands would do it."""

    def at_once(message: dict[str, Any]) -> None:
        notify.send("delivery.withdrawn", message)

    outbox.listen("delivery.withdrawn", at_once)


def about_withdrawn() -> list[str]:
    """Who was told, in the order of their addresses; what they read must hold nothing of the data."""
    for notice in Notice.objects.filter(topic="delivery.withdrawn"):
        assert "tailnum" not in notice.text + notice.more and "N3" not in notice.text + notice.more
    found = Notice.objects.filter(topic="delivery.withdrawn").values_list("user__email", flat=True)
    return sorted(found)


def test_who_holds_an_export_is_told_once_that_rows_in_it_were_withdrawn(
    cast: Cast, told_at_once: None
) -> None:
    request = worlds.delivered(cast)
    dataset, delivery, dana = request.agreement.dataset, request.deliveries.get(), cast.actor("dana")
    address = delivery.get_absolute_url()
    assert "were withdrawn" not in browser(cast, "piotr").get(address).content.decode()
    say = {"actor": dana, "column": "tailnum", "reason": "The owner took it back."}
    services.withdraw_rows(dataset.pk, values=["N404"], **say)
    worlds.drain()
    # No version holds such a row: nobody is told.
    assert about_withdrawn() == []
    services.withdraw_rows(dataset.pk, values=["N3"], **say)
    worlds.drain()
    assert about_withdrawn() == MERIDIAN
    notice = Notice.objects.filter(topic="delivery.withdrawn").first()
    assert notice is not None and notice.url == address and delivery.ref in notice.title
    page = browser(cast, "piotr").get(notice.url).content.decode()
    assert "were withdrawn" in page and "Meridian Insurance was told" in page and "took it back" not in page
    # A new version with the same row is counted too; what they hold is no other export by that.
    datasets.add_version(dataset.pk, actor=dana, file=worlds.upload(worlds.CSV))
    worlds.drain()
    assert about_withdrawn() == MERIDIAN
    # Other rows are withdrawn: there is something new to know, and again once.
    services.withdraw_rows(dataset.pk, values=["N4"], **say)
    worlds.drain()
    assert about_withdrawn() == sorted(MERIDIAN * 2)
    page = browser(cast, "dana").get(f"/datasets/{dataset.slug}/lineage/").content.decode()
    assert page.count("Told: Meridian Insurance (1 export") == 2 and "told of withdrawn rows on" in page
    assert delivery.state == "available" and not request.agreement.ended_because
    said = Event.objects.filter(machine="delivery", action="say_withdrawn")
    assert said.count() == 2 and not any("N3" in str(e.detail) or "tailnum" in str(e.detail) for e in said)
    read = token(cast, "piotr", ["read"])
    assert Client().get(f"/api/v1/deliveries/{delivery.pk}", **read).json()["withdrawn_told"]
    assert browser(cast, "ada").get(address).status_code == 404


def test_who_receives_such_rows_later_is_told_with_the_export_and_who_has_no_copy_is_not(
    cast: Cast, told_at_once: None
) -> None:
    agreement = worlds.agreed(cast)
    services.withdraw_rows(
        agreement.dataset_id, actor=cast.actor("dana"), column="tailnum", values=["N3"], reason="Taken back."
    )
    worlds.drain()
    assert about_withdrawn() == []
    delivery = worlds.delivered(cast, agreement).deliveries.get()
    assert about_withdrawn() == MERIDIAN
    # Nobody fetched it and nobody can any more: there is no copy that anything could be done with.
    revoke(delivery.pk, actor=cast.actor("dana"), reason="Cut off because of the withdrawal.")
    services.withdraw_rows(
        agreement.dataset_id, actor=cast.actor("dana"), column="tailnum", values=["N4"], reason="Taken back."
    )
    worlds.drain()
    assert about_withdrawn() == MERIDIAN


def test_who_received_what_was_made_of_it_hears_from_its_own_provider(cast: Cast, told_at_once: None) -> None:
    """Ada received what Meridian made of Hudson's export. She hears of Meridian's withdrawal, not of Hudson's."""
    request = worlds.delivered(cast, worlds.agreed(cast, no_onward_transfer=None))
    back = derived(cast, request.deliveries.get())
    piotr, ada = cast.actor("piotr"), cast.actor("ada")
    place = cast.trust.memberships.get(organisation_id=piotr.organisation_id)
    membership.change_role(place.pk, actor=ada, role=place.role, also=["provider"])
    terms = worlds.terms(columns=None, min_group_size=None, pseudonymise=None, no_onward_transfer=None)
    asked = negotiations.ask(actor=ada, dataset=back.dataset, terms=terms, note="May we?")
    newest = asked.proposals.get()
    agreement = negotiations.accept_request(
        asked.pk, actor=piotr, policy_hash=newest.policy_hash, confirmed=CLAUSES
    )
    answers = {**worlds.ANSWERS, "columns": ["carrier", "delay"], "recipe": []}
    wish = sharing.draft(actor=ada, agreement=agreement, people=[cast.users["ada"].pk], **answers)
    sharing.submit(wish.pk, actor=ada)
    sharing.approve(wish.pk, actor=piotr, reason=worlds.IN_ORDER)
    worlds.drain()
    hers = wish.deliveries.get()
    withdraw = {"column": "carrier", "values": ["UA"], "reason": "Taken back."}
    services.withdraw_rows(request.agreement.dataset_id, actor=cast.actor("dana"), **withdraw)
    worlds.drain()
    assert about_withdrawn() == MERIDIAN
    assert "were withdrawn" not in browser(cast, "ada").get(hers.get_absolute_url()).content.decode()
    services.withdraw_rows(back.dataset_id, actor=piotr, **withdraw)
    worlds.drain()
    assert about_withdrawn() == ["ada@ada.example", *MERIDIAN]
    assert "were withdrawn" in browser(cast, "ada").get(hers.get_absolute_url()).content.decode()


def test_the_page_is_drawn_listed_and_cut_by_time(cast: Cast) -> None:
    request = worlds.delivered(cast)
    dana, address = browser(cast, "dana"), f"/datasets/{request.agreement.dataset.slug}/lineage/"
    page = dana.get(address).content.decode()
    for url in (request.deliveries.get().get_absolute_url(), request.jobs.get().get_absolute_url()):
        assert page.count(f'href="{url}"') >= 2, "drawn and listed"
    for tag in ("ul", "li"):
        assert len(re.findall(rf"<{tag}\b", page)) == page.count(f"</{tag}>")
    assert "Nothing came to be in this time" in dana.get(address + "?until=2001-01-01").content.decode()
    wrong = dana.get(address + "?since=2026-02-01&until=2026-01-01")
    assert wrong.status_code == 422 and "before the first" in wrong.content.decode()


def test_what_a_plan_joined_went_into_the_export_too(cast: Cast) -> None:
    """The contract covers the aircraft register; one export joins it, the other does not."""
    agreement = agreed_with_planes(cast)
    register = Dataset.objects.get(title_text="Aircraft register")
    join = {
        "name": "join",
        "params": {"with": "aircraft_register", "on": {"tailnum": "tailnum"}, "columns": ["maker"]},
    }
    worlds.delivered(cast, agreement)
    dana, bare = cast.actor("dana"), Delivery.objects.get()
    assert not selectors.holders(register.versions.get(), dana).exists()
    joined = worlds.delivered(cast, agreement, recipe=[*worlds.ANSWERS["recipe"], join]).deliveries.get()
    assert [d.pk for d in selectors.holders(register.versions.get(), dana)] == [joined.pk]
    assert {d.pk for d in selectors.holders(agreement.version_of_data, dana)} == {bare.pk, joined.pk}
    for dataset in (register, agreement.dataset):
        graph, _ = lineage(dataset, dana)
        both = {register.versions.get().iri, agreement.version_of_data.iri}
        assert {n.iri for n in graph.earlier(joined.iri, "derived_from")} == both & set(graph.nodes)
        assert {n.iri for n in graph.earlier(joined.job.iri, "used")} == both & set(graph.nodes)
    assert bare.iri not in lineage(register, dana)[0].nodes
    services.withdraw_rows(
        register.pk, actor=dana, column="owner_name", values=["Ann Example"], reason="She asked for it."
    )
    worlds.drain()
    assert [d.pk for d in selectors.with_withdrawn(register, dana)] == [joined.pk]
    assert not selectors.with_withdrawn(agreement.dataset, dana).exists()


def test_a_large_graph_is_folded_before_it_is_drawn() -> None:
    """Seventy exports under two contracts: the one that something came back from stays, the others are a box each contract."""
    nodes = [
        Node("v", "version", "Version 1"),
        Node("c1", "agreement", "Contract C-1"),
        Node("c2", "agreement", "Contract C-2"),
    ]
    edges = []
    for at in range(70):
        nodes += [
            Node(f"j{at}", "job", "Job", facts={"kind": "export"}),
            Node(f"e{at}", "delivery", f"Export {at}"),
        ]
        edges += [
            Edge(f"j{at}", "used", "v"),
            Edge(f"e{at}", "generated_by", f"j{at}"),
            Edge(f"e{at}", "derived_from", "v"),
        ]
        edges += [Edge(f"e{at}", "under", "c1" if at < 30 else "c2")]
    whole = Graph([*nodes, Node("w", "version", "What came back")], [*edges, Edge("w", "derived_from", "e5")])
    assert len(whole.steps()) == 141, "by its job only, though it is also derived from the version"
    small = whole.folded(60)
    assert sorted(n.title for n in small.of("delivery")) == [
        "29 exports, Contract C-1",
        "40 exports, Contract C-2",
        "Export 5",
    ]
    assert [(depth, node.title) for depth, node, _ in small.tree() if node.kind != "delivery"] == [
        (0, "Version 1"),
        (2, "What came back"),
    ]
    assert whole.folded(1000) is whole


def test_nothing_hangs_together_through_what_is_hidden() -> None:
    nodes = [
        Node("v", "version", "Mine"),
        Node("e", "delivery", "Export"),
        Node("x", "version", "Through something hidden"),
    ]
    graph = Graph(
        nodes,
        [
            Edge("e", "derived_from", "v"),
            Edge("hidden", "derived_from", "e"),
            Edge("x", "derived_from", "hidden"),
        ],
    )
    assert [edge.later for edge in graph.edges] == ["e"]
    assert set(graph.connected(["v"]).nodes) == {"v", "e"}


def test_every_link_of_the_graph_opens_for_its_reader(cast: Cast) -> None:
    """Also for the auditor of one contract, who reads its exports and not the jobs that made them."""
    request = worlds.delivered(cast)
    until = timezone.now() + timedelta(days=9)
    grants.grant(actor=cast.actor("dana"), machine="agreement", object_id=request.agreement_id, kind="auditor", person=cast.users["ada"],
                 until=until, reason="The yearly audit.")  # fmt: skip
    for name in ("dana", "piotr", "ada"):
        reader = Client()
        reader.force_login(cast.users[name], backend=BACKEND)
        page = reader.get(f"{request.agreement.dataset.get_absolute_url()}lineage/").content.decode()
        main = page[page.index("<main") : page.index("</main>")]
        links = {
            link
            for link in re.findall(r'href="(/[^"#?]+)', main)
            if not link.endswith((".jsonl", ".jsonld", ".ttl", ".json"))
        }
        assert request.deliveries.get().get_absolute_url() in links, name
        assert (request.jobs.get().get_absolute_url() in links) == (name != "ada")
        closed = [link for link in links if reader.get(link).status_code != 200]
        assert not closed, (name, closed)
