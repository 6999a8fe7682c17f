"""Offers and negotiations; contracts and duties beside them. Protocol names: Dataspace Protocol 2025-1."""

from __future__ import annotations

from contracts.negotiations.contract_machines import AGREEMENT, DUTY
from contracts.negotiations.rules import may_be_passed_on, not_answered_yet
from contracts.negotiations.sides import ASKER, CONSUMER, NEW, PROVIDER, SYSTEM
from kernel.machine import Action, Machine, State
from kernel.registry import register

__all__ = ["AGREEMENT", "DUTY", "NEGOTIATION", "OFFER"]

OFFER = register(
    Machine(
        name="offer",
        model="negotiations.Offer",
        label="offer",
        states=(
            State("published", "Published", "good", "Members of the trust see these terms."),
            State("paused", "Paused", "care", "Nobody can start a negotiation on it for now.", "provider"),
            State("withdrawn", "Withdrawn", "neutral", "It is no longer held out."),
        ),
        final=frozenset({"withdrawn"}),
        creates=(
            Action(
                "publish",
                "Publish terms",
                PROVIDER,
                NEW,
                to="published",
                needs=(may_be_passed_on,),
                kind="primary",
            ),
        ),
        actions=(
            Action("pause", "Pause", PROVIDER, frozenset({"published"}), to="paused"),
            Action(
                "resume",
                "Resume",
                PROVIDER,
                frozenset({"paused"}),
                to="published",
                needs=(may_be_passed_on,),
                kind="primary",
            ),
            Action(
                "withdraw",
                "Withdraw",
                PROVIDER | SYSTEM,
                frozenset({"published", "paused"}),
                to="withdrawn",
                asks=True,
                kind="danger",
            ),
        ),
    )
)

