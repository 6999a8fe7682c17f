"""What must hold for offers, negotiations and agreements: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.decision import ALLOW, Decision, ask, deny, worst_of


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether anything may happen under an agreement now."""

    state: str
    starts: datetime
    ends: datetime
    provider_active: bool
    consumer_active: bool
    as_of: datetime
    level_needed: int = 0
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Who suspended a contract (provider, trust, late or membership), and whether the actor stands outside as a trustee."""

    by: str
    oversees: bool


def who_stopped_it_resumes(facts: Held) -> Decision:
    """A trust's stop is not the provider's to undo, nor the provider's the trust's."""
    if facts.by == "trust" and not facts.oversees:
        return deny(
            "agreement.held_by_trust",
            "The trustees of the trust stopped it",
            remedy="Speak with them: they can resume it",
        )
    if facts.by != "trust" and facts.oversees:
        return deny("agreement.held_by_party", "The trust did not stop it", remedy="The provider resumes it")
    return ALLOW


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
    return level_is_enough(facts.level_needed, facts.level)


def level_is_enough(needed: int, level: int | None) -> Decision:
    """`level`: what the trust attests of the consumer's security; None: it has not said."""
    if not needed or (level is not None and level >= needed):
        return ALLOW
    if level is None:
        return ask(
            "terms.security_level", f"The contract asks for security level {needed}, and the trust has attested none of the partner",
            remedy="Ask a trustee of the trust to attest it", source="clause security_level",
        )  # fmt: skip
    return deny(
        "terms.security_level", f"The contract asks for security level {needed}; the trust attests level {level} of the partner",
        remedy="Raise the level and have the trust attest it", source="clause security_level",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parties:
    """Whether both sides may negotiate with each other in the trust of the dataset."""

    provider_active: bool
    consumer_active: bool
    same: bool
    listed: bool
    # Whether their roles in the trust let the one offer and the other ask.
    roles: tuple[Decision, ...] = ()


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
    return worst_of(facts.roles) if facts.roles else ALLOW


@dataclass(frozen=True, slots=True)
class Bound:
    """A contract under which was received what the data was made from. `clause`: the one that lets nobody else have it.

    `ref` and `provider` are empty for whoever may not know that contract.
    """

    clause: str
    ref: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What binds the data on offer, through what it says it was made from."""

    bounds: tuple[Bound, ...] = ()


def may_be_passed_on(facts: MadeFrom) -> Decision:
    """A promise to pass the data on to nobody holds for what was made of it, until who gave it agrees otherwise."""
    return worst_of(_keeps(one) for one in facts.bounds if one.clause)


def _keeps(one: Bound) -> Decision:
    if one.ref:
        text = (
            f"It was made from an export of {one.provider}, and contract {one.ref} lets nobody else have that"
        )
        remedy = f"Ask {one.provider} for its agreement: a change of the contract without this clause lets you publish"
    else:
        text = "It was made from an export under a contract that lets nobody else have that"
        remedy = "Ask the people of the dataset's holder, who know the contract"
    return deny("offer.onward", text, remedy=remedy, source=f"clause {one.clause}")


@dataclass(frozen=True, slots=True)
class Answered:
    """Whether the organisation that asks has already accepted the newest terms of a joint contract."""

    accepted: bool


def not_answered_yet(facts: Answered) -> Decision:
    """A party of a joint contract accepts once; then it waits for the others."""
    if facts.accepted:
        return deny("negotiation.accepted", "Your organisation has accepted these terms",
                    remedy="Wait for the other parties; until all have accepted you can still counter or reject")  # fmt: skip
    return ALLOW
