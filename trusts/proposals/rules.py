"""Who may vote, and until when: facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.decision import ALLOW, Decision, deny

CONCERNED, RECUSED = "concerned", "recused"


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """What is true of the person who acts and of the vote, at the moment at which the row is locked."""

    late: bool = False
    takes_vote: bool = True
    member_now: bool = True
    barred: str = ""
    # This person has acted in the vote for another organisation, or belongs to the one concerned.
    other_side: str = ""
    gave_to: str = ""
    delegation: bool = True
    by_author: bool = True
    again: bool = False


def takes_vote(facts: ProposalFacts) -> Decision:
    if facts.takes_vote:
        return ALLOW
    return deny("proposal.no_vote", "The charter does not put this to a vote", remedy="One of those who run it may do it directly", source="charter")  # fmt: skip


def only_one(facts: ProposalFacts) -> Decision:
    if facts.again:
        return deny("proposal.again", "There is an open proposal on this already", remedy="Vote on that one")
    return ALLOW


def in_time(facts: ProposalFacts) -> Decision:
    if facts.late:
        return deny("proposal.late", "The time to vote is over", remedy="The result comes by itself")
    return ALLOW


def may_vote(facts: ProposalFacts) -> Decision:
    """One vote for each member, and nobody judges in their own case or for two sides."""
    if not facts.member_now:
        return deny("proposal.not_active", "Your organisation is not an active member now", remedy="It votes again once it is reinstated")  # fmt: skip
    if facts.barred == CONCERNED:
        return deny("proposal.concerned", "This is your own organisation's affair", remedy="You can comment; the others decide", source="charter")  # fmt: skip
    if facts.barred == RECUSED:
        return deny("proposal.recused", "Your organisation has stepped back from this vote", remedy="The others decide")  # fmt: skip
    if facts.other_side:
        return deny("proposal.two_sides", f"You act for {facts.other_side} in this matter", remedy="Another owner of this organisation has to vote")  # fmt: skip
    return ALLOW


def may_delegate(facts: ProposalFacts) -> Decision:
    if not facts.delegation:
        return deny("proposal.no_delegation", "The charter does not let a vote be given to another member", remedy="Vote, or abstain", source="charter")  # fmt: skip
    return ALLOW


def has_delegated(facts: ProposalFacts) -> Decision:
    if not facts.gave_to:
        return deny("proposal.not_delegated", "Your organisation has not given its vote away", remedy="Vote, or abstain")  # fmt: skip
    return ALLOW
