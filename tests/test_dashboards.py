"""Each reader's overview says what is so, only of what they may know, and opens on what concerns them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contracts.negotiations import duties
from kernel.actor import system
from kernel.models import Outbox
from portal import dashboards
from portal.figures import Shown
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from tests.votes import proposed, vote, voting
from trusts.membership import services as membership
from trusts.proposals import services as proposals

pytestmark = pytest.mark.django_db


def see(cast: Cast, name: str, view: str = "", most: int = 22) -> str:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    client.get("/dashboard/")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/dashboard/?view={view}")
    assert answer.status_code == 200
    assert len(queries) <= most, f"{name} {view}: {len(queries)}"
    text = " ".join(answer.content.decode().split())
    return text[text.index("<main") : text.index("</main>")]


def test_steward_and_partner_see_the_two_sides_of_the_same_work(cast: Cast) -> None:
    done = worlds.delivered(cast)
    worlds.submitted(cast, done.agreement)
    duties.begin(
        done.agreement,
        "delete_within",
        "Delete the flights",
        timezone.now() + timedelta(days=3),
        actor=system(),
    )
    giving = see(cast, "dana")
    assert '<a href="?view=steward" aria-current="page">' in giving, (
        "who holds data sees first what it shares"
    )
    assert (
        "Contracts giving</span><b>1</b>" in giving
        and "Duties owed to us" in giving
        and "Delete the flights" in giving
    )
    assert "median of 1 request in 90 days" in giving and "mean of 1 dataset" in giving
    receiving = see(cast, "piotr")
    assert '<a href="?view=partner" aria-current="page">' in receiving
    assert "Requests in review</span><b>1</b>" in receiving and "Approved so far</span><b>1</b>" in receiving
    assert (
        "Duties we owe" in receiving
        and "Delete the flights" in receiving
        and "0 of 10 downloads" in receiving
    )
    outside = (
        see(cast, "olga")
        + see(cast, "olga", "partner")
        + see(cast, "olga", "trust")
        + see(cast, "olga", "operator")
    )
    assert "Flights" not in outside and "Hudson" not in outside and "Messages waiting" not in outside


def test_who_runs_a_trust_sees_what_waits_longer_than_its_charter_says(cast: Cast) -> None:
    worlds.submitted(cast)
    membership.apply(
        cast.trust.pk, actor=cast.actor("olga"), role="observer", message="We want to take part."
    )
    page = see(cast, "ada")
    assert (
        cast.trust.name in page
        and "1 application</span>" not in page
        and 'data-label="Applications">1<' in page
    )
    assert "Flights 2013" not in page, "whose requests and on what data is not the trustee's to see"
    late = dashboards.trusts([cast.trust.pk], timezone.now() + timedelta(days=30), Shown(True))["trusts"][0]
    assert (late["slow"], late["stuck"], late["reply_days"], late["review_days"]) == (1, "1", 14, 10)
    assert "Trusts we run" not in see(cast, "dana") and "Our trusts" not in see(cast, "dana", "trust")


def test_who_runs_a_trust_sees_its_open_votes_and_of_a_secret_one_no_number(cast: Cast) -> None:
    assert "Nothing is voted on." in see(cast, "ada", "trust")
    voting(cast, ballot="secret", kinds=("expel",))
    member = cast.trust.memberships.get(organisation=cast.organisations["meridian"])
    secret = proposals.propose(
        actor=cast.actor("dana"), trust=cast.trust, kind="expel", given={}, why="It is time for it.", member=member
    )  # fmt: skip
    vote(cast, secret, dana="for")
    # Opened under the charter as it was: it stays secret.
    voting(cast)
    vote(cast, proposed(cast), dana="for")
    page = see(cast, "ada", "trust")
    assert "secret until it is closed" in page and "1 of 2" not in page
    assert "Change the charter</a>" in page and "1 of 3, 33 %" in page
    # From the button that nobody may press alone to the vote that decides.
    place = client_page(cast, "ada", member.get_absolute_url())
    assert f'takes a vote of the members (charter). <span class="remedy">Open a proposal.</span> <a href="{secret.get_absolute_url()}">See the open vote</a>' in place  # fmt: skip


def client_page(cast: Cast, name: str, path: str) -> str:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return " ".join(client.get(path).content.decode().split())


def test_the_operator_sees_the_machine_and_no_data(cast: Cast) -> None:
    worlds.delivered(cast)
    cast.users["olga"].is_staff = True
    cast.users["olga"].save()
    Outbox.objects.create(topic="x", payload={}, attempts=3)
    page = see(cast, "olga", "operator", most=22)
    assert "tried 3 times" in page and "Storage free" in page and "Django" in page
    for word in ("Flights", "Hudson", "Meridian"):
        assert word not in page
    assert "This installation" not in see(cast, "dana", "operator")
