"""A proposal to the members of a trust: opened, discussed, voted on, and carried out by the portal."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side
from trusts.proposals.rules import has_delegated, in_time, may_delegate, may_vote, only_one, takes_vote

NEW, OPEN = frozenset({""}), frozenset({"open"})
SYSTEM = frozenset({"system"})
VOTER = side("voter", OWNER)
TALKS = side("member", OWNER, STEWARD) | side("concerned", OWNER, STEWARD)
AUTHOR = side("author", OWNER)
CLOSED = ("proposal.closed",)

PROPOSAL = register(
    Machine(
        name="proposal",
        model="proposals.Proposal",
        label="proposal",
        states=(
            State("open", "Open", "active", "The members vote on it until its last day, or until the result is certain.", "voter"),
            State("adopted", "Adopted", "good", "The members were for it, and the portal has done it."),
            State("failed", "Not carried out", "care", "The members were for it, but it could no longer be done; the reason stands with it."),
            State("rejected", "Rejected", "bad", "Too few votes were for it."),
            State("lapsed", "Lapsed", "neutral", "Too few members took part."),
            State("withdrawn", "Withdrawn", "neutral", "It is no longer proposed."),
        ),
        final=frozenset({"adopted", "failed", "rejected", "lapsed", "withdrawn"}),
        creates=(
            Action("propose", "Propose", VOTER | SYSTEM, NEW, to="open", needs=(takes_vote, only_one), kind="primary",
                   then=("proposal.opened",)),
        ),
        actions=(
            Action("vote", "Vote", VOTER, OPEN, needs=(in_time, may_vote), asks=True, kind="primary",
                   done="Your organisation's vote is counted. You can change it until the vote is closed."),
            Action("delegate", "Give the vote to another member", VOTER, OPEN, needs=(in_time, may_delegate, may_vote), asks=True,
                   done="That member now votes for you too. You can take it back, or vote yourself."),
            Action("undelegate", "Take the vote back", VOTER, OPEN, needs=(in_time, has_delegated),
                   done="Your organisation votes for itself."),
            Action("recuse", "Step back from this vote", VOTER, OPEN, needs=(in_time, may_vote), asks=True, kind="danger",
                   help="For a conflict of interest. Your organisation's votes are not counted, for it or against; this cannot be taken back.",
                   done="Your organisation has stepped back. The others decide."),
            Action("comment", "Comment", TALKS, OPEN, asks=True, done="Your comment is there for all members."),
            Action("withdraw", "Withdraw the proposal", AUTHOR, OPEN, to="withdrawn", asks=True, kind="danger", then=CLOSED),
            Action("adopt", "Adopt", SYSTEM, OPEN, to="adopted", hidden=True, then=CLOSED),
            Action("fail", "Could not be carried out", SYSTEM, OPEN, to="failed", hidden=True, then=CLOSED),
            Action("reject", "Reject", SYSTEM, OPEN, to="rejected", hidden=True, then=CLOSED),
            Action("lapse", "Lapse", SYSTEM, OPEN, to="lapsed", hidden=True, then=CLOSED),
            Action("drop", "Fall away", SYSTEM, OPEN, to="withdrawn", hidden=True, then=CLOSED),
        ),
    )
)  # fmt: skip
