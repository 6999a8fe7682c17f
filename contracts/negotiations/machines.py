"""Offers, negotiations, agreements and duties. Protocol names: Dataspace Protocol 2025-1."""

from __future__ import annotations

from contracts.negotiations.duty_rules import it_is_a_payment, the_consumer_does_it, the_trust_has_not_seen_it
from contracts.negotiations.rules import not_answered_yet
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANALYST, OWNER, STEWARD, side

NEW = frozenset({""})
SYSTEM = frozenset({"system"})
PROVIDER = side("provider", OWNER, STEWARD)
CONSUMER = side("consumer", OWNER, STEWARD)
ASKER = side("consumer", OWNER, STEWARD, ANALYST)

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
        creates=(Action("publish", "Publish terms", PROVIDER, NEW, to="published", kind="primary"),),
        actions=(
            Action("pause", "Pause", PROVIDER, frozenset({"published"}), to="paused"),
            Action("resume", "Resume", PROVIDER, frozenset({"paused"}), to="published", kind="primary"),
            Action(
                "withdraw",
                "Withdraw",
                PROVIDER,
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
            Action("fall_through", "Fall through", SYSTEM, UNSIGNED, to="rejected", hidden=True),
            Action("expire_unsigned", "Lapse unsigned", SYSTEM, UNSIGNED, to="lapsed", hidden=True),
        ),
    )
)

EITHER = PROVIDER | CONSUMER
# Whoever must still sign with a key of its own, on whichever side.
SIGNER = side("signer", OWNER, STEWARD)
AGREEMENT = register(
    Machine(
        name="agreement",
        model="negotiations.Agreement",
        label="contract",
        states=(
            State(
                "signing",
                "To be signed",
                "active",
                "It is in force once every party has signed it.",
                "signer",
            ),
            State("in_force", "In force", "good", "Requests can be made and answered under it."),
            State(
                "suspended",
                "Suspended",
                "care",
                "Nothing is answered or delivered until it is resumed.",
                "provider",
            ),
            State(
                "ended", "Ended", "neutral", "It ran out on its last day, or another contract replaced it."
            ),
            State("terminated", "Ended early", "bad", "One side ended it with a reason."),
            State("unsigned", "Never signed", "neutral", "Not all parties signed it, so it binds nobody."),
        ),
        final=frozenset({"ended", "terminated", "unsigned"}),
        creates=(Action("conclude", "Conclude", SYSTEM, NEW, to="signing", hidden=True),),
        actions=(
            Action(
                "sign",
                "Sign the contract",
                SIGNER,
                frozenset({"signing"}),
                asks=True,
                kind="primary",
                done="Your signature is on the contract.",
            ),
            Action(
                "refuse_signature",
                "Refuse to sign",
                SIGNER,
                frozenset({"signing"}),
                to="unsigned",
                asks=True,
                kind="danger",
                then=("agreement.unsigned",),
                done="There is no contract. The other side is told why.",
            ),
            Action(
                "enter_force", "Enter into force", SYSTEM, frozenset({"signing"}), to="in_force", hidden=True
            ),
            Action(
                "lapse",
                "Lapse",
                SYSTEM,
                frozenset({"signing"}),
                to="unsigned",
                hidden=True,
                then=("agreement.unsigned",),
            ),
            Action(
                "suspend",
                "Suspend",
                PROVIDER,
                frozenset({"in_force"}),
                to="suspended",
                asks=True,
                then=("agreement.stopped",),
                done="Suspended. Running jobs stop and downloads are cut off.",
            ),
            Action(
                "resume",
                "Resume",
                PROVIDER,
                frozenset({"suspended"}),
                to="in_force",
                kind="primary",
                then=("agreement.resumed",),
                done="In force again.",
            ),
            Action(
                "terminate",
                "End early",
                EITHER,
                frozenset({"in_force", "suspended"}),
                to="terminated",
                asks=True,
                kind="danger",
                then=("agreement.stopped",),
                done="Ended. Duties after the end now run.",
            ),
            Action("reserve", "Reserve an export", SYSTEM, frozenset({"in_force"}), hidden=True),
            Action("commit", "Count a delivery", SYSTEM, frozenset({"in_force", "ended"}), hidden=True),
            Action(
                "release",
                "Give an export back",
                SYSTEM,
                frozenset({"in_force", "suspended", "ended", "terminated"}),
                hidden=True,
            ),
            # What the portal does by itself: a late duty, a membership that was suspended, came back or ended.
            Action(
                "hold",
                "Suspend by rule",
                SYSTEM,
                frozenset({"in_force"}),
                to="suspended",
                hidden=True,
                then=("agreement.stopped",),
            ),
            Action(
                "restore",
                "Put back into force by rule",
                SYSTEM,
                frozenset({"suspended"}),
                to="in_force",
                hidden=True,
                then=("agreement.resumed",),
            ),
            Action(
                "dissolve",
                "End early by rule",
                SYSTEM,
                frozenset({"in_force", "suspended"}),
                to="terminated",
                hidden=True,
                then=("agreement.stopped",),
            ),
            Action(
                "destroy_keys",
                "Destroy the contract's keys",
                SYSTEM,
                frozenset({"ended", "terminated"}),
                hidden=True,
            ),
            Action(
                "warn_of_columns",
                "Warn of changed columns",
                SYSTEM,
                frozenset({"in_force", "suspended"}),
                hidden=True,
                then=("agreement.columns_changed",),
            ),
            Action(
                "take_over",
                "Take over used exports",
                SYSTEM,
                frozenset({"in_force", "suspended"}),
                hidden=True,
            ),
            Action(
                "replace",
                "Replace",
                SYSTEM,
                frozenset({"in_force", "suspended"}),
                to="ended",
                hidden=True,
                then=("agreement.replaced",),
            ),
            Action(
                "run_out",
                "Run out",
                SYSTEM,
                frozenset({"in_force", "suspended"}),
                to="ended",
                hidden=True,
                then=("agreement.stopped",),
            ),
        ),
    )
)

