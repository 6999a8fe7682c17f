"""A policy is decided as written in decision record 0052: operator by operator, and by laws that hold for any policy."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.policies.deciding.evaluate import Prepared, evaluate
from contracts.policies.deciding.facts import Request, World
from contracts.policies.deciding.operators import and3, not3, or3, xone3
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.turning import turning
from contracts.policies.language.model import (
    Action,
    Asset,
    Constraint,
    Iri,
    Literal,
    Logical,
    Party,
    Policy,
    Rule,
)
from contracts.policies.language.vocabulary import NS, ODRL, XSD, full
from tests.pure.policies import NOON, permissions, policies, prohibitions, requests, slow, worlds

pytestmark = pytest.mark.pure
MANY = settings(max_examples=100, deadline=None, derandomize=True)
BETTER = {"deny": 0, "needs_information": 1, "permit": 2}


def right(value: Any) -> Any:
    return (
        value
        if isinstance(value, (Iri, Literal))
        else Literal(str(value), XSD + "integer" if isinstance(value, int) else "")
    )


def rule(kind: Any = "permission", *constraints: Any, **more: Any) -> Rule:
    return Rule(kind, more.pop("uid", f"urn:{kind}"), constraints=constraints, **more)


def policy(*rules: Rule, **more: Any) -> Policy:
    return Policy("urn:policy", ODRL + "Set", rules, **more)


def only(left: str, operator: str, *values: Any, **more: Any) -> Constraint:
    return Constraint(full(left), ODRL + operator, tuple(right(v) for v in values), **more)


def ask(
    what: Policy, request: dict[str, Any], world: dict[str, Any] | None = None, at: datetime = NOON
) -> Decision:
    return evaluate(what, Request.from_json(request), World.from_json(world or {}), as_of=at)


def day(text: str) -> Literal:
    return Literal(text, XSD + "date")


def at(text: str) -> Literal:
    return Literal(text, XSD + "dateTime")


YES, NO, UNKNOWN = "permit", "deny", "needs_information"
EXAMPLES: list[tuple[str, Constraint, dict[str, Any], str]] = [
    ("equal numbers", only("resolution", "eq", 3), {"resolution": 3}, YES),
    ("3 is 3.0", only("resolution", "eq", 3), {"resolution": 3.0}, YES),
    ("a number as text", only("resolution", "eq", 3), {"resolution": "3"}, YES),
    ("a word is no number", only("resolution", "eq", 3), {"resolution": "fine"}, UNKNOWN),
    ("nor unequal to one", only("resolution", "neq", 3), {"resolution": "fine"}, UNKNOWN),
    ("not equal", only("resolution", "neq", 3), {"resolution": 4}, YES),
    ("not equal fails", only("resolution", "neq", 3), {"resolution": 3}, NO),
    ("below", only("resolution", "lt", 3), {"resolution": 2}, YES),
    ("not below itself", only("resolution", "lt", 3), {"resolution": 3}, NO),
    ("at most", only("resolution", "lteq", 3), {"resolution": 3}, YES),
    ("above", only("resolution", "gt", 3), {"resolution": 4}, YES),
    ("not above itself", only("resolution", "gt", 3), {"resolution": 3}, NO),
    ("at least", only("resolution", "gteq", 3), {"resolution": 3}, YES),
    ("words have no order", only("device", "lt", "b"), {"device": "a"}, UNKNOWN),
    ("a kind of", only("purpose", "isA", "research"), {"purpose": "academic_research"}, YES),
    ("not a kind of", only("purpose", "isA", "academic_research"), {"purpose": "research"}, NO),
    ("part of the EU", only("spatial", "isPartOf", "EU"), {"spatial": "FR"}, YES),
    ("the EU is part of the EEA", only("spatial", "isPartOf", "EEA"), {"spatial": "EU"}, YES),
    ("not part of it", only("spatial", "isPartOf", "EU"), {"spatial": "CH"}, NO),
    ("has part", only("spatial", "hasPart", "FR"), {"spatial": "EU"}, YES),
    ("has it not", only("spatial", "hasPart", "CH"), {"spatial": "EU"}, NO),
    ("all of", only("columns", "isAllOf", "a", "b"), {"columns": ["a", "b", "c"]}, YES),
    ("not all of", only("columns", "isAllOf", "a", "b"), {"columns": ["a"]}, NO),
    ("any of", only("columns", "isAnyOf", "a", "b"), {"columns": ["b"]}, YES),
    ("every column must fit", only("columns", "isAnyOf", "a", "b"), {"columns": ["b", "c"]}, NO),
    ("none of", only("purpose", "isNoneOf", "pricing"), {"purpose": "research"}, YES),
    ("a part of it is one", only("purpose", "isNoneOf", "academic_research"), {"purpose": "research"}, NO),
    ("the place might be it", only("spatial", "neq", "FR"), {"spatial": "EU"}, UNKNOWN),
    ("not said", only("purpose", "eq", "research"), {}, UNKNOWN),
    ("an IRI and its short name", only("purpose", "eq", Iri(NS + "research")), {"purpose": "research"}, YES),
    ("an operator nobody knows", replace(only("purpose", "eq", "x"), operator="urn:like"), {"purpose": "x"}, UNKNOWN),
    ("a left operand nobody knows", only("urn:mood", "eq", "good"), {}, UNKNOWN),
    ("to be fetched", Constraint(full("count"), ODRL + "eq", (), ("urn:elsewhere",)), {"count": 1}, UNKNOWN),
    ("other money", only("payAmount", "gteq", 5, unit="urn:EUR"), {"payAmount": {"value": 9, "unit": "urn:USD"}}, UNKNOWN),
    ("before", only("dateTime", "lt", at("2027-06-01T14:00:01+02:00")), {}, YES),
    ("no zone, no answer", only("dateTime", "lt", at("2027-07-01T00:00:00")), {}, UNKNOWN),
    ("a day is all of it", only("dateTime", "eq", day("2027-06-01")), {}, YES),
    ("until the day's end", only("dateTime", "lteq", day("2027-06-01")), {}, YES),
    ("before the day begins", only("dateTime", "lt", day("2027-06-01")), {}, NO),
    ("a day in its zone", only("dateTime", "eq", day("2027-06-01-13:00")), {}, NO),
    ("in the zone that is stated", only("dateTime", "eq", day("2027-06-02"), extra=((NS + "zone", '"Pacific/Auckland"'),)), {}, YES),
    ("how long", only("elapsedTime", "lteq", Literal("P1M", XSD + "duration")), {"elapsedTime": "P28D"}, YES),
    ("a month or not", only("elapsedTime", "lteq", Literal("P1M", XSD + "duration")), {"elapsedTime": "P30D"}, UNKNOWN),
    ("how long, as text", only("elapsedTime", "lteq", "P14D"), {"elapsedTime": "P13DT23H"}, YES),
    ("a limit as text", only("count", "lteq", "3"), {"count": "4"}, NO),
    ("too long", only("elapsedTime", "lt", Literal("PT36H", XSD + "duration")), {"elapsedTime": "P2D"}, NO),
]  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "request_", "verdict"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES]
)
def test_each_operator_by_example(constraint: Constraint, request_: dict[str, Any], verdict: str) -> None:
    decision = ask(policy(rule("permission", constraint)), request_)
    assert decision.verdict == verdict, decision.as_dict()
    # A ban with the same condition: what is unknown counts against the asker here as well.
    banned = ask(policy(rule(), rule("prohibition", constraint)), request_)
    if (
        len(request_.get("columns", "")) < 2
        and request_.get("spatial") != "EU"
        and request_.get("purpose") != "research"
    ):
        assert banned.verdict == {YES: NO, NO: YES, UNKNOWN: NO}[verdict]


def test_one_forbidden_purpose_among_several_is_enough_for_a_ban() -> None:
    banned = policy(rule(), rule("prohibition", only("purpose", "isAnyOf", "pricing")))
    assert ask(banned, {"purpose": ["research", "pricing"]}).verdict == NO
    assert ask(banned, {"purpose": ["research"]}).verdict == YES
    everywhere = policy(rule(), rule("prohibition", only("spatial", "isAnyOf", "FR")))
    assert ask(everywhere, {"spatial": "EU"}).verdict == NO  # France is one of its places


def test_conditions_joined() -> None:
    low, high = only("resolution", "lt", 2), only("version", "gt", 2)
    for joint, both, one, none, half in (
        ("and", YES, NO, NO, UNKNOWN), ("or", YES, YES, NO, YES), ("xone", NO, YES, NO, UNKNOWN), ("andSequence", YES, NO, NO, UNKNOWN),
    ):  # fmt: skip
        joined = policy(rule("permission", Logical(joint, (low, high))))  # type: ignore[arg-type]
        assert ask(joined, {"resolution": 1, "version": 3}).verdict == both
        assert ask(joined, {"resolution": 1, "version": 1}).verdict == one
        assert ask(joined, {"resolution": 5, "version": 1}).verdict == none
        assert ask(joined, {"resolution": 1}).verdict == half


@given(st.lists(st.sampled_from([True, False, None]), max_size=5))
@MANY
def test_the_laws_of_three_values(found: list[bool | None]) -> None:
    assert not3(and3(found)) == or3(not3(one) for one in found)
    assert (
        and3(found) == and3(reversed(found))
        and or3([*found, True]) is True
        and and3([*found, False]) is False
    )
    known = [one for one in found if one is not None]
    if len(known) == len(found):
        assert (and3(found), or3(found), xone3(found)) == (all(known), any(known), known.count(True) == 1)
    else:  # what is unknown never makes certain what both ways of it would not
        for certain, join in ((all, and3), (any, or3), (lambda w: list(w).count(True) == 1, xone3)):
            ways = {certain([v if one is None else one for one in found]) for v in (True, False)}
            assert join(found) in (None, *(ways if len(ways) == 1 else ()))


def test_members_of_a_trust_and_of_its_parts() -> None:
    guild = policy(rule(parties=(Party(ODRL + "assignee", "urn:guild", collection=True),)))
    world = {"members": {"urn:guild": ["urn:chapter"], "urn:chapter": ["urn:alice"]}}
    assert ask(guild, {"assignee": "urn:alice"}, world).verdict == YES
    assert ask(guild, {"assignee": "urn:bob"}, world).verdict == NO
    unlisted = ask(guild, {"assignee": "urn:alice"})
    assert unlisted.verdict == UNKNOWN and unlisted.missing_facts == ("assignee",)
    secure = Party(ODRL + "assignee", source="urn:guild", refinement=(only("securityLevel", "gteq", 3),))
    facts = {**world, "about": {"urn:alice": {"securityLevel": 4}}}
    assert ask(policy(rule(parties=(secure,))), {"assignee": "urn:alice"}, facts).verdict == YES
    assert ask(policy(rule(parties=(secure,))), {"assignee": "urn:alice"}, world).verdict == UNKNOWN
    shelf = policy(rule(targets=(Asset("urn:shelf", collection=True),)))
    assert ask(shelf, {"target": "urn:x"}, {"members": {"urn:shelf": ["urn:x"]}}).verdict == YES
    own = policy(rule(targets=(Asset("urn:shelf"),)), rule("prohibition", targets=(Asset("urn:x", part_of=("urn:shelf",)),), uid="urn:n",
                 actions=(Action(ODRL + "sell"),)))  # fmt: skip
    assert ask(own, {"target": "urn:x", "action": "read"}).verdict == YES


def test_an_action_is_permitted_by_a_broader_one_and_forbidden_by_it() -> None:
    use = policy(rule(actions=(Action(ODRL + "use"),)))
    assert [ask(use, {"action": a}).verdict for a in ("use", "read", "train", "distribute")] == [
        YES,
        YES,
        YES,
        NO,
    ]
    banned = policy(rule(), rule("prohibition", actions=(Action(ODRL + "use"),)))
    assert [ask(banned, {"action": a}).verdict for a in ("read", "distribute", "sell")] == [NO, NO, YES]
    summed = Action(ODRL + "aggregate", refinement=(only("minGroupSize", "gteq", 5),))
    groups = policy(rule(actions=(summed,)))
    assert [ask(groups, {"action": "aggregate", "minGroupSize": n}).verdict for n in (5, 4)] == [YES, NO]
    own = policy(
        rule(actions=(Action("urn:stroll", included_in=ODRL + "use"),)),
        rule("prohibition", actions=(Action(ODRL + "use"),)),
    )
    assert ask(own, {"action": "urn:stroll"}).verdict == NO


def test_duties_before_during_and_after() -> None:
    def duty(phase: str, *constraints: Constraint) -> Policy:
        fee = Rule("consequence", "urn:fee", (Action(ODRL + "compensate"),))
        return policy(rule(duties=(Rule("duty", "urn:d", (Action(ODRL + "delete"),), constraints=constraints, phase=phase,
                                        consequences=(fee,)),)))  # fmt: skip

    def verdicts(phase: str) -> list[str]:
        states = ({}, {"urn:d": "unknown"}, {"urn:d": "fulfilled"}, {"urn:d": "violated"})
        return [ask(duty(phase), {}, {"duties": state}).verdict for state in states]

    assert verdicts(NS + "pre") == [UNKNOWN, UNKNOWN, YES, NO]
    assert verdicts("") == verdicts(NS + "post") == verdicts(NS + "ongoing") == [YES, YES, YES, NO]
    later = ask(duty("", only("delayPeriod", "lteq", Literal("P1M", XSD + "duration"))), {})
    assert [(d.uid, d.deadline) for d in later.duties_later] == [("urn:d", "2027-07-01T12:00:00+00:00")]
    assert [d.uid for d in ask(duty(NS + "pre"), {}).duties_now] == ["urn:d"]
    assert [d.uid for d in ask(duty(""), {}, {"duties": {"urn:d": "violated"}}).duties_now] == ["urn:fee"]


def test_an_obligation_is_reported_and_permits_nothing() -> None:
    must = policy(
        rule(
            "obligation",
            only("dateTime", "lt", at("2028-01-01T00:00:00Z")),
            actions=(Action(ODRL + "delete"),),
        )
    )
    decision = ask(must, {"action": "read"}, {"duties": {"urn:obligation": "violated"}})
    assert decision.verdict == NO and decision.rules[0].active
    assert [c["kind"] for c in decision.conflicts] == ["obligation_violated"]


def test_uses_are_counted_with_this_one_and_to_be_reserved() -> None:
    limit = policy(rule("permission", only("count", "lteq", 3)))
    for used, verdict in ((2, YES), (3, NO)):
        assert ask(limit, {}, {"counters": {"count": used}}).verdict == verdict
        assert ask(limit, {}, {"counters": {"urn:permission": {"count": used}}}).verdict == verdict
    assert ask(limit, {}).verdict == UNKNOWN
    (reserve,) = ask(limit, {}, {"counters": {"count": 0}}).counters_to_reserve
    assert reserve == {"rule": "urn:permission", "left_operand": "count", "add": "1"}
    rows = policy(rule("permission", only("rows", "lteq", 100)))
    assert [ask(rows, {"rows": n}, {"counters": {"rows": 60}}).verdict for n in (40, 41)] == [YES, NO]


def test_what_the_portal_knows_counts_more_than_what_is_declared() -> None:
    secure = policy(
        rule(
            "permission", only("securityLevel", "gteq", 3), only("dateTime", "lt", at("2027-01-01T00:00:00Z"))
        )
    )
    decision = ask(
        secure, {"securityLevel": 5, "dateTime": "2026-01-01T00:00:00Z"}, {"facts": {"securityLevel": 1}}
    )
    assert [(p.holds, p.source) for p in decision.rules[0].premises] == [(False, "world"), (False, "clock")]


def test_prohibition_wins_unless_the_policy_says_otherwise() -> None:
    both = (rule(), rule("prohibition"))
    assert (
        ask(policy(*both), {}).verdict == NO and ask(policy(*both, conflict=ODRL + "perm"), {}).verdict == YES
    )
    assert ask(policy(*both), {}).conflicts[0]["wins"] == "prohibition"
    assert ask(policy(), {}).verdict == NO
    assert ask(policy(rule(), inherit_from=("urn:parent",)), {}).verdict == UNKNOWN


@given(policies, requests, worlds, st.integers(-1, 1))
@MANY
def test_it_says_what_a_slow_second_evaluator_says(what: Policy, request: Any, world: Any, days: int) -> None:
    as_of = NOON + timedelta(days=days)
    decision = ask(what, request, world, as_of)
    assert decision.verdict == slow(what, request, world, as_of), decision.as_dict()
    again = ask(what, json.loads(json.dumps(request)), json.loads(json.dumps(world)), as_of)
    assert again.canonical == decision.canonical
    assert Decision.from_dict(json.loads(decision.canonical)).canonical == decision.canonical


@given(policies, requests, worlds, permissions, prohibitions)
@MANY
def test_more_bans_never_permit_more_and_more_permissions_never_less(
    what: Policy, request: Any, world: Any, more: Rule, ban: Rule
) -> None:
    before = BETTER[ask(what, request, world).verdict]
    assert BETTER[ask(replace(what, rules=(*what.rules, ban)), request, world).verdict] <= before
    assert BETTER[ask(replace(what, rules=(*what.rules, more)), request, world).verdict] >= before


@given(
    policies,
    requests,
    worlds,
    st.dictionaries(st.sampled_from(["spatial", "language", "urn:mood"]), st.text(min_size=1)),
)
@MANY
def test_facts_that_the_policy_does_not_mention_never_matter(
    what: Policy, request: Any, world: Any, more: dict[str, str]
) -> None:
    plain = ask(what, request, world)
    more = {k: v for k, v in more.items() if k != "urn:colour"}
    told = ask(what, {**request, **more}, {**world, "facts": more})
    assert (told.verdict, told.rules, told.missing_facts) == (plain.verdict, plain.rules, plain.missing_facts)


@given(policies, requests, worlds)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_change_that_is_named_turns_the_answer(what: Policy, request: Any, world: Any) -> None:
    prepared = Prepared(what)
    asked, known = Request.from_json(request), World.from_json(world)
    found = turning(prepared, asked, known, as_of=NOON)
    if ask(what, request, world).permitted:
        assert found is None
        return
    assert found is not None
    if found.changes and all(
        change.who == "request" and change.value is not None for change in found.changes
    ):
        for change in found.changes:
            asked = asked.changed(change.operand, change.value)
        assert prepared.decide(asked, known, as_of=NOON).permitted


def test_the_smallest_change_in_words() -> None:
    terms = policy(rule("permission", only("purpose", "isAnyOf", "research"), only("columns", "isAnyOf", "a", "b"), only("count", "lteq", 2)),
                   rule("prohibition", only("spatial", "isAnyOf", "US")))  # fmt: skip

    def change(request: dict[str, Any], used: int = 0) -> str:
        found = turning(
            Prepared(terms),
            Request.from_json(request),
            World.from_json({"counters": {"count": used}}),
            as_of=NOON,
        )
        return found.text if found else ""

    good = {"purpose": "research", "columns": ["a"], "spatial": "FR"}
    assert change(good) == ""
    assert change({**good, "purpose": "pricing"}) == "the purpose is research"
    assert change({**good, "columns": ["a", "z"]}) == "the columns are a"
    assert change({**good, "spatial": "US"}) == "the place is Austria"
    assert change(good, used=2) == "negotiate more exports"
