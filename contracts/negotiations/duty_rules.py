"""Which actions on a duty make sense for it: read from the duty itself."""

from __future__ import annotations

from typing import Protocol

from kernel.decision import ALLOW, Decision, deny

PAYMENT = "compensate"


class DutyFacts(Protocol):
    """The duty's own columns."""

    clause: str
    told_trust: bool
    seen_by_trust: object


def the_consumer_does_it(duty: DutyFacts) -> Decision:
    if duty.clause == PAYMENT:
        return deny(
            "duty.payment",
            "The provider records the payment when it has arrived",
            remedy="Pay, and tell the provider",
        )
    return ALLOW


def it_is_a_payment(duty: DutyFacts) -> Decision:
    if duty.clause != PAYMENT:
        return deny("duty.not_payment", "This duty is no payment", remedy="The partner declares it done")
    return ALLOW


def the_trust_has_not_seen_it(duty: DutyFacts) -> Decision:
    if duty.seen_by_trust is not None:
        return deny("duty.noted", "A trustee has taken note already", remedy="Nothing to do")
    return ALLOW
