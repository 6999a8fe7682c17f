"""ODRL documents: whatever way a policy is written, it is one policy; nothing is lost; what is wrong is said."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyld import jsonld

from contracts.policies.language import phrases
from contracts.policies.language.context import CONFLICTS, KNOWN, context
from contracts.policies.language.explain import sentences, unexplained
from contracts.policies.language.faults import PolicyError
from contracts.policies.language.jsonld import compacted, expanded
from contracts.policies.language.model import Policy
from contracts.policies.language.read import read
from contracts.policies.language.vocabulary import (
    ACTIONS,
    CONTEXT,
    FUNCTIONS,
    LEFT_OPERANDS,
    NS,
    ODRL,
    OPERATORS,
)
from contracts.policies.language.write import digest, write
from contracts.policies.odrl import to_odrl
from contracts.policies.terms import Terms
from kernel.canonical import canonical_bytes
from tests.drawn_policies import damaged, junk, policies
from tests.pure.test_terms import NAMES as PARTIES
from tests.pure.test_terms import any_terms

pytestmark = pytest.mark.pure
DRAWN = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
ELSEWHERE = {"odrl": ODRL, "a": "https://example.org/"}


@DRAWN
@given(policies())
def test_a_policy_survives_writing_reading_and_every_detour(policy: Policy) -> None:
    document = json.loads(canonical_bytes(write(policy)))
    assert read(document) == policy
    assert read(expanded(document)) == policy, "through the expanded form, unknown names too"  # type: ignore[arg-type]
    assert read({"@context": CONTEXT, **compacted(document)}) == policy
    assert digest(read(json.dumps(document))) == digest(policy)


@DRAWN
@given(policies(nameless=False))
def test_another_processor_and_another_context_give_the_same_policy(policy: Policy) -> None:
    document = write(policy)
    options: dict[str, Any] = {"base": None}
    plain = jsonld.expand({**document, "@context": context()}, options)
    assert digest(read(plain)) == digest(policy)
    foreign = jsonld.compact(plain, {"@context": ELSEWHERE}, options)
    assert digest(read(foreign)) == digest(policy)


@DRAWN
@given(policies().map(write).flatmap(damaged))
def test_a_damaged_document_is_read_without_loss_or_refused(document: dict[str, Any]) -> None:
    steady(document)


@DRAWN
@given(
    st.one_of(
        junk, st.fixed_dictionaries({"@context": st.just(CONTEXT), "permission": st.lists(junk, min_size=1)})
    )
)
def test_no_document_gives_anything_but_a_policy_or_a_fault(document: Any) -> None:
    steady(document)


def steady(document: Any) -> None:
    try:
        policy = read(document)
    except PolicyError as error:
        assert error.faults
        assert all(fault.text for fault in error.faults)
        return
    assert read(json.loads(canonical_bytes(write(policy)))) == policy
    assert read(expanded(document)) == policy, "read as it stands, and through a processor"


# ---------------------------------------------------------------------------------- ways in which others write


OFFER: dict[str, Any] = {
    "@context": CONTEXT,
    "@type": "Offer",
    "uid": "https://example.org/offer",
    "permission": [{
        "target": "https://example.org/flights",
        "assigner": "https://example.org/hudson",
        "action": [{"rdf:value": {"@id": "odrl:print"}, "refinement": [
            {"leftOperand": "resolution", "operator": "lteq", "rightOperand": 1200, "unit": "dpi"}]}],
        "constraint": [{"xone": [
            {"leftOperand": "dateTime", "operator": "lt",
             "rightOperand": {"@value": "2027-06-01", "@type": "xsd:date"}},
            {"leftOperand": "purpose", "operator": "isA", "rightOperand": {"@id": "https://example.org/research"}}]}],
        "duty": [{"action": "compensate", "compensatedParty": "https://example.org/hudson"}],
    }],
}  # fmt: skip
PREFIXED: dict[str, Any] = {
    "@context": {"o": ODRL, "x": "http://www.w3.org/2001/XMLSchema#", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
    "@graph": [
        {"@id": "_:when", "o:leftOperand": "odrl:dateTime", "o:operator": {"@id": "o:lt"}, "@type": "o:Constraint",
         "o:rightOperand": {"@value": "2027-06-01", "@type": "x:date"}},
        {"@id": "https://example.org/offer", "@type": ["o:Offer", "o:Policy"], "o:uid": "https://example.org/offer",
         "o:permission": {"@id": "_:rule"}},
        {"@id": "_:rule", "@type": "o:Permission", "o:target": "https://example.org/flights",
         "o:assigner": {"@id": "https://example.org/hudson", "@type": "o:Party"},
         "o:action": {"@id": "_:print"}, "o:constraint": {"@id": "_:either"},
         "o:duty": {"@type": "o:Duty", "o:action": "compensate",
                    "o:compensatedParty": {"@id": "https://example.org/hudson"}}},
        {"@id": "_:print", "@type": "o:Action", "rdf:value": {"@id": "o:print"}, "o:refinement": {
            "o:leftOperand": {"@id": "o:resolution"}, "o:operator": {"@id": "o:lteq"}, "o:rightOperand": 1200.0,
            "o:unit": "dpi"}},
        {"@id": "_:either", "@type": "o:LogicalConstraint", "o:xone": [{"@id": "_:when"}, {
            "o:leftOperand": {"@id": "o:purpose"}, "o:operator": {"@id": "o:isA"},
            "o:rightOperand": {"@id": "https://example.org/research"}}]},
    ],
}  # fmt: skip


def test_a_flat_graph_with_prefixes_and_labels_is_the_same_policy() -> None:
    assert read(PREFIXED) == read(OFFER)
    assert digest(read(json.dumps(PREFIXED))) == digest(read(OFFER))
    address = next(iter(KNOWN - {CONTEXT}))
    assert read({**OFFER, "@context": [address, {"x": "https://example.org/"}]}) == read(OFFER)
    without = {key: value for key, value in OFFER.items() if key != "@context"}
    assert read(without) == read(OFFER), "plain ODRL without a context is read as ODRL"


def test_a_policy_inside_its_dataset_has_it_as_target() -> None:
    dataset = {
        "@context": [CONTEXT, {"dcat": "http://www.w3.org/ns/dcat#"}], "@id": "urn:flights", "@type": "dcat:Dataset",
        "hasPolicy": {"@type": "Set", "uid": "urn:set", "permission": [{"action": "use"}]},
    }  # fmt: skip
    policy = read(dataset)
    assert [asset.iri for asset in policy.complete().rules[0].targets] == ["urn:flights"]
    assert read(write(policy)) == policy


def test_what_one_rule_narrows_stays_whole_in_another() -> None:
    narrowed = {
        "@id": "urn:t",
        "refinement": [{"leftOperand": NS + "columns", "operator": "isAnyOf", "rightOperand": ["a"]}],
    }
    document = {
        "@context": CONTEXT, "@type": "Set", "uid": "urn:p", "permission": [{"target": narrowed, "action": "use"}],
        "prohibition": [{"target": "urn:t", "action": "distribute"}],
    }  # fmt: skip
    for form in (document, expanded(document)):
        first, second = read(form).rules  # type: ignore[arg-type]
        assert first.targets[0].refinement
        assert not second.targets[0].refinement


def test_numbers_and_text_keep_their_kind() -> None:
    right = [3, "3", True, "true", 2.5, {"@value": "3", "@type": "xsd:decimal"}, 9007199254740993]
    rule = {
        "action": "use",
        "constraint": [{"leftOperand": "count", "operator": "eq", "rightOperand": right}],
    }
    policy = read({"@context": CONTEXT, "@type": "Set", "uid": "urn:p", "permission": [rule]})
    again = write(policy)["permission"][0]["constraint"][0]["rightOperand"]
    assert again[:4] == [3, "3", True, "true"]
    assert [type(value) for value in again[:4]] == [int, str, bool, str]
    assert again[4] == {"@type": "xsd:double", "@value": "2.5"}
    assert again[5] == {"@type": "xsd:decimal", "@value": "3"}
    assert again[6] == {"@type": "xsd:integer", "@value": "9007199254740993"}, (
        "JSON readers elsewhere would round it"
    )


@settings(DRAWN, max_examples=40)
@given(any_terms)
def test_the_portals_own_policies_are_canonical_already(terms: Terms) -> None:
    document = json.loads(json.dumps(to_odrl(terms, **PARTIES)))
    late = document.get(NS + "ifLate")
    again = write(read(document))
    if isinstance(late, list) and len(late) == 1:
        document[NS + "ifLate"] = late[0]
    assert again == document


# ------------------------------------------------------------------------------------------------- what is refused


def nested(levels: int) -> dict[str, Any]:
    inner: Any = {"leftOperand": "count", "operator": "eq", "rightOperand": 1}
    for _ in range(levels):
        inner = {"and": [inner]}
    return {
        "@context": CONTEXT,
        "@type": "Set",
        "uid": "urn:p",
        "permission": [{"action": "use", "constraint": [inner]}],
    }


REFUSED: dict[str, tuple[Any, str, str]] = {
    "not JSON": ("{", "", "not JSON"),
    "a list": ([], "", "no policy"),
    "twice": ('{"uid": "a", "uid": "b"}', "", "stands twice"),
    "unknown context": ({"@context": "https://example.org/ctx"}, "/@context", "https://example.org/ctx is not known"),
    "unknown context inside": (
        {**OFFER, "permission": [{"@context": "https://example.org/ctx", "action": "use"}]}, "/@context", "is not known",
    ),
    "no policy": ({"@context": CONTEXT, "@type": "Asset", "uid": "urn:a"}, "", "no policy"),
    "two policies": ({"@context": CONTEXT, "@graph": [OFFER, {**OFFER, "uid": "urn:2"}]}, "", "2 policies: https://example.org/offer, urn:2"),
    "offer and agreement": ({**OFFER, "@type": ["Offer", "Agreement"]}, "/@type", "Agreement, Offer at once"),
    "no action": ({**OFFER, "permission": [{"target": "urn:t"}]}, "/permission/0", "names no action"),
    "no operator": (
        {**OFFER, "permission": [{"action": "use", "constraint": [{"leftOperand": "count", "rightOperand": 1}]}]},
        "/permission/0/constraint/0", "no operator",
    ),
    "no value": (
        {**OFFER, "permission": [{"action": "use", "constraint": [{"leftOperand": "count", "operator": "eq"}]}]},
        "/permission/0/constraint/0", "no rightOperand",
    ),
    "two joints": (
        {**OFFER, "obligation": [{"action": "use", "constraint": [{"and": [], "or": []}]}]},
        "/obligation/0/constraint/0", "at once",
    ),
    "rule elsewhere": ({**OFFER, "permission": ["urn:rule"]}, "/permission/0", "urn:rule is only named"),
    "keyword": ({**OFFER, "@odrl": 1}, "/@odrl", "no word of JSON-LD"),
    "not a number": ({**OFFER, "x": float("nan")}, "/x", "not finite"),
    "half a character": ({**OFFER, "x": "\ud800"}, "/x", "half a character"),
    "too deep": (nested(50), "", "deeper than 40"),
    "too many": ({**OFFER, "permission": [{"action": "use", "uid": f"urn:{n}"} for n in range(5_001)]}, "", "more than 5,000"),
    "too long": ({**OFFER, "x": "a" * 1_000_001}, "", "more than 1 MB"),
    "not JSON inside": ({**OFFER, "x": object()}, "/x", "not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_with_its_place(name: str) -> None:
    document, pointer, words = REFUSED[name]
    with pytest.raises(PolicyError) as caught:
        read(document)
    assert any(fault.pointer == pointer and words in fault.text for fault in caught.value.faults), (
        caught.value.faults
    )
    assert all(fault.remedy for fault in caught.value.faults)


def test_a_small_document_cannot_grow_without_end() -> None:
    """Each constraint names the next one twice: filled in, it would be two to the thirtieth."""
    graph: list[Any] = [
        {"@id": f"urn:c{n}", "and": [{"@id": f"urn:c{n + 1}"}, {"@id": f"urn:c{n + 1}", "uid": None}]}
        for n in range(30)
    ]
    graph[0:0] = [
        {
            "@type": "Set",
            "@id": "urn:p",
            "permission": [{"action": "use", "constraint": ["urn:c0", "urn:c0"]}],
        }
    ]
    graph += [{"@id": "urn:c30", "leftOperand": "count", "operator": "eq", "rightOperand": 1}]
    with pytest.raises(PolicyError, match=r"grows beyond|valid JSON-LD"):
        read({"@context": CONTEXT, "@graph": graph})


# ----------------------------------------------------------------------------------------------------- plain words


def test_every_term_has_words_in_both_languages() -> None:
    words: list[tuple[frozenset[str], dict[str, tuple[str, str]]]] = [
        (ACTIONS, phrases.ACTIONS), (OPERATORS, phrases.OPERATORS), (LEFT_OPERANDS, phrases.LEFT_OPERANDS),
        (FUNCTIONS, phrases.FUNCTIONS), (frozenset(ODRL + name for name in CONFLICTS), phrases.CONFLICTS),
        (frozenset(["and", "or", "xone", "andSequence"]), phrases.JOINTS),
    ]  # fmt: skip
    for terms, said in words:
        assert terms == set(said)
        assert all(english and german and english != german for english, german in said.values())
        assert len({english for english, _ in said.values()}) >= len(said) - 2, "words tell terms apart"


@DRAWN
@given(policies(), st.sampled_from(["en", "de"]))
def test_what_cannot_be_explained_is_said_in_the_sentences_and_nothing_else_is(
    policy: Policy, language: str
) -> None:
    told = " ".join(sentence.text for sentence in sentences(policy, language))
    found = unexplained(policy, language)
    for node in found:
        for term in node.terms:
            assert term in told, node.path
    assert bool(found) == (("kann: " if language == "de" else "cannot explain: ") in told)


def test_sentences_say_a_rule_with_its_conditions_and_duties() -> None:
    names = {"https://example.org/hudson": "Hudson Carriers", "https://example.org/flights": "Flights 2013"}
    assert [(" " * one.depth + one.text) for one in sentences(read(OFFER), "en", names)] == [
        "Anyone may print Flights 2013 (where the resolution is at most 1200 dpi), granted by Hudson Carriers, provided "
        "that exactly one of this holds: (a) the date and time is before 2027-06-01; (b) the purpose is a kind of "
        "https://example.org/research.",
        " For that, anyone must pay for Flights 2013, in such a way that paid to: Hudson Carriers.",
    ]
    strange = {
        **OFFER,
        "permission": [{"action": "https://example.org/sing", "https://example.org/mood": "blue"}],
    }
    found = unexplained(read(strange))
    assert [(node.path, node.terms) for node in found] == [
        ("permission 1, action 1", ("https://example.org/sing",)),
        ("permission 1", ("https://example.org/mood",)),
    ]


def test_reading_is_quick_enough_for_a_catalogue() -> None:
    document = write(read(OFFER))
    document["permission"][0]["constraint"] *= 7  # twenty-one constraints and a duty
    took = []
    for _ in range(50):
        began = time.process_time()
        read(document)
        took.append(time.process_time() - began)
    assert min(took) < 0.0015, f"{min(took) * 1000:.2f} ms"
