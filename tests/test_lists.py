"""List pages ask the database the same number of times for ten rows as for a thousand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contracts.library import services as library
from contracts.library.models import SavedRecipe
from contracts.negotiations.models import Agreement, Negotiation, Offer, Proposal
from contracts.sharing.models import NamedPerson, Request
from kernel.audit.models import Event, EventParty
from kernel.models import StatefulModel
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from tests.votes import proposed, voting
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership.models import Membership, Trust
from trusts.organisations.models import Organisation
from trusts.proposals.models import Proposal as Asked
from trusts.proposals.models import VotingSeat
from trusts.witnesses.models import Witness

# The number of questions is the same on every database.
pytestmark = [pytest.mark.django_db, pytest.mark.rules]
MANY = 1_000
MOST_QUERIES, MOST_OF_API = 12, 14
# An overview joins what it shows.
DASHBOARDS = ["/dashboard/", "/dashboard/?view=partner", "/dashboard/?view=trust"]
MORE = {**dict.fromkeys(DASHBOARDS, 22), "LINEAGE": 18}

PAGES = ["/datasets/", "/datasets/?q=flights", "/negotiations/", "/negotiations/?show=done", "/contracts/", "/requests/", "/requests/?show=done",
         "/jobs/", "/jobs/?show=failed", "/recipes/", "/recipes/?show=templates", "/recipes/new/", "/audit/", "LINEAGE", "/catalogue.jsonld", "/inbox/", "/inbox/?show=others", "/inbox/?page=2", "/organisation/people/", *DASHBOARDS, "/trusts/", "/access/", "/organisation/robots/", "/organisation/witness/", "ACCESS", "TRUST/members/", "TRUST/proposals/", "TRUST/proposals/?show=closed"]  # fmt: skip
# The trail: filters that walk different indexes, and the calendar.
PAGES += ["/audit/?who=dana&what=agreement", "/audit/?about=flights", "/audit/activity/"]
# A text is also looked up among datasets and trusts, and in the log in stretches.
MORE["/audit/?about=flights"] = 16
PAGES += ["/stop/", "/stop/?show=jobs", "/stop/?show=stopped"]
API = [
    "datasets",
    "versions",
    "negotiations",
    "agreements",
    "requests",
    "jobs",
    "deliveries",
    "events",
    "trusts",
    "memberships",
    "proposals",
    "organisations",
    "inbox",
]


def copies(original: StatefulModel, count: int, **changes: Callable[[int], Any]) -> list[Any]:
    """Rows like this one, straight into the table: the number matters here, not how they came to be."""
    kind = type(original)
    fields = {f.attname: getattr(original, f.attname) for f in kind._meta.concrete_fields}
    rows = [
        kind(**{**fields, "id": uuid.uuid4(), **{k: v(i) for k, v in changes.items()}}) for i in range(count)
    ]
    return kind._default_manager.bulk_create(rows, batch_size=500)


def crowd(cast: Cast, request: Request, count: int, strangers: int | None = None) -> None:
    """`count` more of everything, between Hudson and Meridian; of other organisations and trusts `strangers`."""
    agreement, dataset = request.agreement, request.agreement.dataset
    version, negotiation = agreement.version_of_data, agreement.negotiation
    datasets = copies(dataset, count, slug=lambda i: f"flights-{uuid.uuid4().hex[:8]}")
    versions = copies(version, count, dataset_id=lambda i: datasets[i].pk)
    open_ = copies(negotiation, count, dataset_id=lambda i: datasets[i].pk, state=lambda i: "requested")
    proposal = negotiation.proposals.get()
    Witness.objects.bulk_create(
        Witness(organisation=agreement.provider, name=f"{uuid.uuid4()}.example/w", public_hex=uuid.uuid4().hex * 2, state="active")
        for _ in range(count)
    )  # fmt: skip
    Proposal.objects.bulk_create(
        [
            Proposal(negotiation=n, number=1, side="consumer", terms=proposal.terms, odrl=proposal.odrl, policy_hash=proposal.policy_hash)
            for n in open_
        ],
        batch_size=500,
    )  # fmt: skip
    done = copies(negotiation, count, dataset_id=lambda i: datasets[i].pk)
    agreements = copies(
        agreement, count, negotiation_id=lambda i: done[i].pk, dataset_id=lambda i: datasets[i].pk, version_of_data_id=lambda i: versions[i].pk
    )  # fmt: skip
    waiting = copies(request, count, agreement_id=lambda i: agreements[i].pk, state=lambda i: "submitted")
    over = copies(request, count, agreement_id=lambda i: agreements[i].pk)
    NamedPerson.objects.bulk_create(
        [NamedPerson(request=r, user=cast.users["piotr"]) for r in [*waiting, *over]], batch_size=500
    )
    saved = SavedRecipe.objects.filter(name="Tidy").get()
    copies(saved, count, name=lambda i: f"Tidy {uuid.uuid4().hex[:8]}")
    jobs = copies(request.jobs.get(), count, request_id=lambda i: over[i].pk)
    copies(
        request.deliveries.get(),
        count,
        job_id=lambda i: jobs[i].pk,
        request_id=lambda i: over[i].pk,
        agreement_id=lambda i: agreements[i].pk,
    )
    event = Event.objects.filter(machine="agreement").first()
    assert event is not None
    fields = {f.attname: getattr(event, f.attname) for f in Event._meta.concrete_fields}
    events = Event.objects.bulk_create(
        [Event(**{**fields, "id": uuid.uuid4(), "subject_id": uuid.uuid4()}) for _ in range(count)],
        batch_size=500,
    )
    EventParty.objects.bulk_create(
        [EventParty.of(e, cast.organisations[o].pk) for e in events for o in ("hudson", "meridian")],
        batch_size=500,
    )
    asked = Asked.objects.filter(state="open").first()
    if asked is None:
        voting(cast, kinds=("charter",))
        asked = proposed(cast)
    seats = list(asked.seats.all())
    for made in [
        copies(asked, count),
        copies(asked, count, state=lambda i: "lapsed", closed=lambda i: asked.due),
    ]:
        VotingSeat.objects.bulk_create(
            [
                VotingSeat(proposal=p, organisation_id=s.organisation_id, weight=s.weight)
                for p in made
                for s in seats
            ],
            batch_size=500,
        )
    others = count if strangers is None else strangers
    organisations = copies(
        cast.organisations["elsewhere"],
        others,
        name=lambda i: f"Member {uuid.uuid4().hex[:8]}",
        slug=lambda i: f"member-{uuid.uuid4().hex[:8]}",
    )
    membership = Membership.objects.filter(trust=cast.trust, state="active").first()
    assert membership is not None
    copies(membership, others, organisation_id=lambda i: organisations[i].pk, role=lambda i: "observer")
    # Data of theirs that nobody here has a contract on: what one's roles let one ask for is looked up, too.
    offered = Offer.objects.filter(dataset=dataset).first()
    assert offered is not None
    free = copies(
        dataset,
        others,
        slug=lambda i: f"free-{uuid.uuid4().hex[:8]}",
        organisation_id=lambda i: organisations[i].pk,
    )
    copies(
        offered, others, dataset_id=lambda i: free[i].pk, provider_id=lambda i: organisations[i].pk, state=lambda i: "published"
    )  # fmt: skip
    trusts = copies(
        cast.trust,
        others,
        name=lambda i: f"Trust {uuid.uuid4().hex[:8]}",
        slug=lambda i: f"trust-{uuid.uuid4().hex[:8]}",
    )
    copies(
        membership,
        others,
        trust_id=lambda i: trusts[i].pk,
        organisation_id=lambda i: cast.organisations["hudson"].pk,
    )
    with connection.cursor() as cursor:
        # As the database does by itself soon after so many rows; without it PostgreSQL plans for an empty table.
        cursor.execute("ANALYZE")


def counted(cast: Cast, who: str, contract: Agreement) -> dict[str, int]:
    """Queries per page and API list for this person."""
    client = Client()
    client.force_login(cast.users[who], backend=BACKEND)
    trust = cast.trust.get_absolute_url().rstrip("/")
    headers = token(cast, who, ["read"])
    lineage = f"{contract.dataset.get_absolute_url()}lineage/"
    found = {}
    for name in PAGES:
        page = name.replace("TRUST", trust).replace("ACCESS", f"/access/agreement/{contract.pk}/")
        page = page.replace("LINEAGE", lineage)
        client.get(page)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page).status_code == 200, page
        found[name] = len(queries)
    for kind in API:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{kind}?page_size=100", **headers).status_code == 200, kind
        found[f"api {kind}"] = len(queries)
    return found


@pytest.mark.timeout(400)
def test_a_thousand_rows_cost_no_more_queries_than_ten(cast: Cast) -> None:
    request = worlds.delivered(cast)
    saved = library.save(actor=cast.actor("dana"), name="Tidy", steps=worlds.ANSWERS["recipe"])
    library.share(saved.pk, actor=cast.actor("dana"), trust=cast.trust.pk)
    crowd(cast, request, 10)
    few = {who: counted(cast, who, request.agreement) for who in ("dana", "piotr")}
    crowd(cast, request, MANY)
    assert Dataset.objects.count() > MANY
    assert Negotiation.objects.filter(state="requested").count() > MANY
    assert Agreement.objects.count() > MANY
    assert DatasetVersion.objects.count() > MANY
    assert Organisation.objects.count() > MANY
    assert Trust.objects.count() > MANY
    many = {who: counted(cast, who, request.agreement) for who in ("dana", "piotr")}
    grown = {
        f"{who} {page}": (few[who][page], n)
        for who in many
        for page, n in many[who].items()
        if n > few[who][page]
    }
    assert not grown, f"these grow with the rows: {grown}"
    heavy = {
        f"{who} {page}": n
        for who in many
        for page, n in many[who].items()
        if n > MORE.get(page, MOST_OF_API if page.startswith("api ") else MOST_QUERIES)
    }
    assert not heavy, f"these ask too often: {heavy}"
