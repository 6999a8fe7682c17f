"""A trust's report counts what happened, and tells members who must not know no number that points to one organisation."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from contracts.sharing.machines import REQUEST
from kernel import doors
from kernel.decision import Refused
from portal.dashboards import TRUST, views_of
from portal.figures import FEWEST, JUDGEMENT, Shown
from portal.trust_report import knows_exactly, periods
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from tests.votes import reach, voting
from trusts.membership.models import Charter, Trust


def client(cast: Cast, name: str) -> Client:
    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def numbers(cast: Cast, name: str, query: str = "") -> dict[tuple[str, str], str]:
    answer = client(cast, name).get(f"/trusts/{cast.trust.slug}/report/?format=csv{query}")
    assert answer.status_code == 200
    return {
        (row["part"], row["what"]): row["number"] for row in csv.DictReader(StringIO(answer.content.decode()))
    }


@pytest.mark.django_db
def test_it_counts_what_happened(cast: Cast) -> None:
    worlds.delivered(cast)
    agreement = worlds.agreed(cast)
    refused = worlds.submitted(cast, agreement)
    worlds.refused(cast, refused)
    abroad = worlds.drafted(cast, agreement, place="US")
    for _ in range(2):
        with pytest.raises(Refused):
            doors.perform(REQUEST, "submit", abroad, actor=cast.actor("piotr"), data={})
    found = numbers(cast, "ada")
    assert {k[1]: v for k, v in found.items() if k[0] == "Requests for exports" and "Median" not in k[1]} == {
        "Approved": "1", "Refused": "1", "Lapsed undecided": "0", "Withdrawn": "0",
    }  # fmt: skip
    assert found["Requests for exports", "Median time from submission to decision"] == "0.0 hours"
    assert {k[1]: v for k, v in found.items() if k[0] == "Refusals by clause"} == {
        JUDGEMENT: "1",
        "Place": "2",
    }
    assert found["Negotiations", "Became a contract"] == "2" and found["Members", "Admitted"] == "2"
    assert [
        found["Uses", what]
        for what in ("Contracts in force now", "Exports made", "Downloads", "Datasets used")
    ] == ["2", "1", "0", "1"]
    assert found["Exports by dataset", "Flights 2013"] == "1"
    # Another period has none of it; any days can be chosen by those who answer for the trust.
    year = timezone.localdate().year
    assert numbers(cast, "ada", f"&period={year - 1}")["Requests for exports", "Approved"] == "0"
    today = timezone.localdate()
    assert numbers(cast, "ada", f"&since={today}&until={today}")["Requests for exports", "Approved"] == "1"
    bad = client(cast, "ada").get(
        f"/trusts/{cast.trust.slug}/report/?since={today}&until={today - timedelta(days=1)}"
    )
    assert bad.status_code == 422 and "This day is before the first." in bad.content.decode()
    assert client(cast, "ada").get(f"/trusts/{cast.trust.slug}/report/?period=x").status_code == 422


@pytest.mark.django_db
def test_members_who_must_not_know_see_no_small_number(cast: Cast) -> None:
    worlds.delivered(cast)
    found = numbers(cast, "piotr")
    assert (
        found["Requests for exports", "Approved"] == "fewer than 5"
        and found["Requests for exports", "Refused"] == "0"
    )
    assert found["Requests for exports", "Median time from submission to decision"] == "–"
    assert not [what for part, what in found if part in ("Exports by dataset", "Refusals by clause")]
    page = client(cast, "piotr").get(f"/trusts/{cast.trust.slug}/report/").content.decode()
    assert (
        "Flights 2013" not in page
        and 'name="since"' not in page
        and "Those who govern the trust know the exact numbers" in page
    )
    today = timezone.localdate()
    assert numbers(cast, "piotr", f"&since={today}&until={today}") == found, (
        "days of one's own choice are not there"
    )
    assert client(cast, "olga").get(f"/trusts/{cast.trust.slug}/report/").status_code == 404


@pytest.mark.django_db
def test_votes_are_counted_exactly_for_every_member_and_the_rest_for_who_governs(cast: Cast) -> None:
    voting(cast)
    for state in ("adopted", "rejected", "lapsed", "withdrawn"):
        reach(cast, state)
    for name in ("ada", "piotr"):
        found = {what: n for (part, what), n in numbers(cast, name).items() if part == "Votes of the members"}
        # Turnouts: two of three, two of three, none.
        assert found == {
            "Change the charter: adopted": "1", "Change the charter: rejected": "1", "Change the charter: too few took part": "1",
            "Change the charter: withdrawn": "1", "Median turnout": "66 %", "Median time from opening to the result": "0.0 hours",
        }, name  # fmt: skip
    # Where the charter lets the peers govern, whatever their role is called, they know the numbers and run the trust.
    piotr = cast.actor("piotr")
    assert not knows_exactly(piotr, cast.trust) and TRUST not in views_of(piotr)
    last = cast.trust.charters.first()
    assert last is not None
    Charter.objects.create(
        trust=cast.trust, number=last.number + 1, text=last.text, governance={**last.governance, "governed_by": ["trustee", "consumer"]}
    )  # fmt: skip
    assert knows_exactly(piotr, Trust.objects.get(pk=cast.trust.pk)) and TRUST in views_of(piotr)


@pytest.mark.pure
@given(st.integers(0, 10_000))
def test_a_rounded_number_names_none_below_five(value: int) -> None:
    said = Shown(False).number(value)
    if value == 0:
        assert said == "0"
    elif value < FEWEST:
        assert said == "fewer than 5"
    else:
        near = int(re.sub(r"\D", "", said))
        assert near % FEWEST == 0 and 0 <= value - near < FEWEST
    assert all(n >= FEWEST for _, n in Shown(False).ranked([("a", value)]))


@pytest.mark.pure
def test_periods_meet_without_a_gap_and_count_no_day_twice() -> None:
    found = periods(timezone.now())
    assert len(found) == 6
    for this, before in (list(found.values())[i : i + 2] for i in (0, 2, 4)):
        assert before.until == this.since and this.since <= timezone.now() < this.until
