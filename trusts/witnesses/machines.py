"""Who may make a witness known or withdraw it, and who answers for two versions of the log."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OPERATOR, OWNER, side
from trusts.witnesses.rules import whose_it_is

NEW = frozenset({""})
OWNERS = side("own", OWNER)
OPERATORS = frozenset({OPERATOR})

WITNESS = register(
    Machine(
        name="witness",
        model="witnesses.Witness",
        label="witness",
        states=(
            State("active", "Active", "good", "What it signs is kept with the log and printed on receipts."),
            State("withdrawn", "Withdrawn", "neutral", "It signs no more. What it signed before stays."),
        ),
        final=frozenset({"withdrawn"}),
        creates=(
            Action("register", "Register a witness", OWNERS, NEW, to="active", kind="primary"),
            Action("admit", "Register an outside witness", OPERATORS, NEW, to="active", kind="primary"),
        ),
        actions=(
            Action(
                "withdraw", "Withdraw", OWNERS | OPERATORS, frozenset({"active"}), to="withdrawn", asks=True, kind="danger",
                needs=(whose_it_is,), help="It can never sign again under this name or with this key.",
                done="Withdrawn. What it signed before stays with the log.",
            ),
        ),
    )
)  # fmt: skip

SPLIT_VIEW = register(
    Machine(
        name="split_view",
        model="witnesses.SplitView",
        label="disagreement about the log",
        states=(
            State("open", "Unanswered", "bad", "Two signed checkpoints cannot both be true. The operator has not said why.", "operator"),
            State("acknowledged", "Answered", "care", "The operator has said why. Both checkpoints stay."),
        ),
        final=frozenset({"acknowledged"}),
        creates=(
            Action("find", "Keep two checkpoints that disagree", frozenset({"system"}), NEW, to="open", then=("split_view.found",), hidden=True),
        ),
        actions=(
            Action(
                "acknowledge", "Say why", OPERATORS, frozenset({"open"}), to="acknowledged", asks=True, kind="primary",
                then=("split_view.answered",), help="Everybody reads your reason. The warning on every page ends; the two checkpoints stay for ever.",
                done="Everybody can read it now.",
            ),
        ),
    )
)  # fmt: skip
