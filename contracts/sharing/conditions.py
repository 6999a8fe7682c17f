"""A condition on requests that no step and no constraint holds: a contract without AI training takes no such purpose.

Pure. Asked when a request is submitted, approved and run.
"""

from __future__ import annotations

from contracts.policies.taxonomy import purposes_within
from contracts.policies.terms import Terms
from kernel.decision import ALLOW, Decision, deny

TRAINING = frozenset(purposes_within(["ai_training"]))


def purpose_fits(terms: Terms, purpose: str) -> Decision:
    """Whether the purpose is not that which the contract rules out, even where a wider purpose would include it."""
    if terms.has("no_ai_training") and purpose in TRAINING:
        return deny("terms.no_ai_training", "The contract rules out training AI models",
                    remedy="Ask for another purpose, or negotiate", source="clause no_ai_training", field="purpose")  # fmt: skip
    return ALLOW
