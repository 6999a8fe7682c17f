"""Who may decide on a request, and when it may be approved."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from contracts.sharing.stages import MOST_EXTRA
from kernel.decision import ALLOW, Decision, Outcome, deny

FOR_PEOPLE = deny("request.robot", "This is for people")


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the rules read: who acts, who asked, whom the actor also works for, and the two decisions."""

    actor_id: UUID | None
    author_id: UUID | None
    actor_is_of_consumer: bool
    standing: Decision
    advice: Decision
    tries: int = 0
    unsaid: tuple[str, ...] = ()
    # The open stage of the review: its name, whom it asks, and what of that this person is.
    stage: str = "Review"
    stage_asks: str = ""
    is_asked: bool = True
    passed_to: str = ""
    of_provider: bool = True
    has_answered: bool = False
    organisation_answered: bool = False
    extra: int = 0
    # Whether the provider's robot may answer; only asked for the robot itself.
    robot: Decision = FOR_PEOPLE
    # Whether the consumer's role in the trust lets it ask; read while it is still asking.
    role: Decision = ALLOW


TRIES_AN_HOUR = 12


def tries_left(facts: RequestFacts) -> Decision:
    """Dry runs give counts of data that is not approved yet; too many of them would be an answer."""
    if facts.tries >= TRIES_AN_HOUR:
        return deny("request.tries", f"The contract's data was tried {facts.tries} times in the last hour, the most allowed",
                    remedy="Wait, or submit the request as it is")  # fmt: skip
    return ALLOW


def not_the_asker(facts: RequestFacts) -> Decision:
    """Nobody decides on what they asked for."""
    if facts.actor_id is not None and facts.actor_id == facts.author_id:
        return deny("request.author", "You wrote this request", remedy="Another reviewer must decide")
    return ALLOW


def not_the_requesters_organisation(facts: RequestFacts) -> Decision:
    """A person of the requesting organisation never reviews, even if they belong to both."""
    if facts.actor_is_of_consumer:
        return deny(
            "request.own_organisation",
            "You also belong to the organisation that asks",
            remedy="Someone who does not must decide",
        )
    return ALLOW


def something_is_unsaid(facts: RequestFacts) -> Decision:
    """Only what no portal can know is stated by a person."""
    if not facts.unsaid:
        return deny("request.nothing_unsaid", "The contract asks nothing that only a person can know",
                    remedy="Decide on the request")  # fmt: skip
    return ALLOW


def asked_in_this_stage(facts: RequestFacts) -> Decision:
    """Stages go in order, and each asks its own people."""
    if facts.passed_to:
        return deny("request.passed", f"{facts.passed_to} answers in your place", remedy="Speak with them")
    if not facts.is_asked:
        return deny("request.stage", f"The review is at “{facts.stage}”, which asks {facts.stage_asks}",
                    remedy="Wait for them")  # fmt: skip
    return ALLOW


def the_stage_is_the_providers(facts: RequestFacts) -> Decision:
    if not facts.of_provider:
        return deny("request.trusts_stage", f"The review is at “{facts.stage}”, which asks {facts.stage_asks}",
                    remedy="The trust's own people answer, or their deputies")  # fmt: skip
    return ALLOW


def answers_once(facts: RequestFacts) -> Decision:
    """Four eyes are those of two people, in one stage and over all of them."""
    if facts.has_answered:
        return deny("request.answered", "You have given your answer", remedy="Another person must answer now")
    if facts.organisation_answered:
        return deny("request.organisation_answered", "Your organisation has answered, and this stage asks different ones",
                    remedy="Wait for another organisation")  # fmt: skip
    return ALLOW


def few_asked(facts: RequestFacts) -> Decision:
    if facts.extra >= MOST_EXTRA:
        return deny("request.enough", f"{MOST_EXTRA} further people are asked already, the most there may be",
                    remedy="Wait for their answers")  # fmt: skip
    return ALLOW


def robot_may_answer(facts: RequestFacts) -> Decision:
    """Only what its organisation and the charter leave to it, and only what stays within the standing offer."""
    return facts.robot


def the_role_lets_it(facts: RequestFacts) -> Decision:
    """A contract stays when its consumer becomes an observer; what it may still take under it goes by its role."""
    return facts.role


def contract_stands(facts: RequestFacts) -> Decision:
    return facts.standing


def terms_allow_it(facts: RequestFacts) -> Decision:
    """The machine's no is final; its 'needs information' must be answered first."""
    return facts.advice if facts.advice.outcome is not Outcome.ALLOW else ALLOW
