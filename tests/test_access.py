"""Every URL has an owner: a new route without an entry here fails, and each answers each role as written.

`who` lists those who get a page (200 or a redirect inside); everybody else gets 404 or 403, and those not signed in are sent
to the sign-in page (401 in the API).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from contracts.decisions.selectors import decisions_on
from contracts.library import services as library
from contracts.negotiations import duties
from contracts.negotiations import services as negotiations
from contracts.sharing import services as sharing
from jobs.tracing import services as tracing
from kernel import outbox
from kernel.actor import system
from kernel.audit.seal import seal_all
from portal import notify
from portal.trail import checks
from tests import votes, worlds
from tests.cast import Cast
from tests.matrix.situations import Situations
from trusts.datasets import services as datasets
from trusts.datasets import uploads
from trusts.membership import joining
from trusts.membership.models import Charter
from trusts.organisations import services as organisations

pytestmark = [pytest.mark.django_db, pytest.mark.rules]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ALL = ("dana", "rui", "ines", "piotr", "sam", "ada", "olga")
HUDSON = ("dana", "rui", "ines")
MERIDIAN = ("piotr", "sam")
MEMBERS = (*HUDSON, *MERIDIAN, "ada")
BOTH = (*HUDSON, *MERIDIAN)

# route → who may open it. "public" needs no sign-in; "post" routes are listed with who may send.
ACCESS: dict[str, Any] = {
    "": "public", "help/": "public", "help/components/": "public", "status/": "public", "healthz": "public", "readyz": "public",
    "receipts/<slug:sha256>/": "public", "invitations/<uuid:pk>/<str:secret>/": "secret", "demo/sign-in/": "demo",
    "api/v1/docs/": "public", "api/v1/docs/script.js": "public", "api/v1/schema/": "public", "api/v1/log/head": "public", "api/v1/log/checkpoint": "public", "api/v1/log/keys": "public", "api/v1/log/consistency": "public", "api/v1/log/inclusion/<slug:leaf_hash>": "public", "api/v1/log/cosign": "post",
    "uploads/": "post", "uploads/<uuid:pk>/": HUDSON, "uploads/<uuid:pk>/chunks/<int:index>/": "post", "uploads/<uuid:pk>/complete/": "post",
    "inbox/": ALL, "inbox/count/": ALL, "inbox/bulk/": "post", "inbox/first/": ALL, "calendar/": ALL, "calendar/<str:secret>.ics": "secret", "notices/": ALL, "notices/read/": "post", "notices/settings/": ALL,
    "notices/stop/<str:token>/": "secret", "notices/<uuid:pk>/open/": ("rui",), "dashboard/": ALL, "datasets/": ALL, "datasets/new/": ("dana", "piotr", "ada", "olga"), "datasets/new/place/": ("dana", "piotr", "ada", "olga"), "trusts/": ALL, "trusts/new/": ALL,
    "organisations/new/": ALL, "organisation/people/": ALL, "settings/": ALL, "settings/tokens/": ALL, "negotiations/": ALL,
    "organisation/mergers/": ALL, "mergers/<uuid:pk>/": (*HUDSON, "ada"),
    "organisation/witness/": ALL, "organisation/witness/new/": ("dana", "piotr", "ada", "olga"), "log/disagreements/<uuid:pk>/": ALL, "witness.py": "public",
    "organisation/access/": ALL, "organisation/robots/": ALL, "organisation/entrance/": (), "organisations/<slug:slug>/join/": (), "domains/": (),
    "sign-in/": "public", **{f"sign-in/<slug:slug>/{end}": "secret" for end in ("", "go/", "back/")},
    "contracts/": ALL, "requests/": ALL, "jobs/": ALL, "audit/": ALL, "audit/export.<slug:kind>": ALL,
    "organisations/<slug:slug>/": ALL, "trusts/<slug:slug>/": ALL, "trusts/<slug:slug>/members/": ALL, "trusts/<slug:slug>/charter/": ALL, "trusts/<slug:slug>/charter/compare/": ALL, "trusts/<slug:slug>/charter/edit/": ("dana", "piotr", "ada"),
    "memberships/<uuid:pk>/": ALL, "memberships/<uuid:pk>/evidence/<int:number>/": (*MERIDIAN, "ada"),
    "trusts/<slug:slug>/proposals/": MEMBERS, "trusts/<slug:slug>/proposals/new/": ("dana", "piotr", "ada"), "proposals/<uuid:pk>/": MEMBERS,
    "trusts/<slug:slug>/rules/": ALL, "trusts/<slug:slug>/report/": MEMBERS, "exemptions/new/": "post", "exemptions/<uuid:pk>/": (*HUDSON, "ada"),
    "datasets/<slug:slug>/": MEMBERS, "datasets/<slug:slug>/quality/": MEMBERS, "datasets/<slug:slug>/schema/": MEMBERS, "datasets/<slug:slug>/lineage/": MEMBERS,
    **{f"datasets/<slug:slug>/{end}": MEMBERS for end in ("prov.jsonld", "openlineage.jsonl", "versions/<int:number>/croissant.json", "versions/<int:number>/datapackage.json")},
    "catalogue.jsonld": ALL, "catalogue.ttl": ALL, "schemas/openlineage/contract-run-facet-1.json": "public",
    "datasets/<slug:slug>/quality/rows/": HUDSON, "datasets/<slug:slug>/rules/": HUDSON, "datasets/<slug:slug>/rules/import/": HUDSON,
    "datasets/<slug:slug>/odcs.yaml": HUDSON, "datasets/<slug:slug>/versions/<int:number>/compare/": MEMBERS,
    "datasets/<slug:slug>/versions/<int:number>/reading/": HUDSON, "datasets/<slug:slug>/versions/<int:number>/reading/misfits.csv.gz": (),
    "datasets/<slug:slug>/versions/<int:number>/": MEMBERS, "datasets/<slug:slug>/offer/new/": ("dana",), "datasets/<slug:slug>/offer/to/": ("dana",), "offers/<uuid:pk>/": MEMBERS, "offers/<uuid:pk>/template/": "post",
    "negotiations/new/": ("dana", "piotr", "sam", "ada"), "negotiations/<uuid:pk>/": BOTH, "negotiations/<uuid:pk>/counter/": ("dana",),
    "offers/<uuid:pk>/try/": MEMBERS, "negotiations/<uuid:pk>/try/": BOTH, "contracts/<uuid:pk>/try/": BOTH, "decisions/<uuid:pk>/": BOTH,
    "negotiations/<uuid:pk>/odrl.json": BOTH, "negotiations/<uuid:pk>/notes/": "post", "offers/<uuid:pk>/rule/": ("dana",),
    "contracts/<uuid:pk>/amend/": ("dana", *MERIDIAN), "contracts/<uuid:pk>/renew/": ("dana", *MERIDIAN),
    "recipes/": ALL, "recipes/new/": ("dana", "piotr", "sam", "ada", "olga"), "recipes/<uuid:pk>/": HUDSON, "recipes/<uuid:pk>/edit/": ("dana",),
    "recipes/<uuid:pk>/copy/": "post", "recipes/<uuid:pk>/compare/": HUDSON, "recipes/<uuid:pk>/recipe.json": HUDSON,
    "datasets/<slug:slug>/trace/": ("dana",), "traces/<uuid:pk>/": ("dana", "ines"), "traces/<uuid:pk>/live/": ("dana", "ines"),
    "trials/<uuid:pk>/": BOTH, "trials/<uuid:pk>/live/": BOTH,
    "contracts/<uuid:pk>/": BOTH, "contracts/<uuid:pk>/odrl.json": BOTH, "contracts/<uuid:pk>/signed.json": BOTH,
    "contracts/<uuid:pk>/payload.bin": BOTH, "contracts/<uuid:pk>/to-sign.txt": (), "organisations/<slug:slug>/keys.json": ALL,
    "duties/<uuid:pk>/": BOTH, "duties/<uuid:pk>/evidence/<int:number>/": BOTH,
    "requests/new/": MERIDIAN, "requests/<uuid:pk>/": BOTH, "requests/<uuid:pk>/edit/": (), "jobs/<uuid:pk>/": BOTH, "jobs/<uuid:pk>/live/": BOTH,
    "stop/": ALL,
    "deliveries/<uuid:pk>/": BOTH, "deliveries/<uuid:pk>/receipt.json": BOTH, "deliveries/<uuid:pk>/download/": "post",
    "emergency/": ALL, "emergency/<uuid:pk>/": (*HUDSON, "olga"),
    "access/": ALL, "access/<slug:machine_name>/<uuid:pk>/": HUDSON, "access/<uuid:pk>/": "post",
    "audit/<uuid:pk>/": BOTH, "audit/<uuid:pk>/receipt.json": BOTH, "audit/verify/": "post", "check/": "public", "evidence/": ALL, "evidence/<slug:kind>/": "post",
    "evidence/<slug:kind>/<uuid:pk>/": "post", "evidence/<slug:machine>/<uuid:pk>/receipt.json": BOTH, "organisation/switch/": "post",
    "do/<slug:machine_name>/<uuid:pk>/<slug:action>/": ("dana",),
}  # fmt: skip

ACCESS |= {
    "audit/suggest/<slug:kind>/": ALL, "audit/activity/": ALL, "audit/verify/<uuid:pk>/": ALL, "audit/<uuid:pk>/entry.json": BOTH,
    "audit/tamper/": "post", "audit/saved/": "post", "audit/saved/<uuid:pk>/": "post",
}  # fmt: skip


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern


def test_every_route_has_an_entry() -> None:
    """allauth's own pages and the API's generic routes are covered below; all else is named here."""
    ours = {route for route, _ in routes() if not route.startswith("accounts/")}
    api = {route for route in ours if route.startswith("api/v1/")} - set(ACCESS)
    assert ours - api - set(ACCESS) == set(), "routes without an entry"
    assert set(ACCESS) - ours == set(), "entries without a route"


def world(cast: Cast) -> dict[str, str]:
    """One concrete address for each route, on objects between Hudson and Meridian."""
    request = worlds.delivered(cast)
    agreement, delivery, job = request.agreement, request.deliveries.get(), request.jobs.get()
    dataset = agreement.dataset
    offer = dataset.offers.get(state="published")
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms())
    recipe = library.save(actor=cast.actor("dana"), name="Tidy", steps=worlds.ANSWERS["recipe"])
    tried = worlds.tried(cast, worlds.submitted(cast, agreement))
    traced = tracing.ask(actor=cast.actor("dana"), dataset=dataset, file=worlds.upload())
    from kernel.audit.models import Event, Leaf

    event = Event.objects.filter(machine="agreement", action="conclude").first()
    assert event is not None
    beyond = worlds.exempted(cast, dataset)
    sent = uploads.create(actor=cast.actor("dana"), name="flights.csv", size=9)
    duty = duties.begin(agreement, "delete_within", "Delete it", None, actor=system())
    proof = SimpleUploadedFile("deleted.txt", b"All gone.")
    duties.fulfil(duty.pk, actor=cast.actor("piotr"), statement="All of it is gone.", file=proof)
    joined = cast.trust.memberships.get(organisation=cast.organisations["meridian"])
    members = {"evidence": [{"code": "register", "label": "Extract of the register", "help": ""}]}
    Charter.objects.create(trust=cast.trust, number=9, text="As agreed.", governance={"members": members})
    extract = SimpleUploadedFile("extract.txt", b"Entered.")
    joining.hand_in(joined.pk, actor=cast.actor("piotr"), code="register", file=extract)
    votes.voting(cast, kinds=("expel", "charter"))
    told = notify.told("request.submitted", request, "once")
    seal_all()
    return {
        "log/disagreements/<uuid:pk>/": f"log/disagreements/{worlds.disagreed().pk}/",
        "api/v1/log/consistency": "api/v1/log/consistency?from=1&to=2",
        "api/v1/log/inclusion/<slug:leaf_hash>": f"api/v1/log/inclusion/{Leaf.objects.get(event=event).leaf_hash}",
        "notices/<uuid:pk>/open/": f"notices/{next(n for n in told if n.user.email.startswith('rui')).pk}/open/",
        "mergers/<uuid:pk>/": f"mergers/{worlds.merging(cast).pk}/",
        "emergency/<uuid:pk>/": f"emergency/{worlds.opened(cast, dataset).pk}/",
        "access/<slug:machine_name>/<uuid:pk>/": f"access/dataset/{dataset.pk}/",
        "duties/<uuid:pk>/": f"duties/{duty.pk}/", "duties/<uuid:pk>/evidence/<int:number>/": f"duties/{duty.pk}/evidence/{duty.evidence.get().pk}/",
        "memberships/<uuid:pk>/": f"memberships/{joined.pk}/", "memberships/<uuid:pk>/evidence/<int:number>/": f"memberships/{joined.pk}/evidence/0/",
        "uploads/<uuid:pk>/": f"uploads/{sent.pk}/",
        "recipes/<uuid:pk>/": f"recipes/{recipe.pk}/", "recipes/<uuid:pk>/edit/": f"recipes/{recipe.pk}/edit/",
        "recipes/<uuid:pk>/compare/": f"recipes/{recipe.pk}/compare/?with={recipe.pk}", "recipes/<uuid:pk>/recipe.json": f"recipes/{recipe.pk}/recipe.json",
        "datasets/<slug:slug>/trace/": f"datasets/{dataset.slug}/trace/", "traces/<uuid:pk>/": f"traces/{traced.pk}/", "traces/<uuid:pk>/live/": f"traces/{traced.pk}/live/",
        "trials/<uuid:pk>/": f"trials/{tried.pk}/", "trials/<uuid:pk>/live/": f"trials/{tried.pk}/live/",
        "trusts/<slug:slug>/": f"trusts/{cast.trust.slug}/", "trusts/<slug:slug>/members/": f"trusts/{cast.trust.slug}/members/",
        **{f"trusts/<slug:slug>/charter/{end}": f"trusts/{cast.trust.slug}/charter/{end}" for end in ("", "compare/", "edit/")}, "trusts/<slug:slug>/rules/": f"trusts/{cast.trust.slug}/rules/", "trusts/<slug:slug>/report/": f"trusts/{cast.trust.slug}/report/",
        **{f"trusts/<slug:slug>/proposals/{end}": f"trusts/{cast.trust.slug}/proposals/{end}" for end in ("", "new/")}, "proposals/<uuid:pk>/": f"proposals/{votes.proposed(cast).pk}/",
        "exemptions/<uuid:pk>/": f"exemptions/{beyond.pk}/", "organisations/<slug:slug>/": "organisations/hudson-carriers/",
        "organisations/<slug:slug>/join/": "organisations/hudson-carriers/join/",
        "datasets/<slug:slug>/": f"datasets/{dataset.slug}/", "datasets/<slug:slug>/quality/": f"datasets/{dataset.slug}/quality/",
        "datasets/<slug:slug>/schema/": f"datasets/{dataset.slug}/schema/", "datasets/<slug:slug>/lineage/": f"datasets/{dataset.slug}/lineage/", "datasets/<slug:slug>/versions/<int:number>/": f"datasets/{dataset.slug}/versions/1/",
        **{f"datasets/<slug:slug>/{end}": f"datasets/{dataset.slug}/{end}" for end in ("quality/rows/", "rules/", "rules/import/", "odcs.yaml", "prov.jsonld", "openlineage.jsonl")},
        **{f"datasets/<slug:slug>/versions/<int:number>/{end}": f"datasets/{dataset.slug}/versions/1/{end}" for end in ("croissant.json", "datapackage.json")},
        **{f"datasets/<slug:slug>/versions/<int:number>/{end}": f"datasets/{dataset.slug}/versions/1/{end}" for end in ("reading/", "reading/misfits.csv.gz")},
        "datasets/<slug:slug>/versions/<int:number>/compare/": f"datasets/{dataset.slug}/versions/1/compare/",
        "datasets/<slug:slug>/offer/new/": f"datasets/{dataset.slug}/offer/new/", "datasets/<slug:slug>/offer/to/": f"datasets/{dataset.slug}/offer/to/",
        "offers/<uuid:pk>/": f"offers/{offer.pk}/",
        "negotiations/new/": f"negotiations/new/?dataset={dataset.slug}", "negotiations/<uuid:pk>/": f"negotiations/{asked.pk}/",
        "offers/<uuid:pk>/try/": f"offers/{offer.pk}/try/", "negotiations/<uuid:pk>/try/": f"negotiations/{asked.pk}/try/",
        "contracts/<uuid:pk>/try/": f"contracts/{agreement.pk}/try/", "decisions/<uuid:pk>/": f"decisions/{decisions_on('request', request.pk, cast.actor('dana'))[0].pk}/",
        "negotiations/<uuid:pk>/counter/": f"negotiations/{asked.pk}/counter/", "contracts/<uuid:pk>/": f"contracts/{agreement.pk}/",
        **{f"contracts/<uuid:pk>/{end}/": f"contracts/{agreement.pk}/{end}/" for end in ("amend", "renew")},
        "negotiations/<uuid:pk>/odrl.json": f"negotiations/{asked.pk}/odrl.json", "offers/<uuid:pk>/rule/": f"offers/{offer.pk}/rule/",
        "contracts/<uuid:pk>/odrl.json": f"contracts/{agreement.pk}/odrl.json", "contracts/<uuid:pk>/signed.json": f"contracts/{agreement.pk}/signed.json",
        **{f"contracts/<uuid:pk>/{end}": f"contracts/{agreement.pk}/{end}" for end in ("payload.bin", "to-sign.txt")}, "organisations/<slug:slug>/keys.json": "organisations/hudson-carriers/keys.json",
        "requests/new/": f"requests/new/?contract={agreement.pk}", "requests/<uuid:pk>/": f"requests/{request.pk}/",
        "requests/<uuid:pk>/edit/": f"requests/{request.pk}/edit/", "jobs/<uuid:pk>/": f"jobs/{job.pk}/", "jobs/<uuid:pk>/live/": f"jobs/{job.pk}/live/",
        "deliveries/<uuid:pk>/": f"deliveries/{delivery.pk}/", "deliveries/<uuid:pk>/receipt.json": f"deliveries/{delivery.pk}/receipt.json",
        "audit/<uuid:pk>/": f"audit/{event.pk}/", "audit/<uuid:pk>/receipt.json": f"audit/{event.pk}/receipt.json", "evidence/<slug:machine>/<uuid:pk>/receipt.json": f"evidence/agreement/{agreement.pk}/receipt.json", "audit/export.<slug:kind>": "audit/export.csv",
        "audit/<uuid:pk>/entry.json": f"audit/{event.pk}/entry.json", "audit/verify/<uuid:pk>/": f"audit/verify/{checks.begin(None).pk}/",
        "audit/suggest/<slug:kind>/": "audit/suggest/who/?who=da",
        "do/<slug:machine_name>/<uuid:pk>/<slug:action>/": f"do/agreement/{agreement.pk}/suspend/", "receipts/<slug:sha256>/": f"receipts/{delivery.data_sha256}/",
    }  # fmt: skip


def test_each_page_answers_each_role_as_written(cast: Cast) -> None:
    addresses = world(cast)
    wrong = []
    clients = {name: Client() for name in ALL}
    for name, client in clients.items():
        client.force_login(cast.users[name], backend=BACKEND)
    for route, who in ACCESS.items():
        if who in ("post", "secret", "demo"):
            continue
        path = "/" + addresses.get(route, route)
        anonymous = Client().get(path)
        signed_out_ok = (
            anonymous.status_code == 200
            if who == "public"
            else anonymous.status_code == 302 and "/accounts/login/" in anonymous.url
        )
        if not signed_out_ok:
            wrong.append(f"{path} signed out: {anonymous.status_code}")
        for name, client in clients.items():
            answer = client.get(path)
            got = answer.status_code
            inside = got == 302 and "/accounts/login/" not in answer.url
            fine = got in (200, 286) or inside if who == "public" or name in who else got in (403, 404)
            if not fine:
                wrong.append(f"{path} as {name}: {got}")
    assert not wrong, "\n".join(wrong)


def test_an_outsider_learns_nothing_from_lists_and_the_trail(cast: Cast) -> None:
    world(cast)
    client = Client()
    client.force_login(cast.users["olga"], backend=BACKEND)
    for path in (
        "/datasets/",
        "/negotiations/",
        "/contracts/",
        "/requests/",
        "/requests/?show=done",
        "/jobs/",
        "/recipes/",
        "/recipes/?show=templates",
        "/inbox/",
        "/dashboard/",
        "/audit/",
        "/audit/export.jsonl",
    ):
        answer = client.get(path)
        text = b"".join(answer) if answer.streaming else answer.content
        assert b"Flights 2013" not in text, path
        assert b"Meridian" not in text, path


def token(cast: Cast, name: str, scopes: list[str]) -> dict[str, str]:
    actor = cast.actor(name)
    _, secret = organisations.issue_token(actor.organisation_id, actor=actor, name="test", scopes=scopes)
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def test_the_api_shows_each_organisation_its_own(cast: Cast) -> None:
    """Every generic route: 401 without a token, an empty list and 404 for an outsider, 403 without the scope."""
    request = worlds.delivered(cast)
    agreement = request.agreement
    recipe = library.save(actor=cast.actor("dana"), name="Tidy", steps=worlds.ANSWERS["recipe"])
    tried = worlds.tried(cast, worlds.submitted(cast, agreement))
    objects: dict[str, Any] = {
        "recipes": recipe, "trials": tried, "sources": Situations(cast).reach("source", "connected"), "uploads": uploads.create(actor=cast.actor("dana"), name="flights.csv", size=9),
        "datasets": agreement.dataset, "versions": agreement.version_of_data, "negotiations": agreement.negotiation, "agreements": agreement,
        "requests": request, "jobs": request.jobs.get(), "deliveries": request.deliveries.get(), "offers": agreement.dataset.offers.get(state="published"),
    }  # fmt: skip
    inside, outside, narrow = (
        token(cast, "dana", ["read"]),
        token(cast, "olga", ["read", "negotiations"]),
        token(cast, "dana", ["datasets"]),
    )
    client = Client()
    for kind, subject in objects.items():
        one = f"/api/v1/{kind}/{subject.pk}"
        assert client.get(f"/api/v1/{kind}").status_code == 401
        assert client.get(one).status_code == 401
        assert client.get(f"/api/v1/{kind}", **inside).json()["count"] >= 1, kind
        assert client.get(one, **inside).status_code == 200, kind
        said, every = (
            client.get(one, **inside).json()["commands"],
            client.get(f"{one}/actions", **inside).json(),
        )
        assert {c["name"] for c in every} == {*said["allowed"], *(c["command"] for c in said["refused"])}, (
            kind
        )
        # The token only reads: each command is refused for that, and for whatever else speaks against it.
        assert not said["allowed"], kind
        assert {c["reasons"][0]["code"] for c in said["refused"]} <= {"token.scope"}, kind
        assert "commands" not in client.get(f"/api/v1/{kind}", **inside).json()["results"][0], kind
        assert client.get(f"/api/v1/{kind}", **outside).json()["count"] == 0, kind
        assert client.get(one, **outside).status_code == 404, kind
        assert client.get(f"{one}/actions", **outside).status_code == 404, kind
        assert client.post(f"{one}/actions/withdraw", **inside).status_code == 403, kind
    assert client.get(f"/api/v1/agreements/{agreement.pk}", **narrow).status_code == 403
    assert len(client.get("/api/v1/events?page_size=200", **outside).json()["results"]) < len(
        client.get("/api/v1/events?page_size=200", **inside).json()["results"]
    )
    assert (
        client.post(
            f"/api/v1/agreements/{agreement.pk}/actions/terminate", {"reason": "not mine"}, **outside
        ).status_code
        == 404
    )


def test_each_object_says_what_may_be_done_and_why_the_rest_may_not(cast: Cast) -> None:
    request = worlds.submitted(cast)
    client = Client()

    def said(name: str) -> dict[str, Any]:
        headers = token(cast, name, ["read", "requests"])
        return client.get(f"/api/v1/requests/{request.pk}", **headers).json()["commands"]  # type: ignore[no-any-return]

    dana, piotr = said("dana"), said("piotr")
    assert {"approve", "refuse"} <= set(dana["allowed"])
    assert "withdraw" in piotr["allowed"]
    why = {one["command"]: one["reasons"] for one in piotr["refused"]}
    assert why["approve"][0]["code"] == "request.role"
    assert why["approve"][0]["remedy"]
    sharing.withdraw(request.pk, actor=cast.actor("piotr"))
    over = {one["command"]: one["reasons"][0]["code"] for one in said("dana")["refused"]}
    assert over["approve"] == "request.state"


def test_a_draft_is_the_askers_own_affair(cast: Cast) -> None:
    draft = worlds.drafted(cast)
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    assert client.get(f"/requests/{draft.pk}/").status_code == 404
    assert draft.ref.encode() not in client.get("/requests/").content
    assert draft.ref.encode() not in client.get(f"/contracts/{draft.agreement_id}/").content
    assert str(draft.pk).encode() not in b"".join(client.get("/audit/export.jsonl"))
    sharing.try_out(draft.pk, actor=cast.actor("piotr"))
    outbox.dispatch()
    sharing.withdraw(draft.pk, actor=cast.actor("piotr"))
    worlds.drain()
    for path in (f"/requests/{draft.pk}/", f"/trials/{draft.trials.get().pk}/"):
        assert client.get(path).status_code == 404
    for path in (
        "/requests/?show=done",
        f"/contracts/{draft.agreement_id}/",
        "/audit/export.jsonl",
        "/dashboard/",
    ):
        answer = client.get(path)
        text = b"".join(answer) if answer.streaming else answer.content
        assert draft.ref.encode() not in text and str(draft.pk).encode() not in text, path


def test_an_id_of_anothers_object_is_the_same_as_none(cast: Cast) -> None:
    """Ids in addresses and forms beside the path: an object that one may not know of answers like one that is not there."""
    hidden = worlds.registered(cast, title="Hidden")
    secret = library.save(actor=cast.actor("dana"), name="Secret", steps=worlds.ANSWERS["recipe"])
    sent = uploads.create(actor=cast.actor("dana"), name="flights.csv", size=1)
    uploads.receive(sent, 0, BytesIO(b"a").read, actor=cast.actor("dana"), sha256=None)
    uploads.complete(sent.pk, actor=cast.actor("dana"))
    listed = worlds.offered(cast)
    mine = library.save(actor=cast.actor("piotr"), name="Mine", steps=worlds.ANSWERS["recipe"])
    own = datasets.register(actor=cast.actor("piotr"), title="Own")
    agreement = negotiations.accept_request(
        negotiations.ask(actor=cast.actor("piotr"), dataset=listed, terms=worlds.terms()).pk,
        actor=cast.actor("dana"), policy_hash=listed.negotiations.get().proposals.get().policy_hash,
    )  # fmt: skip
    scopes = ["read", "datasets", "negotiations", "requests"]
    api = {n: token(cast, n, scopes) for n in ("piotr", "olga")}

    def browse(name: str, method: str, path: str, **data: Any) -> Any:
        client = Client()
        client.force_login(cast.users[name], backend=BACKEND)
        return getattr(client, method)(path, data)

    def call(name: str, path: str, body: Any = None) -> Any:
        client = Client()
        if body is None:
            return client.get(f"/api/v1/{path}", **api[name])
        return client.post(f"/api/v1/{path}", body, content_type="application/json", **api[name])

    ask = {"dataset": str(listed.pk), "terms": worlds.terms()}
    draft = {**worlds.ANSWERS, "people": [str(cast.users["olga"].pk)]}

    def rule(other: str) -> dict[str, Any]:
        return {"rules": [{"rule": "reference", "column": "a", "dataset": other, "their_column": "carrier"}]}

    ways: dict[str, tuple[Any, Callable[[str], Any]]] = {
        "compare with": (secret, lambda i: browse("piotr", "get", f"/recipes/{mine.pk}/compare/", **{"with": i})),
        "check against": (hidden, lambda i: browse("piotr", "get", "/recipes/new/", against=i)),
        "start from": (secret, lambda i: browse("piotr", "post", f"/requests/new/?contract={agreement.pk}", do="start", start=i)),
        "under a contract": (agreement, lambda i: browse("olga", "get", f"/requests/new/?contract={i}")),
        "bring along": (hidden.dataset, lambda i: browse("piotr", "post", f"/negotiations/new/?dataset={listed.slug}", also=i)),
        "try on": (hidden.dataset, lambda i: browse("piotr", "post", f"/do/recipe/{mine.pk}/try_on/", dataset=i)),
        "register an upload": (sent, lambda i: browse("piotr", "post", "/datasets/new/", id=str(uuid4()), title="New", upload=i)),
        "add an upload": (sent, lambda i: call("piotr", f"datasets/{own.pk}/actions/add_version", {"upload": i})),
        "ask for": (hidden.dataset, lambda i: call("piotr", "negotiations", {**ask, "dataset": i})),
        "ask along": (hidden.dataset, lambda i: call("piotr", "negotiations", {**ask, "also": [i]})),
        "refer to": (hidden.dataset, lambda i: call("piotr", f"datasets/{own.pk}/actions/set_rules", rule(i))),
        "draft": (agreement, lambda i: call("olga", "requests", {**draft, "agreement": i})),
        "copy": (secret, lambda i: call("piotr", "recipes", {"copy_of": i})),
        "version of": (hidden.dataset, lambda i: call("piotr", "versions", {"dataset": i})),
        "source of": (hidden.dataset, lambda i: call("piotr", "sources", {"dataset": i, "kind": "folder", "path": "/x"})),
        "list versions": (hidden.dataset, lambda i: call("piotr", f"versions?dataset={i}")),
        "list trials": (agreement, lambda i: call("olga", f"trials?request={i}")),
        "list events": (agreement, lambda i: call("olga", f"events?subject={i}")),
    }  # fmt: skip
    changing = re.compile(r'name="(csrfmiddlewaretoken|id)" value="[^"]*"|nonce="[^"]*"|[0-9a-f]{64}')
    for title, (subject, way) in ways.items():
        absent, nonsense = str(uuid4()), "nonsense"
        found, none, wrong = way(str(subject.pk)), way(absent), way(nonsense)
        assert found.status_code == none.status_code, title
        read = [
            changing.sub("", a.content.decode().replace(i, ""))
            for a, i in ((found, str(subject.pk)), (none, absent))
        ]
        assert read[0] == read[1], title
        assert wrong.status_code < 500, title
