"""Conflicts between rules: what is reported is so, shown by a request that a small evaluator of its own looks at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.policies.conflicts import Conflict, find_conflicts
from contracts.policies.language.model import Policy
from contracts.policies.language.read import read
from contracts.policies.language.vocabulary import (
    BROADER,
    CONTEXT,
    FORBIDDEN_WITH,
    NS,
    broader,
    full,
    short,
)
from contracts.policies.odrl import to_odrl
from contracts.policies.taxonomy import GROUPS, PURPOSES
from contracts.policies.terms import Terms
from tests.pure.test_terms import NAMES, any_terms

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
Json = dict[str, Any]


# ------------------------------------------------------------------- a small evaluator, slow and plain, for one rule


def inside(operand: str, value: Any) -> set[Any]:
    if operand == "purpose":
        return {value, *(code for code, (_, parent) in PURPOSES.items() if parent == value)}
    if operand == "spatial" and value in GROUPS:
        return {value, *GROUPS[value][1], *(g for g in GROUPS if GROUPS[g][1] <= GROUPS[value][1])}
    return {value}


def plain(operand: str, value: Any) -> Any:
    if operand == "dateTime":
        return datetime.fromisoformat(value)
    if operand == "elapsedTime":
        each = {"D": 86_400, "H": 3_600, "S": 1}[value[-1]]
        return timedelta(seconds=int(value.strip("PTDHS")) * each)
    return float(value) if operand == "count" else value


def fits(constraint: Json, request: Json) -> bool:
    joint = next((j for j in ("and", "or", "xone", "andSequence") if j in constraint), "")
    if joint:
        given = constraint[joint]
        found = [fits(one, request) for one in (given["@list"] if isinstance(given, dict) else given)]
        return {"or": any(found), "xone": found.count(True) == 1}.get(joint, all(found))
    operand, operator, right = constraint["leftOperand"], constraint["operator"], constraint["rightOperand"]
    if short(operand) not in request:
        return False
    left = plain(operand, request[short(operand)])
    rights = [plain(operand, one) for one in (right if isinstance(right, list) else [right])]
    covered = set().union(*(inside(operand, one) for one in rights))
    if operand == "spatial":
        covered |= {g for g in GROUPS if GROUPS[g][1] <= covered}
    match operator:
        case "lt":
            return bool(left < rights[0])
        case "lteq":
            return bool(left <= rights[0])
        case "gt":
            return bool(left > rights[0])
        case "gteq":
            return bool(left >= rights[0])
        case "eq":
            return left in rights
        case "neq":
            return left not in rights and not (inside(operand, left) & set(rights))
        case "isNoneOf":
            return not (inside(operand, left) & covered)
        case _:
            return left in covered


def applies(rule: Json, kind: str, request: Json) -> bool:
    tree = FORBIDDEN_WITH if kind == "prohibition" else BROADER
    action = rule["action"]
    refined: list[Json] = []
    if isinstance(action, dict):
        refined, action = action["refinement"], action["rdf:value"]["@id"]
    return (
        full(action) in broader(full(request["action"]), tree)
        and rule.get("target", request["target"]) == request["target"]
        and rule.get("assignee", request["assignee"]) == request["assignee"]
        and all(fits(one, request) for one in (*rule.get("constraint", ()), *refined))
    )


# ----------------------------------------------------------------------------------------------------- drawn rules

DAYS = [
    "2027-01-01T00:00:00+00:00",
    "2027-06-01T00:00:00+02:00",
    "2027-06-01T12:00:00+00:00",
    "2028-01-01T00:00:00+00:00",
]
LIMITS = st.sampled_from(["lt", "lteq", "gt", "gteq", "eq", "neq"])
NAMED = st.sampled_from(["eq", "neq", "isA", "isAnyOf", "isNoneOf", "isPartOf"])


def constraint(operand: str, operators: Any, rights: Any) -> Any:
    return st.builds(
        lambda operator, right: {"leftOperand": operand, "operator": operator, "rightOperand": right},
        operators,
        rights,
    )


def some(names: list[str]) -> Any:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


simple = st.one_of(
    constraint("count", LIMITS, st.integers(0, 4)),
    constraint("dateTime", LIMITS, st.sampled_from(DAYS)),
    constraint("elapsedTime", LIMITS, st.sampled_from(["P1D", "PT1H", "P30D"])),
    constraint("purpose", NAMED, some(["research", "academic_research", "statistics", "pricing"])),
    constraint("spatial", NAMED, some(["EU", "EEA", "DE", "NO", "US"])),
    constraint("fileFormat", NAMED, some(["csv", "parquet"])),
)
logical = st.builds(
    lambda joint, parts: {joint: {"@list": parts} if joint == "andSequence" else parts},
    st.sampled_from(["and", "or", "xone", "andSequence"]), st.lists(simple, min_size=1, max_size=3),
)  # fmt: skip
constraints = st.lists(st.one_of(simple, simple, simple, logical), max_size=4)
actions = st.sampled_from(
    ["use", "read", "derive", "aggregate", "distribute", "transfer", NS + "train", "reproduce", NS + "export"]
)
refined_actions = st.one_of(
    actions, actions,
    st.builds(lambda action, one: {"rdf:value": {"@id": full(action)}, "refinement": [one]}, actions, simple),
)  # fmt: skip
rules = st.fixed_dictionaries(
    {"action": refined_actions, "constraint": constraints},
    optional={
        "target": st.sampled_from(["urn:t1", "urn:t2"]),
        "assignee": st.sampled_from(["urn:a", "urn:b"]),
    },
)


def policy_of(uid: str = "urn:p", /, **rules: list[Json]) -> Policy:
    return read({"@context": CONTEXT, "@type": "Set", "uid": uid, **{k: v for k, v in rules.items() if v}})


def rule_named(uid: str, **rules: list[Json]) -> tuple[str, Json]:
    kind, number = uid.partition("#")[2].rsplit("-", 1)
    return kind, rules[kind][int(number) - 1]


@BRIEF
@given(st.lists(rules, min_size=1, max_size=2), st.lists(rules, max_size=2))
def test_every_witness_is_permitted_by_the_one_rule_and_forbidden_by_the_other(
    permits: list[Json], forbids: list[Json]
) -> None:
    written = {"permission": permits, "prohibition": forbids}
    for conflict in find_conflicts([policy_of("urn:p", **written)]):
        if conflict.kind == "impossible":
            kind, rule = rule_named(conflict.rules[0], **written)
            refined = rule["action"]["refinement"] if isinstance(rule["action"], dict) else []
            assert any(nothing_fits(found) for found in (rule["constraint"], refined))
            continue
        assert conflict.witness is not None
        for uid in conflict.rules:
            kind, rule = rule_named(uid, **written)
            assert applies(rule, kind, conflict.witness), (uid, conflict.witness)
        assert conflict.text("en") != conflict.text("de")


def nothing_fits(found: list[Json]) -> bool:
    """Tried on a grid of values around everything that is named."""
    grid: dict[str, list[Any]] = {
        "count": [n / 2 for n in range(-2, 12)],
        "dateTime": [
            (plain("dateTime", d) + timedelta(seconds=s)).isoformat() for d in DAYS for s in (-1, 0, 1)
        ],
        "elapsedTime": [f"PT{n}S" for base in (3_600, 86_400, 2_592_000) for n in (base - 1, base, base + 1)],
        "purpose": [*PURPOSES, "else"],
        "spatial": ["EU", "EEA", "DE", "NO", "US", "FR", "else"],
        "fileFormat": ["csv", "parquet", "else"],
    }
    parts = [part for one in found for part in together(one)]
    for operand, values in grid.items():
        mine = [one for one in parts if operands(one) == {operand}]
        if mine and not any(all(fits(one, {operand: value}) for one in mine) for value in values):
            return True
    return False


def together(one: Json) -> list[Json]:
    return [part for inner in one["and"] for part in together(inner)] if "and" in one else [one]


def operands(one: Json) -> set[str]:
    for joint in ("and", "or", "xone", "andSequence"):
        if joint in one:
            given = one[joint]
            return set().union(
                *(operands(part) for part in (given["@list"] if isinstance(given, dict) else given))
            )
    return {one["leftOperand"]}


# --------------------------------------------------------------------------------------------------- what is found


def limit(operand: str, operator: str, right: Any) -> Json:
    return {"leftOperand": operand, "operator": operator, "rightOperand": right}


def kinds(*policies: Policy) -> list[str]:
    return [one.kind for one in find_conflicts(policies)]


def only(*policies: Policy) -> Conflict:
    found = find_conflicts(policies)
    assert len(found) == 1, found
    return found[0]


def test_a_permission_that_a_prohibition_takes_back_is_shown_with_a_request() -> None:
    found = only(policy_of(
        permission=[{"action": "use", "target": "urn:t", "assignee": "urn:b", "constraint": [
            limit("purpose", "isAnyOf", ["research"]), limit("dateTime", "lt", DAYS[3])]}],
        prohibition=[{"action": "use", "target": "urn:t", "constraint": [
            limit("purpose", "isA", "academic_research"), limit("dateTime", "gteq", DAYS[0])]}],
    ))  # fmt: skip
    assert found.kind == "permission_prohibition"
    assert found.blocks
    assert found.rules == ("urn:p#permission-1", "urn:p#prohibition-1")
    assert found.witness is not None
    moment = found.witness.pop("dateTime")
    assert DAYS[0] <= moment < DAYS[3]
    assert found.witness == {
        "assignee": "urn:b",
        "action": "use",
        "target": "urn:t",
        "purpose": "academic_research",
    }
    assert found.text() == "Permission 1 allows what prohibition 1 forbids: to use the data."
    assert found.text("de") == "Erlaubnis 1 gestattet, was Verbot 1 untersagt: die Daten nutzen."
    assert found.remedy()


def test_a_narrower_prohibition_is_an_exception_and_a_stated_strategy_decides() -> None:
    use: Json = {"action": "use", "target": "urn:t"}
    exception = only(policy_of(permission=[use], prohibition=[{"action": NS + "train", "target": "urn:t"}]))
    assert (exception.kind, exception.blocks) == ("exception", False)
    assert exception.witness == {"assignee": "urn:example:anyone", "action": "train", "target": "urn:t"}
    document = {
        "@context": CONTEXT,
        "@type": "Set",
        "uid": "urn:p",
        "conflict": "prohibit",
        "permission": [use],
    }
    decided = only(read({**document, "prohibition": [use]}))
    assert (decided.kind, decided.blocks) == ("permission_prohibition", False)


@pytest.mark.parametrize(
    ("permission", "prohibition"),
    [
        ({"action": "use", "target": "urn:t1"}, {"action": "use", "target": "urn:t2"}),
        ({"action": "use", "assignee": "urn:a"}, {"action": "use", "assignee": "urn:b"}),
        ({"action": "use"}, {"action": "distribute"}),
        ({"action": "use", "constraint": [limit("spatial", "isPartOf", "EU")]},
         {"action": "use", "constraint": [limit("spatial", "eq", "US")]}),
        ({"action": "use", "constraint": [limit("count", "lteq", 3)]},
         {"action": "use", "constraint": [limit("count", "gt", 3)]}),
        ({"action": "use", "constraint": [limit("https://example.org/moon", "eq", "full")]},
         {"action": "use", "constraint": [limit("https://example.org/moon", "neq", "full")]}),
    ],
)  # fmt: skip
def test_rules_that_never_meet_are_no_conflict(permission: Json, prohibition: Json) -> None:
    assert kinds(policy_of(permission=[permission], prohibition=[prohibition])) == []


@pytest.mark.parametrize(
    "clash",
    [
        [limit("count", "lteq", 0), limit("count", "gteq", 1)],
        [limit("dateTime", "gteq", DAYS[3]), limit("dateTime", "lt", DAYS[0])],
        [limit("purpose", "eq", "pricing"), limit("purpose", "eq", "statistics")],
        [limit("fileFormat", "isAnyOf", ["csv"]), limit("fileFormat", "isAnyOf", ["parquet"])],
        [limit("spatial", "isAnyOf", ["EU"]), limit("spatial", "isNoneOf", ["EU", "US"])],
        [{"and": [limit("count", "eq", 2), limit("count", "neq", 2)]}],
    ],
)
def test_conditions_that_exclude_each_other_are_named(clash: list[Json]) -> None:
    found = only(policy_of(permission=[{"action": "use", "constraint": clash}]))
    assert (found.kind, found.blocks, found.witness) == ("impossible", True, None)
    assert "can never apply" in found.text()


def test_an_offer_outside_the_period_of_its_charter_never_applies() -> None:
    def during(uid: str, first: str, last: str) -> Policy:
        between = [limit("dateTime", "gteq", first), limit("dateTime", "lt", last)]
        return policy_of(uid, permission=[{"action": "use", "target": "urn:t", "constraint": between}])

    charter, offer = during("urn:charter", DAYS[0], DAYS[1]), during("urn:offer", DAYS[2], DAYS[3])
    found = only(charter, offer)
    assert found.kind == "windows"
    assert "urn:charter" in found.text()
    assert found.witness is not None
    moment = datetime.fromisoformat(found.witness["dateTime"])
    assert datetime.fromisoformat(DAYS[0]) <= moment < datetime.fromisoformat(DAYS[1])
    assert kinds(charter, during("urn:offer", DAYS[0], DAYS[3])) == []


def test_duties_that_cannot_be_met_are_named() -> None:
    within, after = limit("delayPeriod", "lteq", "P30D"), limit("delayPeriod", "gteq", "P60D")
    rule: Json = {"action": "use", "target": "urn:t", "assignee": "urn:b"}
    late = only(
        policy_of(
            permission=[
                {**rule, "duty": [{"action": "delete", "constraint": [one]} for one in (within, after)]}
            ]
        )
    )
    assert late.kind == "deadlines"
    assert "delete the data" in late.text()
    forbidden = find_conflicts([policy_of(
        permission=[{**rule, "duty": [{"action": "inform"}]}],
        prohibition=[{"action": "inform", "target": "urn:t"}],
    )])  # fmt: skip
    assert [one.kind for one in forbidden] == ["exception", "duty_forbidden"]
    assert forbidden[1].witness == {"assignee": "urn:b", "action": "inform", "target": "urn:t"}


@settings(BRIEF, max_examples=60)
@given(any_terms)
def test_the_portals_own_clauses_conflict_only_where_they_take_each_other_back(terms: Terms) -> None:
    blocking = [one for one in find_conflicts([read(to_odrl(terms, **NAMES))]) if one.blocks]
    expected = terms.has("onward_to") and terms.has("no_onward_transfer")
    assert bool(blocking) == expected, [one.text() for one in blocking]


def test_a_member_that_the_policy_names_falls_under_the_rule_for_its_trust() -> None:
    member = {"@id": "urn:b", "partOf": "urn:trust"}
    trust = {"@type": "PartyCollection", "@id": "urn:trust"}
    found = only(policy_of(
        permission=[{"action": "use", "assignee": trust}], prohibition=[{"action": "use", "assignee": member}]))  # fmt: skip
    assert found.witness is not None
    assert found.witness["assignee"] == "urn:b"
