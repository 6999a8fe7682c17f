"""The words *narrower* and *wider* are proven: what narrower terms permit, the wider ones permitted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.policies.clauses import CLAUSES, FORMATS
from contracts.policies.deciding.asking import planned, request_for
from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import World
from contracts.policies.difference import compare, not_wider
from contracts.policies.language.read import read
from contracts.policies.odrl import to_odrl
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES
from contracts.policies.terms import Terms
from tests.pure.test_terms import any_terms, columns, values

pytestmark = pytest.mark.pure
NAMES: dict[str, str] = {"uid": "urn:p", "target": "urn:t", "assigner": "urn:a", "assignee": "urn:b"}
MOMENTS = [datetime(2027, 1, 1, 3, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC),
           datetime(2027, 9, 30, 23, tzinfo=UTC), datetime(2028, 1, 1, 2, tzinfo=UTC), datetime(2028, 2, 1, 2, tzinfo=UTC)]  # fmt: skip
periods = st.tuples(
    st.sampled_from(["2027-01-01", "2027-02-01", "2027-03-01"]),
    st.sampled_from(["2027-09-30", "2027-12-31", "2028-01-31"]),
    st.sampled_from(["Europe/Berlin", "UTC", "America/New_York"]),
).map(lambda p: {"from": p[0], "until": p[1], "zone": p[2]})


@st.composite
def pairs(draw: Any) -> tuple[Terms, Terms]:
    """Some terms, and others that differ from them in up to three clauses: taken out, brought in, or drawn anew."""
    first = {**draw(any_terms).as_dict(), "period": draw(periods)}
    first.pop("unexplained", None)  # nothing is ever permitted by the machine under what nobody can explain
    second = dict(first)
    changeable = [c for c in CLAUSES if c != "unexplained"]
    for code in draw(st.lists(st.sampled_from(changeable), max_size=3, unique=True)):
        if code in second and not CLAUSES[code].required and draw(st.booleans()):
            del second[code]
        else:
            second[code] = draw(periods if code == "period" else values[code])
    return Terms.from_dict(first), Terms.from_dict(second)


requests = st.fixed_dictionaries({
    "purpose": st.sampled_from(["", *PURPOSES]), "place": st.sampled_from(["", *GROUPS, *COUNTRIES]),
    "columns": st.one_of(st.just([]), columns), "format": st.sampled_from(["", *FORMATS]),
    "people": st.sampled_from([None, 0, 1, 3]), "sums_up": st.sampled_from([None, True, False]),
})  # fmt: skip
worlds = st.fixed_dictionaries({
    "used": st.sampled_from([0, 1, 5, 99_999]), "rows": st.sampled_from([0, 10, 10**9]), "level": st.sampled_from([None, 1, 3, 5]),
    "elapsed": st.sampled_from([None, "PT0S", "P10D", "P400D"]), "pre": st.sampled_from(["fulfilled", "unknown"]),
    "at": st.sampled_from(MOMENTS),
})  # fmt: skip
KEYS = ("purpose", "place", "columns", "format", "people", "sums_up", "used", "rows", "level", "elapsed", "pre", "at")  # fmt: skip


def fitting(terms: Terms) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request and a world that these terms are meant for."""
    first = {code: (terms.get(code) or {}).get("any_of", [None])[0] for code in ("purpose", "place", "formats", "access_mode")}  # fmt: skip
    return (
        {"purpose": first["purpose"], "place": first["place"] or "DE", "columns": (terms.get("columns") or {}).get("only", []),
         "format": first["formats"] or "csv", "people": 1, "sums_up": first["access_mode"] != "export"},
        {"used": 0, "rows": 0, "level": 5, "elapsed": "PT0S", "pre": "fulfilled", "at": MOMENTS[2]},
    )  # fmt: skip


def verdict(terms: Terms, asked: dict[str, Any], world: dict[str, Any]) -> str:
    """What the evaluator says of a request under the policy that these terms are."""
    prepared = Prepared(read(to_odrl(terms, kind="Agreement", **NAMES)))
    duties, more = planned(prepared)
    for rule in prepared.rules:
        duties |= {d.uid: world["pre"] for d in rule.duties if d.phase == "pre" and d.uid not in duties}
    facts = {**more, "securityLevel": world["level"], "elapsedTime": world["elapsed"]}
    known = World.from_json({"now": world["at"].isoformat(), "counters": {"count": world["used"], "rows": world["rows"]}, "duties": duties,
                             "facts": {k: v for k, v in facts.items() if v is not None}})  # fmt: skip
    request = request_for(assignee="urn:b", target="urn:t", **asked)
    found: str = prepared.decide(request, known, as_of=world["at"]).verdict
    return found


def test_what_narrower_terms_permit_the_wider_ones_permitted() -> None:
    permitted: list[bool] = []  # for each permission met: whether the two terms differed

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(pairs(), st.lists(st.tuples(requests, worlds, st.lists(st.sampled_from(KEYS), max_size=2)), min_size=3, max_size=3))  # fmt: skip
    def hold(pair: tuple[Terms, Terms], asked: list[Any]) -> None:
        for old, new in (pair, pair[::-1]):
            if not not_wider(compare(old, new)):
                continue
            meant, there = fitting(new)
            for request, world, odd in [*asked, ({}, {}, [])]:
                # What the terms are meant for, but for one or two things that they may not be.
                request = {**meant, **{k: v for k, v in request.items() if k in odd}}
                world = {**there, **{k: v for k, v in world.items() if k in odd}}
                if verdict(new, request, world) == "permit":
                    permitted.append(old != new)
                    assert verdict(old, request, world) == "permit", (old.as_dict(), new.as_dict(), request, world)  # fmt: skip

    hold()
    assert sum(permitted) > 100, f"the proof was about little: {len(permitted)}"


DECIDED = ["purpose", "place", "exports", "formats", "access_mode", "security_level", "recipient", "no_ai_training", "download_within", "rows_total"]  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(DECIDED), st.data())
def test_one_clause_alone_that_permits_more_is_called_wider(code: str, data: Any) -> None:
    base = {"purpose": {"any_of": sorted(PURPOSES)}, "period": {"from": "2027-01-01", "until": "2027-12-31", "zone": "UTC"}}  # fmt: skip
    old, new = (
        Terms.from_dict({**base, **({code: data.draw(values[code])} if data.draw(st.booleans()) else {})})
        for _ in range(2)
    )
    request, world = data.draw(requests), {**data.draw(worlds), "pre": "fulfilled", "at": MOMENTS[2]}
    assume(verdict(new, request, world) == "permit" and verdict(old, request, world) != "permit")
    assert not not_wider(compare(old, new)), (old.as_dict(), new.as_dict(), request, world)
