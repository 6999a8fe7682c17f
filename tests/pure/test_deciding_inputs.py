"""Inputs of a decision: what cannot be read is named, and no input makes it slow."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest

from contracts.policies.deciding.evaluate import Prepared, evaluate
from contracts.policies.deciding.facts import InputFault, Request, World
from contracts.policies.deciding.turning import turning
from tests.pure.policies import NOON
from tests.pure.test_deciding import NO, UNKNOWN, ask, at, only, policy, rule

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("request_", "world", "where"),
    [
        ([], {}, "request"), ({"action": 5}, {}, "request.action"), ({"purpose": {"what": 1}}, {}, "request.purpose"),
        ({"assignee": [3]}, {}, "request.assignee"), ({"columns": ["a", None]}, {}, "request.columns[1]"),
        ({}, {"now": "yesterday"}, "world.now"), ({}, {"now": "2027-01-01T00:00:00"}, "world.now"),
        ({}, {"duties": {"urn:d": "done?"}}, "world.duties.urn:d"), ({}, {"members": []}, "world.members"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_place(request_: Any, world: Any, where: str) -> None:
    with pytest.raises(InputFault) as fault:
        ask(policy(), request_, world)
    assert fault.value.where == where


def test_the_moment_must_have_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        evaluate(policy(), Request(), World(), as_of=datetime(2027, 1, 1))
    assert (
        evaluate(
            policy(rule("permission", only("dateTime", "lt", at("2028-01-01T00:00:00Z")))),
            Request(),
            World(),
            as_of=None,
        ).verdict
        == UNKNOWN
    )
    assert NOON.tzinfo is UTC


def test_a_large_policy_is_decided_at_once_and_the_search_for_a_change_ends() -> None:
    rules = [
        rule("permission", only("purpose", "eq", f"p{n}"), only("spatial", "eq", "FR"), uid=f"urn:{n}")
        for n in range(400)
    ]
    bans = [rule("prohibition", only("device", "eq", "phone"), uid=f"urn:ban-{n}") for n in range(100)]
    prepared = Prepared(policy(*rules, *bans))
    asked, known = Request.from_json({"device": "phone"}), World()
    start = process_time()
    assert prepared.decide(asked, known, as_of=NOON).verdict == NO
    turning(prepared, asked, known, as_of=NOON)
    assert process_time() - start < 10
    chain = {f"urn:{n}": [f"urn:{n + 1}"] for n in range(3000)}
    assert len(World.from_json({"members": chain}).collections_of("urn:3000")) == 3000
