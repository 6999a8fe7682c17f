"""ODRL documents: whatever way a policy is written, it is one policy; nothing is lost; what is wrong is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyld import jsonld

from contracts.policies.language.context import context
from contracts.policies.language.faults import PolicyError
from contracts.policies.language.jsonld import compacted, expanded
from contracts.policies.language.model import Policy
from contracts.policies.language.read import read
from contracts.policies.language.vocabulary import CONTEXT, ODRL
from contracts.policies.language.write import digest, write
from kernel.canonical import canonical_bytes
from tests.drawn_policies import damaged, junk, policies

pytestmark = pytest.mark.pure
DRAWN = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
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
