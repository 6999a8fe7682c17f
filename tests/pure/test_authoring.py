"""Terms that contradict each other are named before they can be sent; those of the templates never do."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from contracts.policies.authoring import contradictions
from contracts.policies.templates import templates
from contracts.policies.terms import Terms

pytestmark = pytest.mark.pure
TEMPLATES = templates(date(2027, 1, 1), "Europe/Berlin", ["tailnum"])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.code)
def test_a_template_holds_together(template: Any) -> None:
    assert contradictions(Terms.from_dict(template.values)) == ()


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ({"onward_to": {"names": ["Cloud Ltd"]}}, "onward_to"),
        ({"no_ai_training": {}, "purpose": {"any_of": ["ai_training"]}}, "no_ai_training"),
        ({"aggregate_only": {"k": 5}, "access_mode": {"any_of": ["export"]}}, "aggregate_only"),
        ({"generalise": {"rules": [{"column": "tailnum", "how": "prefix", "length": 1}]}}, "generalise"),
        ({"delete_within": None, "report_use": None}, "if_late"),
    ],
)
def test_a_contradiction_is_named_with_what_to_do(clauses: dict[str, Any], code: str) -> None:
    given = {**TEMPLATES[-1].values, **clauses}
    found = contradictions(Terms.from_dict({c: v for c, v in given.items() if v is not None}))
    assert [r.field for r in found] == [code] and all(r.text and r.remedy for r in found)
