"""List pages in a full portal: 10,000 datasets, 200 organisations, 5,000 people. Queries and milliseconds of the server.

`python -m bench.lists` measures on SQLite and on PostgreSQL and prints; `--write` puts the figures into the pages of the
benchmark, as `make bench` does. Each database is measured in a process of its own, by Django's test client: from the
request to the answer, with the side list and all, median of nine after two to warm up.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import portals

TITLE = "List pages"
ORGANISATIONS, PEOPLE, DATASETS, TRUSTS, WORK = 200, 5_000, 10_000, 20, 2_000
QUERIES_AIM, MS_AIM = 12, 150
PAGES = ["/datasets/", "/datasets/?q=flights", "/negotiations/", "/contracts/", "/requests/", "/jobs/", "/recipes/", "/audit/", "/inbox/",
         "/inbox/?show=others", "/inbox/count/", "/trusts/", "TRUST/members/", "/organisation/people/"]  # fmt: skip
Figures = dict[str, dict[str, float]]


def lists() -> dict[str, Figures]:
    """Database → page → `queries` and `ms`, for an owner at the busiest organisation."""
    return portals.on_each("lists")


def section(found: dict[str, Figures]) -> str:
    """The figures as a part of the benchmark's page."""
    pages = list(next(iter(found.values())))
    most = max(f["queries"] for one in found.values() for f in one.values())
    slowest = max(f["ms"] for one in found.values() for f in one.values())
    lines = [f"| {page} | " + " | ".join(f"{one[page]['queries']:.0f} | {one[page]['ms']:.0f}" for one in found.values()) + " |" for page in pages]  # fmt: skip
    return "\n".join([
        f"## {TITLE}", "",
        f"{DATASETS:,} datasets, {ORGANISATIONS} organisations, {PEOPLE:,} people, {WORK:,} negotiations, contracts, requests, jobs and "
        f"exports of one organisation; its owner looks. Each whole page, queries and milliseconds of the server.", "",
        "| page | " + " | ".join(f"{name}: queries | ms" for name in found) + " |",
        "| --- |" + " ---: | ---: |" * len(found), *lines, "",
        f"Aim: at most {QUERIES_AIM} queries; {'met' if most <= QUERIES_AIM else f'not met, the most is {most:.0f}'}. "
        f"At most {MS_AIM} ms; {'met' if slowest <= MS_AIM else f'not met, the slowest takes {slowest:.0f}'}.", "",
    ])  # fmt: skip


def keep(found: dict[str, Figures]) -> None:
    portals.keep("lists", TITLE, section(found), found)


def _fill() -> Any:
    """A portal with one real delivery, and so many rows like it. Returns the cast."""
    import uuid

    from contracts.library import services as library
    from contracts.negotiations.models import Offer
    from kernel import outbox
    from tests import worlds
    from tests.cast import assemble
    from tests.test_lists import copies, crowd
    from trusts.membership.models import Membership, Trust
    from trusts.organisations.models import MemberRole, OrganisationMember, User

    # No broker here: what is queued is done in this process.
    outbox._soon = lambda message_id: None  # type: ignore[assignment]
    for topic, found in outbox._listeners.items():
        outbox._listeners[topic] = [
            one for one in found if one.__name__ not in ("listener", "send_to_worker")
        ]
    cast = assemble()
    request = worlds.delivered(cast)
    saved = library.save(actor=cast.actor("dana"), name="Tidy", steps=worlds.ANSWERS["recipe"])
    library.share(saved.pk, actor=cast.actor("dana"), trust=cast.trust.pk)

    def word(kind: str) -> Callable[[int], str]:
        return lambda i: f"{kind}-{i}-{uuid.uuid4().hex[:6]}"

    membership = Membership.objects.filter(trust=cast.trust, state="active").first()
    place = OrganisationMember.objects.filter(organisation=cast.organisations["hudson"]).first()
    offer, dataset = Offer.objects.get(), request.agreement.dataset
    assert membership is not None and place is not None
    organisations = copies(
        cast.organisations["elsewhere"], ORGANISATIONS, name=word("Member"), slug=word("member")
    )
    trusts = [cast.trust, *copies(cast.trust, TRUSTS - 1, name=word("Trust"), slug=word("trust"))]
    copies(membership, ORGANISATIONS * 3, organisation_id=lambda i: organisations[i % ORGANISATIONS].pk,
           trust_id=lambda i: trusts[(i + i // ORGANISATIONS) % TRUSTS].pk, role=lambda i: "provider")  # fmt: skip
    copies(membership, TRUSTS - 1, organisation_id=lambda i: cast.organisations["hudson"].pk,
           trust_id=lambda i: trusts[i + 1].pk, role=lambda i: "provider")  # fmt: skip
    assert Trust.objects.count() == TRUSTS
    people = User.objects.bulk_create(
        [User(email=f"p{i}@member.example", name=f"Person {i}", password="!") for i in range(PEOPLE)],
        batch_size=500,
    )
    # Every tenth at the organisation that is looked at.
    homes = [
        cast.organisations["hudson"] if i % 10 == 0 else organisations[i % ORGANISATIONS]
        for i in range(PEOPLE)
    ]
    places = copies(place, PEOPLE, user_id=lambda i: people[i].pk, organisation_id=lambda i: homes[i].pk)
    MemberRole.objects.bulk_create([MemberRole(member=one, role="analyst") for one in places], batch_size=500)
    datasets = copies(dataset, DATASETS - WORK, slug=word("flights"), title_text=lambda i: f"Flights {i}",
                      organisation_id=lambda i: organisations[i % ORGANISATIONS].pk,
                      trust_id=lambda i: trusts[i % TRUSTS].pk)  # fmt: skip
    copies(
        offer,
        len(datasets),
        dataset_id=lambda i: datasets[i].pk,
        provider_id=lambda i: datasets[i].organisation_id,
    )
    copies(request.agreement.version_of_data, len(datasets), dataset_id=lambda i: datasets[i].pk)
    crowd(cast, request, WORK, strangers=0)
    return cast


def measure() -> Figures:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    call_command("migrate", verbosity=0)
    settings.JOB_ISOLATION = "none"
    setup_test_environment(debug=False)
    cast = _fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(cast.users["dana"], backend="allauth.account.auth_backends.AuthenticationBackend")
    found: Figures = {}
    for page in [p.replace("TRUST", cast.trust.get_absolute_url().rstrip("/")) for p in PAGES]:
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page)
            asked = len(queries)
            if os.environ.get("SLOW"):
                for one in sorted(queries, key=lambda q: -float(q["time"]))[:4]:
                    print(page, one["time"], one["sql"][:1500], file=sys.stderr)
        if answer.status_code != 200:
            sys.exit(f"{page}: {answer.status_code}")
        spent = []
        for _ in range(9):
            start = time.perf_counter()
            client.get(page)
            spent.append(1000 * (time.perf_counter() - start))
        found[page.replace(cast.trust.slug, "…")] = {
            "queries": asked,
            "ms": round(statistics.median(spent), 1),
        }
    return found


if __name__ == "__main__":
    portals.command(__doc__, lists, section, keep, measure)