OPEN = frozenset({"requested", "offered"})
UNSIGNED = frozenset({"accepted", "agreed"})
TIME_ASKED = "The other side is told. The date stays until they give more time."
NEGOTIATION = register(
    Machine(
        name="negotiation",
        model="negotiations.Negotiation",
        label="negotiation",
        states=(
            State(
                "requested",
                "Requested",
                "active",
                "The provider answers the consumer's terms.",
                "provider",
                "REQUESTED",
            ),
            State(
                "offered",
                "Offered",
                "active",
                "The consumer answers the provider's terms.",
                "consumer",
                "OFFERED",
            ),
            State(
                "accepted",
                "Accepted",
                "active",
                "The terms are accepted; the provider's signature is not on the contract yet.",
                "system",
                "ACCEPTED",
            ),
            State(
                "agreed",
                "Agreed",
                "active",
                "The provider's signature is on the contract.",
                "system",
                "AGREED",
            ),
            State(
                "verified",
                "Verified",
                "active",
                "The signatures of all parties are on it.",
                "system",
                "VERIFIED",
            ),
            State("finalized", "In force", "good", "There is a contract.", "", "FINALIZED"),
            State("withdrawn", "Withdrawn", "neutral", "The consumer no longer asks.", "", "TERMINATED"),
            State("rejected", "Rejected", "bad", "One side ended it with a reason.", "", "TERMINATED"),
            State("lapsed", "Lapsed", "neutral", "Nobody answered in time.", "", "TERMINATED"),
        ),
        final=frozenset({"finalized", "withdrawn", "rejected", "lapsed"}),
        creates=(
            Action(
                "ask", "Ask for terms", ASKER, NEW, to="requested", kind="primary", then=("negotiation.turn",)
            ),
            Action("offer_to", "Offer to a partner", PROVIDER, NEW, to="offered", then=("negotiation.turn",)),
        ),
        actions=(
            Action(
                "accept",
                "Accept",
                CONSUMER,
                frozenset({"offered"}),
                to="accepted",
                needs=(not_answered_yet,),
                kind="primary",
                asks=True,
                done="Accepted. Below stands who has signed the contract.",
            ),
            Action(
                "accept_request",
                "Accept",
                PROVIDER,
                frozenset({"requested"}),
                to="accepted",
                kind="primary",
                asks=True,
                done="Accepted. Below stands who has signed the contract.",
            ),
            Action(
                "counter",
                "Write a counter-offer",
                CONSUMER,
                frozenset({"offered"}),
                to="requested",
                asks=True,
                then=("negotiation.turn",),
                done="Your counter-offer is with the provider.",
            ),
            Action(
                "make_offer",
                "Write a counter-offer",
                PROVIDER,
                frozenset({"requested"}),
                to="offered",
                asks=True,
                then=("negotiation.turn",),
                done="Your offer is with the partner.",
            ),
            Action("comment", "Ask or comment", PROVIDER | ASKER, OPEN, asks=True, done="Sent."),
            Action(
                "reject",
                "Reject",
                PROVIDER,
                frozenset({"requested", "offered"}),
                to="rejected",
                asks=True,
                kind="danger",
                then=("negotiation.ended",),
            ),
            Action(
                "decline",
                "Reject",
                CONSUMER,
                frozenset({"offered"}),
                to="rejected",
                asks=True,
                kind="danger",
                then=("negotiation.ended",),
            ),
            Action(
                "withdraw",
                "Withdraw",
                ASKER,
                frozenset({"requested"}),
                to="withdrawn",
                asks=True,
                then=("negotiation.ended",),
            ),
            # Whose turn it is asks for time; the other side gives it with one click.
            Action(
                "ask_time",
                "Ask for more time",
                CONSUMER,
                frozenset({"offered"}),
                help=TIME_ASKED,
                then=("negotiation.time_asked",),
                done="The provider has been asked for more time.",
            ),
            Action(
                "request_time",
                "Ask for more time",
                PROVIDER,
                frozenset({"requested"}),
                help=TIME_ASKED,
                then=("negotiation.time_asked",),
                done="The partner has been asked for more time.",
            ),
            Action(
                "give_time",
                "Give 7 more days",
                PROVIDER,
                frozenset({"offered"}),
                then=("negotiation.extended",),
                done="They have 7 more days.",
            ),
            Action(
                "grant_time",
                "Give 7 more days",
                CONSUMER,
                frozenset({"requested"}),
                then=("negotiation.extended",),
                done="They have 7 more days.",
            ),
            Action("remind", "Remind", SYSTEM, OPEN, hidden=True, then=("negotiation.reminder",)),
            Action(
                "accept_by_rule",
                "Accept by rule",
                SYSTEM,
                frozenset({"requested"}),
                to="accepted",
                hidden=True,
            ),
            Action(
                "reject_by_rule",
                "Reject by rule",
                SYSTEM,
                frozenset({"requested"}),
                to="rejected",
                hidden=True,
                then=("negotiation.ended",),
            ),
            # A party's membership in the trust has ended.
            Action(
                "break_off",
                "End by rule",
                SYSTEM,
                OPEN,
                to="rejected",
                hidden=True,
                then=("negotiation.ended",),
            ),
            Action("write", "Write the contract", SYSTEM, frozenset({"accepted"}), to="agreed", hidden=True),
            Action(
                "verify", "Check all signatures", SYSTEM, frozenset({"agreed"}), to="verified", hidden=True
            ),
            Action(
                "finalize",
                "Put into force",
                SYSTEM,
                frozenset({"verified"}),
                to="finalized",
                hidden=True,
                then=("negotiation.finalized",),
            ),
            Action("lapse", "Lapse", SYSTEM, OPEN, to="lapsed", hidden=True, then=("negotiation.ended",)),
            Action(
                "remind_to_sign",
                "Remind to sign",
                SYSTEM,
                UNSIGNED,
                hidden=True,
                then=("agreement.sign_reminder",),
            ),
            Action("fall_through", "Fall through", SYSTEM, UNSIGNED, to="rejected", hidden=True),
            Action("expire_unsigned", "Lapse unsigned", SYSTEM, UNSIGNED, to="lapsed", hidden=True),
        ),
    )
)
