"""Private notes, and the rules by which a provider lets the portal answer."""

from __future__ import annotations

from contracts.negotiations.sides import NEW, PROVIDER
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANALYST, OWNER, REVIEWER, STEWARD, side

HOLDER = side("holder", OWNER, STEWARD, REVIEWER, ANALYST)

NOTE = register(
    Machine(
        name="note",
        model="negotiations.PrivateNote",
        label="private note",
        states=(
            State("kept", "Kept", "neutral", "Only your organisation reads it."),
            State("struck", "Taken away", "neutral", "It is no longer shown."),
        ),
        final=frozenset({"struck"}),
        creates=(Action("keep", "Keep a private note", HOLDER, NEW, to="kept"),),
        actions=(
            Action("strike", "Take away", HOLDER, frozenset({"kept"}), to="struck", done="Taken away."),
        ),
    )
)

STANDS = frozenset({"on", "off"})
RULE = register(
    Machine(
        name="rule",
        model="negotiations.AnswerRule",
        label="rule",
        states=(
            State("on", "On", "good", "It answers each request on this offer, or leaves it to a person."),
            State("off", "Off", "care", "Every request waits for a person.", "provider"),
            State("dropped", "Dropped", "neutral", "Another rule or none took its place."),
        ),
        final=frozenset({"dropped"}),
        creates=(Action("lay_down", "Set a rule", PROVIDER, NEW, to="on", kind="primary"),),
        actions=(
            Action("switch_off", "Switch off", PROVIDER, frozenset({"on"}), to="off"),
            Action("switch_on", "Switch on", PROVIDER, frozenset({"off"}), to="on", kind="primary"),
            Action("drop", "Drop the rule", PROVIDER, STANDS, to="dropped", kind="danger"),
        ),
    )
)
