"""A charter is a policy: what goes beyond it is named, with what it takes; what stays within never is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.policies.charter import LIMITABLE, exceeds, read_rules, rules_in_words
from contracts.policies.charter_difference import compare_rules
from contracts.policies.clauses import CLAUSES
from contracts.policies.difference import compare, not_wider
from contracts.policies.terms import Terms, TermsError
from tests.pure.test_terms import any_terms

pytestmark = pytest.mark.pure
BRIEF = settings(max_examples=150, deadline=None, derandomize=True)
BASE: dict[str, Any] = {"purpose": {"any_of": ["research"]}, "period": {"from": "2027-01-01", "until": "2027-12-31", "zone": "UTC"}}  # fmt: skip


def codes(rules: dict[str, Any], personal: list[str] | None = None, **clauses: Any) -> dict[str, str]:
    return {e.code: e.needs for e in exceeds(Terms.from_dict({**BASE, **clauses}), read_rules(rules), personal or [])}  # fmt: skip


@BRIEF
@given(any_terms, any_terms)
def test_terms_within_the_charter_are_no_wider_than_it(charter: Terms, terms: Terms) -> None:
    """The charter's own terms are within it; and whatever the difference calls wider is named."""
    limits = {code: value for code, value in charter.as_dict().items() if code in LIMITABLE}
    rules = read_rules({"limits": limits})
    assert exceeds(charter, rules) == []
    named = {e.code for e in exceeds(terms, rules)} - {"onward_to"}
    wider = {c.code for c in compare(Terms.from_dict(limits, complete=False), terms) if c.code in limits and c.direction not in ("same", "narrower")}  # fmt: skip
    assert named == (wider - {"onward_to"}) - ({"recipient"} if limits.get("recipient") == {"who": "organisation"} else set())  # fmt: skip
    if not_wider(compare(charter, terms)):
        assert not named


def test_each_limit_says_what_it_takes_to_go_beyond() -> None:
    rules = {"limits": {"place": {"any_of": ["EEA"]}, "no_onward_transfer": {}, "exports": {"at_most": 5}},
             "longest_days": 100, "smallest_group": 5, "pseudonyms": True,
             "needs": {"place": "never", "exports": "second_person", "period": "second_person"}}  # fmt: skip
    found = codes(rules, ["tailnum"], place={"any_of": ["EU", "US"]}, exports={"at_most": 6}, onward_to={"names": ["Cloud Ltd"]})  # fmt: skip
    assert found == {"place": "never", "no_onward_transfer": "trustee", "exports": "second_person", "onward_to": "trustee",
                     "period": "second_person", "min_group_size": "trustee", "pseudonymise": "trustee"}  # fmt: skip
    fine = codes({**rules, "longest_days": 365}, ["tailnum"], place={"any_of": ["EU"]}, exports={"at_most": 5}, no_onward_transfer={},
                 aggregate_only={"k": 5}, pseudonymise={"columns": ["tailnum"]})  # fmt: skip
    assert fine == {}
    # A column that does not leave at all needs no pseudonym.
    assert "pseudonymise" not in codes(rules, ["tailnum"], columns={"only": ["carrier"]})
    assert len(rules_in_words(read_rules(rules))) == 6


@settings(max_examples=400, deadline=None, derandomize=True)
@given(any_terms, any_terms, any_terms, st.integers(30, 900), st.integers(30, 900))
def test_a_charter_that_is_not_called_wider_lets_nothing_through_that_the_old_one_stopped(
    old: Terms, new: Terms, terms: Terms, before: int, after: int
) -> None:
    versions = [
        read_rules(
            {"limits": {c: v for c, v in one.as_dict().items() if c in LIMITABLE}, "longest_days": days}
        )
        for one, days in ((old, before), (new, after))
    ]
    rows = compare_rules(*versions)
    assert {row.code for row in compare_rules(versions[0], versions[0])} <= {"same"}
    if {row.code for row in rows} <= {"same", "narrower", "added"} and not exceeds(terms, versions[1]):
        assert not exceeds(terms, versions[0])


def test_two_charters_are_compared_by_what_members_may_agree_on() -> None:
    own = {
        "code": "send-paper",
        "mood": "must",
        "en": "send a copy of the paper",
        "de": "eine Kopie schicken",
    }
    old = {"limits": {"place": {"any_of": ["EU"]}, "exports": {"at_most": 5}, "no_onward_transfer": {}}, "longest_days": 100,
           "smallest_group": 5, "clauses": [own]}  # fmt: skip
    new = {"limits": {"place": {"any_of": ["DE"]}, "exports": {"at_most": 9}, "no_onward_transfer": {}}, "smallest_group": 3,
           "pseudonyms": True, "needs": {"no_onward_transfer": "never"}}  # fmt: skip
    rows = compare_rules(read_rules(old), read_rules(new))
    assert {row.label: row.code for row in rows} == {
        CLAUSES["place"].label: "narrower", CLAUSES["exports"].label: "wider", CLAUSES["no_onward_transfer"].label: "needs",
        CLAUSES["period"].label: "removed", CLAUSES["min_group_size"].label: "wider", CLAUSES["pseudonymise"].label: "added",
        "Clause of the trust": "no_clause",
    }  # fmt: skip
    said = {row.code: row for row in rows}
    assert (
        said["removed"].old_text
        == "A contract runs for at most 100 days. To go beyond: a trustee has to agree."
    )
    assert (
        said["removed"].says == "limit taken out: members may agree on more"
        and said["removed"].new_text == ""
    )
    assert "the charter does not allow it" in said["needs"].new_text and said["no_clause"].old_text == "The partner must send a copy of the paper."  # fmt: skip


@pytest.mark.parametrize(
    "rules",
    [[], {"surprise": 1}, {"limits": {"columns": {"only": ["a"]}}}, {"limits": {"place": {"any_of": ["Mars"]}}}, {"longest_days": 0},
     {"smallest_group": "five"}, {"needs": {"place": "luck"}}, {"clauses": [{"code": "x y", "mood": "must", "en": "sing"}]},
     {"offers": [{"label": "a"}]}, {"offers": [{"label": "Open", "terms": {}}, {"label": "open", "terms": {}}]}],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused_in_words(rules: Any) -> None:
    with pytest.raises(TermsError) as caught:
        read_rules(rules)
    assert all(e.text and e.remedy for e in caught.value.errors)
