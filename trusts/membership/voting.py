"""Where a charter says that the members vote: what nobody may then do alone, and how a proposal is opened instead.

The station that holds votes registers itself here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.actor import Actor
from kernel.decision import ALLOW, Decision, Refused, deny
from trusts.membership.rules import MembershipFacts, TrustFacts

# (trust, kind of decision, what would be done, why, who proposes) → the proposal
Opener = Callable[[Any, str, dict[str, Any], str, Actor], Any]

_openers: list[Opener] = []


def opens(does: Opener) -> Opener:
    """Decorator: this function opens a proposal. It raises Refused."""
    if does not in _openers:
        _openers.append(does)
    return does


def can_be_proposed() -> bool:
    """Whether a station holds votes at all."""
    return bool(_openers)


def propose(trust: Any, kind: str, given: dict[str, Any], why: str, actor: Actor) -> Any:
    """A proposal to the members; what it wants is done by the portal once they have voted for it. Raises Refused."""
    for does in _openers:
        return does(trust, kind, given, why, actor)
    raise Refused.because("votes.none", "This portal holds no votes", remedy="Ask the operator")


def _without_vote(kind: str, what: str, remedy: str) -> Callable[[MembershipFacts | TrustFacts], Decision]:
    def rule(facts: MembershipFacts | TrustFacts) -> Decision:
        if facts.is_system or kind not in facts.by_vote:
            return ALLOW
        return deny(f"votes.{kind}", f"{what} takes a vote of the members", remedy=remedy, source="charter")

    rule.__name__ = f"{kind}_without_vote"
    return rule


admit_without_vote = _without_vote(
    "admit", "Admitting a member", "Open a proposal, or vote on the one that is open"
)
invite_without_vote = _without_vote(
    "admit", "Admitting a member", "Ask the organisation to apply; the members vote on it"
)
expel_without_vote = _without_vote("expel", "Expelling a member", "Open a proposal")
charter_without_vote = _without_vote("charter", "Changing the charter", "Propose the change")
trustee_without_vote = _without_vote("trustee", "Appointing a trustee", "Open a proposal")
wind_up_without_vote = _without_vote("wind_up", "Winding up", "Open a proposal")
