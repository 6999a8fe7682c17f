"""What must hold for offers, negotiations and agreements: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.decision import ALLOW, Decision, deny


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether anything may happen under an agreement now."""

    state: str
    starts: datetime
    ends: datetime
    provider_active: bool
    consumer_active: bool
    as_of: datetime


def agreement_stands(facts: Standing) -> Decision:
    """The one question that requests, jobs and downloads ask again and again."""
    if facts.state != "in_force":
        words = {"suspended": "suspended", "ended": "over", "terminated": "ended early",
                 "signing": "not signed by all parties yet", "unsigned": "void: it was never signed by all"}.get(
            facts.state, facts.state
        )  # fmt: skip
        remedy = "Wait for the missing signature" if facts.state == "signing" else "See the contract's page"
        return deny("agreement.state", f"The contract is {words}", remedy=remedy, source="contract")
    if facts.as_of < facts.starts:
        return deny(
            "agreement.early",
            f"The contract begins on {facts.starts:%d %B %Y}",
            remedy="Wait until then",
            source="clause period",
        )
    if facts.as_of >= facts.ends:
        return deny(
            "agreement.over",
            "The contract's period is over",
            remedy="Negotiate a new one",
            source="clause period",
        )
    if not (facts.provider_active and facts.consumer_active):
        who = "provider" if not facts.provider_active else "partner"
        return deny("membership.inactive", f"The {who} is no longer an active member of the trust",
                    remedy="Ask the trust's administrator", source="membership")  # fmt: skip
    return ALLOW


@dataclass(frozen=True, slots=True)
class Parties:
    """Whether both sides may negotiate with each other in the trust of the dataset."""

    provider_active: bool
    consumer_active: bool
    same: bool
    listed: bool


def parties_may_deal(facts: Parties) -> Decision:
    """Two different organisations, both active in the trust where the dataset is listed."""
    if facts.same:
        return deny("negotiation.own", "This is your own dataset", remedy="Use it as it is")
    if not facts.listed:
        return deny("negotiation.unlisted", "The dataset is not in a catalogue", remedy="Publish terms first")
    if not (facts.provider_active and facts.consumer_active):
        return deny(
            "membership.inactive",
            "Both organisations must be active members of the trust",
            remedy="Ask the trust's administrator",
        )
    return ALLOW
