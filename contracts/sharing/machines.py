"""Sharing requests: drafted by the consumer, decided by the provider."""

from __future__ import annotations

from contracts.sharing.rules import (
    answers_once,
    asked_in_this_stage,
    contract_stands,
    few_asked,
    not_the_asker,
    not_the_requesters_organisation,
    robot_may_answer,
    something_is_unsaid,
    terms_allow_it,
    the_role_lets_it,
    the_stage_is_the_providers,
    tries_left,
)
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANALYST, OWNER, REVIEWER, STEWARD, side

NEW = frozenset({""})
SYSTEM = frozenset({"system"})
ASKER = side("consumer", OWNER, STEWARD, ANALYST)
OF_PROVIDER = side("provider", OWNER, STEWARD, REVIEWER)
# Trustees where the charter asks them in a stage; which of these is asked when, the stage says.
# Whoever was put in the place of one of them is a substitute.
REVIEWERS = OF_PROVIDER | side("trustee", OWNER, STEWARD, REVIEWER) | {"substitute"}
NEUTRAL = (not_the_asker, not_the_requesters_organisation)
ANSWERS = (*NEUTRAL, asked_in_this_stage, answers_once)

TRY_HELP = "A worker runs the plan on a sample. It counts against nothing, and nothing leaves."

REQUEST = register(
    Machine(
        name="request",
        model="sharing.Request",
        label="request",
        states=(
            State(
                "draft", "Draft", "neutral", "Only your organisation sees it until you submit.", "consumer"
            ),
            State("submitted", "In review", "active", "The provider decides.", "provider"),
            State(
                "returned",
                "Returned",
                "care",
                "The provider has questions; answer and submit again.",
                "consumer",
            ),
            State("approved", "Approved", "good", "A worker makes the export."),
            State("refused", "Refused", "bad", "The provider said no, with a reason."),
            State("withdrawn", "Withdrawn", "neutral", "The asker took it back."),
            State("lapsed", "Lapsed", "neutral", "Nobody decided in time."),
        ),
        final=frozenset({"approved", "refused", "withdrawn", "lapsed"}),
        creates=(Action("draft", "Request an export", ASKER, NEW, to="draft", kind="primary"),),
        actions=(
            Action("edit", "Edit", ASKER, frozenset({"draft", "returned"}), asks=True, done="Saved."),
            # The plan is frozen once submitted: then only those who decide have something to see.
            Action(
                "try_out",
                "Try it on a sample",
                ASKER,
                frozenset({"draft", "returned"}),
                needs=(contract_stands, tries_left),
                help=TRY_HELP,
                done="A worker tries it on a sample now.",
            ),
            Action(
                "examine",
                "Try it on a sample",
                OF_PROVIDER,
                frozenset({"submitted"}),
                needs=(contract_stands, tries_left),
                help=TRY_HELP,
                done="A worker tries it on a sample now.",
            ),
            Action(
                "state_fact",
                "State a fact",
                OF_PROVIDER,
                frozenset({"submitted"}),
                needs=(not_the_asker, not_the_requesters_organisation, something_is_unsaid),
                asks=True,
                help="The contract asks for something that no portal can know. Say what is so and how you know it; "
                "the decision goes by it, and the asker sees it.",
                done="Stated. The advice goes by it from now on.",
            ),
            Action(
                "submit",
                "Submit for review",
                ASKER,
                frozenset({"draft", "returned"}),
                needs=(contract_stands, the_role_lets_it),
                to="submitted",
                kind="primary",
                then=("request.submitted",),
                done="Submitted. The provider has been told.",
            ),
            Action(
                "approve",
                "Approve",
                REVIEWERS,
                frozenset({"submitted"}),
                needs=(*ANSWERS, contract_stands, terms_allow_it),
                to="approved",
                kind="primary",
                asks=True,
                then=("request.approved",),
                done="Approved. A worker makes the export.",
            ),
            Action(
                "send_back",
                "Return with questions",
                REVIEWERS,
                frozenset({"submitted"}),
                needs=ANSWERS,
                to="returned",
                asks=True,
                then=("request.returned",),
                done="Returned with your questions.",
            ),
            Action(
                "refuse",
                "Refuse",
                REVIEWERS,
                frozenset({"submitted"}),
                needs=ANSWERS,
                to="refused",
                asks=True,
                kind="danger",
                then=("request.refused",),
                done="Refused. The asker sees your reason.",
            ),
            Action(
                "ask_second",
                "Ask for a second person",
                REVIEWERS,
                frozenset({"submitted"}),
                needs=(*NEUTRAL, asked_in_this_stage, few_asked),
                asks=True,
                help="One more person has to answer in this stage of the review, whatever the charter asks.",
                done="One more person is asked.",
            ),
            Action(
                "reassign",
                "Name another reviewer",
                side("provider", OWNER, STEWARD),
                frozenset({"submitted"}),
                needs=(*NEUTRAL, the_stage_is_the_providers),
                asks=True,
                then=("request.reassigned",),
                help="Somebody who is asked now and is away no longer is; the one you name is told and answers in that place. "
                "The asking side learns neither names nor reason.",
                done="Named. They have been told.",
            ),
            Action(
                "pass_on",
                "Pass a late stage on to deputies",
                SYSTEM,
                frozenset({"submitted"}),
                hidden=True,
                then=("request.reassigned",),
            ),
            # An answer that does not decide yet. Its event does not say what was answered.
            Action(
                "answer",
                "Answer",
                REVIEWERS,
                frozenset({"submitted"}),
                needs=ANSWERS,
                hidden=True,
                done="Noted. The review goes on.",
            ),
            Action(
                "approve_by_robot",
                "Approve within the offer",
                SYSTEM,
                frozenset({"submitted"}),
                needs=(contract_stands, terms_allow_it, robot_may_answer),
                to="approved",
                hidden=True,
                then=("request.approved",),
            ),
            Action(
                "comment",
                "Ask or comment",
                ASKER | REVIEWERS,
                frozenset({"submitted", "returned"}),
                asks=True,
                done="Sent.",
            ),
            Action(
                "withdraw", "Withdraw", ASKER, frozenset({"draft", "submitted", "returned"}), to="withdrawn"
            ),
            Action(
                "carry_over",
                "Carry over to the new contract",
                SYSTEM,
                frozenset({"draft", "submitted", "returned"}),
                hidden=True,
            ),
            Action(
                "lapse",
                "Lapse",
                SYSTEM,
                frozenset({"draft", "submitted", "returned"}),
                to="lapsed",
                hidden=True,
                then=("request.lapsed",),
            ),
        ),
    )
)
