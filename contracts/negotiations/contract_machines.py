"""Contracts and their duties: the tables of actions from signature to the last deletion."""

from __future__ import annotations

from contracts.negotiations.duty_rules import it_is_a_payment, the_consumer_does_it, the_trust_has_not_seen_it
from contracts.negotiations.rules import who_stopped_it_resumes
from contracts.negotiations.sides import CONSUMER, NEW, PROVIDER, SYSTEM
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side

# The trustees of the trust that it runs under: they may stop it, and end the stop that they made.
TRUSTEES = side("trustee", OWNER, STEWARD)
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
                PROVIDER | TRUSTEES,
                frozenset({"in_force"}),
                to="suspended",
                asks=True,
                then=("agreement.stopped",),
                done="Suspended. Running jobs stop and downloads are cut off.",
            ),
            Action(
                "resume",
                "Resume",
                PROVIDER | TRUSTEES,
                frozenset({"suspended"}),
                needs=(who_stopped_it_resumes,),
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
