"""When an organisation may join, and how it may go. Facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.decision import ALLOW, Decision, deny

# A hearing is about its own grounds: so long after it an expulsion has to be decided, or a new one is opened.
HEARD_FOR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """What the rules read of one membership, its organisation and the trust's charter.

    `is_trustee`: it runs the trust, in whatever role the charter gives that to. `by_vote`: kinds that take a vote.
    `misfits`: why the charter's conditions on members are not met. `evidence`, `checks`: what is still missing, by label.
    `heard_until`: when the hearing is over; None: none was opened, or it was closed.
    """

    is_trustee: bool
    other_trustees: int
    as_of: datetime
    by_vote: frozenset[str] = frozenset()
    is_system: bool = False
    misfits: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    hearing_days: int = 0
    heard_until: datetime | None = None
    replied: bool = False
    notice_days: int = 0
    leaves_on: datetime | None = None
    on_probation: bool = False
    conditions: int = 0
    asks_evidence: bool = False
    asks_checks: bool = False
    trust_open: bool = True
    asks_role: bool = False


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """What takes a vote here, whether it is the portal that acts on one, and how many things run out in a trust that ends."""

    by_vote: frozenset[str] = frozenset()
    is_system: bool = False
    running: int = 0


def a_trustee_stays(facts: MembershipFacts) -> Decision:
    """A trust always keeps a trustee."""
    if facts.is_trustee and facts.other_trustees == 0:
        return deny(
            "membership.last_trustee",
            "This is the trust's only trustee",
            remedy="Make another member a trustee first",
        )
    return ALLOW


def fits_the_charter(facts: MembershipFacts) -> Decision:
    """Country, kind and number as the charter says."""
    if facts.misfits:
        return deny("membership.charter", "; ".join(facts.misfits), remedy="The charter would have to change first",
                    source="charter")  # fmt: skip
    return ALLOW


def evidence_is_in(facts: MembershipFacts) -> Decision:
    """Everything that the charter asks for was handed in."""
    if facts.evidence:
        return deny("membership.evidence", f"Not handed in yet: {', '.join(facts.evidence)}",
                    remedy="The organisation hands it in on the membership's page", source="charter")  # fmt: skip
    return ALLOW


def was_looked_at(facts: MembershipFacts) -> Decision:
    """Every point of the trust's check list has an answer."""
    if facts.checks:
        return deny("membership.checks", f"Not looked at yet: {', '.join(facts.checks)}",
                    remedy="Answer each point of the check list first", source="charter")  # fmt: skip
    return ALLOW


def something_is_asked(facts: MembershipFacts) -> Decision:
    if not facts.asks_evidence:
        return deny("membership.no_evidence", "The charter asks for no evidence", remedy="Nothing to hand in")
    return ALLOW


def there_is_a_list(facts: MembershipFacts) -> Decision:
    if not facts.asks_checks:
        return deny("membership.no_checks", "The charter has no check list", remedy="Nothing to answer")
    return ALLOW


def a_condition_is_open(facts: MembershipFacts) -> Decision:
    if not facts.conditions:
        return deny("membership.no_condition", "No condition is open", remedy="Nothing to record")
    return ALLOW


def on_probation(facts: MembershipFacts) -> Decision:
    if not facts.on_probation:
        return deny("membership.no_probation", "The organisation is not on probation", remedy="Nothing to do")
    return ALLOW


def not_on_probation(facts: MembershipFacts) -> Decision:
    if facts.on_probation:
        return deny("membership.probation_runs", "A probation runs already", remedy="Extend it, or end it")
    return ALLOW


def a_role_is_asked(facts: MembershipFacts) -> Decision:
    if not facts.asks_role:
        return deny("membership.no_role_asked", "It asks for no other role", remedy="Nothing to answer")
    return ALLOW


def a_hearing_is_open(facts: MembershipFacts) -> Decision:
    if facts.heard_until is None:
        return deny("membership.no_hearing", "No hearing is open", remedy="Nothing to close")
    return ALLOW


def nothing_is_heard(facts: MembershipFacts) -> Decision:
    """A probation does not pass by itself while a hearing waits for its outcome."""
    if facts.heard_until is not None and facts.as_of <= facts.heard_until + HEARD_FOR:
        return deny(
            "membership.being_heard", "A hearing waits for its outcome", remedy="Close it, or decide on it"
        )
    return ALLOW


def was_heard(facts: MembershipFacts) -> Decision:
    """The right of reply: nobody is expelled before it has answered, or had the time to. A vote is taken in the open, and hears both."""
    if facts.is_system or not facts.hearing_days:
        return ALLOW
    if facts.heard_until is None:
        return deny("membership.not_heard", "The organisation has not been heard",
                    remedy=f"Open a hearing; it has {facts.hearing_days} days to reply", source="charter")  # fmt: skip
    if facts.as_of > facts.heard_until + HEARD_FOR:
        return deny("membership.hearing_old", f"The hearing ended on {facts.heard_until:%d %B %Y}; it does not stand for what came later",
                    remedy="Open a new hearing", source="charter")  # fmt: skip
    if facts.as_of < facts.heard_until and not facts.replied:
        return deny("membership.hearing", f"The organisation may reply until {facts.heard_until:%d %B %Y}",
                    remedy="Wait for the reply or that day", source="charter")  # fmt: skip
    return ALLOW


def may_be_heard(facts: MembershipFacts) -> Decision:
    if facts.heard_until is not None and facts.as_of < facts.heard_until and not facts.replied:
        return deny("membership.being_heard", "A hearing is open already", remedy="Wait for the reply")
    return ALLOW


def may_reply(facts: MembershipFacts) -> Decision:
    if facts.heard_until is None:
        return deny("membership.no_hearing", "No hearing is open", remedy="Nothing to reply to")
    if facts.replied:
        return deny("membership.replied", "Your organisation has replied", remedy="The trustees decide now")
    return ALLOW


def notice_has_run(facts: MembershipFacts) -> Decision:
    """Who leaves gives the notice that the charter asks for."""
    if not facts.notice_days or (facts.leaves_on is not None and facts.as_of >= facts.leaves_on):
        return ALLOW
    if facts.leaves_on is not None:
        return deny("membership.notice", f"The notice runs until {facts.leaves_on:%d %B %Y}; then it happens by itself",
                    remedy="Wait, or take the notice back", source="charter")  # fmt: skip
    return deny("membership.notice", f"The charter asks for a notice of {facts.notice_days} days",
                remedy="Give notice", source="charter")  # fmt: skip


def notice_is_asked(facts: MembershipFacts) -> Decision:
    if not facts.notice_days:
        return deny("membership.no_notice", "The charter asks for no notice", remedy="Leave at once")
    if facts.leaves_on is not None:
        return deny(
            "membership.noticed", "Notice was given already", remedy="See the date on the membership's page"
        )
    return ALLOW


def notice_was_given(facts: MembershipFacts) -> Decision:
    if facts.leaves_on is None:
        return deny("membership.no_notice_given", "No notice was given", remedy="Nothing to take back")
    return ALLOW


def the_trust_is_open(facts: MembershipFacts) -> Decision:
    """Nobody joins a trust that is being wound up."""
    if not facts.trust_open:
        return deny("trust.ending", "The trust is wound up or about to be", remedy="Join another one")
    return ALLOW


def nothing_runs(facts: TrustFacts) -> Decision:
    """A trust whose contracts run out ends with the last of them."""
    if facts.running:
        return deny("trust.running", f"{facts.running} still run in it", remedy="Wait for the last one")
    return ALLOW