DUTY = register(
    Machine(
        name="duty",
        model="negotiations.Duty",
        label="duty",
        states=(
            State("open", "Due", "active", "It must be done by the date.", "consumer"),
            State("late", "Late", "bad", "The date has passed and nobody has declared it done.", "consumer"),
            State(
                "declared",
                "Declared done",
                "care",
                "The partner says that it is done; the provider accepts that or asks.",
                "provider",
            ),
            State("done", "Done", "good", "Done, and the provider has accepted it."),
            State("waived", "No longer asked", "neutral", "It need not be done any more."),
        ),
        final=frozenset({"done", "waived"}),
        creates=(Action("begin", "Begin", SYSTEM, NEW, to="open", hidden=True, then=("duty.begun",)),),
        actions=(
            Action(
                "fulfil",
                "Declare done",
                CONSUMER,
                frozenset({"open", "late"}),
                to="declared",
                needs=(the_consumer_does_it,),
                asks=True,
                kind="primary",
                then=("duty.declared",),
                done="Declared done. The provider accepts it or asks back.",
            ),
            Action(
                "record_payment",
                "Record the payment",
                PROVIDER,
                frozenset({"open", "late"}),
                to="done",
                needs=(it_is_a_payment,),
                asks=True,
                kind="primary",
                done="Recorded. Exports can be approved now.",
            ),
            Action(
                "accept",
                "Accept",
                PROVIDER,
                frozenset({"declared"}),
                to="done",
                kind="primary",
                done="Accepted.",
            ),
            Action(
                "question",
                "Ask back",
                PROVIDER,
                frozenset({"declared"}),
                to="open",
                asks=True,
                then=("duty.questioned",),
                done="Your question is with the partner; the duty is open again.",
            ),
            Action(
                "waive",
                "No longer ask for it",
                PROVIDER | SYSTEM,
                frozenset({"open", "late", "declared"}),
                to="waived",
                asks=True,
                done="It is no longer asked for.",
            ),
            Action("remind", "Remind", SYSTEM, frozenset({"open"}), hidden=True, then=("duty.reminder",)),
            Action(
                "overdue",
                "Mark late",
                SYSTEM,
                frozenset({"open"}),
                to="late",
                hidden=True,
                then=("duty.late",),
            ),
            Action(
                "take_note",
                "Take note",
                side("trustee", OWNER),
                frozenset({"late", "declared", "done", "waived"}),
                needs=(the_trust_has_not_seen_it,),
                done="Noted.",
            ),
        ),
    )
)
