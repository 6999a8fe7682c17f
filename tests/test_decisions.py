"""Decisions that mattered are kept and can be made again; policies are decided from files, by API and on a page."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from contracts.decisions.keeping import replay
from contracts.decisions.models import StoredDecision
from contracts.decisions.selectors import decisions_on
from contracts.negotiations.models import Offer
from contracts.sharing.access import would_be_allowed
from contracts.sharing.advice import advice_on, advice_record
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.datasets.models import Dataset

pytestmark = pytest.mark.django_db
POLICY: dict[str, Any] = {
    "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:policy",
    "permission": [{
        "uid": "urn:may", "target": "urn:x", "assignee": "urn:alice", "action": "use",
        "constraint": [{"leftOperand": "purpose", "operator": "isA", "rightOperand": "research"},
                       {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}],
    }],
    "prohibition": [{"uid": "urn:not", "target": "urn:x", "action": "distribute"}],
}  # fmt: skip
REQUEST = {"assignee": "urn:alice", "action": "odrl:read", "target": "urn:x", "purpose": "academic_research"}
WORLD = {"now": "2027-06-01T12:00:00Z", "counters": {"count": 2}}


def sign_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def test_what_was_decided_is_kept_and_comes_out_the_same_again(cast: Cast) -> None:
    request = worlds.delivered(cast)
    kept = list(decisions_on("request", request.pk, cast.actor("dana")))
    assert [(d.moment, d.verdict) for d in kept] == [
        ("submit", "permit"),
        ("approve", "permit"),
        ("job", "permit"),
    ]
    assert all(replay(d).same for d in kept)
    # A new count of exports, other clocks, another day: the kept inputs decide, nothing else.
    assert {d.world["counters"]["count"] for d in kept} == {0}
    page = sign_in(cast, "piotr").get(f"/decisions/{kept[1].pk}/")
    assert "Made again just now: the same." in page.content.decode()
    assert sign_in(cast, "olga").get(f"/decisions/{kept[1].pk}/").status_code == 404
    out = io.StringIO()
    call_command("replay_decisions", stdout=out)
    assert "3 decisions made again" in out.getvalue()
    assert sign_in(cast, "piotr").get(f"/requests/{request.pk}/").content.decode().count("make it again") == 3


def test_a_kept_decision_cannot_be_changed_and_a_changed_copy_is_found_out(cast: Cast) -> None:
    worlds.submitted(cast)
    stored = StoredDecision.objects.get(moment="submit")
    with pytest.raises(DatabaseError), transaction.atomic():
        StoredDecision.objects.filter(pk=stored.pk).update(verdict="deny")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE decisions_decidedpolicy SET document = '{}'")
    stored.world = {**stored.world, "counters": {"count": 99}}
    assert not replay(stored).same


def test_a_request_outside_the_contract_says_the_clause_and_what_would_do(cast: Cast) -> None:
    request = worlds.submitted(cast)
    request.purpose, request.place, request.columns = "pricing", "US", ["carrier", "note"]
    told = advice_on(request, 1)
    assert [r.code for r in told.decision.reasons] == ["terms.columns", "terms.purpose", "terms.place"]
    assert told.decision.reasons[1].text == "The purpose “pricing” is outside the contract"
    assert told.decision.reasons[1].remedy == "The terms allow research or statistics"
    assert told.decision.reasons[1].source == "clause purpose"
    turned = advice_record(told)["turning"]
    assert "the purpose is research" in turned and "the columns are carrier" in turned


def test_the_catalogue_decides_fifty_datasets_in_four_queries(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    dataset = worlds.offered(cast)
    offer = Offer.objects.get(dataset=dataset, state="published")
    actor = cast.actor("piotr")
    many = [Dataset(**{f.attname: getattr(dataset, f.attname) for f in Dataset._meta.concrete_fields} | {"id": uuid4(), "slug": f"copy-{n}"})
            for n in range(49)]  # fmt: skip
    Dataset.objects.bulk_create(many)
    Offer.objects.bulk_create(
        Offer(dataset=one, provider_id=offer.provider_id, terms=offer.terms, state="published", policy_hash=f"{n:064}",
              odrl={**offer.odrl, "permission": [{**offer.odrl["permission"][0], "target": one.iri}]})
        for n, one in enumerate(many)
    )  # fmt: skip
    everything = [dataset, *many]
    with django_assert_max_num_queries(4):
        found = would_be_allowed(everything, actor)
    assert {a.text for a in found.values()} == {"Needs a contract: ask for terms"}
    with django_assert_max_num_queries(3):  # the policies are ready now
        would_be_allowed(everything, actor)


def test_the_catalogue_says_when_terms_or_contract_do_not_allow_it(cast: Cast) -> None:
    agreement = worlds.agreed(cast, exports={"at_most": 1})
    actor, dataset = cast.actor("piotr"), agreement.dataset
    assert would_be_allowed([dataset], actor)[dataset.pk].code == "contract"
    type(agreement).objects.filter(pk=agreement.pk).update(exports_used=1)
    assert would_be_allowed([dataset], actor)[dataset.pk].code == "used_up"
    over = agreement.ends.replace(year=agreement.ends.year + 1)
    assert "period is over" in would_be_allowed([dataset], actor, now=over)[dataset.pk].text


def test_the_page_says_what_would_be_decided_and_what_would_turn_it(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    client, path = sign_in(cast, "piotr"), f"/contracts/{agreement.pk}/try/"
    assert "More must be known first." in client.get(path).content.decode()
    asked = {"who": agreement.consumer.iri, "action": "use", "purpose": "research", "place": "DE", "people": "named_people",
             "used": "0", "columns": ["carrier", "dest"], "format": "csv"}  # fmt: skip
    text = client.post(path, asked, headers={"HX-Request": "true"}).content.decode()
    assert "Allowed." in text and "Sets aside: 1 × number of uses." in text
    text = client.post(path, {**asked, "place": "US"}).content.decode()
    assert "Not allowed." in text and "The United States is outside the contract" in text
    text = client.post(path, {**asked, "used": "3"}).content.decode()
    assert "Would be a yes if negotiate more exports" in text
    assert client.post(path, {**asked, "when": "soon"}).status_code == 422
    assert StoredDecision.objects.count() == 0


def files(folder: Path, **given: Any) -> list[str]:
    for name, value in given.items():
        (folder / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return [str(folder / "policy"), "--request", str(folder / "request"), "--world", str(folder / "world")]


def test_the_command_decides_from_files(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command(
        "evaluate_policy", *files(tmp_path, policy=POLICY, request=REQUEST, world=WORLD), "--json", stdout=out
    )
    told = json.loads(out.getvalue())
    assert told["decision"] == "permit"
    assert [(r["uid"], r["kind"], r["active"]) for r in told["rules"]] == [
        ("urn:may", "permission", True), ("urn:not", "prohibition", False)
    ]  # fmt: skip
    assert told["rules"][0]["premises"][3]["left_value"] == "academic_research"
    out = io.StringIO()
    arguments = files(tmp_path, policy=POLICY, request={**REQUEST, "purpose": "pricing"}, world=WORLD)
    call_command("evaluate_policy", *arguments, stdout=out)
    assert "Not allowed" in out.getvalue() and "Would be a yes if: the purpose is research." in out.getvalue()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"policy": "{"}, "policy: This is not JSON"), ({"request": "[1,"}, "request is not JSON"),
        ({"world": {"now": "noon"}}, "world.now is not an instant"), ({"policy": {**POLICY, "permission": [{"action": "use", "constraint": {"leftOperand": "count"}}]}}, "policy: The constraint"),
        ({"request": {"action": 3}}, "request.action must be one action"), ({"world": b""}, "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_file_and_place(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    given: dict[str, Any] = {"policy": POLICY, "request": REQUEST, "world": WORLD, **wrong}
    arguments = files(tmp_path, **{name: value for name, value in given.items() if value != b""})
    with pytest.raises(CommandError, match=said.replace(".", r"\.")):
        call_command("evaluate_policy", *arguments, "--json")


def test_the_api_answers_as_the_command_and_names_what_is_wrong(cast: Cast) -> None:
    client, api = Client(), token(cast, "piotr", ["read"])

    def ask(**body: Any) -> Any:
        return client.post(
            "/api/v1/policies/evaluate", json.dumps(body), content_type="application/json", **api
        )

    told = ask(policy=POLICY, request=REQUEST, world=WORLD).json()
    assert (told["decision"], told["turning"], told["counters_to_reserve"][0]["add"]) == ("permit", None, "1")
    assert (
        ask(policy=POLICY, request={**REQUEST, "action": "distribute"}, world=WORLD).json()["decision"]
        == "deny"
    )
    assert ask(policy=POLICY, request={}, world={}).json()["missing_facts"] == [
        "target",
        "assignee",
        "action",
        "purpose",
        "count",
    ]
    for body, where in (
        ({"request": {}}, "policy"), ({"policy": POLICY, "request": {"purpose": {"no": 1}}}, "request.purpose"),
        ({"policy": POLICY, "request": REQUEST, "world": {"duties": {"urn:d": 7}}}, "world.duties.urn:d"),
        ({"policy": POLICY, "request": {"mood": "x" * 300_000}}, "request"),
    ):  # fmt: skip
        answer = ask(**body)
        assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, where)
        assert answer["Content-Type"] == "application/problem+json"
    assert client.post("/api/v1/policies/evaluate", "{}", content_type="application/json").status_code == 401
    narrow = token(cast, "piotr", ["deliveries"])
    assert (
        client.post("/api/v1/policies/evaluate", "{}", content_type="application/json", **narrow).status_code
        == 403
    )
