"""Terms hold their meaning through ODRL, words and differences, and no request slips past a clause."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.policies.clauses import CLAUSES, FORMATS, MODES
from contracts.policies.deciding.asking import planned, request_for
from contracts.policies.deciding.documents import prepared_from
from contracts.policies.deciding.facts import World
from contracts.policies.deciding.wording import failing, sentence
from contracts.policies.difference import compare, distance
from contracts.policies.language.vocabulary import NS
from contracts.policies.odrl import UnknownTerm, from_odrl, gathered, policy_hash, to_odrl
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, countries_within, purposes_within
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import sentences

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=120, deadline=None, derandomize=True)

columns = st.lists(st.sampled_from(["carrier", "tailnum", "dest", "arr_delay"]), min_size=1, unique=True)
flag: Any = st.just({})
values: dict[str, Any] = {
    "purpose": st.fixed_dictionaries({"any_of": st.lists(st.sampled_from(sorted(PURPOSES)), min_size=1)}),
    "period": st.just({"from": "2027-01-01", "until": "2027-12-31", "zone": "Europe/Berlin"}),
    "recipient": st.fixed_dictionaries({"who": st.sampled_from(["organisation", "named_people"])}),
    "place": st.fixed_dictionaries({"any_of": st.lists(st.sampled_from([*GROUPS, *COUNTRIES]), min_size=1)}),
    "columns": st.fixed_dictionaries({"only": columns}),
    "exports": st.fixed_dictionaries({"at_most": st.integers(1, 100_000)}),
    "min_group_size": st.fixed_dictionaries({"k": st.integers(2, 1_000_000), "by": columns}),
    "pseudonymise": st.fixed_dictionaries({"columns": columns}),
    "no_onward_transfer": flag,
    "no_reidentification": flag,
    "delete_within": st.fixed_dictionaries({"days": st.integers(1, 3650)}),
    "attribution": st.fixed_dictionaries({"text": st.just("Flights, Hudson Carriers")}),
    "only_rows": st.fixed_dictionaries({"conditions": st.lists(st.sampled_from([
        {"column": "carrier", "op": "in", "value": ["AA", "UA"]}, {"column": "dest", "op": "not_missing"},
        {"column": "arr_delay", "op": "gte", "value": ["-5"]}]), min_size=1)}),
    "rows_total": st.fixed_dictionaries({"at_most": st.integers(1, 10**12)}),
    "formats": st.fixed_dictionaries({"any_of": st.lists(st.sampled_from(sorted(FORMATS)), min_size=1)}),
    "download_within": st.fixed_dictionaries({"days": st.integers(1, 365)}),
    "access_mode": st.fixed_dictionaries({"any_of": st.lists(st.sampled_from(sorted(MODES)), min_size=1)}),
    "security_level": st.fixed_dictionaries({"at_least": st.integers(1, 5)}),
    "onward_to": st.fixed_dictionaries({"names": st.lists(st.sampled_from(["Rheinrechner GmbH", "Cloud & Söhne"]), min_size=1)}),
    "generalise": st.fixed_dictionaries({"rules": st.lists(st.sampled_from([
        {"column": "arr_delay", "how": "band", "width": "15"}, {"column": "dest", "how": "prefix", "length": 1},
        {"column": "born", "how": "date", "unit": "year"}, {"column": "age", "how": "topcode", "at": "90"}]),
        min_size=1, unique_by=lambda r: r["column"])}),
    "aggregate_only": st.fixed_dictionaries({"k": st.integers(2, 1_000_000)}),
    "watermark": flag,
    "no_ai_training": flag,
    "compensate": st.fixed_dictionaries({"amount": st.sampled_from(["12.50", "1200", "0.99"]), "currency": st.sampled_from(["EUR", "USD"])}),
    "report_use": st.fixed_dictionaries({"every_days": st.integers(7, 1096)}),
    "inform_breach": st.fixed_dictionaries({"hours": st.integers(1, 720)}),
    "if_late": st.fixed_dictionaries({"then": st.lists(st.sampled_from(["notify_trust", "suspend_downloads", "suspend_agreement"]), min_size=1)}),
    "own": st.fixed_dictionaries({"clauses": st.lists(st.sampled_from([
        {"code": "call", "mood": "must", "en": "join the quarterly call", "de": "am Quartalsgespräch teilnehmen"},
        {"code": "press", "mood": "may_not", "en": "speak to the press about it", "de": "mit der Presse darüber sprechen"}]),
        min_size=1, unique_by=lambda c: c["code"])}),
    "unexplained": st.fixed_dictionaries({"parts": st.lists(st.sampled_from([
        {"at": "constraint", "node": {"leftOperand": "https://example.org/moonPhase", "operator": "eq", "rightOperand": "full"}},
        {"at": "duty", "node": {"action": "https://example.org/sing"}},
        {"at": "prohibition", "node": {"action": "https://example.org/juggle", "target": "urn:t"}},
        {"at": "policy", "node": {"term": "https://example.org/mood", "value": "blue"}}]), min_size=1, unique_by=str)}),
}  # fmt: skip
needed = {code: values[code] for code, kind in CLAUSES.items() if kind.required}
optional = {code: v for code, v in values.items() if code not in needed}
any_terms = st.fixed_dictionaries(needed, optional=optional).map(Terms.from_dict)
NAMES: dict[str, str] = {"uid": "urn:x", "target": "urn:t", "assigner": "urn:a", "assignee": "urn:b"}
AS_OF = datetime(2027, 6, 1, 12, tzinfo=UTC)


def test_every_clause_is_drawn() -> None:
    assert set(values) == set(CLAUSES)


@BRIEF
@given(any_terms)
def test_odrl_carries_the_terms_without_loss(terms: Terms) -> None:
    policy = to_odrl(terms, **NAMES)
    again = json.loads(json.dumps(policy))
    assert from_odrl(again) == terms
    shuffled = json.loads(json.dumps(policy, sort_keys=True))
    assert policy_hash(shuffled) == policy_hash(policy)


@BRIEF
@given(any_terms, any_terms)
def test_the_difference_names_just_the_clauses_that_differ(a: Terms, b: Terms) -> None:
    differ = {c for c in CLAUSES if a.as_dict().get(c) != b.as_dict().get(c)}
    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a) == len(differ)
    assert (policy_hash(to_odrl(a, **NAMES)) == policy_hash(to_odrl(b, **NAMES))) is (a == b)
    there = {c.code: c.verdict for c in compare(a, b)}
    back = {c.code: c.verdict for c in compare(b, a)}
    mirror = {"wider": "narrower", "narrower": "wider", "added": "removed", "removed": "added"}
    for code, verdict in there.items():
        assert back[code] == mirror.get(verdict, verdict), code


@BRIEF
@given(any_terms)
def test_each_clause_is_said_once(terms: Terms) -> None:
    said = [s.code for s in sentences(terms)]
    assert sorted(said) == sorted(terms.as_dict())


@BRIEF
@given(
    any_terms,
    st.one_of(st.none(), st.sampled_from(sorted(PURPOSES))),
    st.one_of(st.none(), st.sampled_from(sorted(COUNTRIES))),
    st.one_of(st.none(), columns),
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(0, 100_001),
    st.sampled_from(sorted(FORMATS)),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.integers(1, 5)),
    st.sampled_from([AS_OF, datetime(2026, 12, 31, 22, tzinfo=UTC), datetime(2027, 12, 31, 23, tzinfo=UTC)]),
)
def test_no_request_slips_past_a_clause(
    terms: Terms, purpose: str | None, place: str | None, wanted: list[str] | None, named: int | None, used: int,
    form: str, sums_up: bool | None, level: int | None, as_of: datetime,
) -> None:  # fmt: skip
    prepared = prepared_from(to_odrl(terms, **NAMES))
    asked = request_for(assignee="urn:b", target="urn:t", purpose=purpose or "", place=place or "", columns=wanted or (),
                        format=form, people=named, sums_up=sums_up)  # fmt: skip
    duties, facts = planned(prepared)
    world = World.from_json({
        "counters": {"count": used, "rows": 0}, "facts": {**facts, "elapsedTime": "PT0S", "securityLevel": level},
        "duties": {**duties, **{d.uid: "fulfilled" for r in prepared.rules for d in r.duties if d.phase == "pre"}},
    })  # fmt: skip
    decision = prepared.decide(asked, world, as_of=as_of)
    have = terms.as_dict()
    fine = as_of == AS_OF
    fine = fine and purpose in purposes_within(have["purpose"]["any_of"])
    if "place" in have:
        fine = fine and place in countries_within(have["place"]["any_of"])
    if "columns" in have:
        fine = fine and wanted is not None and set(wanted) <= set(have["columns"]["only"])
    if "exports" in have:
        fine = fine and used < have["exports"]["at_most"]
    if "recipient" in have:
        fine = fine and bool(named)
    if "formats" in have:
        fine = fine and form in have["formats"]["any_of"]
    if "access_mode" in have:
        fine = (
            fine
            and sums_up is not None
            and ("clean_room" if sums_up else "export") in have["access_mode"]["any_of"]
        )
    if "security_level" in have:
        fine = fine and level is not None and level >= have["security_level"]["at_least"]
    if "no_ai_training" in have:
        fine = fine and purpose != "ai_training"
    assert decision.permitted is bool(fine), decision.as_dict()
    assert all(sentence(premise)[0] for rule in decision.rules for premise in failing(rule.premises))


json_values: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["use", "purpose", "isAnyOf", "dateTime", "delete", "research"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["permission", "prohibition", "obligation", "action", "constraint", "duty", "target", "refinement", "leftOperand", "operator",
         "rightOperand", "consequence", "https://example.org/x", f"{NS}phase", f"{NS}zone"]), inner, max_size=4)), max_leaves=25,
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["permission", "prohibition", "obligation", "uid", "https://example.org/y"]),
        json_values,
    ),
    json_values,
)
def test_whatever_a_policy_file_holds_it_is_read_or_refused_in_words(
    policy: dict[str, Any], rule: Any
) -> None:
    """Never another error; and what was read goes through the clauses' own checks."""
    for given_ in (
        policy,
        {**policy, "permission": [{"action": "use", "constraint": rule, "duty": rule, "target": rule}]},
    ):
        try:
            found = gathered(given_)
        except UnknownTerm as problem:
            assert problem.terms
            continue
        try:
            Terms.from_dict(found, complete=False)
        except TermsError as problem_:
            assert all(e.text for e in problem_.errors)
