"""Columns that together may single somebody out: the reviewer is warned, and a yes in spite of it says why."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from contracts.sharing.warnings import warnings_on
from kernel import outbox
from tests import test_companions, worlds
from tests.cast import Cast
from tests.scenes import PLAIN, why
from tests.test_offers import browser
from tests.test_robots import switch
from tests.test_stages import governed

pytestmark = pytest.mark.django_db
PEOPLE = "age,zip,sex,days\n" + "".join(
    f"{20 + n % 30},{10000 + n % 7},{'mf'[n % 2]},{n % 9}\n" for n in range(60)
)
ANSWERS: dict[str, Any] = {"columns": ["age", "zip", "sex", "days"], "recipe": [], "place": "DE"}


def agreed(cast: Cast) -> Agreement:
    version = worlds.registered(cast, PEOPLE.encode(), "stays.csv", "Stays")
    assert version.profile["identifying"]["smallest"] < 10
    terms = worlds.terms(**PLAIN)
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=terms, trust=cast.trust)
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=version.dataset, terms=terms)
    return negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash, confirmed=CLAUSES
    )


def test_the_reviewer_is_warned_and_says_why_it_may_go_all_the_same(cast: Cast) -> None:
    governed(cast, {"robot": True})
    switch(cast)
    request = worlds.submitted(cast, agreed(cast), **ANSWERS)
    outbox.dispatch()
    request.refresh_from_db()
    assert request.state == "submitted", "a robot never approves what is warned of"
    assert request.advice["warnings"][0]["columns"] == ["age", "zip", "sex"]
    giver, taker = (
        browser(cast, n).get(f"/requests/{request.pk}/").content.decode() for n in ("rui", "piotr")
    )
    assert "age, zip and sex stay together" in giver and "rows stand alone" in giver
    assert "age, zip and sex stay together" in taker and "stand alone" not in taker
    page = browser(cast, "rui")
    short = page.post(f"/do/request/{request.pk}/approve/", {"reason": "Fine."})
    assert short.status_code == 409 and "at least 20 characters" in short.content.decode()
    assert why(lambda: sharing.approve(request.pk, actor=cast.actor("rui"))) == {"request.warned"}
    done = sharing.approve(request.pk, actor=cast.actor("rui"), reason="Ages were made up for teaching.")
    assert done.state == "approved" and done.reviews.get().advice["warnings"]


@pytest.mark.parametrize(
    ("columns", "recipe"),
    [
        (["age", "days"], []),
        (["age", "zip", "days"], [{"name": "generalise", "params": {"column": "age", "how": "band", "width": 10}}]),
        (["age", "zip", "days"], [{"name": "rename", "params": {"mapping": {"age": "years"}}},
                                  {"name": "k_anonymity", "params": {"columns": ["years", "zip"], "k": 3, "on_fail": "suppress"}}]),
        (["age", "zip", "days"], [{"name": "group", "params": {"by": ["age", "zip"], "measures": [{"how": "count", "as": "n"}]}}]),
    ],
)  # fmt: skip
def test_nothing_is_warned_of_where_the_plan_takes_care(
    cast: Cast, columns: list[str], recipe: list[Any]
) -> None:
    request = worlds.submitted(cast, agreed(cast), **{**ANSWERS, "columns": columns, "recipe": recipe})
    assert not warnings_on(request)
    assert sharing.approve(request.pk, actor=cast.actor("rui")).state == "approved"


def test_a_column_under_another_name_is_the_same_column(cast: Cast) -> None:
    recipe = [{"name": "rename", "params": {"mapping": {"age": "a", "zip": "z"}}}]
    request = worlds.submitted(cast, agreed(cast), **{**ANSWERS, "columns": ["age", "zip"], "recipe": recipe})
    assert [one.columns for one in warnings_on(request)] == [("age", "zip")]


def test_columns_of_a_joined_dataset_are_looked_at_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes along has its own small groups; the request's own data here has none that leave."""
    rows = [f"N{n},Maker {n % 7},{80 + n % 17},Owner {n}" for n in range(80)]
    monkeypatch.setattr(
        test_companions, "PLANES", "\n".join(["tailnum,maker,seats,owner_name", *rows]).encode()
    )
    agreement = test_companions.agreed_with_planes(
        cast, columns={"only": ["carrier", "tailnum", "arr_delay"]}, min_group_size=None
    )
    joined = {
        "name": "join",
        "params": {"with": "aircraft_register", "on": {"tailnum": "tailnum"}, "columns": ["maker", "seats"]},
    }
    measured = agreement.negotiation.companions.get().version_of_data.profile["identifying"]
    assert {c["name"] for c in measured["columns"]} >= {"maker", "seats"}
    request = worlds.submitted(cast, agreement, columns=["carrier", "tailnum"], recipe=[joined], place="DE")
    said = warnings_on(request)
    assert [set(one.columns) for one in said] == [{"aircraft_register.maker", "aircraft_register.seats"}]
    assert "aircraft_register.maker" in said[0].text
    without = worlds.submitted(cast, agreement, columns=["carrier", "tailnum"], recipe=[], place="DE")
    assert not warnings_on(without)
