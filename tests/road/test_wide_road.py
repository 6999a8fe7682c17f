"""Exports that go further than columns and rows: a joined dataset, and a table of counts under a smallest group."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest

from contracts.sharing.models import Request
from kernel import store
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast
from tests.test_companions import agreed_with_planes

pytestmark = pytest.mark.django_db


def rows_of(request: Request) -> list[dict[str, str]]:
    assert request.jobs.get().state == "done", request.jobs.get().failure
    delivery = request.deliveries.get()
    with zipfile.ZipFile(store.local(delivery.package_sha256)) as package:
        return list(csv.DictReader(io.StringIO(package.read(delivery.data_name).decode())))


def step(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "params": params}


def test_planes_are_joined_to_flights_by_their_pseudonyms(cast: Cast) -> None:
    agreement = agreed_with_planes(cast, min_group_size=None)
    join = step(
        "join", **{"with": "aircraft_register", "on": {"tailnum": "tailnum"}, "columns": ["maker", "seats"]}
    )
    request = worlds.delivered(cast, agreement, recipe=[join])
    rows = rows_of(request)
    assert [r["maker"] for r in rows] == ["Boeing", "Boeing", "Airbus", "Boeing", "", ""]
    assert [r["seats"] for r in rows] == ["150", "150", "180", "300", "", ""]
    assert all(r["tailnum"].startswith("p_") for r in rows)
    body = request.deliveries.get().receipt["body"]
    assert [one["alias"] for one in body["joined"]] == ["aircraft_register"] if "joined" in body else True


def test_a_table_of_counts_keeps_the_smallest_group(cast: Cast) -> None:
    """The contract asks for groups of two by carrier and destination; B6 flew once and is not to be seen."""
    agreement = worlds.agreed(cast)
    group = step(
        "group",
        by=["carrier"],
        measures=[{"how": "count", "as": "flights"}, {"how": "mean", "column": "arr_delay", "as": "late"}],
    )
    rows = rows_of(worlds.delivered(cast, agreement, recipe=[group]))
    assert [(r["carrier"], r["flights"]) for r in rows] == [("AA", "2"), ("UA", "3")]
    fine = [
        step(
            "group",
            by=["carrier", "tailnum"],
            measures=[{"how": "max", "column": "arr_delay", "as": "worst"}],
        )
    ]
    told = rows_of(worlds.delivered(cast, agreement, recipe=fine))
    assert all(r["worst"] == "" or r["worst"] == "20" for r in told), "cells of one flight are blank"


def test_what_does_not_fit_is_said_before_it_is_sent(cast: Cast) -> None:
    agreement = worlds.agreed(cast)
    for wrong, code in (
        (step("round", columns=["carrier"], digits=1), "recipe.step"),
        (step("filter_by", expression="carrier > 5"), "recipe.step"),
        (step("cast", column="tailnum", to="integer"), "terms.pseudonymise"),
        (step("join", **{"with": "elsewhere", "on": {"dest": "dest"}, "columns": ["x"]}), "recipe.step"),
    ):
        with pytest.raises(Refused) as caught:
            worlds.submitted(cast, agreement, recipe=[wrong])
        assert caught.value.decision.reasons[0].code == code, caught.value.decision.reasons
